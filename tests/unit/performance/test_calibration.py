"""Tests of holdfast.performance.calibration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from holdfast.domain.errors import TooFewLabelsError
from holdfast.performance.calibration import fit_platt, sigmoid


def drawn(log_odds, *, seed=0):
    return np.random.default_rng(seed).random(log_odds.size) < sigmoid(log_odds)


class TestSigmoid:
    def test_is_the_logistic_function(self):
        """The form by tanh is the same function."""
        x = np.linspace(-30, 30, 601)

        assert np.allclose(sigmoid(x), 1 / (1 + np.exp(-x)), rtol=1e-9, atol=1e-15)

    def test_does_not_overflow(self):
        """Extreme log-odds give 0 and 1, without a warning."""
        assert sigmoid(np.array([-1e300, 1e300])).tolist() == [0.0, 1.0]


class TestFitPlatt:
    @pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, -1.0), (2.0, 0.7)])
    def test_finds_the_map_that_made_the_labels(self, slope, intercept):
        """From 40,000 rows it comes back within a few standard errors."""
        log_odds = np.random.default_rng(1).normal(0.3, 1.5, 40_000)
        labels = drawn(slope * log_odds + intercept)

        found = fit_platt(labels, log_odds)

        assert found == pytest.approx((slope, intercept), abs=0.08)

    def test_agrees_with_an_optimiser(self):
        """An independent minimiser of Platt's own objective ends at the same place."""
        log_odds = np.random.default_rng(2).normal(0, 1, 300)
        labels = drawn(1.3 * log_odds - 0.4, seed=2)
        n_positive, n_negative = labels.sum(), (~labels).sum()
        targets = np.where(labels, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))

        def loss(at):
            logit = at[0] * log_odds + at[1]
            return float(np.sum(np.logaddexp(0, logit) - targets * logit))

        best = minimize(loss, [1.0, 0.0], method="BFGS", options={"gtol": 1e-8}).x

        assert fit_platt(labels, log_odds) == pytest.approx(tuple(best), abs=1e-5)

    def test_does_not_turn_a_backward_ranking_round(self):
        """A model that ranks backwards on fresh rows has no skill to lend: the base rate."""
        log_odds = np.random.default_rng(3).normal(0, 1, 1000)
        labels = drawn(-2.0 * log_odds - 1.0)

        slope, intercept = fit_platt(labels, log_odds)

        assert slope == 0.0
        assert sigmoid(np.array([intercept]))[0] == pytest.approx(labels.mean())

    def test_gives_the_base_rate_where_the_model_knows_nothing(self):
        """The same log-odds for all rows leave no slope to find."""
        labels = np.array([True] + [False] * 3)

        slope, intercept = fit_platt(labels, np.full(4, 2.5))

        assert (slope, intercept) == pytest.approx((0.0, math.log(1 / 3)))

    @pytest.mark.parametrize("scale", [1.0, 1e-8, 1e40])
    def test_stays_finite_where_the_classes_are_separated(self, scale):
        """A perfect separation asks for an infinite slope; the drawn-in targets do not."""
        labels = np.array([False] * 20 + [True] * 20)
        log_odds = scale * np.linspace(-1, 1, 40)

        slope, intercept = fit_platt(labels, log_odds)

        scores = sigmoid(slope * log_odds + intercept)
        assert np.isfinite([slope, intercept]).all()
        assert slope > 0
        assert 0.5 < scores[20:].mean() < 1.0

    @pytest.mark.parametrize("positive", [True, False])
    def test_refuses_a_single_class(self, positive):
        """One class says nothing about probabilities."""
        with pytest.raises(TooFewLabelsError, match="rows of each class"):
            fit_platt(np.full(10, positive), np.arange(10.0))
