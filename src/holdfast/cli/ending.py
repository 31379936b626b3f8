"""How a process that was started as another's child ends with it, even if that was killed."""

from __future__ import annotations

import os
import signal
import threading

__all__ = ["end_with_parent"]


def end_with_parent(descriptor: int = 0) -> None:
    """Ask this process to stop once a pipe ends that its parent holds open.

    The system closes the pipe however the parent ends; nothing else tells of a SIGKILL on
    every system.

    Args:
        descriptor: The pipe's end to read from; standard input by default.
    """

    def watch() -> None:
        # Not through sys.stdin, whose lock the interpreter needs when it ends.
        while os.read(descriptor, 64):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watcher", daemon=True).start()


if __name__ == "__main__":
    from holdfast.cli import main

    end_with_parent()
    main()
