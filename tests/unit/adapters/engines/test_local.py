"""Tests of counting with threads."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from holdfast.adapters.engines.local import LocalEngine
from holdfast.adapters.sources import CsvSource, ParquetSource, TableSource
from holdfast.domain.cleaning import cleaned
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import ColumnError, DataFileError
from holdfast.drift.counts import CategoryCounts
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.rows import count_rows

CONTRACT = Contract(
    features=(
        Feature(name="charges", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=True),
        Feature(name="code", kind=FeatureKind.CATEGORICAL, nullable=True),
        Feature(name="senior", kind=FeatureKind.BOOLEAN, nullable=True),
    ),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)
PLANS = ["basic", "gold", "Größe 📦", "N/A", "  ", None, "new"]


def rows(n, *, seed=0):
    """Return rows with everything that cells may hold."""
    rng = np.random.default_rng(seed)
    charges = rng.lognormal(size=n)
    charges[rng.random(n) < 0.05] = np.nan
    return pa.table(
        {
            "charges": pa.array(charges, mask=rng.random(n) < 0.05),
            "plan": pa.array(PLANS).take(pa.array(rng.integers(0, len(PLANS), n))),
            "code": pa.array(rng.integers(410, 416, n).astype(float)),
            "senior": pa.array(rng.random(n) < 0.5, mask=rng.random(n) < 0.05),
            "not asked for": pa.array(range(n)),
        }
    )


REFERENCE = TableSource(rows(5_000)).read()
GRID = cut_grid(
    REFERENCE.set_column(2, "code", cleaned(REFERENCE["code"].cast(pa.int64()), pa.string())),
    CONTRACT,
)


def same(left, right):
    """Compare profiles: counts exactly, sums to 1e-9."""
    assert (left.n_rows, left.rows_outside) == (right.n_rows, right.rows_outside)
    for one, other in zip(left.features, right.features, strict=True):
        if not hasattr(one, "sums"):
            assert one.to_wire() == other.to_wire()
            continue
        assert one.cells.tolist() == other.cells.tolist()
        assert (one.minimum, one.maximum) == (other.minimum, other.maximum)
        assert (one.n_missing, one.n_non_finite) == (other.n_missing, other.n_non_finite)
        np.testing.assert_allclose(one.sums, other.sums, rtol=1e-9, atol=1e-9)
    return True


class TestCountRows:
    @pytest.mark.parametrize("encode", [False, True], ids=["text", "dictionaries"])
    def test_counts_raw_cells_like_clean_ones(self, encode):
        """Codes for missing values, whole numbers as categories, dictionaries."""
        raw = rows(3_000, seed=1)
        if encode:
            raw = raw.set_column(1, "plan", raw["plan"].dictionary_encode())

        counted = count_rows(raw, CONTRACT, GRID)

        words, codes = counted.features[1:3]
        assert isinstance(words, CategoryCounts)
        assert isinstance(codes, CategoryCounts)
        plans = raw["plan"].cast(pa.string()).to_pylist()
        assert words.n_missing == sum(plans.count(code) for code in ("N/A", "  ", None))
        assert words.known.sum() + words.n_unseen == 3_000 - words.n_missing
        assert codes.n_unseen == 0

    def test_names_a_column_that_is_absent(self):
        """Not a KeyError from within a thread."""
        with pytest.raises(ColumnError, match="plan"):
            count_rows(rows(10).drop_columns(["plan"]), CONTRACT, GRID)


class TestLocalEngine:
    @pytest.fixture(params=["memory", "parquet", "folder", "csv"])
    def source(self, request, tmp_path):
        table = rows(20_000, seed=2).drop_columns(["not asked for"])
        match request.param:
            case "memory":
                return TableSource(table)
            case "parquet":
                pq.write_table(table, tmp_path / "rows.parquet", row_group_size=3_000)
                return ParquetSource(tmp_path / "rows.parquet")
            case "folder":
                for i in range(4):
                    part = table.slice(i * 5_000, 5_000)
                    pq.write_table(part, tmp_path / f"{i}.parquet", row_group_size=900)
                return ParquetSource(tmp_path)
        pacsv.write_csv(table, tmp_path / "rows.csv")
        return CsvSource(tmp_path / "rows.csv")

    @pytest.mark.parametrize("threads", [1, 2, 7])
    def test_counts_alike_wherever_rows_lie(self, source, threads):
        """From memory, a file, a folder or text; with any number of threads."""
        counted = LocalEngine(threads).profile(source, CONTRACT, GRID)

        assert same(counted, count_rows(rows(20_000, seed=2), CONTRACT, GRID))

    @pytest.mark.parametrize("n_parts", [1, 2, 7, 64])
    def test_counts_alike_however_rows_are_split(self, n_parts, tmp_path):
        """One file or 64: the sum is the whole."""
        table = rows(6_400, seed=3)
        edges = np.linspace(0, 6_400, n_parts + 1).astype(int)
        for i, (start, stop) in enumerate(itertools.pairwise(edges)):
            pq.write_table(table.slice(start, stop - start), tmp_path / f"{i:02}.parquet")

        counted = LocalEngine().profile(ParquetSource(tmp_path), CONTRACT, GRID)

        assert same(counted, profile(_conformed(table), GRID))

    def test_an_error_in_a_thread_is_the_callers(self):
        """Named, not lost."""
        with pytest.raises(ColumnError, match="charges"):
            LocalEngine().profile(TableSource(rows(10).drop_columns(["charges"])), CONTRACT, GRID)

    def test_a_truncated_file_is_named(self, tmp_path):
        """Half of a download is no data set."""
        path = tmp_path / "rows.parquet"
        pq.write_table(rows(5_000), path)
        path.write_bytes(path.read_bytes()[:20_000])

        with pytest.raises(DataFileError, match=r"rows\.parquet"):
            LocalEngine().profile(ParquetSource(path), CONTRACT, GRID)


def _conformed(table):
    clean = TableSource(table).read()
    return clean.set_column(2, "code", clean["code"].cast(pa.int64()).cast(pa.string()))
