"""Tests of counting with threads, beyond what every engine does (`tests/contracts`)."""

from __future__ import annotations

import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holdfast.adapters.engines import local
from holdfast.adapters.engines.local import LocalEngine
from holdfast.adapters.sources import ParquetSource, TableSource
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import DataFileError
from holdfast.drift.grid import cut_grid
from holdfast.drift.rows import count_rows
from holdfast.testing.suites.engine import assert_same_counts

CONTRACT = Contract(
    features=(Feature(name="charges", kind=FeatureKind.NUMERIC, nullable=True),),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)
ROWS = pa.table({"charges": [i / 8 for i in range(5_000)]})
GRID = cut_grid(ROWS, CONTRACT)


class CountedSource(TableSource):
    """A source that knows how many of its batches were asked for."""

    n_given = 0

    def scan(self, columns, rows):
        for batch in super().scan(columns, rows):
            self.n_given += 1
            yield batch


class NoRows(TableSource):
    """A source that ends before its first batch."""

    def scan(self, columns, rows):  # of the port
        return iter(())


class TestLocalEngine:
    def test_reads_a_bounded_number_of_batches_ahead(self, monkeypatch):
        """A slow count must not fill the memory with rows that wait."""
        monkeypatch.setattr(local, "_ROWS", 250)
        source, may_count = CountedSource(ROWS), threading.Event()
        seen_ahead = []

        def slow(*given, **named):
            seen_ahead.append(source.n_given)
            may_count.wait(0.01)  # never set: it only makes counting slower than reading
            return kernel(*given, **named)

        kernel = count_rows
        monkeypatch.setattr(local, "count_rows", slow)
        counted = LocalEngine(2).profile(source, CONTRACT, GRID)

        assert counted.n_rows == 5_000
        ahead = [given - done for done, given in enumerate(seen_ahead)]
        assert max(ahead) <= 2 * local._WAITING + 2

    @pytest.mark.parametrize("threads", [1, 2, 5])
    @pytest.mark.parametrize("n_files", [1, 3, 12])
    def test_parts_of_a_folder_are_counted_by_threads_of_their_own(
        self, tmp_path, threads, n_files
    ):
        """Files, or row groups where there are few files; each row once."""
        for i in range(n_files):
            part = ROWS.slice(
                5_000 * i // n_files, 5_000 * (i + 1) // n_files - 5_000 * i // n_files
            )
            pq.write_table(part, tmp_path / f"{i:02}.parquet", row_group_size=700)

        counted = LocalEngine(threads).profile(ParquetSource(tmp_path), CONTRACT, GRID)

        assert_same_counts(counted, count_rows(ROWS, CONTRACT, GRID))

    def test_a_source_without_a_batch_is_named(self):
        """Sources say it themselves; one that does not must not end in a profile of nothing."""
        with pytest.raises(DataFileError, match="The source: it has columns but no rows"):
            LocalEngine().profile(NoRows(ROWS), CONTRACT, GRID)

    def test_a_file_that_is_cut_off_in_the_middle_is_named(self, tmp_path):
        """Found while its rows are read: what was counted before is not kept."""
        path = tmp_path / "rows.parquet"
        pq.write_table(ROWS, path, row_group_size=100)
        whole = path.read_bytes()
        path.write_bytes(whole[:9_000] + bytes(9_000) + whole[18_000:])

        with pytest.raises(DataFileError, match=r"rows\.parquet"):
            LocalEngine().profile(ParquetSource(path), CONTRACT, GRID)
