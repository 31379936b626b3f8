"""Tests of the verdict on a feature."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.verdicts import DriftPolicy, Verdict, judge_features


@pytest.fixture(name="judge")
def _judge(one_feature):
    """Judge one feature x between two columns."""

    def of(kind, reference, current, **policy):
        arrow = pa.float64() if kind == "numeric" else pa.string()
        tables = [pa.table({"x": pa.array(x, arrow)}) for x in (reference, current)]
        grid = cut_grid(tables[0], one_feature(kind))
        left, right = (profile(table, grid).features[0] for table in tables)
        (report,) = judge_features([(left, right)], DriftPolicy(**policy))
        return report

    return of


class TestVerdict:
    def test_a_large_significant_shift_is_drift(self, judge):
        """Both conditions hold."""
        rng = np.random.default_rng(0)

        report = judge("numeric", rng.normal(size=2_000), rng.normal(0.5, size=2_000))

        assert report.verdict is Verdict.DRIFTED
        assert report.strongest.result.method == "anderson_darling"

    def test_a_significant_shift_too_small_to_matter_is_stable(self, judge):
        """With a hundred thousand rows everything is significant."""
        rng = np.random.default_rng(0)

        report = judge("numeric", rng.normal(size=100_000), rng.normal(0.05, size=100_000))

        assert report.strongest.p_adjusted < 0.001
        assert report.verdict is Verdict.STABLE

    def test_too_few_rows_to_tell_is_a_verdict_of_its_own(self, judge):
        """And it says how many would be enough."""
        reference = np.random.default_rng(0).normal(size=5_000)

        report = judge("numeric", reference, reference[:50])

        assert report.verdict is Verdict.UNDERPOWERED
        assert 200 < report.rows_needed < 500
        assert report.needed.reference is None

    def test_so_many_rows_are_enough(self, judge):
        """What was promised holds: with the rows asked for it is no longer underpowered."""
        rng = np.random.default_rng(0)
        reference = rng.normal(size=5_000)
        needed = judge("numeric", reference, reference[:50]).rows_needed

        report = judge("numeric", reference, reference[:needed])

        assert report.verdict is Verdict.STABLE

    @pytest.mark.parametrize(
        ("kind", "reference", "current", "verdict"),
        [
            ("numeric", [1.0, 2.0] * 500, [1.0], Verdict.UNDERPOWERED),
            ("numeric", [1.0, 2.0] * 5, [None], Verdict.UNDERPOWERED),
            ("numeric", [7.0] * 1_000, [7.0] * 1_000, Verdict.STABLE),
            ("numeric", [7.0] * 1_000, [8.0] * 1_000, Verdict.DRIFTED),
            ("numeric", [None] * 1_000, [None] * 1_000, Verdict.STABLE),
            ("numeric", [None] * 1_000, [1.0] * 1_000, Verdict.DRIFTED),
            ("numeric", [1.0, 2.0] * 500, [None] * 1_000, Verdict.DRIFTED),
            ("categorical", ["a", "b"] * 500, ["a"], Verdict.UNDERPOWERED),
            ("categorical", ["a"] * 1_000, ["a"] * 1_000, Verdict.STABLE),
            ("categorical", [None] * 1_000, [None] * 1_000, Verdict.STABLE),
            ("categorical", ["a", "b"] * 500, ["c"] * 1_000, Verdict.DRIFTED),
            (
                "categorical",
                [f"id {i}" for i in range(1_000)],
                [f"new {i}" for i in range(1_000)],
                Verdict.STABLE,
            ),
        ],
    )
    def test_odd_columns_get_a_named_verdict(self, judge, kind, reference, current, verdict):
        """One row, constant, all missing, all distinct."""
        assert judge(kind, reference, current).verdict is verdict

    @pytest.mark.parametrize("current", [[9.0], [None], [9.0] * 29])
    def test_a_handful_of_rows_is_never_drift(self, judge, current):
        """However extreme: the first prediction of the day must not raise an alarm."""
        report = judge("numeric", np.linspace(0.0, 1.0, 2_000), current)

        assert report.strongest.p_adjusted < 0.05
        assert report.verdict is Verdict.UNDERPOWERED
        assert report.broken is None
        assert report.rows_needed > len(current)

    def test_a_new_missing_share_is_drift(self, judge):
        """Ten percent of a column, which tests of the values drop."""
        report = judge("numeric", [1.0, 2.0] * 500, [1.0, 2.0] * 450 + [None] * 100)

        assert report.verdict is Verdict.DRIFTED
        assert report.strongest.result.method == "missingness"
        assert report.current_missing == pytest.approx(0.1)

    def test_a_new_category_is_drift_and_is_named(self, judge):
        """With its count."""
        report = judge("categorical", ["a", "b"] * 500, ["a", "b"] * 485 + ["c"] * 30)

        assert report.verdict is Verdict.DRIFTED
        assert report.unseen == (("c", 30),)


class TestDriftPolicy:
    @pytest.mark.parametrize("name", ["population_stability_index", "no_method"])
    def test_only_a_test_in_use_can_decide(self, name, judge):
        """The error names those that could."""
        with pytest.raises(ValueError, match=f"kolmogorov_smirnov.*found {name}"):
            judge("numeric", [1.0], [1.0], decisive=("chi_square", name))

    def test_refuses_levels_that_are_none(self):
        """Such as a percentage by mistake."""
        with pytest.raises(ValueError, match="alpha must lie between 0 and 1; found 5"):
            DriftPolicy(alpha=5)
        with pytest.raises(ValueError, match="power must lie between 0 and 1; found 80"):
            DriftPolicy(power=80)

    def test_only_decisive_methods_are_in_the_family(self, judge):
        """The others are shown, without an adjusted p-value."""
        report = judge("numeric", [1.0, 2.0] * 50, [1.0, 2.0] * 50)

        adjusted = {test.result.method: test.p_adjusted for test in report.tests}
        assert adjusted["population_stability_index"] is None
        assert adjusted["kolmogorov_smirnov"] is None
        assert adjusted["anderson_darling"] == 1.0
