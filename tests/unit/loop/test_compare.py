"""Two data sets compared without a project."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.engines.local import LocalEngine
from holdfast.adapters.sources import TableSource
from holdfast.domain.errors import ColumnError, DataFileError
from holdfast.drift.report import Verdict
from holdfast.loop.compare import Comparing, compare_sources


def table(seed, n=1000, *, shift=0.0, plan=("a", "b"), **more):
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "charges": rng.normal(size=n) + shift,
            "plan": rng.choice(plan, n).tolist(),
            **{name: column[:n] for name, column in more.items()},
        }
    )


def both(reference, current, **options):
    return compare_sources(
        TableSource(reference),
        TableSource(current),
        LocalEngine(),
        Comparing(**options),
    )


def compared(reference, current, **options):
    return both(reference, current, **options).report


def dates(n, *, start=0, hours=0):
    first = datetime(2026, 1, 5, tzinfo=UTC)
    return [first + timedelta(days=start + i % 300, hours=hours) for i in range(n)]


class TestCompareSources:
    def test_names_what_drifted(self):
        """And nothing else."""
        report = compared(table(0), table(1, shift=0.5))

        assert report.names(Verdict.DRIFTED) == ("charges",)
        assert (report.n_reference, report.n_current) == (1000, 1000)

    def test_finds_nothing_in_a_second_draw(self):
        """The same world twice."""
        assert compared(table(0), table(1)).share_drifted == 0.0

    def test_sees_categories_that_the_reference_never_had(self):
        """By name."""
        report = compared(table(0), table(1, plan=("a", "b", "c")))

        assert report.feature("plan").unseen[0][0] == "c"
        assert report.feature("plan").drifted

    def test_leaves_out_what_it_is_told_to(self):
        """And what only names the rows."""
        numbered = table(0).append_column("row", [[f"r{i:04}" for i in range(1000)]])

        found = both(numbered, numbered, drop=["plan"])

        assert [feature.name for feature in found.report.features] == ["charges"]
        assert dict(found.left_out).keys() == {"plan", "row"}

    @pytest.mark.parametrize(
        ("lacking", "words"), [(["plan"], "'plan'"), (["plan", "charges"], "nor are 1 more")]
    )
    def test_says_which_column_the_current_file_lacks(self, lacking, words):
        """And what to do about it."""
        current = table(1).append_column("other", [[0.5] * 1000]).drop_columns(lacking)

        with pytest.raises(ColumnError, match=words) as caught:
            compared(table(0), current)

        assert "--drop" in str(caught.value)

    def test_the_report_is_strict_json(self):
        """With the keys that other tools read."""
        found = json.loads(json.dumps(compared(table(0), table(1)).to_json(), allow_nan=False))

        assert {"schema_version", "n_reference", "n_current", "features", "drifted"} <= set(found)
        assert found["features"][0]["tests"][0]["method"].islower()

    def test_a_constant_column_that_comes_to_life_has_drifted(self):
        """So has one that was missing throughout, whatever type it turns out to have."""
        reference = table(0, one=[1.0] * 1000, none=pa.nulls(1000, pa.string()))
        current = table(1, one=[1.0, 2.0] * 500, none=[0.5, 1.5] * 500)

        report = compared(reference, current)

        assert set(report.names(Verdict.DRIFTED)) == {"one", "none"}

    def test_a_column_missing_throughout_on_both_sides_is_stable(self):
        """There is nothing to see, and no NaN that says so."""
        both_sides = table(0, none=pa.nulls(1000, pa.string()))

        assert compared(both_sides, both_sides).feature("none").verdict is Verdict.STABLE

    def test_another_type_on_one_side_is_named(self):
        """Text where numbers were."""
        current = pa.table({"charges": ["many"] * 1000, "plan": ["a"] * 1000})

        with pytest.raises(ColumnError, match="charges"):
            compared(table(0), current)

    def test_an_empty_window_is_named(self):
        """Not a report on nothing."""
        with pytest.raises(DataFileError, match="no rows"):
            compared(table(0), table(1).slice(0, 0))

    def test_one_row_is_too_few_to_tell(self):
        """And says how many would be enough."""
        report = compared(table(0), table(1, n=1))

        assert set(report.names(Verdict.UNDERPOWERED)) == {"charges", "plan"}
        assert all(feature.rows_needed > 1 for feature in report.features)

    def test_columns_that_only_the_current_rows_have_are_named(self):
        """They cannot be compared, but may be news."""
        found = both(table(0), table(1, extra=[1.0] * 1000))

        assert found.left_out == (("extra", "only in the current rows"),)
        assert found.to_json()["left_out"][0]["column"] == "extra"

    def test_a_clock_is_no_feature(self):
        """Dates that are all later say that time passed, not that anything changed."""
        found = both(table(0, day=dates(1000)), table(1, day=dates(1000, start=400)))

        assert [feature.name for feature in found.report.features] == ["charges", "plan"]
        assert "--time" in dict(found.left_out)["day"]

    def test_dates_are_compared_by_age_and_cycle(self):
        """Asked for at noon instead of at midnight."""
        reference, current = table(0, day=dates(1000)), table(1, day=dates(1000))
        later = table(1, day=dates(1000, hours=12))

        assert compared(reference, current).names(Verdict.DRIFTED) == ()
        assert both(reference, later).baseline.grid.dates.keys() == {
            "day (age in days)", "day (weekday)", "day (month)",
        }  # fmt: skip

    def test_dates_are_aged_by_the_time_of_the_row(self):
        """Where it is named; then later rows with later dates are no drift."""
        reference = table(0, day=dates(1000), at=[dates(1, start=400)[0]] * 1000)
        current = table(
            1, day=dates(1000, start=200), at=[dates(1, start=600)[0] + timedelta(0)] * 1000
        )

        found = both(reference, current, time="at")

        assert found.report.feature("day (age in days)").verdict is Verdict.STABLE
        assert dict(found.left_out) == {"at": "says when the row was"}

    def test_a_column_to_drop_that_is_not_there_is_named(self):
        """A slip of the pen would compare what it should not."""
        with pytest.raises(ColumnError, match="Did you mean 'plan'"):
            compared(table(0), table(1), drop=["plane"])

    def test_samples_of_rows_conform(self):
        """For those who need more than counts."""
        found = both(table(0), table(1))

        assert found.current_rows(100).num_rows == found.reference_rows(100).num_rows == 100
        assert found.current_rows(5_000).column("charges") == table(1).column("charges")

    def test_a_weight_of_no_feature_is_named(self):
        """With what it may have been meant for, or why that column is not compared."""
        with pytest.raises(ColumnError, match=r"'plam': has a weight.*Did you mean 'plan'"):
            compared(table(0), table(1), weights={"plam": 1.0})
        with pytest.raises(ColumnError, match="is not compared: "):
            compared(table(0), table(1), drop=["plan"], weights={"plan": 1.0})

    def test_a_time_that_is_none_is_named(self):
        """On either side, with what it holds."""
        day = dates(1000)

        with pytest.raises(ColumnError, match="'plan': holds words in the reference rows"):
            compared(table(0), table(1), time="plan")
        with pytest.raises(ColumnError, match="'day': holds numbers in the current rows"):
            compared(table(0, day=day), table(1, day=[1.5] * 1000), time="day")
        with pytest.raises(ColumnError, match="'day': is in the reference rows, but not in"):
            compared(table(0, day=day), table(1), time="day")
