"""Tests of paired differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from holdfast.domain.errors import TooFewLabelsError
from holdfast.stats.paired import paired_difference

DIFFERENCES = np.random.default_rng(3).normal(0.1, 1.0, size=40)


class TestPairedDifference:
    def test_equals_the_t_interval_of_scipy(self):
        """Two-sided at the level asked for."""
        interval = paired_difference(DIFFERENCES).interval(level=0.9)

        oracle = stats.ttest_1samp(DIFFERENCES, 0.0).confidence_interval(0.9)
        assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high))

    def test_one_sided_bounds_lie_closer(self):
        """Each end is then a bound of its own at that level."""
        interval = paired_difference(DIFFERENCES).interval(level=0.95, one_sided=True)

        oracle = stats.ttest_1samp(DIFFERENCES, 0.0, alternative="greater").confidence_interval()
        assert interval.low == pytest.approx(oracle.low)

    def test_refuses_a_single_row(self):
        """One row has no spread; the error says how many are needed."""
        with pytest.raises(TooFewLabelsError, match="Only 1 of the 2 paired rows"):
            paired_difference(np.array([0.5]))
