"""Stretches of time, or of rows, in which rows are counted and judged."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from holdfast.domain.durations import format_duration, parse_duration
from holdfast.domain.errors import WindowError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Reach", "Unit", "Window", "WindowSpan", "WindowSpec", "bucket_start", "since_1970"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ROWS = re.compile(r"(\d+)\s*(?:rows?)?")
_MOST_BUCKETS = 10_000  # in one window; more means lengths that hardly divide each other
_MOST_WINDOWS = 100_000  # in one history; more means a wrong date, or too small a step
_UNHEEDED = 24  # a window may lack this part of its length at the ends of the data: 1 h a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open stretch of time, ``[start_at, end_at)``, both aware."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is None or self.end_at.tzinfo is None:
            raise ValueError("a window's ends must be aware datetimes")
        if self.end_at <= self.start_at:
            raise ValueError(f"a window must end after it starts; found {self}")

    def __contains__(self, moment: datetime) -> bool:
        return self.start_at <= moment < self.end_at

    def __str__(self) -> str:
        return f"{self.start_at:%Y-%m-%d %H:%M} to {self.end_at:%Y-%m-%d %H:%M} UTC"


def bucket_start(moment: datetime, bucket: timedelta) -> datetime:
    """Return the start of the bucket that a moment falls into; buckets count from 1970 UTC.

    >>> bucket_start(datetime(2026, 3, 5, 17, 30, tzinfo=UTC), timedelta(days=1))
    datetime.datetime(2026, 3, 5, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return _EPOCH + (moment - _EPOCH) // bucket * bucket


def since_1970(moment: datetime) -> int:
    """Return a moment as microseconds since 1970 UTC.

    >>> since_1970(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    60000000
    """
    return (moment - _EPOCH) // _MICROSECOND


class Unit(StrEnum):
    """What windows are measured in."""

    ROWS = "rows"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSpan:
    """One window: the half-open stretch ``[start, end)`` of rows or of time.

    Attributes:
        unit: What start and end are.
        start: A row, counted from 0, or microseconds since 1970 UTC.
        end: The same; not part of the window.
        complete: Whether the data cover all of it.
    """

    unit: Unit
    start: int
    end: int
    complete: bool = True

    @property
    def window(self) -> Window:
        """The stretch of time.

        Raises:
            WindowError: If it is a stretch of rows.
        """
        if self.unit is not Unit.TIME:
            raise WindowError(f"A window of {self} has no times", remedy="Name a time column.")
        return Window(
            start_at=_EPOCH + self.start * _MICROSECOND, end_at=_EPOCH + self.end * _MICROSECOND
        )

    def moved(self, by: int) -> WindowSpan:
        """Return the stretch of the same length that starts so much later."""
        return replace(self, start=self.start + by, end=self.end + by)

    def __str__(self) -> str:
        if self.unit is Unit.TIME:
            return str(self.window)
        return f"rows {self.start:,} to {self.end:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """From where to where data reach.

    Attributes:
        first: The oldest row's position: microseconds since 1970, or its number.
        last: The newest row's.
        grain: How finely positions are given: microseconds in a day if every row bears
            midnight; 1 for row numbers.
    """

    first: int
    last: int
    grain: int = 1

    def __add__(self, other: Reach) -> Reach:
        return Reach(
            first=min(self.first, other.first),
            last=max(self.last, other.last),
            grain=min(self.grain, other.grain),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSpec:
    """How windows are laid: how long each is, and how far apart they start.

    A window starts at every multiple of the step, counted from 1970 UTC or from the first
    row: where windows lie does not depend on which rows there are.

    Attributes:
        unit: What the lengths are.
        length: Of a window: rows, or microseconds.
        step: From one window's start to the next one's; equal to the length, windows
            tumble; shorter, they slide.
        divisor: A further length of which buckets must be a whole part; 0 for none.
    """

    unit: Unit
    length: int
    step: int
    divisor: int = 0

    def __post_init__(self) -> None:
        if self.length <= 0 or self.step <= 0 or self.divisor < 0:
            raise WindowError(
                f"A window of {self.say(self.length)} with a step of {self.say(self.step)} "
                "holds nothing, or leads nowhere",
                remedy="Lengths must be greater than zero.",
            )
        if self.step > self.length:
            raise WindowError(
                f"A step of {self.say(self.step)} is longer than the window of "
                f"{self.say(self.length)}: rows between two windows would be judged by none",
                remedy=f"Take a step of at most {self.say(self.length)}.",
            )
        if self.length // self.bucket > _MOST_BUCKETS:
            raise WindowError(
                f"A window of {self.say(self.length)} would be a sum of "
                f"{self.length // self.bucket:,} buckets of {self.say(self.bucket)}; "
                f"at most {_MOST_BUCKETS:,} are kept",
                remedy="Choose lengths that divide each other, such as 7d and 1d.",
            )

    @classmethod
    def parse(
        cls, window: object, step: object | None = None, *, period: object | None = None
    ) -> WindowSpec:
        """Read the lengths as people write them.

        Args:
            window: ``"7d"``, ``"24h"``, ``"30m"``, ``"1000"`` or ``"1000 rows"``; a
                `timedelta` or an int does as well.
            step: The same; None makes windows tumble.
            period: Of a season, if windows are compared with the same season's; buckets
                become a whole part of it.

        Raises:
            WindowError: If they are no lengths, or do not go together.

        >>> spec = WindowSpec.parse("7d", "1d")
        >>> (spec.tumbling, spec.say(spec.bucket))
        (False, '1d')
        >>> WindowSpec.parse("1000 rows").say(400)
        '400 rows'
        """
        unit, length = _amount(window)
        others = []
        for name, value in (("step", step), ("season", period)):
            of, amount = (unit, length) if value is None else _amount(value)
            if of is not unit:
                raise WindowError(
                    f"The window {window!s} counts {unit}, but the {name} {value!s} counts {of}",
                    remedy="Give both in rows, or both in time.",
                )
            others.append(amount)
        return cls(
            unit=unit, length=length, step=others[0], divisor=0 if period is None else others[1]
        )

    @property
    def tumbling(self) -> bool:
        """Whether no row lies in two windows."""
        return self.step == self.length

    @property
    def bucket(self) -> int:
        """The longest stretch of which every window is a whole sum."""
        return math.gcd(self.length, self.step, self.divisor)

    def say(self, length: int) -> str:
        """Return a length in this unit as a person would write it."""
        if self.unit is Unit.ROWS:
            return "1 row" if length == 1 else f"{length:,} rows"
        return format_duration(length * _MICROSECOND)

    def covered(self, reach: Reach) -> tuple[int, int]:
        """Return from where to where data cover all that there is.

        The ends of data by time are never quite known: a day whose last row bears 23:58
        is complete. A 24th of a window's length is not missed, nor what a timestamp
        leaves open that bears no more than a date.
        """
        if self.unit is Unit.ROWS:
            return reach.first, reach.last + 1
        slack = self.length // _UNHEEDED
        return reach.first - slack, reach.last + max(slack, min(reach.grain, self.step), 1)

    def spans(self, reach: Reach, *, partial: bool = False) -> Iterator[WindowSpan]:
        """Yield the windows that data fill, in order.

        Args:
            reach: From where to where the data go.
            partial: Whether to yield the windows, too, that the ends of the data cut off:
                at most one at each end, which is not `complete`.

        Raises:
            WindowError: If there are more windows than anybody can look at.
        """
        since, until = self.covered(reach)
        first, last = -(-since // self.step), (until - self.length) // self.step
        if last - first >= _MOST_WINDOWS:
            raise WindowError(
                f"The data reach over {last - first + 1:,} windows, from {self._at(first)}; "
                f"at most {_MOST_WINDOWS:,} are judged",
                remedy="Look for a wrong date among the rows, or take a longer step.",
            )
        if partial and reach.first < first * self.step and self.unit is Unit.TIME:
            yield self._span(first - 1, complete=False)
        for k in range(first, last + 1):
            yield self._span(k)
        after = max(last + 1, first)
        reached = last * self.step + self.length if last >= first else after * self.step
        if partial and reach.last >= reached:
            yield self._span(after, complete=False)

    def _span(self, k: int, *, complete: bool = True) -> WindowSpan:
        start = k * self.step
        return WindowSpan(unit=self.unit, start=start, end=start + self.length, complete=complete)

    def _at(self, k: int) -> str:
        return str(self._span(k))


def _amount(value: object) -> tuple[Unit, int]:
    rows = _ROWS.fullmatch(str(value).strip().lower())
    if rows is not None:
        return Unit.ROWS, int(rows[1])
    try:
        return Unit.TIME, parse_duration(value) // _MICROSECOND
    except ValueError as error:
        raise WindowError(
            f"{value!r} is no length of a window",
            remedy="Write a number of rows, such as '1000', or a time, such as '7d' or '12h'.",
        ) from error
