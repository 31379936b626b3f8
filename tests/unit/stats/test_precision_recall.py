"""Tests of average precision and its standard error."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from holdfast.domain.errors import TooFewLabelsError
from holdfast.stats.precision_recall import average_precision


def sample(seed, n=400, *, decimals=None):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.3
    scores = rng.normal(size=n) + labels
    return labels, scores if decimals is None else scores.round(decimals)


class TestAveragePrecision:
    @pytest.mark.parametrize("decimals", [None, 1, 0])
    def test_equals_scikit_learn(self, decimals):
        """Rows of one score come together."""
        labels, scores = sample(0, decimals=decimals)

        found = average_precision(labels, scores).estimate

        assert found == pytest.approx(average_precision_score(labels, scores))

    @pytest.mark.parametrize("decimals", [None, 1])
    def test_its_error_is_that_of_resampled_rows(self, decimals):
        """The bootstrap gives the same, and takes a thousand times as long."""
        labels, scores = sample(1, decimals=decimals)
        rng = np.random.default_rng(2)

        drawn = []
        for _ in range(400):
            rows = rng.integers(0, labels.size, labels.size)
            drawn.append(average_precision_score(labels[rows], scores[rows]))

        found = average_precision(labels, scores).standard_error
        assert found == pytest.approx(np.std(drawn), rel=0.15)

    def test_the_interval_covers_the_truth(self):
        """Nineteen in twenty, within Monte Carlo error."""
        truth = average_precision(*sample(3, n=400_000)).estimate
        intervals = [average_precision(*sample(seed, n=300)).interval() for seed in range(400)]

        covered = sum(one.low <= truth <= one.high for one in intervals)

        assert 0.91 <= covered / 400 <= 0.985

    def test_a_perfect_ranking_stays_inside(self):
        """No bound above 1."""
        interval = average_precision(np.array([True, False]), np.array([0.9, 0.1])).interval()

        assert (interval.estimate, interval.low, interval.high) == (1.0, 1.0, 1.0)

    def test_needs_a_positive(self):
        """There is nothing to be precise about."""
        with pytest.raises(TooFewLabelsError, match="positive rows"):
            average_precision(np.array([False]), np.array([0.1]))
