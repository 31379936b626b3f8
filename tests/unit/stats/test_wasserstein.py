"""Tests of Wasserstein's distance on the reference's bulk."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from holdfast.stats.wasserstein import GroupedValues, bulk_of, clipped_wasserstein


def grouped(values, edges, centre):
    at = np.searchsorted(edges, values)
    on_edge = (at < edges.size) & (edges[np.minimum(at, edges.size - 1)] == values)
    cell = 2 * at + on_edge
    sums = np.bincount(cell, weights=values - centre, minlength=2 * edges.size + 1)[::2]
    cells = np.bincount(cell, minlength=2 * edges.size + 1)
    return GroupedValues(cells=cells, sums=np.where(cells[::2] > 0, sums, 0.0), centre=centre)


def bounds(reference, current, edges):
    centre = float(np.quantile(reference, 0.5, method="inverted_cdf"))
    left, right = (grouped(values, edges, centre) for values in (reference, current))
    bulk = bulk_of(edges, left.cells, minimum=reference.min(), maximum=reference.max())
    return None if bulk is None else clipped_wasserstein(left, right, edges, bulk)


def truth(reference, current):
    ends = np.quantile(reference, [0.01, 0.99], method="inverted_cdf")
    left, right = np.clip(reference, *ends), np.clip(current, *ends)
    return stats.wasserstein_distance(left, right) / left.std()


DRAWS = {
    "normal": lambda rng, n: rng.normal(3, 2, n),
    "long tail": lambda rng, n: rng.lognormal(0, 2, n),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.gamma(2, 50, n)),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n),
}


class TestClippedWasserstein:
    @pytest.mark.parametrize("kind", DRAWS)
    @pytest.mark.parametrize("n_edges", [5, 60, 1_024])
    @pytest.mark.parametrize("shift", [0.0, 0.3, 5.0])
    def test_the_interval_holds_the_distance_of_the_raw_values(self, kind, n_edges, shift):
        """Scipy on clipped rows, whatever the cells."""
        rng = np.random.default_rng(n_edges)
        for n, m in ((2_000, 400), (50, 700), (3, 2)):
            base, current = DRAWS[kind](rng, n), DRAWS[kind](rng, m) + shift
            ranks = np.arange(1, n_edges + 1) * n // (n_edges + 1)
            edges = np.unique(np.sort(base)[np.minimum(ranks, n - 1)])

            found = bounds(base, current, edges)

            if found is not None:
                low, high = found
                assert low - 1e-9 <= truth(base, current) <= high + 1e-9

    def test_the_interval_is_narrow_on_a_full_grid(self):
        """A thousandth of a standard deviation."""
        rng = np.random.default_rng(0)
        reference, current = rng.normal(size=20_000), rng.normal(0.2, size=20_000)
        edges = np.quantile(reference, np.arange(1, 1_025) / 1_025, method="inverted_cdf")

        low, high = bounds(reference, current, edges)

        assert high - low < 0.002

    def test_is_exact_on_a_discrete_reference(self):
        """Every value has a cell, so nothing is hidden."""
        rng = np.random.default_rng(1)
        reference, current = rng.integers(0, 70, 900) * 1.0, rng.integers(0, 60, 300) * 1.0

        low, high = bounds(reference, current, np.unique(reference))

        assert low == high
        assert low == pytest.approx(truth(reference, current), rel=1e-9)

    def test_an_outlier_rules_neither_distance_nor_unit(self):
        """One value of 1e9 among a thousand counts as the 99% quantile."""
        reference = np.arange(1_000.0)
        current = np.append(reference[:-1], 1e9)

        low, _ = bounds(reference, current, reference)

        assert low < 0.01

    def test_a_value_too_far_for_a_float_in_that_unit_counts_as_the_end(self):
        """1e308 is more than floats hold of units of a half."""
        reference = np.array([0.0, 0.5])

        found = bounds(reference, np.array([1e308]), reference)

        assert found == bounds(reference, np.array([0.5]), reference)

    def test_knows_no_unit_without_a_bulk(self):
        """All but a few rows are one value."""
        reference = np.append(np.zeros(999), 5.0)

        assert bounds(reference, reference, np.unique(reference)) is None
