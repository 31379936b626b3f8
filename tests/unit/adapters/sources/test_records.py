"""Tests of records beyond their suite: torn rows, and words as the file has them."""

from __future__ import annotations

import pytest

from holdfast.adapters.sources.records import open_records
from holdfast.domain.errors import DataFileError


class TestOpenRecords:
    def test_keeps_ragged_rows_of_a_text_file(self, tmp_path):
        """A log that was cut off in its last row is as good as it was before that row."""
        path = tmp_path / "log.csv"
        path.write_text("a,b\n1,x\n2,y,z\n3,w\n4")

        found = list(open_records(path).records())

        torn = [(r.problem, r.text) for r in found if r.fields is None]
        assert torn == [
            ("it has too few or too many fields", "2,y,z"),
            ("it has too few or too many fields", "4"),
        ]
        assert [r.fields for r in found if r.fields is not None] == [
            {"a": 1.0, "b": "x"},
            {"a": 3.0, "b": "w"},
        ]

    def test_gives_words_where_words_are_wanted(self, tmp_path):
        """An id of digits is no number, and a truth is spelt as the file spells it."""
        path = tmp_path / "log.csv"
        path.write_text("id,said,x\n17,VRAI,1\n18,FAUX,2\n")

        found = [r.fields for r in open_records(path, as_text={"id", "said"}).records()]

        assert found == [
            {"id": "17", "said": "VRAI", "x": 1.0},
            {"id": "18", "said": "FAUX", "x": 2.0},
        ]

    def test_refuses_a_separator_of_several_characters(self, tmp_path):
        """As every command does."""
        with pytest.raises(DataFileError, match="not one character"):
            open_records(tmp_path / "log.csv", delimiter="::")
