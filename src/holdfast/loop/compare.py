"""Compare two data sets for drift, without a project."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from holdfast.domain.cleaning import clean_type, cleaned
from holdfast.domain.columns import notes_of
from holdfast.domain.errors import ColumnError, nearest
from holdfast.domain.sampling import sample_rows
from holdfast.domain.tables import conform
from holdfast.drift.report import compare
from holdfast.loop.baseline import Baseline, Comparing, check_times, oldest_in, read_baseline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from holdfast.domain.contract import Contract
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport
    from holdfast.ports.current_rows import CurrentRows
    from holdfast.ports.data_source import DataSource
    from holdfast.ports.engine import ProfileEngine

__all__ = [
    "Compared",
    "Comparing",
    "SourceRows",
    "check_weighed",
    "compare_rows",
    "compare_sources",
]

_SCANNED = 1 << 17


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceRows:
    """`CurrentRows` of a data source, counted by an engine that reads such sources.

    Attributes:
        source: Where the rows are; they are streamed, and may be more than memory holds.
        engine: Who counts them.
    """

    source: DataSource
    engine: ProfileEngine[DataSource]

    @cached_property
    def schema(self) -> pa.Schema:
        """See `CurrentRows.schema`."""
        return self.source.schema

    def oldest(self, column: str) -> datetime | None:
        """See `CurrentRows.oldest`."""
        return oldest_in(self.source, column)

    def count(self, contract: Contract, grid: Grid, *, moments: str | None = None) -> Profile:
        """See `CurrentRows.count`."""
        return self.engine.profile(self.source, contract, grid, moments=moments)

    def sample(self, columns: Sequence[str], most: int) -> pa.Table:
        """See `CurrentRows.sample`."""
        return sample_rows(self.source.scan(columns, _SCANNED), most)


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Two data sets side by side.

    Attributes:
        report: What the comparison says.
        baseline: The reference.
        current: Counts of the current rows.
        left_out: Columns of either side that were not compared, each with the reason.
        rows: The current rows, for those who need more than counts.
    """

    report: DriftReport
    baseline: Baseline
    current: Profile
    left_out: tuple[tuple[str, str], ...]
    rows: CurrentRows

    def current_rows(self, most: int) -> pa.Table:
        """Return a sample of the current rows, conforming to the contract."""
        contract = self.baseline.contract
        return _conformed(self.rows.sample(contract.names, most), contract)

    def reference_rows(self, most: int) -> pa.Table:
        """Return a sample of the reference's rows, conforming to the contract."""
        rows = self.baseline.rows.select(self.baseline.contract.names)
        return conform(sample_rows([rows], most), self.baseline.contract)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values, with what was left out."""
        left_out = [{"column": name, "reason": reason} for name, reason in self.left_out]
        return {**self.report.to_json(), "left_out": left_out}


def compare_sources(
    reference: DataSource,
    current: DataSource,
    engine: ProfileEngine[DataSource],
    how: Comparing | None = None,
) -> Compared:
    """Compare two sets of rows that are read here.

    Args:
        reference: What counts as normal; it says what the columns are.
        current: What is compared with it; streamed.
        engine: Who counts the current rows.
        how: Bounds and roles; None takes the defaults.

    Raises:
        ColumnError: As `compare_rows` does.
        DataFileError: If a file cannot be read, or holds no rows.
    """
    return compare_rows(reference, SourceRows(source=current, engine=engine), how)


def compare_rows(
    reference: DataSource, current: CurrentRows, how: Comparing | None = None
) -> Compared:
    """Compare rows with a reference, wherever those rows lie.

    Args:
        reference: What counts as normal; it says what the columns are.
        current: What is compared with it.
        how: Bounds and roles; None takes the defaults.

    Raises:
        ColumnError: If a column of the reference is missing from the current rows, is of
            another type there, or a weight is that of no feature.
        DataFileError: If rows cannot be read, or there are none.
    """
    how = how or Comparing()
    baseline = read_baseline(reference, current.schema, current.oldest, how)
    check_weighed(baseline, how)
    _check_present(baseline, how, current.schema)
    if how.time is not None:
        check_times(how.time, current.schema, "the current rows")
    counted = current.count(baseline.contract, baseline.grid, moments=how.time)
    report = compare(
        baseline.profile,
        counted,
        policy=how.policy,
        rule=how.rule,
        weights=how.weights,
        grid=baseline.grid,
        methods=how.methods,
    )
    return Compared(
        report=report,
        baseline=baseline,
        current=counted,
        left_out=(*baseline.left_out, *_news(baseline, current.schema.names)),
        rows=current,
    )


def check_weighed(baseline: Baseline, how: Comparing) -> None:
    """Refuse a weight that would weigh nothing, as a slip of the pen.

    Raises:
        ColumnError: If one is that of no feature.
    """
    features = [cells.name for cells in baseline.grid.features]
    for name in how.weights or {}:
        if name not in features:
            meant = nearest(name, features)
            reason = dict(baseline.left_out).get(name)
            raise ColumnError(
                name,
                "has a weight, but is not compared" + (f": {reason}" if reason else ""),
                remedy=f"Did you mean {meant!r}?" if meant else "Leave its weight out.",
            )


def _known(baseline: Baseline) -> set[str]:
    return {*baseline.rows.column_names, *(name for name, _ in baseline.left_out)}


def _news(baseline: Baseline, names: Sequence[str]) -> list[tuple[str, str]]:
    known = _known(baseline)
    return [(name, "only in the current rows") for name in names if name not in known]


def _check_present(baseline: Baseline, how: Comparing, schema: pa.Schema) -> None:
    needed = [*baseline.rows.column_names, *([] if how.time is None else [how.time])]
    missing = [name for name in needed if name not in schema.names]
    if not missing:
        return
    more = f" (nor are {len(missing) - 1} more)" if len(missing) > 1 else ""
    unread = [note for note in notes_of(schema) if note.startswith(f"column {missing[0]!r} ")]
    raise ColumnError(
        missing[0],
        ": ".join([f"is in the reference rows, but not in the current ones{more}", *unread]),
        remedy="Compare files with the same columns, or leave it out with --drop",
    )


def _conformed(rows: pa.Table, contract: Contract) -> pa.Table:
    """Return raw rows clean and in the contract's types."""
    columns = {}
    for name in contract.names:
        wanted = clean_type(rows.column(name).type)
        columns[name] = rows.column(name) if wanted is None else cleaned(rows.column(name), wanted)
    return conform(pa.table(columns), contract)
