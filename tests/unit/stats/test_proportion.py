"""Tests of shares of rows."""

from __future__ import annotations

import pytest
from scipy import stats

from holdfast.domain.errors import EmptyWindowError
from holdfast.stats.proportion import fall_p_value, wilson


class TestWilson:
    @pytest.mark.parametrize(("successes", "n"), [(0, 5), (3, 10), (10, 10), (480, 1_000)])
    def test_equals_scipy(self, successes, n):
        """Also where every row, or none, has the property."""
        interval = wilson(successes, n, level=0.9)

        oracle = stats.binomtest(successes, n).proportion_ci(0.9, method="wilson")
        assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high))
        assert interval.estimate == successes / n

    def test_refuses_no_rows(self):
        """A share of nothing is not 0."""
        with pytest.raises(EmptyWindowError):
            wilson(0, 0)


class TestFallPValue:
    def test_equals_the_chi_square_test_made_one_sided(self):
        """The square of the pooled z statistic is chi-square with one degree of freedom."""
        p_value = fall_p_value((80, 100), (130, 200))

        oracle = stats.chi2_contingency([[80, 20], [130, 70]], correction=False).pvalue
        assert p_value == pytest.approx(oracle / 2)

    def test_a_rise_is_no_fall(self):
        """One-sided: getting better is never significant."""
        assert fall_p_value((50, 100), (90, 100)) > 0.99

    def test_equal_certainty_is_no_evidence(self):
        """Both at 100%: no variance, no NaN."""
        assert fall_p_value((5, 5), (9, 9)) == 0.5

    def test_refuses_an_empty_window(self):
        """It names the one that is empty."""
        with pytest.raises(EmptyWindowError, match="reference"):
            fall_p_value((0, 0), (1, 2))
