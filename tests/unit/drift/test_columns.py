"""Tests of reading Arrow columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from holdfast.drift.columns import float_values, rows_beyond, rows_not_among, word_counts


class TestFloatValues:
    def test_missing_becomes_nan(self):
        """Whole numbers are widened; chunks are joined."""
        column = pa.chunked_array([pa.array([1, None]), pa.array([3])])

        np.testing.assert_array_equal(float_values(column), [1.0, np.nan, 3.0])


class TestWordCounts:
    def test_counts_words_over_chunks(self):
        """Missing values stand apart."""
        column = pa.chunked_array([["a", None], ["a", "b"]], type=pa.string())

        assert word_counts(column) == ({"a": 2, "b": 1}, 1)

    def test_booleans_become_words(self):
        """A boolean feature is a categorical one of two."""
        column = pa.chunked_array([pa.array([True, False, True, None])])

        assert word_counts(column) == ({"true": 2, "false": 1}, 1)

    def test_an_empty_column_has_no_words(self):
        """No rows, no counts."""
        assert word_counts(pa.chunked_array([], type=pa.string())) == ({}, 0)


class TestRowsOutside:
    def test_numbers_beyond_the_range_are_marked(self):
        """The ends belong to the range, missing values are not outside, infinity is."""
        values = np.array([0.0, 1.0, 2.0, 3.0, np.nan, np.inf])

        assert rows_beyond(values, 1.0, 2.0).tolist() == [True, False, False, True, False, True]

    def test_unknown_words_are_marked(self):
        """Missing values are not."""
        column = pa.chunked_array([["a", None, "z"]], type=pa.string())

        assert rows_not_among(column, ["a"]).tolist() == [False, False, True]
