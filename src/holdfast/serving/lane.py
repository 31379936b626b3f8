"""How small requests that come at the same time are worked on together, by one thread."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from holdfast.serving.work import OverloadedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from holdfast.serving.work import Work

__all__ = ["Lane"]

T = TypeVar("T")
R = TypeVar("R")
_Waiting: TypeAlias = "tuple[T, asyncio.Future[R]]"

_MOST = 64  # requests worked on at once; one waits at most for as many before it


class Lane(Generic[T, R]):
    """Hands the requests that wait to a job, as a list, in the order in which they came.

    A thread of its own for each request would be woken, and wake the event loop again, once
    a request; that costs more than to score and to log a row. What the loop has before it
    comes along: a list begins once a whole turn of the loop brought nobody new. Nobody waits
    for company longer than that, some microseconds where there is none.

    Args:
        work: The threads, and the bound on requests that wait, shared with what is not
            worked on together.
        job: Returns one result for each request of a list, or the error that is its own.
            What it raises is the outcome of all.
    """

    def __init__(self, work: Work, job: Callable[[list[T]], Sequence[R | Exception]]) -> None:
        self._work, self._job = work, job
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting[T, R]] = deque()
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
            runs = self._runs
        if not runs:
            loop.call_soon(self._gather, loop, 0)
        return await future

    def _gather(self, loop: asyncio.AbstractEventLoop, n_before: int) -> None:
        """Let a thread work on what waits, unless one is at it or a turn brought more."""
        with self._lock:
            n = len(self._waiting)
            if self._runs or not n:
                return
            grows = n_before < n < _MOST
            taken = [] if grows else [self._waiting.popleft() for _ in range(min(n, _MOST))]
            self._runs = not grows
        if grows:
            loop.call_soon(self._gather, loop, n)
            return
        try:
            started = self._work.submit(self._job, [request for request, _ in taken])
        except OverloadedError as closed:
            self._settle(taken, [closed] * len(taken))
        else:
            started.add_done_callback(partial(self._finish, taken))

    def _finish(self, taken: list[_Waiting[T, R]], done: Future[Sequence[R | Exception]]) -> None:
        error = done.exception()
        self._settle(taken, done.result() if error is None else [error] * len(taken))

    def _settle(self, taken: list[_Waiting[T, R]], outcomes: Sequence[R | BaseException]) -> None:
        self._work.leave(len(taken))
        by_loop = defaultdict(list)
        for (_, future), outcome in zip(taken, outcomes, strict=True):
            by_loop[future.get_loop()].append((future, outcome))
        for loop, settled in by_loop.items():
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(_answer, settled)
        with self._lock:
            self._runs = False
            loops = {future.get_loop() for _, future in self._waiting}
        for loop in loops:
            with suppress(RuntimeError):  # as above; the next to come takes its place
                loop.call_soon_threadsafe(self._gather, loop, 0)


def _answer(settled: list[tuple[asyncio.Future[R], R | BaseException]]) -> None:
    for future, outcome in settled:
        if future.done():
            continue  # its client has gone away
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
