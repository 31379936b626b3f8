"""Tests of the smallest detectable shift."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from holdfast.drift.power import Sensitivity, rows_needed

SENSITIVITY = Sensitivity(level=0.05 / 20, power=0.8)


class TestSensitivity:
    def test_a_numeric_shift_of_that_size_is_found_as_often_as_promised(self):
        """At least four times in five, by the test that is really run."""
        rng = np.random.default_rng(0)
        distance = SENSITIVITY.numeric_scale * math.sqrt(2 / 1_000)
        shift = 2 * stats.norm.ppf(0.5 + distance / 2)  # two normals so far apart

        found = [
            stats.ks_2samp(rng.normal(size=1_000), rng.normal(shift, size=1_000)).pvalue
            <= SENSITIVITY.level
            for _ in range(100)
        ]

        assert np.mean(found) >= 0.7

    def test_a_categorical_shift_of_that_size_has_the_power_asked_for(self):
        """The noncentral chi-square passes its critical value with that probability."""
        scale = SENSITIVITY.categorical_scale(3)

        critical = stats.chi2.isf(SENSITIVITY.level, 3)
        assert stats.ncx2.sf(critical, 3, (2 * scale) ** 2) == pytest.approx(0.8)

    def test_a_column_with_one_category_counts_as_two(self):
        """A second one could have come."""
        assert SENSITIVITY.categorical_scale(0) == SENSITIVITY.categorical_scale(1)


class TestRowsNeeded:
    def test_with_so_many_rows_the_target_is_just_reached(self):
        """One row fewer is not enough."""
        needed = rows_needed(2.2, n_reference=5_000, target=0.125)

        def smallest(m):
            return 2.2 * math.sqrt(1 / 5_000 + 1 / m)

        assert smallest(needed.current) <= 0.125 < smallest(needed.current - 1)
        assert needed.reference is None

    @pytest.mark.parametrize("n_reference", [0, 100])
    def test_says_so_if_the_reference_is_too_small(self, n_reference):
        """Then no window is ever large enough: both need more."""
        needed = rows_needed(2.2, n_reference=n_reference, target=0.125)

        assert needed.reference == needed.current
        assert 2.2 * math.sqrt(2 / needed.current) <= 0.125
