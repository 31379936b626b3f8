"""Tests of how the budget of false alarms is shared."""

from __future__ import annotations

import pytest

from holdfast.policy.alarm_budget import SequentialPolicy
from holdfast.policy.monitoring import Watched


class TestSequentialPolicy:
    def test_shares_are_one_together(self):
        """The e-detectors' and those of harm's two window tests."""
        policy = SequentialPolicy(buckets_per_year=365)

        shares = [policy.weight(watched) for watched in Watched]

        assert sum(shares) + 2 * policy.window_test_weight == pytest.approx(1.0)

    def test_a_concept_may_move_further_than_a_feature(self):
        """Its rates rest on fewer labels."""
        policy = SequentialPolicy(buckets_per_year=365)

        assert policy.tolerated(Watched.FEATURE) == 0.02
        assert policy.tolerated(Watched.CALIBRATION) == 0.05
        assert policy.tolerated(Watched.HARM) == 0.01

    @pytest.mark.parametrize("weights", [{Watched.SCORE: 1.1}, {Watched.SCORE: -0.1}])
    def test_refuses_shares_of_more_than_there_is(self, weights):
        """Then the promise would not hold."""
        with pytest.raises(ValueError, match="weights must be"):
            SequentialPolicy(buckets_per_year=365, weights=weights)

    @pytest.mark.parametrize("bad", [0.0, -1.0, float("inf"), float("nan")])
    def test_refuses_budgets_that_are_none(self, bad):
        """No alarm at all cannot be promised."""
        with pytest.raises(ValueError, match="alarms_per_year must be above 0"):
            SequentialPolicy(buckets_per_year=365, alarms_per_year=bad)
