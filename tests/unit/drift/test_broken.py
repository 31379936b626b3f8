"""Tests of telling a broken feed from a changed world."""

from __future__ import annotations

import pyarrow as pa
import pytest

from holdfast.drift.broken import absent_share, breakage
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile


@pytest.fixture(name="broken")
def _broken(one_feature):
    def of(reference, current, *, values=True, missing=True):
        tables = [pa.table({"x": pa.array(x, pa.float64())}) for x in (reference, current)]
        grid = cut_grid(tables[0], one_feature("numeric"))
        pair = [profile(table, grid).features[0] for table in tables]
        return breakage(
            *pair,
            values_drifted=values,
            missing_drifted=missing,
            missing_rise=0.2,
        )

    return of


class TestBreakage:
    def test_names_a_feature_without_any_value(self, broken):
        """The plainest failure upstream."""
        assert broken([1.0, 2.0], [None, None]) == "all values missing"

    def test_names_a_rise_of_the_missing_share(self, broken):
        """With both shares, in words."""
        found = broken([1.0, 2.0, 3.0, None], [1.0, None])

        assert found == "missing share rose from 25% to 50%"

    def test_names_a_feature_that_became_constant(self, broken):
        """A default value that replaces a dead sensor."""
        assert broken([1.0, 2.0], [7.0, 7.0]) == "constant"

    def test_a_constant_that_always_was_is_not_broken(self, broken):
        """Some columns never say anything."""
        assert broken([7.0, 7.0], [7.0, 7.0]) is None

    def test_a_small_rise_is_drift_but_not_breakage(self, broken):
        """Ten points more missing values can be a changed world."""
        assert broken([1.0] * 10, [1.0, 2.0] * 5 + [None]) is None

    def test_what_no_test_found_is_not_broken(self, broken):
        """A window of one row is constant, or missing, by chance."""
        assert broken([1.0, 2.0], [None], missing=False) is None
        assert broken([1.0, 2.0], [1.0], values=False) is None


class TestAbsentShare:
    def test_counts_infinite_values_as_absent(self, one_feature):
        """No model can use them."""
        table = pa.table({"x": pa.array([1.0, None, float("inf"), 2.0])})
        counted = profile(table, cut_grid(table, one_feature("numeric")))

        assert absent_share(counted.features[0]) == 0.5
