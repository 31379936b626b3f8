"""How writes that come at the same time share one transaction, and one fsync."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from holdfast.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.database import Database

__all__ = ["GroupCommit"]

J = TypeVar("J")
R = TypeVar("R")

_MOST_ROWS = 10_000  # in one transaction: others wait for the lock as long as it takes
# What one job's own values can bring about; the store itself is well then.
_OF_ONE_JOB = (SQLAlchemyError, ArithmeticError, TypeError, ValueError)


class _Seat(Generic[J, R]):
    """One caller's jobs, where their results are put, and what the caller waits on."""

    def __init__(self, jobs: Sequence[J], n_rows: int) -> None:
        self.jobs, self.n_rows = jobs, n_rows
        self.results: list[R | Exception] = []
        self.error: BaseException | None = None
        self.is_settled = False
        self.turn = threading.Lock()  # an Event would cost three times as much
        self.turn.acquire()

    def settle(self, results: list[R | Exception], error: BaseException | None = None) -> None:
        self.results, self.error, self.is_settled = results, error, True


class GroupCommit(Generic[J, R]):
    """Commits together what waits for the write lock; each caller waits for the one fsync.

    The first caller to come leads: it takes the lock, then all that waits by then, in the
    order in which it came, and commits it. Those who come meanwhile form the next group;
    the first of them leads it. No thread is kept for it, and nobody waits for company.

    Args:
        database: What is written to.
        write: Writes jobs, within a transaction, as if each had come after the one before
            it, and returns one result for each. A job that is refused for itself writes
            nothing and has its error as result.
        rows_of: How many rows a job writes; it bounds the group.
    """

    def __init__(
        self,
        database: Database,
        write: Callable[[Connection, Sequence[J]], Sequence[R | Exception]],
        *,
        rows_of: Callable[[J], int],
    ) -> None:
        self._database, self._write, self._rows_of = database, write, rows_of
        self._lock = threading.Lock()
        self._waiting: deque[_Seat[J, R]] = deque()
        self._is_led = False

    def run(self, jobs: Sequence[J]) -> list[R | Exception]:
        """Return the result of each job, or its own error, once all of them are durable.

        Raises:
            StoreUnavailableError: If the group could not be made durable; nothing of it
                stands.
        """
        seat: _Seat[J, R] = _Seat(jobs, sum(map(self._rows_of, jobs)))
        with self._lock:
            self._waiting.append(seat)
            leads, self._is_led = not self._is_led, True
        if not leads:
            seat.turn.acquire()
        if not seat.is_settled:  # it is our turn to lead
            try:
                self._lead()
            finally:
                self._hand_over()
        if seat.error is not None:
            raise seat.error
        return seat.results

    def _lead(self) -> None:
        """Commit one group; its leader, who came first, is among it."""
        group: list[_Seat[J, R]] = []
        try:
            self._commit(group)
        except BaseException as error:
            # Where not even the lock was to be had, all who wait for it are told: each
            # would else wait as long again, one after the other.
            group = group or self._take(everybody=True)
            for seat in group:
                if not seat.is_settled:
                    seat.settle([], error)
            raise
        finally:
            for seat in group:
                seat.turn.release()

    def _commit(self, group: list[_Seat[J, R]]) -> None:
        """Fill the group with who waits once the lock is ours, and commit their jobs."""
        try:
            with self._database.write() as connection:
                group += self._take()
                jobs = [job for seat in group for job in seat.jobs]
                results = list(self._write(connection, jobs))
        except _OF_ONE_JOB:
            # Nothing of the group stands. Whose fault it was shows where each is alone.
            results = [self._committed_alone(job) for seat in group for job in seat.jobs]
        # Only now, behind the commit, is any of it true.
        rest = iter(results)
        for seat in group:
            seat.settle([next(rest) for _ in seat.jobs])

    def _committed_alone(self, job: J) -> R | Exception:
        try:
            with self._database.write() as connection:
                (result,) = self._write(connection, [job])
        except (StoreUnavailableError, *_OF_ONE_JOB) as error:
            return error
        return result

    def _take(self, *, everybody: bool = False) -> list[_Seat[J, R]]:
        """Remove from the queue those who came first, up to a bound of rows, at least one."""
        taken: list[_Seat[J, R]] = []
        n_rows = 0
        with self._lock:
            while self._waiting:
                n_rows += self._waiting[0].n_rows
                if taken and n_rows > _MOST_ROWS and not everybody:
                    break
                taken.append(self._waiting.popleft())
        return taken

    def _hand_over(self) -> None:
        """Let the first of those who came meanwhile lead; it sleeps until then."""
        with self._lock:
            if self._waiting:
                self._waiting[0].turn.release()
            else:
                self._is_led = False
