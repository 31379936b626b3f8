"""Counts rows with threads on this machine, over batches as the source yields them."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from operator import add
from typing import TYPE_CHECKING

from holdfast.domain.errors import DataFileError
from holdfast.drift.rows import columns_needed, count_rows
from holdfast.ports.data_source import DividedSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor, Future

    import pyarrow as pa

    from holdfast.domain.contract import Contract
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import Profile
    from holdfast.ports.data_source import DataSource, Part

    Count = Callable[[pa.Table], Profile]

__all__ = ["LocalEngine"]

_ROWS = 1 << 17  # in a batch: enough that threads seldom wait for each other
_PARTS = 4  # for each thread, so that none waits long for the last one
_WAITING = 2  # batches read ahead for each thread; bounds the memory


class LocalEngine:
    """Profiles a data source with every core; memory does not grow with its rows.

    Args:
        threads: How many count at once; None takes the cores of this machine.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or len(os.sched_getaffinity(0))

    def profile(
        self, rows: DataSource, contract: Contract, grid: Grid, *, moments: str | None = None
    ) -> Profile:
        """Count all rows on a grid.

        Args:
            rows: Any source; its columns may be more than the contract's.
            contract: What the columns are.
            grid: Whose cells to count in.
            moments: The column that says when each row was, if dates are to be aged by it.

        Raises:
            ColumnError: If a column is absent, is there twice, or its type cannot become the
                contract's, or a time where one is needed.
            DataFileError: If rows cannot be read, or there is none.
        """
        total: Profile | None = None
        for counted in self._counted(rows, contract, grid, moments):
            total = counted if total is None else total + counted
        if total is None:
            raise DataFileError(
                "The source",
                "it has columns but no rows",
                remedy="Write the data again, or widen the window.",
            )
        return total

    def _counted(
        self, rows: DataSource, contract: Contract, grid: Grid, moments: str | None
    ) -> Iterator[Profile]:
        """Yield the counts of parts, or of batches where the source is only one part."""
        names = columns_needed(contract, grid, moments=moments)
        count = partial(count_rows, contract=contract, grid=grid, moments=moments)
        parts = rows.parts(self._threads * _PARTS) if isinstance(rows, DividedSource) else ()
        with ThreadPoolExecutor(self._threads) as pool:
            if len(parts) >= self._threads:
                yield from filter(None, pool.map(partial(_count_part, names, count), parts))
            else:
                yield from self._as_they_come(pool, rows.scan(names, _ROWS), count)

    def _as_they_come(
        self, pool: Executor, batches: Iterable[pa.Table], count: Count
    ) -> Iterator[Profile]:
        """Yield each batch's counts, with a bounded number of batches on their way."""
        waiting: deque[Future[Profile]] = deque()
        for batch in batches:
            waiting.append(pool.submit(count, batch))
            if len(waiting) >= self._threads * _WAITING:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _count_part(names: Sequence[str], count: Count, part: Part) -> Profile | None:
    """Read and count in one thread: rows then never change hands, nor caches."""
    counted = map(count, part.scan(names, _ROWS))
    first = next(counted, None)
    return None if first is None else reduce(add, counted, first)
