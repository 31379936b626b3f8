"""Properties that every method of drift keeps, whatever the columns hold."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.drift.grid import cut_grid
from holdfast.drift.methods.protocol import Comparison
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.power import Sensitivity
from holdfast.drift.profile import profile
from holdfast.drift.report import compare

ODD = [0.0, -0.0, 1.0, 5e-324, 2.0**60, 2.0**60 + 256, -1e300, 1e308, math.inf, -math.inf, math.nan]
NUMBERS = st.lists(
    st.one_of(st.none(), st.sampled_from(ODD), st.floats(-100, 100, width=16)),
    min_size=1,
    max_size=60,
)
WORDS = st.lists(
    st.one_of(st.none(), st.sampled_from(["a", "b", "\N{PILE OF POO}", ""]), st.text(max_size=3)),
    min_size=1,
    max_size=60,
)
FEW = st.lists(st.integers(0, 6).map(float), min_size=2, max_size=60)


def contract(kind):
    return Contract(
        features=(Feature(name="x", kind=kind, nullable=True),),
        target=Target(name="y", positive="1", negative="0"),
        threshold=0.5,
        data_digest="",
    )


def windows(kind, reference, current):
    arrow = pa.float64() if kind is FeatureKind.NUMERIC else pa.string()
    tables = [pa.table({"x": pa.array(values, arrow)}) for values in (reference, current)]
    grid = cut_grid(tables[0], contract(kind))
    return grid, *(profile(table, grid) for table in tables)


def results(kind, reference, current):
    grid, left, right = windows(kind, reference, current)
    pair = Comparison(
        reference=left.features[0],
        current=right.features[0],
        cells=grid.features[0],
        sensitivity=Sensitivity(level=0.01, power=0.8),
    )
    return {name: one.compare(pair) for name, one in METHODS.items() if one.applies(pair)}


def check(found):
    for name, result in found.items():
        assert result.method == name
        assert result.p_value is None or 0.0 <= result.p_value <= 1.0
        assert result.effect >= 0.0
        assert result.bound >= 0.0
        json.dumps(asdict(result), allow_nan=False)


class TestEveryMethod:
    @settings(max_examples=150)
    @given(reference=NUMBERS, current=NUMBERS)
    def test_gives_finite_figures_of_any_numbers(self, reference, current):
        """Ties, one row, all missing, infinities, ±0, huge integers: never NaN."""
        check(results(FeatureKind.NUMERIC, reference, current))

    @settings(max_examples=100)
    @given(reference=WORDS, current=WORDS)
    def test_gives_finite_figures_of_any_words(self, reference, current):
        """One row, all missing, unseen, emoji."""
        check(results(FeatureKind.CATEGORICAL, reference, current))

    @settings(max_examples=100)
    @given(reference=FEW, current=FEW)
    def test_tests_of_numbers_equal_scipy_on_a_discrete_reference(self, reference, current):
        """Where each value has a cell, counts lose nothing."""
        current = [*current, *reference[:1]]
        found = results(FeatureKind.NUMERIC, reference, current)

        distance = stats.ks_2samp(reference, current, method="asymp").statistic

        assert found["kolmogorov_smirnov"].statistic == pytest.approx(distance, abs=1e-9)
        assert found["anderson_darling"].effect == pytest.approx(distance, abs=1e-9)
        if "wasserstein" in found and set(current) <= set(reference):
            moved = found["wasserstein"]
            ends = np.quantile(reference, [0.01, 0.99], method="inverted_cdf")
            left, right = np.clip(reference, *ends), np.clip(current, *ends)
            oracle = stats.wasserstein_distance(left, right) / left.std()
            assert moved.bound == 0.0
            assert moved.statistic == pytest.approx(oracle, abs=1e-9)

    @settings(max_examples=60)
    @given(reference=FEW, current=FEW)
    def test_tests_do_not_depend_on_which_window_is_called_the_reference(self, reference, current):
        """Two-sample tests; on a grid that knows both windows' values."""
        both = [*reference, *current]
        there = results(FeatureKind.NUMERIC, [*both, *reference], [*both, *current])
        back = results(FeatureKind.NUMERIC, [*both, *current], [*both, *reference])

        for name in ("anderson_darling", "kolmogorov_smirnov", "cramer_von_mises"):
            assert there[name].statistic == pytest.approx(back[name].statistic, abs=1e-9)

    @settings(max_examples=40)
    @given(reference=NUMBERS, current=NUMBERS)
    def test_a_report_is_strict_json(self, reference, current):
        """And the same each time: the random deals have one seed."""
        grid, left, right = windows(FeatureKind.NUMERIC, reference, current)

        documents = [
            json.dumps(compare(left, right, grid=grid).to_json(), allow_nan=False) for _ in range(2)
        ]

        assert documents[0] == documents[1]


class TestManyCategories:
    def test_a_hundred_thousand_levels_are_compared(self):
        """A column of names, of which the window knows none."""
        names = [f"\N{SMILING FACE WITH SUNGLASSES} {i}" for i in range(100_000)]

        found = results(FeatureKind.CATEGORICAL, names, [f"new {i}" for i in range(1_000)])

        check(found)
        assert found["unseen_categories"].p_value == 1.0
