"""A folder of text files as one table: types of all, order of columns, and odd parts named."""

from __future__ import annotations

import gzip

import pyarrow.parquet as pq
import pytest

from holdfast.adapters.sources import CsvFolderSource, ParquetSource, open_source
from holdfast.domain.columns import notes_of
from holdfast.domain.errors import DataFileError


@pytest.fixture
def folder(tmp_path):
    """Write texts to files of a folder, gzipped where the name says so."""

    def _folder(**texts):
        for name, text in texts.items():
            path = tmp_path / "parts" / name.replace("__", ".")
            path.parent.mkdir(exist_ok=True)
            zipped = path.suffix == ".gz"
            path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
        return tmp_path / "parts"

    return _folder


class TestCsvFolderSource:
    def test_all_files_decide_a_columns_type(self, folder):
        """A word in the last one makes text of the first one's numbers."""
        parts = folder(a__csv="x,y\n1,2\n", b__csv="x,y\nthree,4\n")

        table = open_source(parts).read()

        assert table.to_pydict() == {"x": ["1", "three"], "y": [2.0, 4.0]}

    def test_files_may_differ_in_separator_order_and_compression(self, folder):
        """Columns go by their names."""
        parts = folder(a__csv="x,y\n1,2\n", b__csv__gz='y;x\n"4,5";3\n', c__tsv="x\ty\n5\t6\n")

        table = open_source(parts).read()

        assert table.to_pydict() == {"x": [1.0, 3.0, 5.0], "y": [2.0, 4.5, 6.0]}

    def test_says_how_many_files_there_were(self, folder):
        """Whoever left a backup in the folder shall see it."""
        parts = folder(a__csv="x\n1\n", b__csv="x\n2\n", _notes__csv="z\n1\n", README__md="# x")

        notes = notes_of(open_source(parts).schema)

        assert notes == ("read from 2 files",)

    def test_reads_parts_without_names(self, folder):
        """With a separator at each line's end, too."""
        parts = folder(a__csv="1,2,\n", b__csv="3,4,\n")

        table = open_source(parts, header=False).read()

        assert table.to_pydict() == {"c1": [1.0, 3.0], "c2": [2.0, 4.0]}

    @pytest.mark.parametrize(
        ("other", "words"),
        [("x,z\n1,2\n", "'y' is not here"), ("x,y,z\n1,2,3\n", "'z' is only here")],
    )
    def test_names_a_part_with_other_columns(self, folder, other, words):
        """And one column that is odd."""
        parts = folder(a__csv="x,y\n1,2\n", b__csv=other)

        with pytest.raises(DataFileError, match=rf"b\.csv: its columns are not .*a\.csv: {words}"):
            open_source(parts).read()

    def test_names_a_part_that_cannot_be_read(self, folder):
        """The others alone would be another data set."""
        parts = folder(a__csv="x,y\n1,2\n", b__csv="x,y\n1,2\n3\n")

        with pytest.raises(DataFileError, match=r"b\.csv: row 3 has 1 fields"):
            open_source(parts).read()

    def test_does_not_mix_text_and_parquet(self, folder):
        """One may be an export of the other: each row would count twice."""
        parts = folder(a__csv="x,y\n1,2\n")
        pq.write_table(open_source(parts / "a.csv").read(), parts / "a.parquet")

        with pytest.raises(DataFileError, match=r"holds Parquet \(a.parquet\) and text \(a.csv\)"):
            open_source(parts)

    def test_says_that_there_is_no_file(self, tmp_path):
        """With the endings that it looks for."""
        with pytest.raises(DataFileError, match="holds no CSV file"):
            CsvFolderSource(tmp_path).read()

    def test_a_folder_of_parquet_stays_one(self, tmp_path):
        """It has parts that threads can share."""
        assert isinstance(open_source(tmp_path), ParquetSource)
