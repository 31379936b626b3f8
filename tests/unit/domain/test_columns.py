"""Columns in their file's own words."""

from __future__ import annotations

import pyarrow as pa
import pytest

from holdfast.domain.columns import as_words, notes_of, with_notes, with_words, words_of


class TestAsWords:
    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ([1.0, 0.0, None], ["1", "0", None]),
            ([-2.0, 1e15], ["-2", "1000000000000000"]),
            ([2.5, 3.0], ["2.5", "3"]),
            ([True, False, None], ["true", "false", None]),
            (["a", None], ["a", None]),
        ],
    )
    def test_writes_values_as_people_do(self, values, words):
        """Codes such as 415 have no fraction; missing stays missing."""
        column = pa.chunked_array([values])

        written = as_words(column, pa.field("x", column.type))

        assert written.to_pylist() == words
        assert written.type == pa.string()

    def test_keeps_a_booleans_own_words(self):
        """What a French file calls VRAI is labelled VRAI."""
        field = with_words(pa.field("x", pa.bool_()), true="VRAI", false="FAUX")

        written = as_words(pa.chunked_array([[True, False]]), field)

        assert written.to_pylist() == ["VRAI", "FAUX"]

    def test_a_table_keeps_words_through_filters(self):
        """The words travel in the schema."""
        field = with_words(pa.field("x", pa.bool_()), true="oui", false="non")
        table = pa.table({"x": [True, False]}, schema=pa.schema([field]))

        kept = table.filter(pa.array([True, False])).slice(0, 1).select(["x"])

        assert words_of(kept.schema.field("x")) == ("oui", "non")


class TestNotes:
    def test_are_read_back(self):
        """Line by line; none where there are none."""
        schema = pa.schema([pa.field("x", pa.bool_())])

        noted = with_notes(schema, ["one", "two"])

        assert notes_of(noted) == ("one", "two")
        assert notes_of(schema) == ()
