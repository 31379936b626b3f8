"""Every data source passes its port's suite."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holdfast.adapters.sources import CsvSource, ParquetSource, TableSource
from holdfast.testing.suites import DataSourceSuite

if TYPE_CHECKING:
    from pathlib import Path


def _written(cell):
    if isinstance(cell, datetime):
        return cell.isoformat()
    return "" if cell is None else cell


class TestCsvSource(DataSourceSuite):
    @pytest.fixture(params=[(",", False), (";", True)], ids=["comma", "semicolon-gzip"])
    def make_source(self, request, tmp_path: Path):
        separator, zipped = request.param
        numbers = count()

        def _make(columns):
            path = tmp_path / f"{next(numbers)}.csv"
            opener = gzip.open if zipped else open
            with opener(path, "wt", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
                writer.writerow(columns)
                rows = zip(*columns.values(), strict=True)
                writer.writerows([_written(cell) for cell in row] for row in rows)
            return CsvSource(path)

        return _make

    @pytest.fixture
    def absent(self, tmp_path: Path) -> CsvSource:
        return CsvSource(tmp_path / "absent.csv")


class TestParquetSource(DataSourceSuite):
    @pytest.fixture
    def make_source(self, tmp_path: Path):
        numbers = count()

        def _make(columns):
            path = tmp_path / f"{next(numbers)}.parquet"
            pq.write_table(pa.table(columns), path)
            return ParquetSource(path)

        return _make

    @pytest.fixture
    def absent(self, tmp_path: Path) -> ParquetSource:
        return ParquetSource(tmp_path / "absent.parquet")


class TestParquetFolder(DataSourceSuite):
    @pytest.fixture
    def make_source(self, tmp_path: Path):
        numbers = count()

        def _make(columns):
            folder = tmp_path / f"{next(numbers)}"
            (folder / "deeper").mkdir(parents=True)
            table = pa.table(columns)
            half = table.num_rows - table.num_rows // 2 // 2 * 2  # a multiple of the batch size
            pq.write_table(table.slice(0, half), folder / "1.parquet")
            pq.write_table(table.slice(half), folder / "deeper" / "2.parquet")
            return ParquetSource(folder)

        return _make

    @pytest.fixture
    def absent(self, tmp_path: Path) -> ParquetSource:
        return ParquetSource(tmp_path)


class TestTableSource(DataSourceSuite):
    @pytest.fixture
    def make_source(self):
        return lambda columns: TableSource(pa.table(columns))

    @pytest.fixture
    def absent(self) -> TableSource:
        return TableSource(pa.table({"x": pa.array([], pa.float64())}))
