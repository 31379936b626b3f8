"""Compare two data sets for drift, without a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.contract import Contract, Target
from holdfast.domain.errors import ColumnError
from holdfast.domain.features import feature_table, features_of
from holdfast.domain.survey import survey
from holdfast.domain.tables import conform
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.report import DriftReport, compare

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa

    from holdfast.ports.data_source import DataSource

__all__ = ["compare_sources"]

_NO_TARGET = Target(name="", positive="1", negative="0")  # every column is compared alike


def compare_sources(
    reference: DataSource, current: DataSource, *, drop: Collection[str] = ()
) -> DriftReport:
    """Return the drift report on two sets of rows.

    The reference says what the columns are; those that only identify or date rows, and
    free text, are left out.

    Args:
        reference: What counts as normal.
        current: What is compared with it.
        drop: Columns to leave out.

    Raises:
        ColumnError: If a column of the reference is missing from the current rows, or is
            of another type there.
        DataFileError: If a file cannot be read.
    """
    table = reference.read()
    found = survey(table, drop=drop)
    contract = Contract(
        features=features_of(table, found),
        target=_NO_TARGET,
        threshold=0.5,
        data_digest=reference.digest,
    )
    before = feature_table(table, found)
    grid = cut_grid(before, contract)
    after = current.read()
    _check_present(contract, after)
    return compare(profile(before, grid), profile(conform(after, contract), grid))


def _check_present(contract: Contract, current: pa.Table) -> None:
    missing = [name for name in contract.names if name not in current.column_names]
    if not missing:
        return
    more = f" (nor are {len(missing) - 1} more)" if len(missing) > 1 else ""
    raise ColumnError(
        missing[0],
        f"is in the reference rows, but not in the current ones{more}",
        remedy="Compare files with the same columns, or leave it out with --drop",
    )
