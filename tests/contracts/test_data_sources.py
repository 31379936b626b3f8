"""Every data source passes its port's suite."""

from __future__ import annotations

import csv
import gzip
import json
import math
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holdfast.adapters.sources import (
    BesideSource,
    CsvFolderSource,
    CsvSource,
    ExcelSource,
    JsonLinesSource,
    LoggedSource,
    ParquetSource,
    TableSource,
)
from holdfast.adapters.sources.records import open_records
from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.ids import ModelVersion, PredictionId, uuid7
from holdfast.domain.predictions import Prediction, PredictionRequest
from holdfast.testing.examples import START
from holdfast.testing.fakes import InMemoryStore
from holdfast.testing.suites import DataSourceSuite, RecordSourceSuite

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


class TestCsvFolder(DataSourceSuite):
    @pytest.fixture
    def make_source(self, tmp_path: Path):
        numbers = count()

        def _make(columns):
            folder = tmp_path / f"{next(numbers)}"
            (folder / "deeper").mkdir(parents=True)
            rows = list(zip(*columns.values(), strict=True))
            half = max(1, len(rows) // 2)
            halves = {"1.csv": rows[:half], "deeper/2.csv": rows[half:]}
            for name, some in halves.items():
                with (folder / name).open("w", newline="", encoding="utf-8") as file:
                    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
                    writer.writerow(columns)
                    writer.writerows([_written(cell) for cell in row] for row in some)
            return CsvFolderSource(folder)

        return _make

    @pytest.fixture
    def absent(self, tmp_path: Path) -> CsvFolderSource:
        return CsvFolderSource(tmp_path)


class TestExcelSource(DataSourceSuite):
    @pytest.fixture
    def make_source(self, tmp_path: Path):
        numbers = count()

        def _make(columns):
            path = tmp_path / f"{next(numbers)}.xlsx"
            book = openpyxl.Workbook()
            sheet = book.worksheets[0]
            sheet.append(list(columns))
            for row in zip(*columns.values(), strict=True):
                sheet.append([_in_excel(cell) for cell in row])
            book.save(path)
            return ExcelSource(path)

        return _make

    @pytest.fixture
    def absent(self, tmp_path: Path) -> ExcelSource:
        return ExcelSource(tmp_path / "absent.xlsx")


def _in_excel(cell):
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)  # Excel knows no zones
    if isinstance(cell, float) and not math.isfinite(cell):
        return str(cell)  # nor such numbers
    beyond = type(cell) is int and abs(cell) >= 10**15
    return str(cell) if beyond else cell  # of a number it keeps 15 digits


class TestBesideSource(DataSourceSuite):
    @pytest.fixture
    def make_source(self):
        def _make(columns):
            *features, last = columns
            if not features:
                return TableSource(pa.table(columns))  # there is nothing for it to stand beside
            left = TableSource(pa.table({name: columns[name] for name in features}))
            return BesideSource(left, TableSource(pa.table({last: columns[last]})), target=last)

        return _make

    @pytest.fixture
    def absent(self, tmp_path: Path) -> BesideSource:
        absent = CsvSource(tmp_path / "absent.csv")
        return BesideSource(absent, TableSource(pa.table({"y": ["a"]})), target="y")


def _as_json(cell):
    if isinstance(cell, datetime):
        return cell.isoformat()
    finite = not isinstance(cell, float) or math.isfinite(cell)
    return cell if finite else None


def _write_json_lines(path, columns, *, opener=open):
    with opener(path, "wt", encoding="utf-8") as file:
        for row in zip(*columns.values(), strict=True):
            cells = dict(zip(columns, map(_as_json, row), strict=True))
            file.write(json.dumps(cells) + "\n")


class TestJsonLinesSource(DataSourceSuite):
    @pytest.fixture(params=[open, gzip.open], ids=["plain", "gzip"])
    def make_source(self, request, tmp_path: Path):
        numbers = count()

        def _make(columns):
            path = tmp_path / f"{next(numbers)}.jsonl"
            _write_json_lines(path, columns, opener=request.param)
            return JsonLinesSource(path)

        return _make

    @pytest.fixture
    def absent(self, tmp_path: Path) -> JsonLinesSource:
        return JsonLinesSource(tmp_path / "absent.jsonl")


class TestRecords(RecordSourceSuite):
    @pytest.fixture(params=["csv", "jsonl", "parquet"])
    def ending(self, request):
        return request.param

    @pytest.fixture
    def make_records(self, ending, tmp_path: Path):
        def _make(columns):
            path = tmp_path / f"log.{ending}"
            if ending == "jsonl":
                _write_json_lines(path, columns)
            elif ending == "parquet":
                pq.write_table(pa.table(columns), path)
            else:
                with path.open("w", newline="") as file:
                    writer = csv.writer(file)
                    writer.writerow(columns)
                    writer.writerows(zip(*columns.values(), strict=True))
            return open_records(path)

        return _make

    @pytest.fixture
    def absent(self, ending, tmp_path: Path):
        return open_records(tmp_path / f"absent.{ending}")


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
