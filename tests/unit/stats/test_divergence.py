"""Tests of the divergences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance

from holdfast.domain.errors import EmptyWindowError
from holdfast.stats.divergence import (
    jensen_shannon,
    population_stability_index,
    total_variation,
)

REFERENCE = np.array([100, 50, 0, 50])
CURRENT = np.array([40, 30, 20, 10])


class TestPopulationStabilityIndex:
    def test_follows_its_formula_with_half_a_row_added(self):
        """An empty bin gives a large, but finite index."""
        p = (REFERENCE + 0.5) / 202
        q = (CURRENT + 0.5) / 102

        index = population_stability_index(REFERENCE, CURRENT)

        assert index == pytest.approx(float(((q - p) * np.log(q / p)).sum()))

    def test_is_zero_for_equal_counts(self):
        """Nothing moved."""
        assert population_stability_index(REFERENCE, REFERENCE) == 0.0

    def test_refuses_an_empty_window(self):
        """No row has no shares."""
        with pytest.raises(EmptyWindowError, match="current window"):
            population_stability_index(REFERENCE, np.zeros(4, dtype=np.int64))


class TestJensenShannon:
    def test_equals_scipy_in_bits(self):
        """The distance, not its square."""
        oracle = distance.jensenshannon(REFERENCE, CURRENT, base=2)

        assert jensen_shannon(REFERENCE, CURRENT) == pytest.approx(oracle)

    def test_is_symmetric(self):
        """Neither window is the truth."""
        assert jensen_shannon(REFERENCE, CURRENT) == pytest.approx(
            jensen_shannon(CURRENT, REFERENCE)
        )

    def test_is_zero_for_equal_shares(self):
        """Only shares count, not rows."""
        assert jensen_shannon(REFERENCE, 3 * REFERENCE) == pytest.approx(0.0, abs=1e-7)


class TestTotalVariation:
    def test_is_the_share_of_rows_that_would_have_to_move(self):
        """From 50/25/0/25% to 40/30/20/10% a quarter has to move."""
        assert total_variation(REFERENCE, CURRENT) == pytest.approx(0.25)

    def test_refuses_an_empty_reference(self):
        """No row has no shares."""
        with pytest.raises(EmptyWindowError, match="reference window"):
            total_variation(np.array([0]), np.array([1]))
