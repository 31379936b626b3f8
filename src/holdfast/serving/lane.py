"""How small requests that come at the same time are worked on together, by one thread."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from holdfast.serving.work import OverloadedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from holdfast.serving.work import Work

__all__ = ["Lane"]

T = TypeVar("T")
R = TypeVar("R")

_MOST = 64  # requests worked on at once; one waits at most for as many before it


class Lane(Generic[T, R]):
    """Hands the requests that wait to a job, as a list, in the order in which they came.

    A thread of its own for each request would be woken, and wake the event loop again, once
    a request; that costs more than to score and to log a row. A request never waits for
    company: the first is worked on at once, and those that come meanwhile are the next list.

    Args:
        work: The threads, and the bound on requests that wait, shared with what is not
            worked on together.
        job: Returns one result for each request of a list, or the error that is its own.
            What it raises is the outcome of all.
    """

    def __init__(self, work: Work, job: Callable[[list[T]], Sequence[R | Exception]]) -> None:
        self._work, self._job = work, job
        self._lock = threading.Lock()
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._runs = False

    async def do(self, request: T) -> R:
        """Have one request worked on and await its result.

        Raises:
            OverloadedError: If as many requests as are allowed wait already.
        """
        self._work.enter()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        with self._lock:
            self._waiting.append((request, future))
        # Not now: what else the loop has ready at this moment comes along.
        loop.call_soon(self._start)
        return await future

    def _start(self) -> None:
        """Let a thread work on what waits, unless one is at it: it will come back here."""
        with self._lock:
            if self._runs or not self._waiting:
                return
            self._runs = True
            n = min(len(self._waiting), _MOST)
            taken = [self._waiting.popleft() for _ in range(n)]
        try:
            started = self._work.submit(self._job, [request for request, _ in taken])
        except OverloadedError as closed:
            self._settle(taken, [closed] * n)
        else:
            started.add_done_callback(partial(self._finish, taken))

    def _finish(
        self,
        taken: list[tuple[T, asyncio.Future[R]]],
        done: Future[Sequence[R | Exception]],
    ) -> None:
        error = done.exception()
        self._settle(taken, done.result() if error is None else [error] * len(taken))

    def _settle(
        self,
        taken: list[tuple[T, asyncio.Future[R]]],
        outcomes: Sequence[R | BaseException],
    ) -> None:
        self._work.leave(len(taken))
        by_loop = defaultdict(list)
        for (_, future), outcome in zip(taken, outcomes, strict=True):
            by_loop[future.get_loop()].append((future, outcome))
        for loop, settled in by_loop.items():
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(_answer, settled)
        with self._lock:
            self._runs = False
        self._start()


def _answer(settled: list[tuple[asyncio.Future[R], R | BaseException]]) -> None:
    for future, outcome in settled:
        if future.done():
            continue  # its client has gone away
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
