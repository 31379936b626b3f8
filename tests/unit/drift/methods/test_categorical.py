"""Tests of the methods that compare categories."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from holdfast.domain.contract import FeatureKind


class TestChiSquare:
    def test_is_homogeneity_over_common_categories(self, compared, run):
        """As in scipy where no category is rare."""
        reference, current = ["a"] * 60 + ["b"] * 40, ["a"] * 30 + ["b"] * 50

        result = run("chi_square", compared(FeatureKind.CATEGORICAL, reference, current))

        oracle = stats.chi2_contingency(np.array([[60, 40], [30, 50]]), correction=False)
        assert result.p_value == pytest.approx(oracle.pvalue)
        assert result.effect == pytest.approx(0.6 - 0.375)


class TestGTest:
    def test_is_homogeneity_by_likelihood(self, compared, run):
        """As in scipy where no category is rare."""
        reference, current = ["a"] * 60 + ["b"] * 40, ["a"] * 30 + ["b"] * 50

        result = run("g_test", compared(FeatureKind.CATEGORICAL, reference, current))

        table = np.array([[60, 40], [30, 50]])
        oracle = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        assert result.statistic == pytest.approx(oracle.statistic, rel=1e-9)
        assert result.p_value == pytest.approx(oracle.pvalue, rel=1e-9)
        assert result.effect == pytest.approx(0.6 - 0.375)

    def test_a_hundred_thousand_categories_are_one_pool(self, compared, run):
        """Names of any script; none is frequent enough to be judged by itself."""
        names = [f"😎 {i}" for i in range(100_000)]

        result = run("g_test", compared(FeatureKind.CATEGORICAL, names, names[:500]))

        assert (result.statistic, result.p_value) == (0.0, 1.0)
