"""Tests of counting dates as age and in cycles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Target
from holdfast.drift.dates import DatePart
from holdfast.drift.grid import Grid, cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.report import Verdict, compare

NO_FEATURES = Contract(
    features=(),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)
FIRST = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday


def days(n, *, start=FIRST, hours=0):
    dates = [start + timedelta(days=i % 364, hours=hours) for i in range(n)]
    return pa.table({"joined": pa.array([*dates, None], pa.timestamp("us", tz="UTC"))})


def grid_of(table, **options):
    return cut_grid(table, NO_FEATURES, dates=["joined"], **options)


def counts_of(table, grid, part, **options):
    named = {feature.name: feature for feature in profile(table, grid, **options).features}
    return named[f"joined ({part})"]


class TestDates:
    def test_are_counted_as_age_and_in_cycles(self):
        """Hours only where dates have any; missing dates stay missing in each part."""
        whole, timed = grid_of(days(28)), grid_of(days(28, hours=7))

        assert [cells.name for cells in whole.features] == [
            "joined (age in days)",
            "joined (weekday)",
            "joined (month)",
        ]
        assert "joined (hour)" in timed.dates
        assert counts_of(days(28), whole, DatePart.WEEKDAY).known.tolist() == [4] * 7
        assert counts_of(days(28), whole, DatePart.AGE).n_missing == 1

    def test_age_counts_back_from_the_newest_reference_date(self):
        """Where rows have no moment of their own."""
        counted = counts_of(days(28), grid_of(days(28)), DatePart.AGE)

        assert (counted.minimum, counted.maximum) == (0.0, 27.0)

    def test_age_counts_back_from_the_rows_own_moments(self):
        """Customers of the same age are no drift, whenever they ask."""
        table = days(28)
        moments = pa.chunked_array([pa.array([FIRST + timedelta(days=30)] * 29)])
        later = days(28, start=FIRST + timedelta(days=364))
        later_moments = pa.chunked_array([pa.array([FIRST + timedelta(days=394)] * 29)])

        grid = grid_of(table, moments=moments)

        before = counts_of(table, grid, DatePart.AGE, moments=moments)
        after = counts_of(later, grid, DatePart.AGE, moments=later_moments)
        assert before.cells.tolist() == after.cells.tolist()

    @pytest.mark.parametrize(
        ("current", "drifted"),
        [
            (days(728, hours=7), ()),
            (days(728, hours=19), ("joined (hour)",)),
            (days(728, start=FIRST + timedelta(days=364), hours=7), ("joined (age in days)",)),
        ],
        ids=["same", "at another hour", "a year later"],
    )
    def test_drift_is_told_by_its_part(self, current, drifted):
        """Each part has its own verdict."""
        reference = days(728, hours=7)
        grid = grid_of(reference)

        report = compare(profile(reference, grid), profile(current, grid))

        assert report.names(Verdict.DRIFTED) == drifted

    def test_a_grid_with_dates_comes_back_from_bytes(self):
        """With the column each part is read from."""
        grid = grid_of(days(28))

        back = Grid.from_bytes(grid.to_bytes())

        assert back == grid
        assert back.dates == grid.dates

    def test_a_column_without_any_date_is_all_missing(self):
        """Counted, not refused."""
        table = pa.table({"joined": pa.array([None, None], pa.timestamp("us", tz="UTC"))})

        counted = profile(table, grid_of(table))

        assert [feature.n_absent for feature in counted.features] == [2, 2, 2]
