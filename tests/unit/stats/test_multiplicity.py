"""Tests of the correction for many tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from holdfast.stats.multiplicity import benjamini_hochberg, holm, level_of_each


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


class TestHolm:
    def test_steps_down(self):
        """The smallest is multiplied by all, the next by one less, and none undercuts another."""
        assert holm([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))

    def test_is_between_the_plain_p_values_and_bonferronis(self):
        """In the order given, and never above 1."""
        p_values = np.random.default_rng(0).uniform(size=40) ** 3

        adjusted = np.array(holm(p_values.tolist()))

        assert (adjusted >= p_values).all()
        assert (adjusted <= np.minimum(1, p_values * 40)).all()
        assert (np.diff(adjusted[np.argsort(p_values)]) >= 0).all()

    def test_seldom_rejects_any_of_many_true_nulls(self):
        """However they depend on each other; here one in twenty families at most."""
        rng = np.random.default_rng(1)
        shared, own = rng.normal(size=(2000, 1)), rng.normal(size=(2000, 20))
        p_values = stats.norm.sf((shared + own) / np.sqrt(2))

        rejected = np.mean([min(holm(row.tolist())) <= 0.05 for row in p_values])

        assert rejected <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)

    def test_leaves_an_empty_family_empty(self):
        """No test, no p-value."""
        assert holm([]) == ()


class TestLevelOfEach:
    @pytest.mark.parametrize("level", [0.05, 0.2])
    @pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.5, 0.9, 0.999])
    def test_both_together_have_the_level(self, level, correlation):
        """By the bivariate normal distribution itself."""
        each = level_of_each(level, correlation=correlation)

        z = stats.norm.isf(each)
        both = stats.multivariate_normal(cov=[[1, correlation], [correlation, 1]])
        assert 1 - both.cdf([z, z]) == pytest.approx(level, abs=1e-4)

    @pytest.mark.parametrize(("correlation", "share"), [(-1.0, 0.5), (1.0, 1.0), (1.5, 1.0)])
    def test_ends_at_half_and_at_all_of_it(self, correlation, share):
        """Two that never agree, and two that are one; rounding may leave the range."""
        assert level_of_each(0.05, correlation=correlation) == pytest.approx(0.05 * share, rel=1e-4)
