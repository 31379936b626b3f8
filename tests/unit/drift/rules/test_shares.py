"""Rules on how many features drifted, and what they say where too little is known."""

from __future__ import annotations

import json

import pytest

from holdfast.drift.rules import (
    CANNOT_BE_JUDGED,
    AnyFeature,
    DriftShare,
    WeightedShare,
    drifted_share,
)


class TestDriftShare:
    @pytest.mark.parametrize(
        ("drifted", "stable", "fired"), [(0, 4, False), (1, 3, False), (2, 2, True), (4, 0, True)]
    )
    def test_fires_from_half_of_the_features_on(self, reports, drifted, stable, fired):
        """Exactly half is enough."""
        outcome = DriftShare().judge(reports(drifted=drifted, stable=stable))

        assert outcome.fired is fired
        assert outcome.band == ("drifted" if fired else "stable")

    def test_says_why_in_a_sentence(self, reports):
        """With what it counted, and from where it fires."""
        outcome = DriftShare().judge(reports(drifted=2, stable=1))

        assert outcome.why == "2 of 3 features drifted (67%); the rule fires at 50%."
        assert outcome.rule == "drift_share >= 0.5"
        assert outcome.features == ("drifted0", "drifted1")
        assert outcome.figures["share"] == pytest.approx(2 / 3)

    def test_takes_another_share(self, reports):
        """One feature in twenty, if that is what is asked for."""
        features = reports(drifted=1, stable=19)

        assert DriftShare(at=0.05).judge(features).fired is True
        assert DriftShare(at=0.06).judge(features).fired is False

    @pytest.mark.parametrize(
        ("drifted", "stable", "underpowered", "fired"),
        [(2, 0, 2, True), (1, 2, 1, None), (0, 3, 1, False), (0, 0, 4, None)],
    )
    def test_features_that_cannot_be_told_may_leave_it_open(
        self, reports, drifted, stable, underpowered, fired
    ):
        """Only where they could tip it: what is certain is said."""
        features = reports(drifted=drifted, stable=stable, underpowered=underpowered)

        outcome = DriftShare().judge(features)

        assert outcome.fired is fired

    def test_says_what_it_cannot_tell(self, reports):
        """Too few rows are not the same as no drift."""
        outcome = DriftShare().judge(reports(drifted=1, stable=2, underpowered=1))

        assert outcome.band == CANNOT_BE_JUDGED
        assert outcome.why == (
            "1 of 4 features drifted (25%), and for 1 there are too few rows to tell; "
            "the rule fires at 50%."
        )

    def test_without_features_there_is_nothing_to_judge(self):
        """Neither drift nor its absence."""
        outcome = DriftShare().judge([])

        assert (outcome.fired, outcome.why) == (None, "There are no features.")

    @pytest.mark.parametrize("at", [0.0, -0.1, 1.1, float("nan")])
    @pytest.mark.parametrize("rule", [DriftShare, WeightedShare])
    def test_refuses_what_is_no_share(self, rule, at):
        """A rule at 0 would always fire, and one at 50 never."""
        with pytest.raises(ValueError, match="at must be a share above 0 and at most 1; found"):
            rule(at=at)


class TestWeightedShare:
    def test_counts_importance(self, reports):
        """One feature that the model lives on outweighs many that it ignores."""
        features = reports(drifted=1, stable=9)

        outcome = WeightedShare().judge(features, {"drifted0": 3.0, "stable0": 1.0, "other": 9.0})

        assert outcome.fired is True
        assert outcome.why == (
            "1 of 10 features drifted (75% of the importance); the rule fires at 50%."
        )

    def test_is_quiet_where_only_ignored_features_drifted(self, reports):
        """A feature that is not named weighs nothing."""
        outcome = WeightedShare().judge(reports(drifted=9, stable=1), {"stable0": 1.0})

        assert outcome.fired is False
        assert outcome.figures["share"] == 0.0

    def test_is_undecided_by_the_importance_of_what_cannot_be_told(self, reports):
        """Not by its number."""
        features = reports(drifted=1, stable=1, underpowered=5)
        weights = {"drifted0": 0.2, "stable0": 0.7}

        assert WeightedShare().judge(features, weights).fired is False
        assert WeightedShare().judge(features, weights | {"underpowered3": 0.8}).fired is None

    def test_forgives_the_rounding_of_sums(self, reports):
        """Weights of 0.1 and 0.7 are 0.8 of 1 in all but binary arithmetic."""
        features = reports(drifted=2, stable=1)

        outcome = WeightedShare(at=0.8).judge(
            features, {"drifted0": 0.1, "drifted1": 0.7, "stable0": 0.2}
        )

        assert outcome.fired is True

    @pytest.mark.parametrize(
        ("weights", "why"),
        [
            (None, "No importance weights were given"),
            ({}, "No feature has any importance"),
            ({"drifted0": 0.0}, "No feature has any importance"),
        ],
    )
    def test_cannot_judge_without_weights(self, reports, weights, why):
        """It does not fall back to another rule in silence."""
        outcome = WeightedShare().judge(reports(drifted=2), weights)

        assert (outcome.fired, outcome.band) == (None, CANNOT_BE_JUDGED)
        assert outcome.why.startswith(why)

    @pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
    def test_refuses_weights_that_are_none(self, reports, weight):
        """With a negative one, a share could exceed 1."""
        with pytest.raises(ValueError, match="weights must be finite and not negative; found"):
            WeightedShare().judge(reports(drifted=2), {"drifted1": weight})


class TestAnyFeature:
    @pytest.mark.parametrize(
        ("counts", "fired"),
        [
            ({"drifted": 1, "underpowered": 5}, True),
            ({"stable": 3}, False),
            ({"stable": 3, "underpowered": 1}, None),
            ({}, None),
        ],
    )
    def test_fires_at_the_first(self, reports, counts, fired):
        """And says no drift only if every feature could be told."""
        assert AnyFeature().judge(reports(**counts)).fired is fired

    def test_says_why_in_a_sentence(self, reports):
        """Also where it cannot tell."""
        outcome = AnyFeature().judge(reports(stable=1, underpowered=2))

        assert outcome.why == "0 of 3 features drifted, and for 2 there are too few rows to tell."


class TestDriftedShare:
    def test_counts_each_feature_once_by_default(self, reports):
        """The plain share."""
        assert drifted_share(reports(drifted=1, stable=3)) == 0.25

    def test_is_not_known_where_nothing_weighs(self, reports):
        """Zero would read as no drift."""
        assert drifted_share(reports(drifted=1), {}) is None
        assert drifted_share([]) is None


class TestJson:
    def test_is_strict_and_has_every_word(self, reports):
        """Also where nothing could be judged."""
        for rule in (DriftShare(), WeightedShare(), AnyFeature()):
            document = json.loads(
                json.dumps(rule.judge(reports(drifted=1)).to_json(), allow_nan=False)
            )

            assert set(document) == {
                "name", "rule", "fired", "band", "why", "figures", "features",
            }  # fmt: skip
            assert document["name"] == rule.name
