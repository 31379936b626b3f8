"""A window is compared with the same season's rows, or it says why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import WindowError
from holdfast.domain.windows import Unit, WindowSpan, WindowSpec, since_1970
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.seasons import SeasonalReference
from holdfast.drift.windowing import bucketed_by_row, bucketed_by_time, nothing_counted

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
CONTRACT = Contract(
    features=(Feature(name="x", kind=FeatureKind.NUMERIC, nullable=True),),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)
COUNT = partial(profile, grid=cut_grid(pa.table({"x": [0.0, 1.0]}), CONTRACT))
FIXED = COUNT(pa.table({"x": [0.5]}))
SPEC = WindowSpec.parse("1d", period="7d")


def history(*moments, spec=SPEC):
    rows = pa.table({"x": [float(at.weekday()) for at in moments]})
    return bucketed_by_time(rows, pa.chunked_array([pa.array(moments)]), COUNT, spec)


def seasonal(counted, **options):
    return SeasonalReference(counted, FIXED, period=counted.spec.divisor, **options)


def day(at, length=DAY):
    return WindowSpan(unit=Unit.TIME, start=since_1970(at), end=since_1970(at + length))


FOUR_WEEKS = history(*(MONDAY + i * DAY for i in range(28)))


class TestSeasonalReference:
    def test_compares_mondays_with_mondays(self):
        """All that the history has, newest first."""
        found = seasonal(FOUR_WEEKS).of(day(MONDAY + 5 * WEEK))

        assert [s.window.start_at for s in found.seasons] == [
            MONDAY + weeks * WEEK for weeks in (3, 2, 1, 0)
        ]
        assert (found.counts.n_rows, found.counts.features[0].maximum) == (4, 0.0)
        assert found.fallback is None

    def test_takes_so_many_seasons_at_most(self):
        """One: the newest that the history covers."""
        found = seasonal(FOUR_WEEKS, n_periods=1).of(day(MONDAY + 5 * WEEK))

        assert [s.window.start_at for s in found.seasons] == [MONDAY + 3 * WEEK]

    def test_looks_at_earlier_seasons_only(self):
        """Within the history itself a window is never part of its own reference."""
        found = seasonal(FOUR_WEEKS).of(day(MONDAY + 2 * WEEK))

        assert [s.window.start_at for s in found.seasons] == [MONDAY + WEEK, MONDAY]

    def test_falls_back_to_the_fixed_reference_and_says_so(self):
        """The first week has no earlier one."""
        found = seasonal(FOUR_WEEKS).of(day(MONDAY))

        assert (found.counts, found.seasons) == (FIXED, ())
        assert found.fallback == (
            "the reference does not cover 2026-02-23 00:00 to 2026-02-24 00:00 UTC, "
            "one season of 7d earlier"
        )

    def test_an_empty_season_is_no_reference(self):
        """Nothing can be compared with no row."""
        found = seasonal(history(MONDAY - DAY, MONDAY + 2 * DAY)).of(day(MONDAY + WEEK))

        assert found.fallback.startswith("the reference has no row in 2026-03-02")

    def test_has_nothing_from_an_empty_history(self):
        """Rows without a time, all of them."""
        assert seasonal(nothing_counted(SPEC)).of(day(MONDAY)).counts == FIXED

    def test_refuses_a_season_shorter_than_the_window(self):
        """The window would be part of its own reference."""
        counted = history(MONDAY, spec=WindowSpec.parse("14d", period="7d"))

        with pytest.raises(WindowError, match="A season of 7d is shorter than the window of 14d"):
            seasonal(counted)

    def test_refuses_a_season_that_cuts_buckets(self):
        """Counts cannot be cut."""
        with pytest.raises(WindowError, match="36h is no whole number of buckets of 1d"):
            SeasonalReference(
                history(MONDAY, spec=WindowSpec.parse("1d")),
                FIXED,
                period=timedelta(hours=36) // timedelta(microseconds=1),
            )

    def test_refuses_no_season_at_all(self):
        """And windows of rows, which have none."""
        rows = bucketed_by_row(pa.table({"x": [1.0]}), COUNT, WindowSpec.parse("1"))

        with pytest.raises(WindowError, match="0 seasons"):
            seasonal(FOUR_WEEKS, n_periods=0)
        with pytest.raises(WindowError, match="cannot be counted by time"):
            SeasonalReference(rows, FIXED, period=1)
