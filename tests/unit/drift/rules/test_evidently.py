"""Evidently's usual verdict, from our own counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.drift.methods.protocol import MethodResult
from holdfast.drift.rules import RULES
from holdfast.drift.rules.evidently import EvidentlyShare
from holdfast.drift.verdicts import FeatureTest


@pytest.fixture(name="moved")
def _moved(report):
    """A feature with a distance by one method."""

    def of(name, method, distance, kind="numeric"):
        found = MethodResult(method=method, statistic=distance, p_value=None, effect=distance)
        test = FeatureTest(result=found, p_adjusted=None, drifted=False)
        return replace(report(name, kind=kind), tests=(test,))

    return of


class TestEvidentlyShare:
    @pytest.mark.parametrize(("distance", "fired"), [(0.099, False), (0.1, True)])
    def test_goes_by_the_wasserstein_distance_of_numbers(self, moved, distance, fired):
        """From a tenth of a standard deviation on."""
        features = [moved("a", "wasserstein", distance), moved("b", "wasserstein", 0.0)]

        assert EvidentlyShare().judge(features).fired is fired

    @pytest.mark.parametrize(("distance", "fired"), [(0.119, False), (0.121, True)])
    def test_goes_by_the_jensen_shannon_distance_of_words(self, moved, distance, fired):
        """Ours is of logarithms to base 2: 0.1 of theirs is 0.12 of ours."""
        outcome = EvidentlyShare().judge([moved("a", "jensen_shannon", distance, "categorical")])

        assert outcome.fired is fired

    def test_says_which_features_and_how_many(self, moved):
        """One of three is too few."""
        features = [moved(name, "wasserstein", d) for name, d in (("a", 0.3), ("b", 0), ("c", 0))]

        outcome = EvidentlyShare().judge(features)

        assert outcome.features == ("a",)
        assert outcome.why == "1 of 3 features (33%) moved by 0.1 or more; the rule fires at 50%."
        assert outcome.figures == {"share": 1 / 3, "at": 0.5, "n_far": 1, "n_features": 3}

    def test_cannot_judge_without_a_distance(self, report):
        """Which is neither drift nor its absence."""
        outcome = EvidentlyShare().judge([report("a", ks=0.01)])

        assert outcome.fired is None

    def test_is_no_rule_of_the_drift_settings(self):
        """There the name means Evidently itself, on raw rows."""
        assert EvidentlyShare().name not in RULES
