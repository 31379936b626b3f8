"""Tests of finding cells without sorting."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.drift.lookup import CellLookup

LARGEST = np.finfo(float).max


def searched(edges, values):
    """Return the cells by searching each value: the oracle."""
    left, right = (np.searchsorted(edges, values, side=side) for side in ("left", "right"))
    return left + right


def quantiles(values):
    return np.unique(np.quantile(values, np.arange(1, 1_025) / 1_025, method="inverted_cdf"))


class TestCellLookup:
    @pytest.mark.parametrize(
        "draw",
        [
            lambda rng: rng.normal(size=50_000),
            lambda rng: rng.lognormal(sigma=3, size=50_000),
            lambda rng: rng.standard_cauchy(50_000),
            lambda rng: rng.integers(0, 73, 50_000).astype(float),
            lambda rng: np.concatenate([rng.normal(size=25_000), np.full(25_000, 1e300)]),
            lambda rng: 1e15 + rng.integers(0, 4, 50_000),
            lambda rng: rng.normal(size=50_000) * 5e-320,
        ],
        ids=["normal", "lognormal", "cauchy", "discrete", "two scales", "offset", "subnormal"],
    )
    def test_agrees_with_searching_each_value(self, draw):
        """Whatever the distribution, and on the edges themselves."""
        rng = np.random.default_rng(0)
        edges = quantiles(draw(rng))
        values = np.concatenate([draw(rng), edges, np.nextafter(edges, np.inf), [0.0, -0.0]])

        cells = CellLookup(edges).cells_of(values)

        np.testing.assert_array_equal(cells, searched(edges, values))

    @pytest.mark.parametrize(
        "edges",
        [
            [],
            [0.0],
            [-LARGEST, LARGEST],
            [0.0, LARGEST],
            [0.0, 5e-324],
            [1.0, np.nextafter(1.0, 2.0), 2.0],
            [*np.linspace(0, 1e-6, 500), 1.0],
        ],
        ids=lambda edges: f"{len(edges)} edges",
    )
    def test_agrees_where_steps_are_hard_to_lay(self, edges):
        """Spans that overflow or vanish, and crowds of edges."""
        edges = np.array(edges)
        special = [-LARGEST, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1e-7, 1.0, 1.5, 2.0, LARGEST]
        values = np.concatenate([special, edges])

        cells = CellLookup(edges).cells_of(values)

        np.testing.assert_array_equal(cells, searched(edges, values))

    def test_knows_how_many_cells_there_are(self):
        """An open one before each edge and after the last."""
        assert CellLookup(np.array([1.0, 2.0])).n_cells == 5
