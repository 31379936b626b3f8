"""Tests of cutting the grid."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from holdfast.drift.grid import Grid, cut_grid


def only_cells(table, contract):
    (cells,) = cut_grid(table, contract).features
    return cells


class TestCutGrid:
    def test_a_discrete_number_gets_an_edge_at_each_value(self, one_feature):
        """Up to 1,024 of them."""
        table = pa.table({"x": pa.array([3.0, 1.0, None, 3.0, 2.0])})

        cells = only_cells(table, one_feature("numeric"))

        assert cells.edges.tolist() == [1.0, 2.0, 3.0]
        assert cells.median == 2.0

    def test_a_continuous_number_gets_1024_order_statistics(self, one_feature):
        """At the levels i / 1025, each of them a value of the reference."""
        values = np.random.default_rng(0).normal(
            size=9_973
        )  # a prime: no level falls between ranks

        cells = only_cells(pa.table({"x": values}), one_feature("numeric"))

        levels = np.arange(1, 1_025) / 1_025
        oracle = np.quantile(values, levels, method="inverted_cdf")
        np.testing.assert_array_equal(cells.edges, oracle)
        assert cells.low == np.quantile(values, 0.001, method="inverted_cdf")
        assert cells.high == np.quantile(values, 0.999, method="inverted_cdf")

    def test_infinite_values_make_no_edges(self, one_feature):
        """They are counted apart."""
        table = pa.table({"x": pa.array([1.0, np.inf, -np.inf, 2.0])})

        cells = only_cells(table, one_feature("numeric"))

        assert cells.edges.tolist() == [1.0, 2.0]

    def test_a_column_without_values_has_no_edges_and_no_range(self, one_feature):
        """It can still be counted later."""
        table = pa.table({"x": pa.array([None, None], pa.float64())})

        cells = only_cells(table, one_feature("numeric"))

        assert cells.edges.size == 0
        assert cells.low is None

    def test_knows_the_categories_of_table_and_contract(self, one_feature):
        """What the model was told of is not unseen, even if the table lacks it."""
        table = pa.table({"x": pa.array(["b", None, "a"])})

        cells = only_cells(table, one_feature("categorical", categories=("z", "a")))

        assert cells.categories == ("a", "b", "z")


class TestGrid:
    def test_comes_back_from_bytes(self, telco, contract):
        """Equal by digest, edge for edge."""
        grid = cut_grid(telco(np.random.default_rng(0), 3_000), contract)

        again = Grid.from_bytes(grid.to_bytes())

        assert again == grid
        assert again.digest == grid.digest

    def test_the_digest_does_not_depend_on_the_order_of_rows(self, telco, contract):
        """The same reference, shuffled, is the same grid."""
        rng = np.random.default_rng(0)
        table = telco(rng, 2_000)

        shuffled = table.take(pa.array(rng.permutation(2_000)))

        assert cut_grid(shuffled, contract).digest == cut_grid(table, contract).digest

    def test_the_digest_takes_minus_zero_for_zero(self, one_feature):
        """They are one value; which of them came first must not matter."""
        tables = [pa.table({"x": [0.0, -0.0, 1.0]}), pa.table({"x": [-0.0, 0.0, 1.0]})]

        digests = {cut_grid(table, one_feature("numeric")).digest for table in tables}

        assert len(digests) == 1

    def test_another_reference_has_another_digest(self, one_feature):
        """Cells of different edges must never add."""
        grids = [cut_grid(pa.table({"x": x}), one_feature("numeric")) for x in ([1.0], [2.0])]

        assert grids[0] != grids[1]
