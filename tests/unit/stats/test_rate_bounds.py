"""Tests of the rates that are put up with."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.stats.proportion import wilson
from holdfast.stats.rate_bounds import normal_quantile, rate_bounds

Z_95 = 1.959963984540054


def bounds(hits, n, **options):
    low, high = rate_bounds(np.array([float(hits)]), np.array([float(n)]), **options)
    return float(low[0]), float(high[0])


class TestNormalQuantile:
    @pytest.mark.parametrize(("exceeded", "expected"), [(0.5, 0.0), (0.025, Z_95)])
    def test_agrees_with_tables(self, exceeded, expected):
        """Of the standard normal distribution."""
        assert normal_quantile(exceeded) == pytest.approx(expected)


class TestRateBounds:
    @pytest.mark.parametrize(("hits", "n"), [(0, 20), (3, 20), (10, 20), (20, 20), (1, 1)])
    def test_agrees_with_wilson(self, hits, n):
        """The interval of the same name, computed one by one."""
        expected = wilson(hits, n)

        assert bounds(hits, n, z=Z_95) == pytest.approx((expected.low, expected.high))

    def test_puts_up_with_the_tolerance_on_top(self):
        """On both sides."""
        low, high = bounds(10, 20, z=Z_95)

        assert bounds(10, 20, z=Z_95, tolerance=0.02) == pytest.approx((low - 0.02, high + 0.02))

    def test_dependent_rows_say_less(self):
        """A design effect of 4 makes 400 rows worth 100."""
        assert bounds(80, 400, z=3.0, dispersion=4.0) == pytest.approx(bounds(20, 100, z=3.0))

    def test_stays_within_what_a_rate_can_be(self):
        """A bound that nothing can pass is 0 or 1 itself."""
        assert bounds(0, 5, z=3.0, tolerance=0.9) == (0.0, 1.0)

    def test_without_reference_rows_everything_is_put_up_with(self):
        """And nothing is divided by zero."""
        assert bounds(0, 0, z=3.0, tolerance=0.02) == (0.0, 1.0)

    def test_a_lossy_reference_may_hold_parts_of_rows(self):
        """A cheap error counts a part of a dear one."""
        low, high = bounds(2.5, 10, z=1.0)

        assert low < 0.25 < high
