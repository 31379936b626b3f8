"""Tests of reading Arrow columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.drift.columns import rows_beyond, unknown_words, word_codes, word_counts


class TestWordCodes:
    WORDS = pa.array(["a", "b"])

    @pytest.mark.parametrize("encode", [False, True])
    def test_tells_known_unknown_and_missing_words_apart(self, encode):
        """A word's place; 2 for an unknown word, 3 for none; over chunks."""
        chunks = [pa.array(["b", None, "z"]), pa.array(["a"])]
        if encode:
            chunks = [chunk.dictionary_encode() for chunk in chunks]

        codes = word_codes(pa.chunked_array(chunks), self.WORDS)

        assert codes.tolist() == [1, 3, 2, 0]

    def test_a_dictionary_may_hold_the_missing_word(self):
        """Blank text becomes null in the dictionary, where it stands once."""
        indices = pa.array([0, 1, None, 1])
        column = pa.DictionaryArray.from_arrays(indices, pa.array(["b", None]))

        assert word_codes(pa.chunked_array([column]), self.WORDS).tolist() == [1, 3, 3, 3]

    def test_booleans_become_words(self):
        """A boolean feature is a categorical one of two."""
        column = pa.chunked_array([pa.array([True, False, None])])

        assert word_codes(column, pa.array(["false", "true"])).tolist() == [1, 0, 3]

    @pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
    def test_an_empty_column_has_no_codes(self, kind):
        """No rows, no words."""
        assert word_codes(pa.chunked_array([], type=kind), self.WORDS).size == 0


class TestWordCounts:
    @pytest.mark.parametrize("encode", [False, True])
    def test_are_those_of_the_codes(self, encode):
        """Over chunks, each with words and gaps of its own; a slice counts its rows alone."""
        chunks = [pa.array(["b", None, "z", "b"]), pa.array(["a", "z", None, None])]
        if encode:
            chunks = [chunk.dictionary_encode() for chunk in chunks]
        column, words = pa.chunked_array(chunks).slice(1), pa.array(["a", "b"])

        counts = word_counts(column, words)

        assert counts.tolist() == [1, 1, 2, 3]
        assert counts.tolist() == np.bincount(word_codes(column, words)).tolist()

    def test_a_dictionary_may_hold_the_missing_word(self):
        """Blank text becomes null in the dictionary, where it stands once."""
        column = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1]), pa.array(["b", None]))

        assert word_counts(pa.chunked_array([column]), pa.array(["a", "b"])).tolist() == [
            0,
            1,
            0,
            3,
        ]

    @pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
    def test_of_no_rows_are_zero(self, kind):
        """Neither with a chunk nor without."""
        for column in (pa.chunked_array([], type=kind), pa.chunked_array([pa.nulls(0, kind)])):
            assert word_counts(column, pa.array(["a"])).tolist() == [0, 0, 0]


class TestUnknownWords:
    def test_are_named_with_their_counts(self):
        """Only of the rows that are marked."""
        column = pa.chunked_array([["a", "z", "z", None]], type=pa.string())

        named = unknown_words(column, np.array([False, True, True, False]))

        assert named == [("z", 2)]


class TestRowsBeyond:
    def test_numbers_beyond_the_range_are_marked(self):
        """The ends belong to the range, missing values are not outside, infinity is."""
        values = np.array([0.0, 1.0, 2.0, 3.0, np.nan, np.inf])

        assert rows_beyond(values, 1.0, 2.0).tolist() == [True, False, False, True, False, True]
