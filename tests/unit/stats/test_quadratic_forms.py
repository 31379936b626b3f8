"""Tests of the law of weighted sums of squared normals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from holdfast.stats.quadratic_forms import (
    Spectrum,
    neighbour_groups,
    ordered_spectrum,
    upper_tail,
)


class TestUpperTail:
    @pytest.mark.parametrize("x", [0.5, 1.0, 4.0, 50.0, 600.0])
    def test_of_one_term_is_chi_square(self, x):
        """To nine digits, down to 1e-132."""
        found = upper_tail(Spectrum(weights=np.ones(1)), x)

        assert found == pytest.approx(special.chdtrc(1, x), rel=1e-9)

    def test_of_equal_terms_is_chi_square_of_so_many(self):
        """The contour does not mind eigenvalues that coincide."""
        found = upper_tail(Spectrum(weights=np.full(7, 3.0)), 30.0)

        assert found == pytest.approx(special.chdtrc(7, 10.0), rel=1e-9)

    @pytest.mark.parametrize(("z", "p"), [(0.5, 0.7468139), (1.0, 0.3572656), (2.492, 0.0500221)])
    def test_repeats_the_limit_of_anderson_and_darling(self, z, p):
        """Marsaglia and Marsaglia (2004), whose adinf is right to 2e-6."""
        j = np.arange(1.0, 65.0)

        found = upper_tail(Spectrum(weights=1 / (j * (j + 1)), rest=1 / 65), z)

        assert found == pytest.approx(p, abs=2e-6)

    def test_falls_from_one_to_zero(self):
        """Monotone, and never outside of [0, 1]."""
        spectrum = Spectrum(weights=np.array([0.5, 0.2]), rest=0.1)

        tail = [upper_tail(spectrum, x) for x in (-1.0, 0.0, 0.1, 0.2, 1.0, 9.0, 1e4, np.inf)]

        assert tail == sorted(tail, reverse=True)
        assert (tail[0], tail[-1]) == (1.0, 0.0)


class TestOrderedSpectrum:
    def test_of_equal_cells_comes_near_the_limit(self):
        """Eigenvalues 1/2, 1/6, 1/12 of Anderson–Darling on continuous values."""
        u = (np.arange(2_000) + 0.5) / 2_000
        odds = np.sqrt(u / (1 - u))

        found = ordered_spectrum(np.full(2_000, 1 / 2_000), odds, 1 / odds, np.ones(2_000))

        assert found.weights[:3] == pytest.approx([1 / 2, 1 / 6, 1 / 12], rel=0.01)
        assert found.weights.sum() + found.rest == pytest.approx(1.0)

    def test_grouping_loses_little(self):
        """Against all cells' own eigenvalues, one of them frequent."""
        shares = np.append(np.full(300, 0.6 / 300), 0.4)
        middle = np.cumsum(shares) - shares / 2
        spread = np.sqrt(
            (middle - shares / 2) * (1 - middle - shares / 2) + shares * (1 - shares) / 4
        )
        low, high = middle / spread, (1 - middle) / spread
        matrix = np.triu(np.outer(low, high), 1)
        matrix += matrix.T + np.eye(301)

        found = ordered_spectrum(shares, low, high, np.ones(301))

        exact = np.linalg.eigvalsh(matrix * np.sqrt(np.outer(shares, shares)))[::-1]
        assert found.weights[:4] == pytest.approx(exact[:4], rel=0.02)
        assert found.weights[0] == pytest.approx(exact[0], rel=5e-4)  # it rules the tail


class TestNeighbourGroups:
    def test_leaves_a_frequent_value_alone(self):
        """Its ties are what the law depends on."""
        weights = np.ones(1_001)
        weights[500] = 400.0

        starts = neighbour_groups(weights).tolist()

        assert {500, 501} <= set(starts)
        assert len(starts) <= 80
