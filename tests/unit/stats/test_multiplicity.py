"""Tests of the correction for many tests."""

from __future__ import annotations

import numpy as np
from scipy import stats

from holdfast.stats.multiplicity import benjamini_hochberg


class TestBenjaminiHochberg:
    def test_equals_scipy(self):
        """In the order given, whatever that is."""
        p_values = np.random.default_rng(0).uniform(size=50) ** 3

        adjusted = benjamini_hochberg(p_values.tolist())

        np.testing.assert_allclose(adjusted, stats.false_discovery_control(p_values))

    def test_leaves_an_empty_family_empty(self):
        """No test, no p-value."""
        assert benjamini_hochberg([]) == ()

    def test_leaves_a_single_test_as_it_is(self):
        """One test needs no correction."""
        assert benjamini_hochberg([0.03]) == (0.03,)
