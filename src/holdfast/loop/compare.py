"""Compare two data sets for drift, without a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from holdfast.domain.cleaning import clean_type, cleaned
from holdfast.domain.errors import ColumnError
from holdfast.domain.sampling import sample_rows
from holdfast.domain.tables import conform
from holdfast.drift.report import compare
from holdfast.loop.baseline import Baseline, Comparing, read_baseline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.contract import Contract
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport
    from holdfast.ports.data_source import DataSource
    from holdfast.ports.engine import ProfileEngine

__all__ = ["Compared", "Comparing", "compare_sources"]

_SCANNED = 1 << 17


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Two data sets side by side.

    Attributes:
        report: What the comparison says.
        baseline: The reference.
        current: Counts of the current rows.
        left_out: Columns of either side that were not compared, each with the reason.
        source: Where the current rows are, for those who need more than counts.
    """

    report: DriftReport
    baseline: Baseline
    current: Profile
    left_out: tuple[tuple[str, str], ...]
    source: DataSource

    def current_rows(self, most: int) -> pa.Table:
        """Return a sample of the current rows, conforming to the contract."""
        contract = self.baseline.contract
        scanned = self.source.scan(contract.names, _SCANNED)
        return _conformed(sample_rows(scanned, most), contract)

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
    """Compare two sets of rows.

    The current rows are streamed: they may be more than memory holds.

    Args:
        reference: What counts as normal; it says what the columns are.
        current: What is compared with it.
        engine: Who counts the current rows.
        how: Bounds and roles; None takes the defaults.

    Raises:
        ColumnError: If a column of the reference is missing from the current rows, or is
            of another type there.
        DataFileError: If a file cannot be read, or holds no rows.
    """
    how = how or Comparing()
    baseline = read_baseline(reference, current, how)
    _check_present(baseline, current.schema.names)
    counted = engine.profile(current, baseline.contract, baseline.grid, moments=how.time)
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
        source=current,
    )


def _known(baseline: Baseline) -> set[str]:
    return {*baseline.rows.column_names, *(name for name, _ in baseline.left_out)}


def _news(baseline: Baseline, names: Sequence[str]) -> list[tuple[str, str]]:
    known = _known(baseline)
    return [(name, "only in the current rows") for name in names if name not in known]


def _check_present(baseline: Baseline, names: Sequence[str]) -> None:
    missing = [name for name in baseline.rows.column_names if name not in names]
    if not missing:
        return
    more = f" (nor are {len(missing) - 1} more)" if len(missing) > 1 else ""
    raise ColumnError(
        missing[0],
        f"is in the reference rows, but not in the current ones{more}",
        remedy="Compare files with the same columns, or leave it out with --drop",
    )


def _conformed(rows: pa.Table, contract: Contract) -> pa.Table:
    """Return raw rows clean and in the contract's types."""
    columns = {}
    for name in contract.names:
        wanted = clean_type(rows.column(name).type)
        columns[name] = rows.column(name) if wanted is None else cleaned(rows.column(name), wanted)
    return conform(pa.table(columns), contract)
