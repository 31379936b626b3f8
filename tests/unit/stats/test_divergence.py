"""Tests of the divergences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance

from holdfast.domain.errors import EmptyWindowError
from holdfast.stats.divergence import (
    SMOOTHING,
    hellinger,
    jensen_shannon,
    kullback_leibler,
    population_stability_index,
    shares,
    total_variation,
)

REFERENCE = np.array([100, 50, 0, 50])
CURRENT = np.array([40, 30, 20, 10])
P, Q = shares(REFERENCE), shares(CURRENT)
SMOOTH_P, SMOOTH_Q = (shares(counts, smoothing=SMOOTHING) for counts in (REFERENCE, CURRENT))


class TestShares:
    def test_have_half_a_row_more_in_each_bin(self):
        """An empty bin is then small, not zero."""
        assert pytest.approx((REFERENCE + 0.5) / 202) == SMOOTH_P

    def test_are_taken_of_many_vectors_at_once(self):
        """One vector a row."""
        both = shares(np.vstack([REFERENCE, CURRENT]))

        assert both == pytest.approx(np.vstack([P, Q]))

    @pytest.mark.parametrize("counts", [np.zeros(4, dtype=np.int64), np.array([[1, 0], [0, 0]])])
    def test_of_no_row_do_not_exist(self, counts):
        """Half a row added to each bin would hide it."""
        with pytest.raises(EmptyWindowError):
            shares(counts, smoothing=SMOOTHING)


class TestPopulationStabilityIndex:
    def test_is_the_divergence_in_both_directions(self):
        """By its definition."""
        both = kullback_leibler(SMOOTH_P, SMOOTH_Q) + kullback_leibler(SMOOTH_Q, SMOOTH_P)

        assert population_stability_index(SMOOTH_P, SMOOTH_Q) == pytest.approx(both)

    def test_is_zero_for_equal_shares(self):
        """Nothing moved."""
        assert population_stability_index(SMOOTH_P, SMOOTH_P) == 0.0


class TestKullbackLeibler:
    def test_equals_scipy(self):
        """Relative entropy in nats."""
        from scipy.stats import entropy  # noqa: PLC0415 - slow to import, used here alone

        assert kullback_leibler(SMOOTH_P, SMOOTH_Q) == pytest.approx(entropy(SMOOTH_Q, SMOOTH_P))


class TestJensenShannon:
    def test_equals_scipy_in_bits(self):
        """The distance, not its square."""
        oracle = distance.jensenshannon(REFERENCE, CURRENT, base=2)

        assert jensen_shannon(P, Q) == pytest.approx(oracle)

    def test_is_symmetric(self):
        """Neither window is the truth."""
        assert jensen_shannon(P, Q) == pytest.approx(jensen_shannon(Q, P))

    def test_is_zero_for_equal_shares(self):
        """Only shares count, not rows."""
        assert jensen_shannon(P, shares(3 * REFERENCE)) == pytest.approx(0.0, abs=1e-7)


class TestHellinger:
    def test_equals_scipys_distance_of_roots(self):
        """The Euclidean distance of the shares' roots, over √2."""
        oracle = distance.euclidean(np.sqrt(P), np.sqrt(Q)) / np.sqrt(2)

        assert hellinger(P, Q) == pytest.approx(oracle)


class TestTotalVariation:
    def test_is_the_share_of_rows_that_would_have_to_move(self):
        """From 50/25/0/25% to 40/30/20/10% a quarter has to move."""
        assert total_variation(P, Q) == pytest.approx(0.25)
