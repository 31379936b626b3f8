"""Tests of the report on a window: what it says, how often it errs, what it finds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from holdfast.domain.errors import EmptyWindowError, GridMismatchError
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.report import Verdict, compare, compare_scores
from holdfast.drift.rules import AnyFeature, DriftShare, PsiBands, WeightedShare
from holdfast.drift.scores import cut_score_grid, score_profile


@pytest.fixture(name="windows")
def _windows(telco, contract):
    """Profile a reference and a current window of the sizes and changes asked for."""

    def of(rng, n_reference, n_current, **changes):
        reference = telco(rng, n_reference)
        grid = cut_grid(reference, contract)
        return profile(reference, grid), profile(telco(rng, n_current, **changes), grid)

    return of


class TestCompare:
    def test_names_what_changed(self, windows):
        """And nothing else."""
        report = compare(*windows(np.random.default_rng(0), 3_000, 3_000, month_to_month=0.75))

        assert report.names(Verdict.DRIFTED) == ("contract",)
        assert report.share_drifted == pytest.approx(1 / 19)
        assert not report.drifted

    def test_a_window_is_drifted_by_a_named_rule(self, windows):
        """Half of the features by default; another rule is said."""
        pair = windows(np.random.default_rng(0), 3_000, 3_000, month_to_month=0.75)

        by_default, lenient = compare(*pair), compare(*pair, rule=DriftShare(at=0.05))

        assert (by_default.drifted, by_default.rule) == (False, "drift_share >= 0.5")
        assert (lenient.drifted, lenient.rule) == (True, "drift_share >= 0.05")

    @pytest.mark.parametrize(
        ("rule", "month_to_month", "fired"),
        [
            (AnyFeature(), 0.75, True),
            (PsiBands(), 0.75, False),
            (PsiBands(), 0.9, True),
        ],
    )
    def test_familiar_rules_read_the_results_of_methods(self, windows, rule, month_to_month, fired):
        """Twenty points more are a moderate index: drift, but not to a rule of 0.2."""
        pair = windows(np.random.default_rng(0), 3_000, 3_000, month_to_month=month_to_month)

        report = compare(*pair, rule=rule)

        assert report.drifted is fired
        assert report.outcome.features == (("contract",) if fired else ())

    def test_a_window_too_small_to_tell_is_neither(self, windows):
        """Not drifted, and not without drift."""
        report = compare(*windows(np.random.default_rng(0), 1_000, 1))

        assert report.drifted is None
        assert report.to_json()["drifted"] is None
        assert report.outcome.band == "cannot be judged"

    def test_weighs_features_by_importance(self, windows):
        """One feature that the model lives on counts more than many it ignores."""
        pair = windows(np.random.default_rng(0), 3_000, 3_000, month_to_month=0.75)

        report = compare(*pair, weights={"contract": 3.0, "tenure": 1.0, "no feature": 5.0})

        assert report.weighted_share == 0.75

    def test_a_rule_may_go_by_importance(self, windows):
        """Then it needs to be told."""
        pair = windows(np.random.default_rng(0), 3_000, 3_000, month_to_month=0.75)

        told = compare(*pair, rule=WeightedShare(), weights={"contract": 3.0, "tenure": 1.0})
        untold = compare(*pair, rule=WeightedShare())

        assert told.drifted is True
        assert untold.drifted is None
        assert untold.weighted_share is None

    @pytest.mark.parametrize(("n", "m", "which"), [(0, 5, "reference"), (5, 0, "current")])
    def test_refuses_an_empty_window(self, windows, n, m, which):
        """No rows are not the same as no drift."""
        with pytest.raises(EmptyWindowError, match=f"The {which} window holds no rows"):
            compare(*windows(np.random.default_rng(0), n, m))

    def test_refuses_profiles_of_different_grids(self, windows):
        """Their cells mean different things."""
        reference, _ = windows(np.random.default_rng(0), 500, 1)
        _, current = windows(np.random.default_rng(1), 500, 500)

        with pytest.raises(GridMismatchError):
            compare(reference, current)

    def test_one_row_is_too_few_to_tell(self, windows):
        """Underpowered throughout, never stable."""
        report = compare(*windows(np.random.default_rng(0), 1_000, 1))

        assert len(report.names(Verdict.UNDERPOWERED)) == 19


class TestJson:
    def test_has_the_promised_keys_and_no_nan(self, windows):
        """Other tools read these."""
        report = compare(*windows(np.random.default_rng(0), 800, 30, missing=0.5))

        document = json.loads(json.dumps(report.to_json(), allow_nan=False))

        assert document["schema_version"] == 1
        assert {"n_reference", "n_current", "features", "share_drifted", "drifted"} <= set(document)
        for feature in document["features"]:
            assert {"name", "kind", "verdict", "tests"} <= set(feature)
            for test in feature["tests"]:
                assert set(test) == {
                    "method",
                    "statistic",
                    "p_value",
                    "p_adjusted",
                    "effect",
                    "bound",
                    "smallest_detectable",
                    "expected",
                }

    def test_says_how_many_rows_would_be_enough(self, windows):
        """For an underpowered feature; null for the others."""
        few, many = (
            compare(*windows(np.random.default_rng(0), 5_000, m)).to_json()["features"][0]
            for m in (50, 5_000)
        )

        assert (few["verdict"], many["verdict"]) == ("underpowered", "stable")
        assert few["rows_needed"] > 200
        assert many["rows_needed"] is None


class TestErrors:
    def test_null_at_most_eight_percent_of_comparisons_flag_anything(self, windows):
        """Two hundred comparisons of two windows from one and the same world."""
        rng = np.random.default_rng(20)

        flagged = [
            bool(compare(*windows(rng, 1_000, 1_000)).names(Verdict.DRIFTED)) for _ in range(200)
        ]

        assert np.mean(flagged) <= 0.08

    def test_null_rules_are_quiet_in_one_and_the_same_world(self, windows):
        """Thirty comparisons. `ks_share` is not asked: of three raw tests one fires often."""
        rng = np.random.default_rng(22)

        reports = [compare(*windows(rng, 1_000, 1_000)) for _ in range(30)]

        for rule, most in ((DriftShare(), 0), (PsiBands(), 0), (AnyFeature(), 3)):
            fired = [rule.judge(report.features).fired for report in reports]
            assert fired.count(True) <= most, rule.name

    @pytest.mark.parametrize(
        ("feature", "changes", "least"),
        [
            ("contract", {"month_to_month": 0.67}, 0.9),
            ("monthly_charges", {"charges": 1.1}, 0.9),
            ("total_charges", {"missing": 0.1}, 1.0),
        ],
    )
    def test_power_changes_that_matter_are_found(self, windows, feature, changes, least):
        """At 1,000 against 1,000 rows, in at least so many of 25 comparisons."""
        rng = np.random.default_rng(21)

        found = [
            compare(*windows(rng, 1_000, 1_000, **changes)).feature(feature).drifted
            for _ in range(25)
        ]

        assert np.mean(found) >= least


class TestCompareScores:
    SCORES = np.random.default_rng(0).beta(2, 5, size=4_000)
    GRID = cut_score_grid(SCORES, threshold=0.5)

    def test_finds_prediction_drift(self):
        """Scores that rose by a tenth."""
        reference = score_profile(self.SCORES, self.GRID)
        current = score_profile(np.minimum(1.0, self.SCORES[:1_500] + 0.1), self.GRID)

        report = compare_scores(reference, current)

        assert report.name == "score"
        assert report.verdict is Verdict.DRIFTED

    def test_is_quiet_without_drift(self):
        """New scores of the same distribution."""
        fresh = np.random.default_rng(1).beta(2, 5, size=1_500)

        report = compare_scores(
            score_profile(self.SCORES, self.GRID), score_profile(fresh, self.GRID)
        )

        assert report.verdict is Verdict.STABLE
        assert report.broken is None

    def test_names_a_model_that_says_the_same_of_every_row(self):
        """Constant scores are a fault, not a change of customers."""
        score = float(self.GRID.edges[60])

        report = compare_scores(
            score_profile(self.SCORES, self.GRID), score_profile(np.full(900, score), self.GRID)
        )

        assert report.broken == "constant"

    def test_refuses_scores_of_another_release(self):
        """Two models' scores are not comparable."""
        other = cut_score_grid(self.SCORES, threshold=0.3)

        with pytest.raises(GridMismatchError):
            compare_scores(score_profile(self.SCORES, self.GRID), score_profile(self.SCORES, other))

    def test_refuses_an_empty_window(self):
        """No scores, no verdict."""
        with pytest.raises(EmptyWindowError, match="current"):
            compare_scores(
                score_profile(self.SCORES, self.GRID), score_profile(np.array([]), self.GRID)
            )
