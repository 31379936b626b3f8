"""Tests of the methods, and of what all of them have in common."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import pytest

from holdfast.domain.contract import FeatureKind
from holdfast.drift.methods.registry import METHODS

NUMBERS: list[list[float | None]] = [
    [1.0],
    [None],
    [5.0] * 30,
    [float(i) for i in range(40)],
    [1.0, math.inf, -math.inf, math.nan, None],
    [0.0, -0.0, 2.0**60, 2.0**60 + 256.0, -1.0] * 10,
    [1e308, -1e308, 1e-308, 0.0] * 20,
]
WORDS: list[list[str | None]] = [
    ["a"],
    [None],
    ["a"] * 30,
    [f"id {i}" for i in range(40)],
    ["new", "a", None, "b"],
]


class TestRegistry:
    def test_names_every_method_of_the_design(self):
        """In the order in which reports show them."""
        assert list(METHODS) == [
            "anderson_darling",
            "kolmogorov_smirnov",
            "cramer_von_mises",
            "chi_square",
            "g_test",
            "missingness",
            "unseen_categories",
            "population_stability_index",
            "jensen_shannon",
            "kullback_leibler",
            "hellinger",
            "total_variation",
            "wasserstein",
        ]


class TestEveryMethod:
    @pytest.mark.parametrize("name", METHODS)
    @pytest.mark.parametrize("kind", [FeatureKind.NUMERIC, FeatureKind.CATEGORICAL])
    def test_gives_finite_figures_on_every_odd_column(self, name, kind, compared):
        """One row, constant, all missing, all distinct, infinite: never NaN."""
        columns = NUMBERS if kind is FeatureKind.NUMERIC else WORDS
        method = METHODS[name]
        results = []

        for reference in columns:
            for current in columns:
                pair = compared(kind, reference, current)
                if method.applies(pair):
                    results.append(method.compare(pair))

        for result in results:
            assert result.method == name
            assert result.p_value is not None or not method.is_test
            assert result.bound >= 0.0
            assert result.p_value is None or 0.0 <= result.p_value <= 1.0
            assert result.effect >= 0.0
            json.dumps(asdict(result), allow_nan=False)

    @pytest.mark.parametrize("name", METHODS)
    @pytest.mark.parametrize("kind", [FeatureKind.NUMERIC, FeatureKind.CATEGORICAL])
    def test_finds_nothing_between_equal_windows(self, name, kind, compared):
        """The same counts have no distance."""
        column = (NUMBERS if kind is FeatureKind.NUMERIC else WORDS)[3]
        pair = compared(kind, [*column, None], [*column, None])

        if METHODS[name].applies(pair):
            assert METHODS[name].compare(pair).effect == pytest.approx(0.0, abs=1e-7)
