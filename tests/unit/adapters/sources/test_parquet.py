"""Parquet: many declared types become four, and damaged files are named as such."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
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

    def test_the_first_number_without_a_float_of_its_own_is_text(self, write):
        """2⁵³ itself: as a double it is also 2⁵³ + 1, and would be counted as another word."""
        wide = ParquetSource(write(pa.table({"a": [2**53, 1], "b": [-(2**53), 1]}))).read()
        narrow = ParquetSource(write(pa.table({"a": [2**53 - 1, 1]}))).read()

        assert wide.to_pydict() == {"a": [str(2**53), "1"], "b": [str(-(2**53)), "1"]}
        assert narrow.column("a").to_pylist() == [2.0**53 - 1, 1.0]


class TestRefusals:
    @pytest.mark.parametrize("kept", [1, 4, 8, 500, 0.5, -100, -9, -8, -4, -1])
    def test_names_a_file_wherever_it_is_cut_off(self, write, kept):
        """In its first bytes, in its rows, in its footer."""
        path = write(pa.table({"x": list(range(5_000))}))
        whole = path.read_bytes()
        end = int(kept * len(whole)) if isinstance(kept, float) else kept
        path.write_bytes(whole[:end])

        with pytest.raises(DataFileError, match=r"data\.parquet: the Parquet data is damaged"):
            ParquetSource(path).read()

    @pytest.mark.parametrize(("start", "stop"), [(10, 3_000), (9_000, 12_000)])
    def test_names_a_file_that_lacks_some_of_its_middle(self, write, start, stop):
        """Its footer is whole, so that it is only found while rows are read."""
        path = write(pa.table({"x": list(range(5_000)), "y": [str(i) for i in range(5_000)]}))
        whole = path.read_bytes()
        path.write_bytes(whole[:start] + whole[stop:])

        with pytest.raises(DataFileError, match=r"data\.parquet: the Parquet data is damaged"):
            list(ParquetSource(path).scan(["x", "y"], 1_000))

    @pytest.mark.parametrize("encoded", [False, True], ids=["text", "dictionary"])
    def test_names_text_that_is_not_utf8(self, write, encoded):
        """Latin-1 bytes that some writer passed on as text."""
        words = pa.array([b"stra\xdfe"] * 9).view(pa.string())
        path = write(pa.table({"street": words.dictionary_encode() if encoded else words}))

        with pytest.raises(ColumnError, match="'street': holds text that is not UTF-8"):
            ParquetSource(path).read()
        with pytest.raises(ColumnError, match="'street': holds text that is not UTF-8"):
            list(ParquetSource(path).scan(["street"], 5))

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


class TestFolder:
    def write(self, path, **columns):
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)

    def test_reads_its_files_in_order_of_their_paths(self, tmp_path):
        """Deeper ones too; what starts with a dot or an underscore is bookkeeping."""
        self.write(tmp_path / "b" / "part-0.parquet", x=[3.0])
        self.write(tmp_path / "a.parquet", x=[1.0, 2.0])
        self.write(tmp_path / "_temporary" / "half.parquet", x=[9.0])
        self.write(tmp_path / ".a.parquet", x=[9.0])
        (tmp_path / "_SUCCESS").touch()

        table = ParquetSource(tmp_path).read()

        assert table.column("x").to_pylist() == [1.0, 2.0, 3.0]

    def test_folders_names_become_columns(self, tmp_path):
        """As Hive and Spark write them, with their word for missing ones."""
        self.write(tmp_path / "plan=a%20b" / "1.parquet", x=[1.0, 2.0])
        self.write(tmp_path / "plan=__HIVE_DEFAULT_PARTITION__" / "1.parquet", x=[3.0])
        source = ParquetSource(tmp_path)

        by_row = dict(
            zip(*(source.read().column(n).to_pylist() for n in ("x", "plan")), strict=True)
        )

        assert by_row == {1.0: "a b", 2.0: "a b", 3.0: None}
        scanned = [batch.column("plan").to_pylist() for batch in source.scan(["plan"], 10)]
        assert sorted(scanned, key=str) == [["a b", "a b"], [None]]

    def test_a_column_without_values_takes_the_type_that_others_give_it(self, tmp_path):
        """A day on which nobody filled it in."""
        self.write(tmp_path / "1.parquet", x=[None, None])
        self.write(tmp_path / "2.parquet", x=[1.5, None])

        assert ParquetSource(tmp_path).read().column("x").to_pylist() == [None, None, 1.5, None]

    def test_an_identifier_in_one_file_is_text_in_all(self, tmp_path):
        """The types are those of the whole."""
        self.write(tmp_path / "1.parquet", x=[7])
        self.write(tmp_path / "2.parquet", x=[2**60 + 1])

        assert ParquetSource(tmp_path).read().column("x").to_pylist() == ["7", str(2**60 + 1)]

    @pytest.mark.parametrize(("n", "n_parts"), [(1, 2), (2, 2), (4, 4), (6, 6), (100, 10)])
    def test_is_divided_by_files_and_then_by_row_groups(self, tmp_path, n, n_parts):
        """Two files of five row groups each; every row is in one part."""
        for i in range(2):
            rows = pa.table({"x": [10.0 * i + k for k in range(10)]})
            pq.write_table(rows, tmp_path / f"{i}.parquet", row_group_size=2)

        parts = ParquetSource(tmp_path).parts(n)

        assert len(parts) == n_parts
        batches = [batch for part in parts for batch in part.scan(["x"], 3)]
        assert pa.concat_tables(batches).column("x").to_pylist() == [float(x) for x in range(20)]

    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"x": [1.0], "z": [1.0]}, "'z' is only here"),
            ({"y": [1.0]}, "'x' is not here"),
            ({"x": ["one"]}, r"holds string here, double in 1\.parquet"),
        ],
    )
    def test_names_the_file_that_is_of_another_kind(self, tmp_path, columns, words):
        """And the column."""
        self.write(tmp_path / "1.parquet", x=[1.0])
        self.write(tmp_path / "2.parquet", **columns)

        with pytest.raises(DataFileError, match=words) as caught:
            ParquetSource(tmp_path).read()

        assert "2.parquet" in str(caught.value)

    def test_the_digest_is_that_of_all_files(self, tmp_path):
        """Another file, another data set."""
        self.write(tmp_path / "1.parquet", x=[1.0])
        before = ParquetSource(tmp_path).digest

        self.write(tmp_path / "2.parquet", x=[1.0])

        assert ParquetSource(tmp_path).digest != before


class TestMemory:
    def test_does_not_grow_with_the_file(self, tmp_path):
        """What was read is let go, within one file of many row groups too."""
        path = tmp_path / "long.parquet"
        numbers = np.random.default_rng(0).normal(size=400_000)  # does not compress
        pq.write_table(pa.table({"x": numbers}), path, row_group_size=10_000)
        before = pa.total_allocated_bytes()

        held = [pa.total_allocated_bytes() - before for _ in ParquetSource(path).batches(10_000)]

        assert len(held) == 40
        assert max(held) < numbers.nbytes / 4
