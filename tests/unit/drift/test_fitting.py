"""Whether a grid still resolves a new reference."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.drift.fitting import fits, grid_to_keep
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile


def numbers(values):
    return pa.table({"x": pa.array(np.asarray(values, dtype=np.float64))})


def words(*counts):
    return pa.table({"x": [word for word, n in counts for _ in range(n)]})


@pytest.fixture(name="of_numbers")
def _of_numbers(one_feature):
    return one_feature("numeric")


@pytest.fixture(name="of_words")
def _of_words(one_feature):
    return one_feature("categorical")


class TestFits:
    @pytest.mark.parametrize(("n_outside", "expected"), [(50, True), (51, False)])
    def test_at_most_a_twentieth_may_share_an_open_cell(self, n_outside, expected, of_numbers):
        """Beyond the last edge nothing can be told apart: a drift there would go unseen."""
        values = np.arange(1000.0)

        def grown():
            return numbers(np.concatenate([values[: 1000 - n_outside], 5000 + values[:n_outside]]))

        grid = cut_grid(numbers(values), of_numbers)

        assert fits(profile(grown(), grid)) is expected

    def test_values_on_edges_do_not_count_however_many(self, of_numbers):
        """An edge is a cell of its own, and a single value."""
        reference = numbers([0.0] * 900 + [1.0] * 100)

        assert fits(profile(reference, cut_grid(reference, of_numbers)))

    @pytest.mark.parametrize(("n_new", "expected"), [(50, True), (51, False)])
    def test_at_most_a_twentieth_may_be_unseen_categories(self, n_new, expected, of_words):
        """They are all one to the grid."""
        grid = cut_grid(words(("a", 500), ("b", 500)), of_words)

        assert fits(profile(words(("a", 1000 - n_new), ("c", n_new)), grid)) is expected

    def test_missing_values_are_no_reason_to_cut_anew(self, of_numbers):
        """They have a count of their own, also if nothing else is left."""
        grid = cut_grid(numbers(np.arange(100.0)), of_numbers)

        assert fits(profile(numbers([np.nan] * 100), grid))
        assert fits(profile(numbers([np.nan] * 90 + list(range(10))), grid))

    def test_shares_are_of_the_values_that_are_there(self, of_numbers):
        """Missing ones must not hide a crowd in one cell."""
        grid = cut_grid(numbers(np.arange(1000.0)), of_numbers)

        assert not fits(profile(numbers([np.nan] * 990 + [5000.5] * 10), grid))


class TestGridToKeep:
    def test_keeps_a_grid_that_resolves_the_new_reference(self, of_numbers):
        """Other rows of the same world."""
        grid = cut_grid(numbers(np.arange(1000.0)), of_numbers)

        assert grid_to_keep(grid, numbers(np.arange(0.5, 1000)), of_numbers) is grid

    def test_gives_up_one_that_does_not(self, of_numbers):
        """All of the new rows lie in its last cell."""
        grid = cut_grid(numbers(np.arange(1000.0)), of_numbers)

        assert grid_to_keep(grid, numbers(np.arange(2000.0, 2100)), of_numbers) is None

    def test_gives_up_that_of_another_contract(self, of_numbers, of_words, telco, contract):
        """A feature more, or of another kind: its rows are counted elsewhere."""
        grid = cut_grid(numbers(np.arange(1000.0)), of_numbers)
        rows = telco(np.random.default_rng(0), 100)

        assert grid_to_keep(grid, words(("a", 9)), of_words) is None
        assert grid_to_keep(grid, rows, contract) is None
