"""Tests of the methods, and of what all of them have in common."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from holdfast.domain.contract import FeatureKind
from holdfast.drift.grid import cut_grid
from holdfast.drift.methods.protocol import Comparison
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.power import Sensitivity
from holdfast.drift.profile import profile

SENSITIVITY = Sensitivity(level=0.01, power=0.8)
NUMBERS: list[list[float | None]] = [
    [1.0],
    [None],
    [5.0] * 30,
    [float(i) for i in range(40)],
    [1.0, math.inf, -math.inf, math.nan, None],
]
WORDS: list[list[str | None]] = [
    ["a"],
    [None],
    ["a"] * 30,
    [f"id {i}" for i in range(40)],
    ["new", "a", None, "b"],
]


def counts(one_feature, kind, reference, current):
    contract = one_feature(kind)
    kind_of = pa.float64() if kind is FeatureKind.NUMERIC else pa.string()
    tables = [pa.table({"x": pa.array(values, kind_of)}) for values in (reference, current)]
    grid = cut_grid(tables[0], contract)
    reference, current = (profile(table, grid).features[0] for table in tables)
    return Comparison(
        reference=reference, current=current, cells=grid.features[0], sensitivity=SENSITIVITY
    )


def run(name, pair):
    method = METHODS[name]
    assert method.applies(pair)
    return method.compare(pair)


class TestEveryMethod:
    @pytest.mark.parametrize("name", METHODS)
    @pytest.mark.parametrize("kind", [FeatureKind.NUMERIC, FeatureKind.CATEGORICAL])
    def test_gives_finite_figures_on_every_odd_column(self, name, kind, one_feature):
        """One row, constant, all missing, all distinct, infinite: never NaN."""
        columns = NUMBERS if kind is FeatureKind.NUMERIC else WORDS
        method = METHODS[name]
        results = []

        for reference in columns:
            for current in columns:
                pair = counts(one_feature, kind, reference, current)
                if method.applies(pair):
                    results.append(method.compare(pair))

        for result in results:
            assert result.method == name
            assert (result.p_value is not None) == method.is_test
            assert result.p_value is None or 0.0 <= result.p_value <= 1.0
            assert result.effect >= 0.0
            json.dumps(asdict(result), allow_nan=False)

    @pytest.mark.parametrize("name", METHODS)
    @pytest.mark.parametrize("kind", [FeatureKind.NUMERIC, FeatureKind.CATEGORICAL])
    def test_finds_nothing_between_equal_windows(self, name, kind, one_feature):
        """The same counts have no distance."""
        column = (NUMBERS if kind is FeatureKind.NUMERIC else WORDS)[3]
        pair = counts(one_feature, kind, [*column, None], [*column, None])

        if METHODS[name].applies(pair):
            assert run(name, pair).effect == pytest.approx(0.0, abs=1e-7)


class TestKolmogorovSmirnov:
    def test_is_exact_on_a_discrete_reference(self, one_feature):
        """Each value has a cell of its own: bound zero, scipy's distance."""
        rng = np.random.default_rng(0)
        reference = rng.integers(0, 60, size=3_000).astype(np.float64)
        current = rng.integers(3, 60, size=900).astype(np.float64)

        result = run(
            "kolmogorov_smirnov",
            counts(one_feature, FeatureKind.NUMERIC, reference, current),
        )

        assert result.statistic == pytest.approx(stats.ks_2samp(reference, current).statistic)
        assert result.bound == 0.0

    @pytest.mark.parametrize("shift", [0.0, 0.05, 1.0])
    def test_the_bound_holds_on_a_continuous_reference(self, shift, one_feature):
        """The true distance lies between the statistic and statistic plus bound."""
        rng = np.random.default_rng(1)
        reference, current = rng.normal(size=30_000), rng.normal(shift, size=2_000)

        result = run(
            "kolmogorov_smirnov",
            counts(one_feature, FeatureKind.NUMERIC, reference, current),
        )

        truth = stats.ks_2samp(reference, current).statistic
        assert result.statistic - 1e-12 <= truth <= result.statistic + result.bound + 1e-12
        assert 0.0 < result.bound < 0.005


class TestChiSquare:
    def test_is_homogeneity_over_common_categories(self, one_feature):
        """As in scipy where no category is rare."""
        reference, current = ["a"] * 60 + ["b"] * 40, ["a"] * 30 + ["b"] * 50

        result = run("chi_square", counts(one_feature, FeatureKind.CATEGORICAL, reference, current))

        oracle = stats.chi2_contingency(np.array([[60, 40], [30, 50]]), correction=False)
        assert result.p_value == pytest.approx(oracle.pvalue)
        assert result.effect == pytest.approx(0.6 - 0.375)


class TestMissingness:
    def test_sees_what_tests_of_the_values_drop(self, one_feature):
        """Ten of forty became missing, infinite ones included."""
        reference = [1.0] * 40
        current = [1.0] * 30 + [None] * 9 + [math.inf]

        result = run("missingness", counts(one_feature, FeatureKind.NUMERIC, reference, current))

        oracle = stats.fisher_exact(np.array([[0, 40], [10, 30]])).pvalue
        assert result.p_value == pytest.approx(oracle)
        assert result.effect == pytest.approx(0.25)


class TestUnseenCategories:
    def test_a_new_word_is_significant_where_all_words_were_frequent(self, one_feature):
        """The reference has no rare level that could explain it."""
        reference = ["DSL"] * 500 + ["Fiber"] * 500
        current = ["DSL"] * 450 + ["dsl"] * 50

        result = run(
            "unseen_categories", counts(one_feature, FeatureKind.CATEGORICAL, reference, current)
        )

        assert result.p_value is not None
        assert result.p_value < 1e-6
        assert result.effect == pytest.approx(0.1)

    def test_a_new_identifier_is_no_news(self, one_feature):
        """Every row of the reference was new too."""
        reference = [f"customer {i}" for i in range(500)]
        current = [f"customer {i}" for i in range(500, 1_000)]

        result = run(
            "unseen_categories", counts(one_feature, FeatureKind.CATEGORICAL, reference, current)
        )

        assert result.p_value == 1.0
