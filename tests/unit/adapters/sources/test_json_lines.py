"""Tests of JSON lines beyond the data sources' suite."""

from __future__ import annotations

import gzip

import pytest

from holdfast.adapters.sources import JsonLinesSource, open_source
from holdfast.domain.columns import notes_of
from holdfast.domain.errors import DataFileError


def source(tmp_path, *lines, name="log.jsonl"):
    path = tmp_path / name
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    )
    return JsonLinesSource(path)


class TestTornLines:
    def test_are_told_apart_from_the_others(self, tmp_path):
        """
        A service that was killed leaves half a line; what else stands in the file is whole.
        """
        log = source(
            tmp_path, '{"x": 1}', "", '{"x": 2', "[3]", "null", b'{"x": "\xff"}', '{"x": 4}', '{"x"'
        )

        records = list(log.records())

        whole = [(r.number, r.fields) for r in records if r.fields is not None]
        torn = [(r.number, r.problem, r.text) for r in records if r.fields is None]
        assert whole == [(1, {"x": 1}), (7, {"x": 4})]
        assert [number for number, _, _ in torn] == [3, 4, 5, 6, 8]
        assert torn[0] == (3, "it is no JSON object", '{"x": 2')

    def test_are_refused_where_rows_are_to_be_trained_on(self, tmp_path):
        """As a ragged row of a text file is: nothing is left out in silence."""
        with pytest.raises(DataFileError, match="line 2: it is no JSON object"):
            source(tmp_path, '{"x": 1}', '{"x": 2').read()

    def test_python_s_own_words_for_what_is_not_finite_are_no_tear(self, tmp_path):
        """`json.dumps` writes them unless it is told not to; they are missing."""
        log = source(tmp_path, '{"x": NaN}', '{"x": -Infinity}', '{"x": 1.5}')

        assert log.read().column("x").to_pylist() == [None, None, 1.5]

    def test_half_a_character_is_one(self, tmp_path):
        """It cannot be stored as text."""
        log = source(tmp_path, r'{"x": "\ud800"}', '{"x": "a"}')

        assert [record.fields is None for record in log.records()] == [True, False]


class TestColumns:
    def test_are_those_of_all_lines(self, tmp_path):
        """A key that a line does not have is missing there."""
        table = source(tmp_path, '{"a": 1}', '{"b": "x"}', '{"a": 2, "c": true}').read()

        assert table.to_pydict() == {
            "a": [1.0, None, 2.0],
            "b": [None, "x", None],
            "c": [None, None, True],
        }

    def test_of_mixed_values_are_text(self, tmp_path):
        """Nothing is lost: 415 stays the word 415."""
        table = source(tmp_path, '{"a": 415}', '{"a": "x"}', '{"a": true}', '{"a": 2.0}').read()

        assert table.column("a").to_pylist() == ["415", "x", "true", "2"]

    def test_of_objects_are_left_out_and_named(self, tmp_path):
        """No column holds them."""
        table = source(tmp_path, '{"a": 1, "b": {"c": 2}}').read()

        assert table.column_names == ["a"]
        assert notes_of(table.schema) == ("column 'b' is left out: it holds objects or lists",)

    def test_of_words_that_look_like_numbers_stay_words(self, tmp_path):
        """JSON says itself what is a number."""
        table = source(tmp_path, '{"a": "1"}', '{"a": "2"}').read()

        assert table.column("a").to_pylist() == ["1", "2"]


class TestFiles:
    def test_cut_off_gzip_data_is_named(self, tmp_path):
        """What was read until then is no whole log."""
        path = tmp_path / "log.jsonl.gz"
        path.write_bytes(gzip.compress(b'{"x": 1}\n' * 5000)[:-20])

        with pytest.raises(DataFileError, match="gzip data is damaged or cut off"):
            JsonLinesSource(path).read()

    @pytest.mark.parametrize("name", ["log.jsonl", "log.ndjson", "log.jsonl.gz", "log.txt"])
    def test_are_known_by_their_name_or_their_first_byte(self, tmp_path, name):
        """Whatever commands read, they read this too."""
        path = tmp_path / name
        path.write_text('{"x": 1}\n')

        assert isinstance(open_source(path), JsonLinesSource)

    def test_without_an_object_are_refused(self, tmp_path):
        """There is no column."""
        with pytest.raises(DataFileError, match="it holds no JSON object"):
            source(tmp_path, "\n").read()
