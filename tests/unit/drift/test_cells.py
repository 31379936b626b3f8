"""Tests of the counting kernel."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.drift.cells import (
    cell_counts,
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

        finite, n_non_finite = finite_part(values)

        assert finite.tolist() == [2.0, 1.0]
        assert n_non_finite == 3

    def test_keeps_values_as_far_apart_as_doubles_can_be(self):
        """Their difference overflows, they do not."""
        values = np.array([-1.7e308, 1.7e308])

        assert finite_part(values)[0].tolist() == values.tolist()


class TestOpenSums:
    def test_sums_what_lies_between_the_edges(self):
        """Centred; values on an edge need no sum, since the edge is known."""
        values = np.array([9.0, 0.0, 1.0, 2.0, 0.5])
        cells = np.array([4, 0, 1, 2, 0])

        sums = open_sums(cells, values, cell_counts(cells, 5), centre=1.0)

        assert sums.tolist() == [-1.5, 1.0, 8.0]

    @pytest.mark.parametrize("on_an_edge", [0, 3])
    def test_of_no_open_value_is_zero(self, on_an_edge):
        """An empty batch adds nothing, nor does one that stands on edges alone."""
        cells = np.ones(on_an_edge, dtype=np.intp)

        sums = open_sums(cells, np.full(on_an_edge, 7.0), cell_counts(cells, 3), centre=0.0)

        assert sums.tolist() == [0.0, 0.0]
