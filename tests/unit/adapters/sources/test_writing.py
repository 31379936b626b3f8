"""Scored rows reach a file whole, or there is no file."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from holdfast.adapters.sources.writing import open_sink
from holdfast.domain.errors import DataFileError

TABLE = pa.table({"id": [1, 2], "score": [0.25, 0.75]})


class TestOpenSink:
    @pytest.mark.parametrize(
        ("name", "read"), [("out.csv", pa_csv.read_csv), ("out.parquet", pq.read_table)]
    )
    def test_writes_tables_one_after_the_other(self, tmp_path, name, read):
        """As a stream: the whole is never in memory."""
        with open_sink(tmp_path / name) as sink:
            sink.write(TABLE)
            sink.write(TABLE)

        assert read(tmp_path / name).equals(pa.concat_tables([TABLE, TABLE]).combine_chunks())
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_leaves_nothing_if_the_work_breaks_off(self, tmp_path):
        """A half file would pass for a whole one."""

        def break_off():
            with open_sink(tmp_path / "out.csv") as sink:
                sink.write(TABLE)
                raise ValueError("a row cannot be scored")

        with pytest.raises(ValueError, match="cannot be scored"):
            break_off()

        assert list(tmp_path.iterdir()) == []

    def test_keeps_the_file_that_was_there_until_the_new_one_is_whole(self, tmp_path):
        """Whoever reads it meanwhile sees the old one."""
        path = tmp_path / "out.csv"
        path.write_text("old")

        with open_sink(path) as sink:
            sink.write(TABLE)
            before = path.read_text()

        assert before == "old"
        assert path.read_text().startswith('"id","score"')

    @pytest.mark.parametrize("name", ["out.xlsx", "out", "out.csv.gz"])
    def test_refuses_a_name_that_says_no_format(self, tmp_path, name):
        """Before anything is scored."""
        with (
            pytest.raises(DataFileError, match=r"End it in \.csv or \.parquet"),
            open_sink(tmp_path / name),
        ):
            pytest.fail("the body must not run")

    def test_says_when_the_place_cannot_be_written(self, tmp_path):
        """In one line, with the file's name."""

        def write():
            with open_sink(tmp_path / "absent" / "out.csv") as sink:
                sink.write(TABLE)

        with pytest.raises(DataFileError, match="cannot be written") as caught:
            write()

        assert "out.csv" in str(caught.value)

    def test_a_name_with_several_dots_is_a_name(self, tmp_path):
        """The ending alone says the format."""
        path = tmp_path / "2026.03.parquet"

        with open_sink(path) as sink:
            sink.write(TABLE)

        assert pq.read_table(path).equals(TABLE)

    def test_no_rows_make_an_empty_file(self, tmp_path):
        """With the columns, once a table without rows said which."""
        with open_sink(tmp_path / "out.csv") as sink:
            sink.write(TABLE.slice(0, 0))

        assert (tmp_path / "out.csv").read_text().strip() == '"id","score"'
