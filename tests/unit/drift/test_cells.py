"""Tests of the counting kernel."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.drift.cells import (
    cell_bounds,
    cut_edges,
    finite_part,
    open_sums,
    order_statistic,
)


class TestOrderStatistic:
    @pytest.mark.parametrize("n", [1, 2, 7, 100, 1_001])
    def test_equals_numpys_inverted_cdf(self, n):
        """The quantile is itself a value of the reference."""
        ordered = np.sort(np.random.default_rng(n).normal(size=n))

        for level in (1, 250, 499, 999):
            oracle = np.quantile(ordered, level / 1_000, method="inverted_cdf")
            assert order_statistic(ordered, level, 1_000) == oracle


class TestCutEdges:
    def test_keeps_every_distinct_value_of_a_discrete_feature(self):
        """As many as allowed: each gets a cell of its own."""
        ordered = np.repeat(np.arange(8.0), 3)

        assert cut_edges(ordered, most=8).tolist() == list(range(8))

    def test_takes_order_statistics_beyond_that(self):
        """At the levels i / (K + 1)."""
        ordered = np.arange(1.0, 101.0)

        edges = cut_edges(ordered, most=4)

        oracle = np.quantile(ordered, [0.2, 0.4, 0.6, 0.8], method="inverted_cdf")
        assert edges.tolist() == oracle.tolist()

    def test_leaves_out_repeated_order_statistics(self):
        """A heavy value is one edge, however many quantiles fall on it."""
        ordered = np.concatenate([np.zeros(90), np.arange(1.0, 11.0)])

        edges = cut_edges(ordered, most=4)

        assert edges.tolist() == [0.0]

    def test_no_values_give_no_edges(self):
        """A column that is missing throughout can still be counted."""
        assert cut_edges(np.array([]), most=4).size == 0


class TestFinitePart:
    def test_leaves_out_missing_and_infinite_values(self):
        """Infinite ones are counted, missing ones are what is left."""
        values = np.array([2.0, np.nan, np.inf, -np.inf, 1.0, np.inf])

        ordered, n_non_finite = finite_part(values)

        assert ordered.tolist() == [1.0, 2.0]
        assert n_non_finite == 3

    def test_does_not_change_its_input(self):
        """The batch belongs to the caller."""
        values = np.array([3.0, 1.0, 2.0])

        finite_part(values)

        assert values.tolist() == [3.0, 1.0, 2.0]


class TestCellBounds:
    def test_counts_open_cells_and_single_values_in_turn(self):
        """(-inf, 1), {1}, (1, 3), {3}, (3, inf)."""
        ordered = np.array([0.0, 0.5, 1.0, 1.0, 2.0, 3.0, 9.0])

        counts = np.diff(cell_bounds(ordered, np.array([1.0, 3.0])))

        assert counts.tolist() == [2, 2, 1, 1, 1]

    def test_without_edges_there_is_one_cell(self):
        """The whole line."""
        assert np.diff(cell_bounds(np.array([1.0, 2.0]), np.array([]))).tolist() == [2]


class TestOpenSums:
    def test_sums_what_lies_between_the_edges(self):
        """Centred; values on an edge need no sum, since the edge is known."""
        ordered = np.array([0.0, 0.5, 1.0, 2.0, 9.0])
        bounds = cell_bounds(ordered, np.array([1.0, 3.0]))

        sums = open_sums(ordered, bounds, centre=1.0)

        assert sums.tolist() == [-1.5, 1.0, 8.0]

    def test_of_no_values_is_zero(self):
        """An empty batch adds nothing."""
        ordered = np.array([])
        bounds = cell_bounds(ordered, np.array([1.0]))

        assert open_sums(ordered, bounds, centre=0.0).tolist() == [0.0, 0.0]
