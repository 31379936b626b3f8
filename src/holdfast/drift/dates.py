"""What a column of dates says about its rows: how old they are, and where in the cycle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import moment_of, whole_scalar, word_array
from holdfast.domain.windows import since_1970

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CYCLES", "DatePart", "DateSource", "date_values", "sources_of"]

_MICROSECONDS_IN_A_DAY = 86_400_000_000
_TIMESTAMP = pa.timestamp("us", tz="UTC")


class DatePart(StrEnum):
    """What of a date is counted."""

    AGE = "age in days"
    HOUR = "hour"
    WEEKDAY = "weekday"
    MONTH = "month"


CYCLES: dict[DatePart, tuple[str, ...]] = {
    DatePart.HOUR: tuple(f"{hour:02}" for hour in range(24)),
    DatePart.WEEKDAY: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    DatePart.MONTH: tuple(f"{month:02}" for month in range(1, 13)),
}
"""The words of each cycle, in their order; times are UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateSource:
    """Where the values of a date's part come from.

    Attributes:
        column: A column of timestamps.
        part: What of it is counted.
        origin_at: The newest date of the reference: ages count back from it where a row
            has no moment of its own.
    """

    column: str
    part: DatePart
    origin_at: datetime

    @property
    def name(self) -> str:
        """How the part is called beside the features."""
        return f"{self.column} ({self.part})"


def sources_of(table: pa.Table, column: str) -> Iterator[DateSource]:
    """Yield the parts that are worth counting of a date column: hours only if it has any.

    Args:
        table: The reference.
        column: Of timestamps.
    """
    dates = table.column(column).cast(_TIMESTAMP)
    newest = moment_of(pc.max(dates))
    origin_at = datetime(1970, 1, 1, tzinfo=UTC) if newest is None else newest
    timed = pc.any(pc.not_equal(dates, pc.floor_temporal(dates, unit="day"))).as_py()
    for part in DatePart:
        if part is not DatePart.HOUR or timed:
            yield DateSource(column=column, part=part, origin_at=origin_at)


def date_values(
    table: pa.Table, source: DateSource, moments: pa.ChunkedArray | None
) -> pa.ChunkedArray:
    """Return a date's part for each row: days as doubles, places in a cycle as words.

    Args:
        table: Holds the column of dates; missing ones stay missing.
        source: Which part of which column.
        moments: When each row was, shape ``(n,)``, or None if that is not known.
    """
    dates = table.column(source.column).cast(_TIMESTAMP)
    match source.part:
        case DatePart.AGE:
            origin = whole_scalar(since_1970(source.origin_at)).cast(_TIMESTAMP)
            until = origin if moments is None else moments
            elapsed = pc.subtract(until, dates).cast(pa.int64()).cast(pa.float64())
            return pc.divide(elapsed, whole_scalar(_MICROSECONDS_IN_A_DAY).cast(pa.float64()))
        case DatePart.HOUR:
            return _word(source.part, pc.hour(dates))
        case DatePart.WEEKDAY:
            return _word(source.part, pc.day_of_week(dates))
        case DatePart.MONTH:
            return _word(source.part, pc.subtract(pc.month(dates), whole_scalar(1)))
        case never:
            assert_never(never)


def _word(part: DatePart, index: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([word_array(CYCLES[part]).take(index.combine_chunks())])
