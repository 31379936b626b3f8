"""Every engine passes its port's suite; Spark, which needs a cluster, does so in the slow tier."""

from __future__ import annotations

import csv
import itertools
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holdfast.adapters.engines import local
from holdfast.adapters.engines.local import LocalEngine
from holdfast.adapters.sources import CsvSource, ParquetSource, TableSource
from holdfast.testing.suites import ProfileEngineSuite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def split(monkeypatch):
    """Makes the engine read a table's rows in so many batches."""

    def _split(table, n_parts):
        monkeypatch.setattr(local, "_ROWS", max(-(-table.num_rows // n_parts), 1))

    return _split


class _LocalSuite(ProfileEngineSuite):
    @pytest.fixture(params=[1, 3], ids=["one thread", "three threads"])
    def engine(self, request):
        return LocalEngine(request.param)


class TestFromMemory(_LocalSuite):
    @pytest.fixture
    def make_rows(self, split):
        def _make(table, n_parts):
            split(table, n_parts)
            return TableSource(table)

        return _make


class TestFromParquet(_LocalSuite):
    @pytest.fixture
    def make_rows(self, split, tmp_path: Path):
        def _make(table, n_parts):
            split(table, n_parts)
            # Groups that are not the batches: some batches cross their borders.
            pq.write_table(table, tmp_path / "rows.parquet", row_group_size=90)
            return ParquetSource(tmp_path / "rows.parquet")

        return _make


class TestFromFolder(_LocalSuite):
    @pytest.fixture
    def make_rows(self, tmp_path: Path):
        def _make(table, n_parts):
            edges = np.linspace(0, table.num_rows, n_parts + 1).astype(int)
            for i, (start, stop) in enumerate(itertools.pairwise(edges)):
                pq.write_table(table.slice(start, stop - start), tmp_path / f"{i:02}.parquet")
            return ParquetSource(tmp_path)

        return _make


class TestFromCsv(_LocalSuite):
    @pytest.fixture
    def make_rows(self, split, tmp_path: Path):
        def _make(table, n_parts):
            split(table, n_parts)
            path = tmp_path / "rows.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(table.column_names)
                columns = (_cells(column) for column in table.columns)
                writer.writerows(zip(*columns, strict=True))
            return CsvSource(path)

        return _make


def _cells(column: pa.ChunkedArray):
    return [
        cell.isoformat() if isinstance(cell, datetime) else "" if cell is None else cell
        for cell in column.to_pylist()
    ]
