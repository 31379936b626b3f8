"""Which stretch of the past a window is compared with: the same season's, if it is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import add
from typing import TYPE_CHECKING

from holdfast.domain.errors import WindowError
from holdfast.domain.windows import Unit
from holdfast.drift.windowing import require_unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.windows import WindowSpan
    from holdfast.drift.profile import Profile
    from holdfast.drift.windowing import BucketedRows

__all__ = ["SeasonalReference", "WindowReference"]

_KEPT = 31  # sums of one season's stretches; a month of days


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowReference:
    """What one window is compared with.

    Attributes:
        counts: The reference.
        seasons: The stretches of the history that it is the sum of; none if it is the
            fixed reference.
        fallback: Why it is the fixed reference although the same season was asked for.
    """

    counts: Profile
    seasons: tuple[WindowSpan, ...] = ()
    fallback: str | None = None


class SeasonalReference:
    """The same season's reference: for a March Marches, for a Monday Mondays.

    The window's stretch is moved back by whole periods until it lies within the history;
    the newest such stretches are added up. Where the history covers none, the fixed
    reference stands in, and the result says so.

    Note that 365 days move a Monday to a Sunday; 364 days keep the day of the week.
    """

    def __init__(
        self, history: BucketedRows, fixed: Profile, *, period: int, n_periods: int | None = None
    ) -> None:
        """Take a history on the same grid and the same buckets as the windows.

        Args:
            history: The reference's rows by bucket.
            fixed: What windows are compared with where the history does not reach.
            period: Length of the season in the spec's unit: microseconds.
            n_periods: How many seasons are added up at most, newest first; None takes all
                that the history covers.

        Raises:
            WindowError: If the season is no time, no whole number of buckets, or shorter
                than a window: then a window would be part of its own reference.
        """
        spec = history.spec
        require_unit(spec, Unit.TIME)
        if period < spec.length:
            raise WindowError(
                f"A season of {spec.say(period)} is shorter than the window of "
                f"{spec.say(spec.length)}, which would be part of its own reference",
                remedy=f"Take a season of at least {spec.say(spec.length)}.",
            )
        if period % spec.bucket:
            raise WindowError(
                f"A season of {spec.say(period)} is no whole number of buckets of "
                f"{spec.say(spec.bucket)}",
                remedy="Lay the windows with the season's period as divisor.",
            )
        if n_periods is not None and n_periods < 1:
            raise WindowError(
                f"A reference of {n_periods} seasons holds nothing",
                remedy="Take one season or more.",
            )
        self._history, self._fixed = history, fixed
        self._period, self._n_periods = period, n_periods
        # Every Monday has the same reference, if the history ends before the windows begin.
        self._sums = lru_cache(maxsize=_KEPT)(self._total)

    def of(self, span: WindowSpan) -> WindowReference:
        """Return what a window is compared with."""
        seasons = tuple(self._seasons(span))
        if not seasons:
            return WindowReference(counts=self._fixed, fallback=self._why_none(span))
        return WindowReference(counts=self._sums(seasons), seasons=seasons)

    def _seasons(self, span: WindowSpan) -> Iterator[WindowSpan]:
        """Yield the stretches of the same season that the history covers, newest first."""
        reach = self._history.reach
        if reach is None:
            return
        since, until = self._history.spec.covered(reach)
        n_found, back = 0, max(1, -((until - span.end) // self._period))
        while (moved := span.moved(-back * self._period)).start >= since:
            back += 1
            if self._history.holds(moved):
                yield moved
                n_found += 1
            if n_found == self._n_periods:
                return

    def _total(self, seasons: tuple[WindowSpan, ...]) -> Profile:
        sums = (self._history.total(season) for season in seasons)
        return reduce(add, (counts for counts in sums if counts is not None))

    def _why_none(self, span: WindowSpan) -> str:
        earlier = span.moved(-self._period)
        back = f"{earlier}, one season of {self._history.spec.say(self._period)} earlier"
        if self._history.covers(earlier):
            return f"the reference has no row in {back}"
        return f"the reference does not cover {back}"
