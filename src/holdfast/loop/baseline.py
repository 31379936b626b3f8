"""What counts as normal when two data sets are compared: columns, cells, counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import index_array, moment_of
from holdfast.domain.cleaning import TIMESTAMP, cleaned
from holdfast.domain.column_survey import ColumnKind, ColumnSurvey, Role, look_at_column
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import ColumnError, nearest
from holdfast.drift.grid import cut_grid
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.profile import profile, total
from holdfast.drift.rows import countable
from holdfast.drift.rules import DriftShare
from holdfast.drift.verdicts import DriftPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from holdfast.drift.grid import Grid
    from holdfast.drift.methods.protocol import Method
    from holdfast.drift.profile import Profile
    from holdfast.drift.rules import Rule
    from holdfast.ports.data_source import DataSource

__all__ = ["Baseline", "Comparing", "check_times", "oldest_in", "read_baseline"]

_SURVEYED = 50_000  # rows that tell what a column is: more would tell the same
_SCANNED = 1 << 17
_IN_WORDS = {pa.float64(): "numbers", pa.bool_(): "truth values"}
_NO_TARGET = Target(name="", positive="1", negative="0")  # every column is compared alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """How two data sets are compared.

    Attributes:
        drop: Columns to leave out.
        time: The column that says when each row was; dates are aged by it.
        policy: From when a feature counts as drifted.
        rule: From when the whole does.
        weights: Importance of features by name, for rules that weigh them.
        methods: Every method that may be asked.
    """

    drop: Collection[str] = ()
    time: str | None = None
    policy: DriftPolicy = field(default_factory=DriftPolicy)
    rule: Rule = field(default_factory=DriftShare)
    weights: Mapping[str, float] | None = None
    methods: Mapping[str, Method] = field(default_factory=lambda: METHODS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Baseline:
    """What counts as normal.

    Attributes:
        contract: The columns that are compared, as features.
        grid: Their cells.
        profile: The reference counted on them.
        rows: The reference's rows in the form that is counted, text as dictionaries.
        left_out: Columns that are not compared, each with the reason.
    """

    contract: Contract
    grid: Grid
    profile: Profile
    rows: pa.Table
    left_out: tuple[tuple[str, str], ...]


def read_baseline(
    reference: DataSource,
    beside: pa.Schema,
    oldest: Callable[[str], datetime | None],
    how: Comparing,
) -> Baseline:
    """Read what counts as normal, so that other rows can be compared with it.

    The reference says what the columns are. Left out are those that only identify rows,
    free text, and clocks: dates that all lie later in the rows beside. Constant columns
    stay, and what is missing throughout: it may come to life.

    Args:
        reference: What counts as normal; read into memory.
        beside: Columns of what will be compared with it.
        oldest: Gives the first moment of such a column of times, None if it has none.
        how: Roles of columns.

    Raises:
        ColumnError: If a named column is not there, or no column can be compared.
        DataFileError: If the data cannot be read.
    """
    schema = reference.schema
    for name in (*how.drop, *([how.time] if how.time else [])):
        _check_named(name, schema.names)
    if how.time is not None:
        check_times(how.time, schema, "the reference rows")
    table = pa.concat_tables(reference.scan(schema.names, _SCANNED))
    looked = _look(table, schema, how)
    dates = [c.name for c in looked if c.kind is ColumnKind.TIME and _is_free(c, how)]
    clocks = {name for name in dates if _is_clock(table, oldest, name)}
    kept = [name for name in dates if name not in clocks]
    contract = _contract_of([c for c in looked if _is_compared(c, how)], beside)
    if not contract.features and not kept:
        raise ColumnError(
            schema.names[0],
            "is there, but no column is left to compare",
            remedy="Drop fewer columns, or compare data that describes its rows.",
        )
    rows = countable(table, contract, dates=kept)
    moments = cleaned(table.column(how.time), TIMESTAMP) if how.time else None
    grid, counts = _counted(rows, contract, kept, moments)
    return Baseline(
        contract=contract,
        grid=grid,
        profile=counts,
        rows=rows,
        left_out=_left_out(looked, clocks, how),
    )


def _counted(
    rows: pa.Table, contract: Contract, dates: Sequence[str], moments: pa.ChunkedArray | None
) -> tuple[Grid, Profile]:
    """Cut the cells and count the rows in them, with every core."""
    with ThreadPoolExecutor() as pool:
        grid = cut_grid(rows, contract, dates=dates, moments=moments, pool=pool)
        counts = pool.map(
            lambda start: profile(
                rows.slice(start, _SCANNED),
                grid,
                moments=None if moments is None else moments.slice(start, _SCANNED),
            ),
            range(0, rows.num_rows, _SCANNED),
        )
        return grid, total(counts)


def _look(table: pa.Table, schema: pa.Schema, how: Comparing) -> list[ColumnSurvey]:
    n = min(table.num_rows, _SURVEYED)
    chosen = np.linspace(0, table.num_rows - 1, n).astype(np.int64)
    sample = table.unify_dictionaries().take(index_array(chosen))
    rows = pa.table(
        [cleaned(sample.column(field.name), field.type) for field in schema], schema=schema
    )
    asked = dict.fromkeys(how.drop, Role.DROPPED) | ({how.time: Role.TIME} if how.time else {})
    return [
        look_at_column(rows, field, asked.get(field.name), None, as_text=False) for field in schema
    ]


def _is_free(column: ColumnSurvey, how: Comparing) -> bool:
    """Return whether nobody has said what the column is for."""
    return column.name not in how.drop and column.name != how.time


def _contract_of(columns: Sequence[ColumnSurvey], beside: pa.Schema) -> Contract:
    return Contract(
        features=tuple(_feature(column, beside) for column in columns),
        target=_NO_TARGET,
        threshold=0.5,
        data_digest="",
    )


def _is_compared(column: ColumnSurvey, how: Comparing) -> bool:
    if not _is_free(column, how) or column.kind is ColumnKind.TIME:
        return False
    return column.role is Role.FEATURE or column.n_distinct <= 1


def _feature(column: ColumnSurvey, beside: pa.Schema) -> Feature:
    kind = FeatureKind(column.kind.value)
    if column.missing_share == 1.0 and column.name in beside.names:
        # A column without any value is of whatever type the other side gives it.
        found = beside.field(column.name).type
        if pa.types.is_floating(found):
            kind = FeatureKind.NUMERIC
        elif pa.types.is_boolean(found):
            kind = FeatureKind.BOOLEAN
    return Feature(name=column.name, kind=kind, nullable=True)


def check_times(column: str, schema: pa.Schema, whose: str) -> None:
    """Refuse a column that says of no row when it was.

    Args:
        column: Its name; it may be absent.
        schema: Clean types of the columns.
        whose: The rows, as errors call them.

    Raises:
        ColumnError: If it is there, and holds something else than times.
    """
    if column not in schema.names or schema.field(column).type == TIMESTAMP:
        return
    found = _IN_WORDS.get(schema.field(column).type, "words")
    raise ColumnError(
        column,
        f"holds {found} in {whose}, not times",
        remedy="Name a column of dates or times with --time, as 2026-03-05 or 2026-03-05T14:00Z",
    )


def oldest_in(source: DataSource, column: str) -> datetime | None:
    """Return the first moment in a source's column of times.

    Args:
        source: Any.
        column: Its name.

    Returns:
        None if the column is not there, or bears no time.
    """
    if column not in source.schema.names or source.schema.field(column).type != TIMESTAMP:
        return None
    found = [
        moment_of(pc.min(cleaned(batch.column(column), TIMESTAMP)))
        for batch in source.scan([column], _SCANNED)
    ]
    return min((moment for moment in found if moment is not None), default=None)


def _is_clock(table: pa.Table, oldest: Callable[[str], datetime | None], name: str) -> bool:
    """Return whether all dates beside are later than any of the reference."""
    newest, first = moment_of(pc.max(cleaned(table.column(name), TIMESTAMP))), oldest(name)
    return newest is not None and first is not None and first > newest


def _left_out(
    looked: Sequence[ColumnSurvey], clocks: Collection[str], how: Comparing
) -> tuple[tuple[str, str], ...]:
    reasons = {c.name: c.reason for c in looked if not _is_compared(c, how)}
    dates = {c.name for c in looked if c.kind is ColumnKind.TIME and c.name not in how.drop}
    reasons |= dict.fromkeys(clocks, "a clock: every current value is later; name it with --time")
    return tuple(
        (name, "says when the row was" if name == how.time else reason)
        for name, reason in reasons.items()
        if name == how.time or name in clocks or name not in dates
    )


def _check_named(name: str, names: Sequence[str]) -> None:
    if name not in names:
        meant = nearest(name, names)
        raise ColumnError(
            name,
            "is not in the reference rows",
            remedy=f"Did you mean {meant!r}?" if meant else f"There are: {', '.join(names)}.",
        )
