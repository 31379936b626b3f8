"""How scoring and writing run beside the event loop, and when the server says: not now."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

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

    Attributes:
        limit: Requests that may run and wait at the same time.
        depth: Those that do so now.
    """

    def __init__(self, *, threads: int, max_waiting: int) -> None:
        self.limit, self.depth = threads + max_waiting, 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="holdfast-work")
        self._counting = threading.Lock()

    async def run(self, job: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a job in a thread and await its result.

        Raises:
            OverloadedError: If as many requests as are allowed run and wait already.
        """
        self.enter()
        try:
            future = self.submit(job, *args, **kwargs)
        except OverloadedError:
            self.leave()
            raise
        # Counted until the thread is done, also when the client has gone away.
        future.add_done_callback(lambda _: self.leave())
        return await asyncio.wrap_future(future)

    def enter(self) -> None:
        """Count a request in; whoever does this also calls `leave`.

        Raises:
            OverloadedError: If as many as are allowed are in.
        """
        with self._counting:
            if self.depth >= self.limit:
                raise OverloadedError
            self.depth += 1

    def leave(self, n: int = 1) -> None:
        """Count requests out."""
        with self._counting:
            self.depth -= n

    def submit(self, job: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Start a job for requests that were counted in.

        Raises:
            OverloadedError: If the pool is closed.
        """
        try:
            return self._pool.submit(job, *args, **kwargs)
        except RuntimeError:  # the pool is shut down
            raise OverloadedError from None

    def close(self) -> None:
        """Finish what runs and refuse what comes."""
        self._pool.shutdown(wait=True)
