"""How `up` keeps a second command at work beside its own, and notices when it dies."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from holdfast.serving.supervisor import Pause

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Attended", "beside"]

_GRACE_SECONDS = 30  # a tick under way may finish

_log = structlog.get_logger(__name__)


class Attended:
    """A command that is started again, after growing pauses, whenever it ends by itself.

    It ends with this process, however this one ends (`ending.end_with_parent`).

    Args:
        command: The program and its words.
        name: What the log calls it.
        first_pause: Seconds before the first new start. Not at once: Ctrl-C, and systemd,
            end both processes, and this one may be the later to hear of it.
    """

    def __init__(self, command: list[str], *, name: str, first_pause: float = 1.0) -> None:
        self._command, self._name, self._first_pause = command, name, first_pause
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self._process = self._started()
        self._thread = threading.Thread(target=self._attend, name=f"{name}-attendant", daemon=True)
        self._thread.start()

    def let_end(self) -> None:
        """Take no note of its end any more: all is about to stop."""
        self._stopping.set()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        with self._changing:
            self._stopping.set()
            self._process.terminate()
        try:
            self._process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE)  # noqa: S603 - our own interpreter and words

    def _attend(self) -> None:
        pause = Pause(self._first_pause)
        while True:
            begin = time.monotonic()
            code = self._process.wait()
            assert self._process.stdin is not None
            self._process.stdin.close()
            seconds = pause.after(time.monotonic() - begin)
            if self._stopping.wait(seconds):
                return
            _log.error(f"{self._name}_died", exit_code=code, restarted_after=seconds)
            with self._changing:
                if self._stopping.is_set():
                    return
                self._process = self._started()


@contextmanager
def beside(arguments: list[str], *, every: str | None) -> Iterator[Attended]:
    """Keep another holdfast command at work, in a process of its own, while the body runs."""
    extra = [] if every is None else ["--every", every]
    command = [sys.executable, "-m", "holdfast.cli.ending", *arguments, *extra]
    attended = Attended(command, name=arguments[0])
    try:
        yield attended
    finally:
        attended.stop()
