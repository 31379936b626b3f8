"""Windows as sums of buckets: each row is counted once, whatever the windows are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import index_array
from holdfast.domain.cleaning import TIMESTAMP, clean_type, cleaned
from holdfast.domain.errors import ColumnError, GridMismatchError, WindowError
from holdfast.domain.windows import Reach, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from holdfast.domain.windows import WindowSpan, WindowSpec
    from holdfast.drift.profile import Profile

    Count = Callable[[pa.Table], Profile]

__all__ = [
    "BucketedRows",
    "bucketed_by_row",
    "bucketed_by_time",
    "nothing_counted",
    "require_unit",
    "windows_of",
]

_GRAINS = tuple(  # a day, an hour, a minute, a second, a millisecond
    seconds * 1_000 for seconds in (86_400_000, 3_600_000, 60_000, 1_000, 1)
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BucketedRows:
    """Rows counted into the buckets that windows are sums of.

    Attributes:
        spec: How the windows lie, and so how long a bucket is.
        buckets: Counts by number of the bucket; those without a row are absent.
        reach: From where to where the rows go; None without any.
        n_undated: Rows without a timestamp; they are in no bucket.
    """

    spec: WindowSpec
    buckets: Mapping[int, Profile]
    reach: Reach | None
    n_undated: int = 0

    def __add__(self, other: BucketedRows) -> BucketedRows:
        if self.spec != other.spec:
            raise GridMismatchError(repr(self.spec), repr(other.spec))
        buckets = dict(self.buckets)
        for index, counts in other.buckets.items():
            before = buckets.get(index)
            buckets[index] = counts if before is None else before + counts
        reaches = [reach for reach in (self.reach, other.reach) if reach is not None]
        return BucketedRows(
            spec=self.spec,
            buckets=buckets,
            reach=reduce(add, reaches) if reaches else None,
            n_undated=self.n_undated + other.n_undated,
        )

    @property
    def n_rows(self) -> int:
        """Rows in the buckets."""
        return sum(counts.n_rows for counts in self.buckets.values())

    def windows(self, *, partial: bool = False) -> Iterator[tuple[WindowSpan, Profile | None]]:
        """Yield each window with its counts, in order; see `windows_of`.

        Args:
            partial: Whether to yield those, too, that the ends of the data cut off; their
                span is not `complete`.
        """
        if self.reach is None:
            return
        spans = self.spec.spans(self.reach, partial=partial)
        yield from windows_of(self.buckets, spans, bucket=self.spec.bucket)

    def covers(self, span: WindowSpan) -> bool:
        """Return whether the rows reach over all of a stretch."""
        if self.reach is None:
            return False
        since, until = self.spec.covered(self.reach)
        return since <= span.start and span.end <= until

    def total(self, span: WindowSpan) -> Profile | None:
        """Return the counts of one stretch, whole buckets long; None without a row."""
        numbers = self._numbers(span)
        return reduce(add, (self.buckets[i] for i in numbers)) if numbers else None

    def holds(self, span: WindowSpan) -> bool:
        """Return whether any row fell into a stretch."""
        return bool(self._numbers(span))

    def _numbers(self, span: WindowSpan) -> list[int]:
        bucket = self.spec.bucket
        return [i for i in range(span.start // bucket, span.end // bucket) if i in self.buckets]


def windows_of(
    buckets: Mapping[int, Profile], spans: Iterable[WindowSpan], *, bucket: int
) -> Iterator[tuple[WindowSpan, Profile | None]]:
    """Yield the sum of the buckets of each window.

    Profiles add, but nothing can be taken away from one again. A queue of two stacks
    makes do with at most two additions for each bucket and one for each window, however
    many windows a bucket lies in.

    Args:
        buckets: Counts by number of the bucket; an absent one is empty.
        spans: In order of their starts and of their ends, all on bucket borders.
        bucket: Length of a bucket, in the spans' unit.

    Yields:
        Each span with its counts, or with None where no row fell into it: an empty window
        is nothing that could be compared.
    """
    queue, waiting = _Queue(), iter(sorted(buckets))
    following = next(waiting, None)
    for span in spans:
        first, end = span.start // bucket, span.end // bucket
        while following is not None and following < end:
            if following >= first:
                queue.push(following, buckets[following])
            following = next(waiting, None)
        queue.drop_before(first)
        yield span, queue.total()


class _Queue:
    """Sums over a queue: what leaves is read from sums made once, when the stacks turn."""

    def __init__(self) -> None:
        self._leaving: list[tuple[int, Profile]] = []  # oldest last; each summed to the turn
        self._entered: list[tuple[int, Profile]] = []
        self._entered_sum: Profile | None = None

    def push(self, index: int, counts: Profile) -> None:
        self._entered.append((index, counts))
        self._entered_sum = _sum(self._entered_sum, counts)

    def drop_before(self, index: int) -> None:
        while self._leaving and self._leaving[-1][0] < index:
            self._leaving.pop()
        if not self._leaving and self._entered and self._entered[0][0] < index:
            self._turn(index)

    def total(self) -> Profile | None:
        return _sum(self._leaving[-1][1] if self._leaving else None, self._entered_sum)

    def _turn(self, index: int) -> None:
        counts: Profile | None = None
        for at, entered in reversed(self._entered):
            if at < index:
                break
            counts = entered if counts is None else entered + counts
            self._leaving.append((at, counts))
        self._entered, self._entered_sum = [], None


def _sum(left: Profile | None, right: Profile | None) -> Profile | None:
    if left is None or right is None:
        return right if left is None else left
    return left + right


def nothing_counted(spec: WindowSpec) -> BucketedRows:
    """Return the buckets of no rows, to which others are added."""
    return BucketedRows(spec=spec, buckets={}, reach=None)


def bucketed_by_row(
    rows: pa.Table, count: Count, spec: WindowSpec, *, first: int = 0
) -> BucketedRows:
    """Count rows into buckets by their number.

    Args:
        rows: A batch, in order.
        count: Profiles a part of the batch; always on the same grid.
        spec: Of windows by rows.
        first: Number of the first of these rows.

    Raises:
        WindowError: If the windows are stretches of time.
    """
    require_unit(spec, Unit.ROWS)
    positions = np.arange(first, first + rows.num_rows, dtype=np.int64)
    return _bucketed(rows, positions, count, spec)


def bucketed_by_time(
    rows: pa.Table,
    moments: pa.ChunkedArray,
    count: Count,
    spec: WindowSpec,
    *,
    column: str = "time",
) -> BucketedRows:
    """Count rows into buckets by their moment, in whatever order they come.

    A row that comes late is added to its own bucket: any split and any order of the same
    rows makes the same windows.

    Args:
        rows: A batch, in any order.
        moments: When each row was: timestamps or dates; without a zone they are UTC.
        count: Profiles a part of the batch; always on the same grid.
        spec: Of windows by time.
        column: Name of the column of the moments, for errors.

    Returns:
        The buckets; rows without a moment are counted beside them.

    Raises:
        ColumnError: If the moments are no times.
        WindowError: If the windows are stretches of rows.
    """
    require_unit(spec, Unit.TIME)
    positions = _microseconds(moments, column)
    dated = pc.is_valid(positions)
    n_undated = len(positions) - (pc.sum(dated).as_py() or 0)
    if n_undated:
        rows, positions = rows.filter(dated), positions.filter(dated)
    counted = _bucketed(rows, positions.to_numpy(), count, spec)
    return BucketedRows(
        spec=spec, buckets=counted.buckets, reach=counted.reach, n_undated=n_undated
    )


def _microseconds(moments: pa.ChunkedArray, column: str) -> pa.ChunkedArray:
    kind = moments.type
    if clean_type(kind) != TIMESTAMP:
        raise ColumnError(
            column,
            f"holds {kind} values, not times",
            remedy="Write times as 2026-03-01 or 2026-03-01T12:00:00Z, or window by rows.",
        )
    return cleaned(moments, TIMESTAMP).cast(pa.int64())


def _bucketed(
    rows: pa.Table, positions: NDArray[np.int64], count: Count, spec: WindowSpec
) -> BucketedRows:
    if positions.size == 0:
        return nothing_counted(spec)
    numbers = positions // spec.bucket
    if np.any(np.diff(numbers) < 0):
        order = np.argsort(numbers, kind="stable")
        rows, numbers = rows.take(index_array(order)), numbers[order]
    borders = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), numbers.size]
    return BucketedRows(
        spec=spec,
        buckets={
            int(numbers[start]): count(rows.slice(start, stop - start))
            for start, stop in pairwise(borders)
        },
        reach=Reach(
            first=int(positions.min()), last=int(positions.max()), grain=_grain(positions, spec)
        ),
    )


def _grain(positions: NDArray[np.int64], spec: WindowSpec) -> int:
    if spec.unit is Unit.ROWS:
        return 1
    return next((grain for grain in _GRAINS if not np.any(positions % grain)), 1)


def require_unit(spec: WindowSpec, unit: Unit) -> None:
    """Refuse windows that are measured in something else.

    Raises:
        WindowError: If they are.
    """
    if spec.unit is not unit:
        raise WindowError(
            f"A window of {spec.say(spec.length)} cannot be counted by {unit}",
            remedy="Name a time column for windows of time, and none for windows of rows.",
        )
