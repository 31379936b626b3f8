"""What runs on a Spark executor: one partition's rows in, its counts out as bytes.

Imported on executors, by the name of its functions: keep it free of what only a driver has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from holdfast import __version__
from holdfast.domain.canonical import from_json
from holdfast.domain.contract import Contract
from holdfast.domain.errors import ColumnError
from holdfast.drift.grid import Grid
from holdfast.drift.profile import Profile
from holdfast.drift.rows import columns_needed, count_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ROW", "Failure", "Task", "count_partition", "sum_partitions"]

ROW = "counts binary, failure binary"
"""Schema, in Spark's words, of what both functions give: either a profile or a failure."""

_FIELDS = pa.schema([("counts", pa.binary()), ("failure", pa.binary())])
# Arrow batches of Spark hold 10,000 rows; counting pays a price per call.
_MOST_ROWS = 1 << 17
_MOST_BYTES = 1 << 26  # long text does not fill an executor's memory


class Task(msgspec.Struct, frozen=True):
    """What an executor needs to count, as bytes: it travels with the function.

    Attributes:
        contract: Its canonical JSON.
        grid: As `Grid.to_bytes` gives it.
        version: Of the driver's Holdfast, whose counts are asked for.
        moments: The column that says when each row was, if there is one.
    """

    contract: bytes
    grid: bytes
    version: str
    moments: str | None = None


class Failure(msgspec.Struct, frozen=True):
    """Why a partition was not counted; None as column blames the executor.

    It is a result, not an exception: Spark would run the task again, three times, and
    bury the reason in the traces of two languages.
    """

    column: str | None
    found: str
    remedy: str


def count_partition(task: Task, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Count the rows of one partition; a partition without rows gives nothing.

    Args:
        task: What to count and how.
        batches: The columns that `columns_needed` names, in its order, under any names.
    """
    if task.version != __version__:
        yield _failed(
            Failure(
                column=None,
                found=f"runs Holdfast {__version__} on its executors, the driver {task.version}",
                remedy="Install one version on all machines.",
            )
        )
        return
    contract, grid = from_json(task.contract, Contract), Grid.from_bytes(task.grid)
    names = list(columns_needed(contract, grid, moments=task.moments))
    counted: Profile | None = None
    try:
        for block in _blocks(batches):
            rows = block.rename_columns(names)
            counted = _added(counted, count_rows(rows, contract, grid, moments=task.moments))
    except ColumnError as error:
        yield _failed(Failure(column=error.column, found=error.found, remedy=error.remedy))
        return
    if counted is not None:
        yield _counted(counted)


def sum_partitions(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Add up the counts of many partitions; one failure makes the sum fail."""
    added: Profile | None = None
    failures = []
    for batch in batches:
        for counts, failure in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if failure is None:
                added = _added(added, Profile.from_bytes(counts))
            else:
                failures.append(failure)
    if failures:
        yield _row(None, min(failures))
    elif added is not None:
        yield _counted(added)


def _added(left: Profile | None, right: Profile) -> Profile:
    return right if left is None else left + right


def _blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Put small batches together; none of the tables is empty."""
    pending: list[pa.RecordBatch] = []
    n_rows = n_bytes = 0
    for batch in batches:
        pending.append(batch)
        n_rows += batch.num_rows
        n_bytes += batch.nbytes
        if n_rows >= _MOST_ROWS or n_bytes >= _MOST_BYTES:
            yield pa.Table.from_batches(pending)
            pending, n_rows, n_bytes = [], 0, 0
    if n_rows:
        yield pa.Table.from_batches(pending)


def _counted(counts: Profile) -> pa.RecordBatch:
    return _row(counts.to_bytes(), None)


def _failed(failure: Failure) -> pa.RecordBatch:
    return _row(None, msgspec.json.encode(failure))


def _row(counts: bytes | None, failure: bytes | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"counts": counts, "failure": failure}], schema=_FIELDS)
