"""Tests of the methods that compare one share."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from holdfast.domain.contract import FeatureKind


class TestMissingness:
    def test_sees_what_tests_of_the_values_drop(self, compared, run):
        """Ten of forty became missing, infinite ones included."""
        reference = [1.0] * 40
        current = [1.0] * 30 + [None] * 9 + [math.inf]

        result = run("missingness", compared(FeatureKind.NUMERIC, reference, current))

        oracle = stats.fisher_exact(np.array([[0, 40], [10, 30]])).pvalue
        assert result.p_value == pytest.approx(oracle)
        assert result.effect == pytest.approx(0.25)


class TestUnseenCategories:
    def test_a_new_word_is_significant_where_all_words_were_frequent(self, compared, run):
        """The reference has no rare level that could explain it."""
        reference = ["DSL"] * 500 + ["Fiber"] * 500
        current = ["DSL"] * 450 + ["dsl"] * 50

        result = run("unseen_categories", compared(FeatureKind.CATEGORICAL, reference, current))

        assert result.p_value is not None
        assert result.p_value < 1e-6
        assert result.effect == pytest.approx(0.1)

    def test_a_new_identifier_is_no_news(self, compared, run):
        """Every row of the reference was new too."""
        reference = [f"customer {i}" for i in range(500)]
        current = [f"customer {i}" for i in range(500, 1_000)]

        result = run("unseen_categories", compared(FeatureKind.CATEGORICAL, reference, current))

        assert result.p_value == 1.0
