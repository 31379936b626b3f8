"""Current rows that Spark reads: what they are, when they begin, and a sample of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from holdfast.adapters.engines.local import LocalEngine
from holdfast.adapters.engines.spark_rows import read_with_spark
from holdfast.adapters.sources import TableSource
from holdfast.domain.cleaning import TIMESTAMP
from holdfast.domain.errors import DataFileError
from holdfast.loop.compare import compare_rows, compare_sources

pytestmark = [
    pytest.mark.slow,
    # Spark's own: it leaves the socket of each result to the collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*<socket:pytest.PytestUnraisableExceptionWarning"),
]

FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(name="table", scope="module")
def _table():
    rng = np.random.default_rng(4)
    at = [FIRST + timedelta(days=i % 9) for i in range(500)]
    return pa.table(
        {
            "a.b `c`": rng.integers(0, 6400, 500) / 64,
            "plan": rng.choice(["basic", "größer 🚀"], 500),
            "at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "tags": [["x"]] * 500,
        }
    )


@pytest.fixture(name="folder", scope="module")
def _folder(table, tmp_path_factory):
    """A folder of three files."""
    folder = tmp_path_factory.mktemp("rows with blanks")
    for part in range(3):
        pq.write_table(table.slice(part * 200, 200), folder / f"{part}.parquet")
    return folder


class TestSparkRows:
    def test_the_columns_are_those_that_a_source_would_show(self, spark, folder):
        """In clean types; lists are of no use."""
        schema = read_with_spark(spark, str(folder)).schema

        assert schema.names == ["a.b `c`", "plan", "at"]
        assert schema.types == [pa.float64(), pa.string(), TIMESTAMP]

    def test_knows_its_oldest_moment(self, spark, folder):
        """The same instant, whatever this machine's time zone."""
        rows = read_with_spark(spark, str(folder))

        assert rows.oldest("at") == FIRST
        assert rows.oldest("plan") is rows.oldest("nothing") is None

    def test_draws_a_sample(self, spark, folder, table):
        """All rows where there are no more; else as many as were asked for."""
        rows = read_with_spark(spark, str(folder))

        assert rows.sample(["plan"], 5_000).num_rows == 500
        drawn = rows.sample(["plan", "a.b `c`"], 100)
        assert drawn.column_names == ["plan", "a.b `c`"]
        assert 80 <= drawn.num_rows <= 100
        assert set(drawn.column(1).to_pylist()) <= set(table.column(0).to_pylist())

    def test_compares_as_this_machine_does(self, spark, folder, table):
        """Whole: dates, clocks and all."""
        here = compare_sources(TableSource(table), TableSource(table), LocalEngine())
        there = compare_rows(TableSource(table), read_with_spark(spark, str(folder)))

        assert there.to_json() == here.to_json()

    def test_reads_delimited_text(self, spark, table, tmp_path):
        """With the types that Spark finds, and the separator given."""
        pa_csv.write_csv(
            table.drop_columns(["tags"]), tmp_path / "t.csv", pa_csv.WriteOptions(delimiter=";")
        )

        rows = read_with_spark(spark, str(tmp_path / "t.csv"), delimiter=";")

        assert rows.schema.types == [pa.float64(), pa.string(), TIMESTAMP]
        assert rows.oldest("at") == FIRST

    def test_no_rows_are_no_quiet_day(self, spark, table, tmp_path):
        """An empty window is refused, as of a file that is read here."""
        pq.write_table(table.slice(0, 0), tmp_path / "empty.parquet")

        with pytest.raises(DataFileError, match="no rows"):
            compare_rows(TableSource(table), read_with_spark(spark, str(tmp_path)))

    def test_what_is_not_there_is_named(self, spark, tmp_path):
        """In one line."""
        with pytest.raises(DataFileError, match="nowhere"):
            read_with_spark(spark, str(tmp_path / "nowhere"))
