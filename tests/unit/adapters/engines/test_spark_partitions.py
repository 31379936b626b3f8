"""Tests of what an executor does with one partition; they need no Spark."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from holdfast import __version__
from holdfast.adapters.engines import spark_partitions
from holdfast.adapters.engines.spark_partitions import (
    Failure,
    Task,
    count_partition,
    sum_partitions,
)
from holdfast.domain.canonical import canonical_json
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import Profile
from holdfast.drift.rows import count_rows

CONTRACT = Contract(
    features=(
        Feature(name="charge", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=True),
    ),
    target=Target(name="churned", positive="yes", negative="no"),
    threshold=0.5,
    data_digest="",
)
ROWS = pa.table(
    {
        "c0": pa.array(np.arange(600) / 8),  # placed by number, as the engine sends them
        "c1": pa.array(["basic", "gold", None, "🚀", " ", "basic"] * 100),
    }
)
NAMED = ROWS.rename_columns(["charge", "plan"])
GRID = cut_grid(NAMED.slice(0, 100), CONTRACT)
TASK = Task(contract=canonical_json(CONTRACT), grid=GRID.to_bytes(), version=__version__)


def counts_of(batches):
    """The profile in the one row that was given."""
    (batch,) = batches
    (row,) = batch.to_pylist()
    assert row["failure"] is None
    return Profile.from_bytes(row["counts"])


def failure_of(batches):
    (batch,) = batches
    (row,) = batch.to_pylist()
    assert row["counts"] is None
    return msgspec.json.decode(row["failure"], type=Failure)


class TestCountPartition:
    @pytest.mark.parametrize("most", [1, 50, 1 << 17])
    def test_counts_like_the_kernel(self, monkeypatch, most):
        """However many of Spark's small batches are counted at once."""
        monkeypatch.setattr(spark_partitions, "_MOST_ROWS", most)

        counted = counts_of(count_partition(TASK, ROWS.to_batches(max_chunksize=7)))

        assert counted == count_rows(NAMED, CONTRACT, GRID)

    def test_takes_long_text_in_smaller_blocks(self, monkeypatch):
        """Memory is bounded by bytes, too."""
        monkeypatch.setattr(spark_partitions, "_MOST_BYTES", 1)

        counted = counts_of(count_partition(TASK, ROWS.to_batches(max_chunksize=200)))

        assert counted == count_rows(NAMED, CONTRACT, GRID)

    @pytest.mark.parametrize("batches", [[], ROWS.slice(0, 0).to_batches()])
    def test_gives_nothing_for_a_partition_without_rows(self, batches):
        """A filter leaves many of them; none costs the sum anything."""
        assert list(count_partition(TASK, batches)) == []

    def test_gives_a_failure_as_a_result(self):
        """An exception would make Spark try three times more, and bury the reason."""
        text = ROWS.set_column(0, "c0", pa.array(["1.5", "a lot"] * 300))

        failure = failure_of(count_partition(TASK, text.to_batches()))

        assert failure.column == "charge"
        assert failure.found.startswith("holds string values")

    def test_refuses_to_count_for_another_version(self):
        """Whose cells may mean something else; no column is to blame."""
        other = msgspec.structs.replace(TASK, version="0.0.1")

        failure = failure_of(count_partition(other, ROWS.to_batches()))

        assert failure.column is None
        assert __version__ in failure.found
        assert "0.0.1" in failure.found


class TestSumPartitions:
    def test_adds_up_to_the_whole(self):
        """In one batch or in several."""
        parts = [
            batch
            for start in range(0, 600, 100)
            for batch in count_partition(TASK, ROWS.slice(start, 100).to_batches())
        ]
        together = pa.Table.from_batches(parts[:4]).combine_chunks().to_batches()

        added = counts_of(sum_partitions([*together, *parts[4:]]))

        assert added == count_rows(NAMED, CONTRACT, GRID)

    def test_gives_nothing_for_nothing(self):
        """Executors without a group of their own."""
        assert list(sum_partitions([])) == []

    def test_fails_if_one_partition_failed(self):
        """A sum of the others would pass for the whole; the same failure is said each time."""
        good = list(count_partition(TASK, ROWS.to_batches()))
        bad = [
            batch
            for cells in (["x"], [b"y"])
            for batch in count_partition(TASK, pa.table({"c0": cells, "c1": ["a"]}).to_batches())
        ]

        forth = failure_of(sum_partitions([*good, *bad]))
        back = failure_of(sum_partitions([*bad[::-1], *good]))

        assert forth == back
        assert forth.column == "charge"
