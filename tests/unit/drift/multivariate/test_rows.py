"""Pooled rows, encoded without a look at which window they are from."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.drift.multivariate.rows import pool_rows


@pytest.fixture(name="encode")
def _encode(contract_of):
    """Encode one column x of a kind, half of it as the reference."""

    def of(kind, values, order=None):
        arrow = {"numeric": pa.float64(), "categorical": pa.string(), "boolean": pa.bool_()}
        table = pa.table({"x": pa.array(values, arrow[kind])})
        half = table.num_rows // 2
        order = np.arange(table.num_rows) if order is None else order
        return pool_rows(table.slice(0, half), table.slice(half), contract_of(x=kind), order)

    return of


class TestPoolRows:
    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            ("numeric", [1.0, 2.0, None, float("inf"), -1e300, 0.0, -0.0, 1e-300] * 10),
            ("numeric", [3.0, None] * 20),
            ("categorical", ["a", "b", None, "c 😀"] * 10),
            ("boolean", [True, False, None, True] * 10),
        ],
        ids=["numbers", "one number", "words", "yes or no"],
    )
    def test_columns_are_finite_standardised_and_uncorrelated(self, encode, kind, values):
        """Whatever is in them."""
        rows = encode(kind, values)

        n = len(values)
        assert rows.alone.shape[1] > 0
        np.testing.assert_allclose(
            rows.alone.T @ rows.alone / n, np.eye(rows.alone.shape[1]), atol=1e-4
        )
        np.testing.assert_allclose(rows.parts.std(axis=0), 1.0, atol=1e-4)

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            ("numeric", [7.0] * 40),
            ("numeric", [None] * 40),
            ("categorical", ["a"] * 40),
            ("categorical", [None] * 40),
            ("boolean", [True] * 40),
        ],
        ids=["number", "no number", "word", "no word", "yes"],
    )
    def test_a_constant_says_nothing(self, encode, kind, values):
        """It has no column at all, and so cannot become NaN."""
        rows = encode(kind, values)

        assert rows.alone.shape == (40, 0)
        assert rows.parts.shape == (40, 0)

    def test_missing_is_a_value_of_its_own(self, encode):
        """Else a feed that dies could not be told."""
        missing = np.arange(40) % 4 == 0
        rows = encode("numeric", [None if gone else 1.0 for gone in missing])

        assert np.abs(np.corrcoef(rows.alone[:, 0], missing)[0, 1]) > 0.999

    def test_rows_stand_as_they_are_told_to(self, encode):
        """The labels stand in the same order."""
        order = np.random.default_rng(0).permutation(40)
        values = np.linspace(-1, 1, 40)

        plain, shuffled = encode("numeric", values), encode("numeric", values, order)

        np.testing.assert_allclose(shuffled.parts, plain.parts[order], atol=1e-6)

    def test_words_of_any_arrow_type_are_words(self, contract_of):
        """A dictionary on one side, plain text on the other."""
        words = pa.chunked_array([["a", "b", None, "a"] * 5])
        contract, order = contract_of(x="categorical"), np.arange(40)

        mixed, plain = (
            pool_rows(pa.table({"x": left}), pa.table({"x": words}), contract, order)
            for left in (words.dictionary_encode(), words)
        )

        np.testing.assert_array_equal(mixed.alone, plain.alone)

    def test_of_many_levels_few_have_a_column(self, encode):
        """747 cities are a handful of columns: the frequent ones, and how rare the rest is."""
        rng = np.random.default_rng(0)

        rows = encode("categorical", [f"city {i}" for i in rng.geometric(0.005, 4_000)])

        assert 10 < rows.alone.shape[1] < 40
        assert rows.parts.shape[1] == 2
