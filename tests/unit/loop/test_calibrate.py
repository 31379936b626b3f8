"""Tests of holdfast.loop.calibrate."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domain.errors import TooFewLabelsError
from holdfast.loop.calibrate import calibrate
from holdfast.performance.calibration import sigmoid
from holdfast.stats.auc import roc_auc


def step(x):
    return np.where(x > 0, 0.85, 0.15)


def stream(truth, n=2000, *, seed=0):
    """Return labels and log-odds whose true probability is a function of them."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(scale=1.5, size=n)
    return rng.random(n) < truth(log_odds), log_odds


class TestCalibrate:
    def test_takes_isotonic_where_no_line_fits(self):
        """A step in probability: the line says too much at the ends."""
        labels, log_odds = stream(step)

        found = calibrate(labels, log_odds)

        line = calibrate(labels, log_odds, isotonic=False)
        assert found.calibration.kind == "isotonic"
        assert found.brier < line.brier

    def test_stays_with_the_line_where_it_is_right(self):
        """
        On its own rows isotonic regression always looks better. Of forty streams with a
        line for truth it is taken in next to none.
        """
        kinds = [calibrate(*stream(sigmoid, seed=seed)).calibration.kind for seed in range(40)]

        assert kinds.count("isotonic") <= 3

    @pytest.mark.parametrize(("n", "kind"), [(999, "sigmoid"), (1000, "isotonic")])
    def test_isotonic_needs_a_thousand_rows(self, n, kind):
        """It has that much more to learn."""
        labels, log_odds = stream(step, n)

        assert calibrate(labels, log_odds).calibration.kind == kind

    @pytest.mark.parametrize(("n_positive", "kind"), [(99, "sigmoid"), (100, "isotonic")])
    def test_isotonic_needs_a_hundred_of_each_class(self, n_positive, kind):
        """Ten thousand rows with a handful of positives are few."""
        labels, log_odds = np.arange(4000) < n_positive, np.full(4000, -1.0)
        rng = np.random.default_rng(0)
        log_odds[labels] = 1.0 + rng.random(n_positive) * 3
        log_odds[~labels] = rng.normal(-2, 1, 4000 - n_positive)
        log_odds[np.flatnonzero(~labels)[:200]] = 1.0 + rng.random(200) * 3

        assert calibrate(labels, log_odds).calibration.kind == kind

    @pytest.mark.parametrize("seed", range(5))
    def test_keeps_every_rows_place_in_the_ranking(self, seed):
        """ROC AUC before and after is the same, whichever kind was taken."""
        labels, log_odds = stream(step, seed=seed)

        found = calibrate(labels, log_odds).calibration

        assert found.kind == "isotonic"
        scores, before = found.probabilities(log_odds), roc_auc(labels, log_odds)
        assert roc_auc(labels, scores) == before
        served = scores.astype(np.float32).astype(
            np.float64
        )  # in which a pair of a million may become equal
        assert roc_auc(labels, served) == pytest.approx(before, abs=3e-6)

    def test_a_backward_ranking_is_not_turned_round(self):
        """Neither kind may: every row gets the base rate."""
        labels, log_odds = stream(lambda x: sigmoid(-x))

        found = calibrate(labels, log_odds).calibration

        assert found.is_flat
        assert found.kind == "sigmoid"

    def test_measures_each_row_by_a_calibration_that_had_not_seen_it(self):
        """Of pure noise the cross-fitted error is above that of the base rate."""
        rng = np.random.default_rng(1)
        labels, log_odds = rng.random(200) < 0.3, rng.normal(size=200)

        assert calibrate(labels, log_odds).brier >= labels.mean() * (1 - labels.mean())

    def test_works_with_one_row_of_a_class(self):
        """It cannot be left out; its own calibration measures it."""
        labels = np.arange(50) == 49

        found = calibrate(labels, np.arange(50.0))

        assert 0 < found.brier < 0.05

    @pytest.mark.parametrize("positive", [True, False])
    def test_needs_both_classes(self, positive):
        """One class calibrates nothing."""
        with pytest.raises(TooFewLabelsError):
            calibrate(np.full(10, positive), np.arange(10.0))

    def test_is_the_same_twice(self):
        """To the last digit: nothing is drawn."""
        rows = stream(step)

        assert calibrate(*rows) == calibrate(*rows)
