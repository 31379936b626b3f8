"""The process in which models are fitted: ``python -m holdfast.adapters.trainers.child``.

Whatever a trainer does here, the control plane survives it: this process has a limit of
memory, is the first that a system ends which is out of it, and goes when its parent goes.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.domain.errors import TrainingFailedError

if TYPE_CHECKING:
    from holdfast.adapters.trainers.contained import Answer, Job

__all__ = ["IDLE_EXIT", "main"]

IDLE_EXIT = 64  # the exit code of a process that waited long enough for another job
_PATIENCE = 60.0  # seconds it waits
_GLANCE = 1.0  # seconds between two looks at whether the parent is still there


def main(arguments: list[str]) -> int:
    """Answer jobs until there are none; return the exit code.

    Args:
        arguments: The descriptor of the connection, the parent's process id, and how many
            bytes of memory a job may take (0 for no limit).
    """
    descriptor, parent, memory = map(int, arguments)
    _go_first_when_memory_ends()
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    with Connection(descriptor) as connection:
        sys.path[:] = connection.recv()
        while connection.poll(_PATIENCE):
            try:
                job = connection.recv()
            except EOFError:
                return 0
            with _limited(memory):
                answer = _answer(job, memory)
            _send(connection, answer)
    return IDLE_EXIT


def _answer(job: Job, memory: int) -> Answer:
    try:
        return job.run(), None
    except TrainingFailedError as error:
        return None, error.found
    except MemoryError:
        allowed = f" ([train] memory_limit_mb = {memory >> 20})" if memory else ""
        return None, f"it ran out of memory{allowed}"
    except Exception as error:  # noqa: BLE001 - a user's trainer may raise anything; all is told
        words = " ".join(str(error).split())
        return None, f"{type(error).__name__}: {words}" if words else type(error).__name__


def _send(connection: Connection, answer: Answer) -> None:
    try:
        connection.send(answer)
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError) as error:
        # As pickle says it of a class or function that has no name of its own.
        connection.send((None, f"its fitted model cannot be passed on: {error}"))


class _limited(contextlib.AbstractContextManager[None]):  # noqa: N801 - reads as a statement
    """Within it this process may take so many bytes more than it has.

    Only Linux keeps such a limit; elsewhere the machine's own is the limit.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory if sys.platform == "linux" else 0

    def __enter__(self) -> None:
        if self._memory:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            limit = pages * resource.getpagesize() + self._memory
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            within = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(resource.RLIMIT_AS, (within, hard))

    def __exit__(self, *_: object) -> None:
        if self._memory:
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _go_first_when_memory_ends() -> None:
    with contextlib.suppress(OSError):  # where there is no such file, nothing is lost
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_GLANCE)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
