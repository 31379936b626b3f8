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

from holdfast.adapters.sources import CsvSource, LoggedSource, ParquetSource, TableSource
from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.ids import ModelVersion, PredictionId, uuid7
from holdfast.domain.predictions import Prediction, PredictionRequest
from holdfast.testing.examples import START
from holdfast.testing.fakes import InMemoryStore
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


def _kind_of(cells):
    if any(isinstance(cell, bool) for cell in cells):
        return FeatureKind.BOOLEAN
    numeric = all(cell is None or isinstance(cell, float) for cell in cells)
    return FeatureKind.NUMERIC if numeric else FeatureKind.CATEGORICAL


def _log(store, columns) -> LoggedSource:
    """Log the columns' rows as a server would, and return the source of them.

    A column of times says when each row was predicted.
    """
    dated = [n for n, cells in columns.items() if any(isinstance(c, datetime) for c in cells)]
    times = dated[0] if dated else None
    features = {name: cells for name, cells in columns.items() if name != times}
    contract = Contract(
        features=tuple(
            Feature(name=name, kind=_kind_of(cells), nullable=True)
            for name, cells in features.items()
        ),
        target=Target(name="y", positive="1", negative="0"),
        threshold=0.5,
        data_digest="",
    )
    n_rows = len(next(iter(columns.values()), ()))
    moments = columns[times] if times else [START] * n_rows
    words = [
        [
            str(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell
            for cell in row
        ]
        for row in zip(*features.values(), strict=True)
    ]
    store.predictions.prepare(contract)
    store.predictions.append(
        contract,
        [PredictionRequest(values=tuple(row)) for row in words],
        [
            Prediction(
                prediction_id=PredictionId(uuid7(moment)),
                model_version=ModelVersion("v1"),
                score=0.25,
                positive=False,
                threshold=0.5,
                predicted_at=moment,
            )
            for moment in moments
        ],
    )
    return LoggedSource(store.predictions, contract, moments=times)


class TestLoggedSource(DataSourceSuite):
    @pytest.fixture(params=["sql", "memory"])
    def make_store(self, request, tmp_path: Path):
        opened: list[SqlStore | InMemoryStore] = []

        def _make():
            if request.param == "sql":
                url = f"sqlite:///{tmp_path}/{len(opened)}.db"
                opened.append(SqlStore.open(url, create=True))
            else:
                opened.append(InMemoryStore())
            return opened[-1]

        yield _make
        for store in opened:
            store.close()

    @pytest.fixture
    def make_source(self, make_store):
        return lambda columns: _log(make_store(), columns)

    @pytest.fixture
    def absent(self, make_store) -> LoggedSource:
        return _log(make_store(), {"x": []})
