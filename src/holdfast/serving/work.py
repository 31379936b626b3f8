"""How scoring and writing run beside the event loop, and when the server says: not now."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OverloadedError", "Work"]

P = ParamSpec("P")
R = TypeVar("R")


class OverloadedError(Exception):
    """More requests wait than the server takes on; try again in a second."""


class Work:
    """A bounded thread pool: what it cannot start soon it refuses at once.

    Without the bound, a store that hangs would pile up requests until memory ends.

    Args:
        threads: Jobs that run at the same time.
        max_waiting: Jobs that may wait for a thread beyond those.
    """

    def __init__(self, *, threads: int, max_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="holdfast-work")
        self._free = threading.BoundedSemaphore(threads + max_waiting)

    async def run(self, job: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a job in a thread and await its result.

        Raises:
            OverloadedError: If as many jobs as are allowed run and wait already.
        """
        if not self._free.acquire(blocking=False):
            raise OverloadedError
        try:
            future = self._pool.submit(job, *args, **kwargs)
        except RuntimeError:  # the pool is shut down
            self._free.release()
            raise OverloadedError from None
        # Counted until the thread is done, also when the client has gone away.
        future.add_done_callback(lambda _: self._free.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish what runs and refuse what comes."""
        self._pool.shutdown(wait=True)
