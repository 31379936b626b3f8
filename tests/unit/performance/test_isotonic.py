"""Tests of holdfast.performance.isotonic."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.performance.calibration import sigmoid
from holdfast.performance.isotonic import fit_isotonic


def stream(truth, n=4000, *, seed=0, scale=1.5):
    """Return labels and log-odds whose true probability is a function of them."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(scale=scale, size=n)
    return rng.random(n) < truth(log_odds), log_odds


def knots(*rows, slope):
    found = fit_isotonic(*rows, slope=slope)
    assert found is not None
    return found


class TestFitIsotonic:
    def test_follows_a_shape_that_no_line_has(self):
        """Few below, many above, and a slow rise between."""
        truth = lambda x: np.where(x < 0, 0.1, np.minimum(0.5 + x / 10, 0.9))  # noqa: E731 - a shape

        at, calibrated = knots(*stream(truth, n=20_000), slope=1.0)

        asked = np.array([-1.5, -0.7, 0.7, 1.5])
        assert sigmoid(np.interp(asked, at, calibrated)) == pytest.approx(truth(asked), abs=0.03)

    @pytest.mark.parametrize("seed", range(5))
    def test_rises_strictly_and_neither_steeply_nor_hardly(self, seed):
        """Ties cost ROC AUC, and a steep piece makes much of float32's little errors."""
        at, calibrated = knots(*stream(lambda x: np.where(x > 0, 0.8, 0.2), seed=seed), slope=0.8)

        slopes = np.diff(calibrated) / np.diff(at)
        assert (np.diff(at) > 0).all()
        assert (slopes >= 0.02 * 0.8).all()
        assert (slopes <= 5.0).all()

    def test_stays_finite_where_the_classes_part(self):
        """All negatives below, all positives above: no share is taken for 0 or 1."""
        log_odds = np.linspace(-4, 4, 1000)

        _, calibrated = knots(log_odds > 0, log_odds, slope=1.0)

        assert np.isfinite(calibrated).all()

    def test_gives_equal_log_odds_one_place(self):
        """A model of few values has few knots, however many rows share them."""
        log_odds = np.repeat([-1.0, 0.0, 1.0], 400)
        labels = np.random.default_rng(0).random(1200) < np.repeat([0.1, 0.6, 0.7], 400)

        at, calibrated = knots(labels, log_odds, slope=1.0)

        assert at.tolist() == [-1.0, 0.0, 1.0]
        assert sigmoid(calibrated) == pytest.approx([0.1, 0.6, 0.7], abs=0.05)

    def test_has_no_knots_for_a_ranking_that_is_no_good(self):
        """Pooled until nothing rises, one block is left: there is no piece to speak of."""
        assert fit_isotonic(*stream(lambda x: sigmoid(-x)), slope=1.0) is None

    def test_does_not_depend_on_the_order_of_rows(self):
        """The same rows give the same bytes."""
        labels, log_odds = stream(sigmoid)
        turned = slice(None, None, -1)

        one = knots(labels, log_odds, slope=1.0)
        other = knots(labels[turned], log_odds[turned], slope=1.0)

        assert np.allclose(one, other, rtol=1e-12)
