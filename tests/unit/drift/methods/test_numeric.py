"""Tests of the methods that compare numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from holdfast.domain.contract import FeatureKind
from holdfast.drift.methods.registry import METHODS


class TestKolmogorovSmirnov:
    def test_is_exact_on_a_discrete_reference(self, compared, run):
        """Each value has a cell of its own: bound zero, scipy's distance."""
        rng = np.random.default_rng(0)
        reference = rng.integers(0, 60, size=3_000).astype(np.float64)
        current = rng.integers(3, 60, size=900).astype(np.float64)

        result = run(
            "kolmogorov_smirnov",
            compared(FeatureKind.NUMERIC, reference, current),
        )

        assert result.statistic == pytest.approx(stats.ks_2samp(reference, current).statistic)
        assert result.bound == 0.0

    @pytest.mark.parametrize("shift", [0.0, 0.05, 1.0])
    def test_the_bound_holds_on_a_continuous_reference(self, shift, compared, run):
        """The true distance lies between the statistic and statistic plus bound."""
        rng = np.random.default_rng(1)
        reference, current = rng.normal(size=30_000), rng.normal(shift, size=2_000)

        result = run(
            "kolmogorov_smirnov",
            compared(FeatureKind.NUMERIC, reference, current),
        )

        truth = stats.ks_2samp(reference, current).statistic
        assert result.statistic - 1e-12 <= truth <= result.statistic + result.bound + 1e-12
        assert 0.0 < result.bound < 0.005


class TestSquaredGaps:
    @pytest.mark.parametrize("name", ["anderson_darling", "cramer_von_mises"])
    def test_effect_is_the_largest_gap(self, name, compared, run):
        """So that one smallest effect means the same, whichever test decides."""
        rng = np.random.default_rng(2)
        pair = compared(FeatureKind.NUMERIC, rng.normal(size=900), rng.normal(0.2, size=700))

        result = run(name, pair)

        distance = run("kolmogorov_smirnov", pair)
        assert result.effect == distance.statistic
        assert result.smallest_detectable == distance.smallest_detectable

    def test_anderson_darling_finds_what_hides_in_the_tails(self, compared, run):
        """A wider spread about the same centre moves the largest gap little."""
        rng = np.random.default_rng(3)
        pair = compared(FeatureKind.NUMERIC, rng.normal(size=900), rng.normal(0, 1.25, size=700))

        found = {
            name: run(name, pair).p_value for name in ("anderson_darling", "kolmogorov_smirnov")
        }

        assert found["anderson_darling"] < found["kolmogorov_smirnov"] / 4


class TestWasserstein:
    def test_the_interval_holds_the_distance_of_the_rows(self, compared, run):
        """In clipped standard deviations of the reference, from cells and sums alone."""
        rng = np.random.default_rng(4)
        reference, current = rng.lognormal(size=30_000), rng.lognormal(0.1, size=2_000)

        result = run("wasserstein", compared(FeatureKind.NUMERIC, reference, current))

        ends = np.quantile(reference, [0.01, 0.99], method="inverted_cdf")
        left, right = np.clip(reference, *ends), np.clip(current, *ends)
        truth = stats.wasserstein_distance(left, right) / left.std()
        assert result.statistic <= truth <= result.upper
        assert result.bound < 0.005

    def test_is_exact_on_a_discrete_reference(self, compared, run):
        """A move by one month of a uniform tenure of 0 to 72."""
        months = np.repeat(np.arange(73.0), 100)

        result = run(
            "wasserstein", compared(FeatureKind.NUMERIC, months, np.minimum(72, months + 1))
        )

        assert result.bound == 0.0
        assert result.statistic == pytest.approx(1 / months.std(), rel=0.05)

    def test_does_not_apply_to_a_constant(self, compared):
        """There is no standard deviation to measure in; nothing is not zero."""
        pair = compared(FeatureKind.NUMERIC, [5.0] * 30, [6.0] * 30)

        assert not METHODS["wasserstein"].applies(pair)
