"""Parquet: many declared types become four, and damaged files are named as such."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holdfast.adapters.sources import CsvSource, ParquetSource, open_source
from holdfast.domain.columns import notes_of
from holdfast.domain.errors import ColumnError, DataFileError


@pytest.fixture
def write(tmp_path):
    """Write a table to a Parquet file."""

    def _write(table, *, name="data.parquet"):
        path = tmp_path / name
        pq.write_table(table, path)
        return path

    return _write


class TestTypes:
    @pytest.mark.parametrize(
        "array",
        [
            pa.array([1, None, 3], pa.int8()),
            pa.array([1, None, 3], pa.uint32()),
            pa.array([1, None, 3], pa.float32()),
            pa.array([1, None, 3], pa.int64()).dictionary_encode(),
            pa.array([Decimal(1), None, Decimal(3)], pa.decimal128(5, 0)),
        ],
        ids=["int8", "uint32", "float32", "dictionary", "decimal"],
    )
    def test_numbers_become_float64(self, write, array):
        """Whatever their width."""
        table = ParquetSource(write(pa.table({"x": array}))).read()

        assert table.column("x").type == pa.float64()
        assert table.column("x").to_pylist() == [1.0, None, 3.0]

    @pytest.mark.parametrize(
        "array",
        [
            pa.array(["a", " ", "b"], pa.large_string()),
            pa.array(["a", "NA", "b"]).dictionary_encode(),
        ],
        ids=["large", "dictionary"],
    )
    def test_text_becomes_plain_text(self, write, array):
        """With missing-value codes as null, as in text files."""
        table = ParquetSource(write(pa.table({"x": array}))).read()

        assert table.column("x").type == pa.string()
        assert table.column("x").to_pylist() == ["a", None, "b"]

    @pytest.mark.parametrize(
        "array",
        [
            pa.array([date(2024, 1, 31)]),
            pa.array([datetime(2024, 1, 31)], pa.timestamp("ns")),  # noqa: DTZ001 - a zoneless column is the case at hand
            pa.array([datetime(2024, 1, 30, 23)], pa.timestamp("ms")).cast(  # noqa: DTZ001 - the same
                pa.timestamp("ms", tz="Europe/Paris")
            ),
        ],
        ids=["date", "nanoseconds", "zone"],
    )
    def test_times_become_utc(self, write, array):
        """A time without a zone is taken as UTC, one with a zone is converted."""
        table = ParquetSource(write(pa.table({"at": array}))).read()

        moment = table.column("at")[0].as_py()
        assert table.column("at").type == pa.timestamp("us", tz="UTC")
        assert moment.utcoffset().total_seconds() == 0
        assert moment.date() in {date(2024, 1, 30), date(2024, 1, 31)}

    def test_names_columns_that_are_left_out(self, write):
        """A list is no feature; that it was there is said."""
        table = ParquetSource(write(pa.table({"x": [1], "tags": [["a", "b"]]}))).read()

        assert table.column_names == ["x"]
        assert "column 'tags'" in notes_of(table.schema)[0]

    def test_wide_numbers_are_text_in_each_batch(self, write):
        """Also in those batches whose own numbers are small."""
        source = ParquetSource(write(pa.table({"account": [1, 2**53 + 1]})))

        batches = list(source.batches(1))

        assert [b.column("account").to_pylist() for b in batches] == [["1"], [str(2**53 + 1)]]


class TestRefusals:
    def test_names_a_file_that_is_cut_off(self, write):
        """The footer stands at the end; an interrupted download lacks it."""
        path = write(pa.table({"x": list(range(1000))}))
        path.write_bytes(path.read_bytes()[:500])

        with pytest.raises(DataFileError, match="damaged, cut off"):
            ParquetSource(path).read()

    def test_names_a_file_that_is_something_else(self, tmp_path):
        """The ending is not the content."""
        path = tmp_path / "data.parquet"
        path.write_text("a,b\n1,2\n")

        with pytest.raises(DataFileError, match="not Parquet at all"):
            ParquetSource(path).read()

    def test_refuses_a_file_without_rows(self, write):
        """There is nothing to learn from."""
        path = write(pa.table({"x": pa.array([], pa.int64())}))

        with pytest.raises(DataFileError, match="columns but no rows"):
            ParquetSource(path).read()

    def test_names_columns_that_share_a_name(self, write):
        """Which of the two is meant cannot be known."""
        path = write(pa.table([[1], [2]], names=["a", "a"]))

        with pytest.raises(ColumnError, match="'a': is the name of 2 columns"):
            ParquetSource(path).read()


class TestOpenSource:
    def test_knows_parquet_by_its_content(self, write):
        """Whatever it is called."""
        path = write(pa.table({"x": [1]}), name="data.bin")

        source = open_source(path)

        assert isinstance(source, ParquetSource)

    def test_takes_anything_else_for_text(self, tmp_path):
        """Also what is not there: reading it says so."""
        source = open_source(tmp_path / "data.tsv")

        assert isinstance(source, CsvSource)
