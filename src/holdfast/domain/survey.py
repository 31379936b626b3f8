"""What a table holds, as far as a model is concerned: target, features, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.binary_target import read_target
from holdfast.domain.codes import with_codes_missing
from holdfast.domain.column_survey import (
    ColumnKind,
    ColumnSurvey,
    Role,
    as_numbers,
    look_at_column,
)
from holdfast.domain.columns import notes_of
from holdfast.domain.dated import derivations_of, newest_of
from holdfast.domain.errors import ColumnError, nearest
from holdfast.domain.leakage import stands_alone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.contract import Target

__all__ = ["ColumnKind", "ColumnSurvey", "Role", "Survey", "survey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a table holds, as far as a model is concerned.

    Figures of columns are about the rows that have what is named: a label, a time.
    """

    n_rows: int
    columns: tuple[ColumnSurvey, ...]
    target: Target | None = None
    positive_guessed: bool = False
    n_positive: int = 0
    n_unlabelled: int = 0  # rows without a target: not used
    n_undated: int = 0  # rows without a time, where one is named: not used
    as_of: datetime | None = None  # what ages are counted to, as the owner says
    notes: tuple[str, ...] = ()  # how the file was read, where that was not plain

    @property
    def n_labelled(self) -> int:
        """Rows that can be trained on."""
        return self.n_rows - self.n_unlabelled - self.n_undated

    @property
    def positive_rate(self) -> float | None:
        """Share of positives among labelled rows; None without a target."""
        return self.n_positive / self.n_labelled if self.target else None

    @property
    def features(self) -> tuple[ColumnSurvey, ...]:
        """The columns that a model is given."""
        return self.of(Role.FEATURE)

    @property
    def dropped(self) -> tuple[ColumnSurvey, ...]:
        """The columns that are left out, each with its reason."""
        return self.of(Role.DROPPED)

    @property
    def entity_candidates(self) -> tuple[str, ...]:
        """Columns that could name whom a row is about, if none was named."""
        if self.of(Role.ENTITY):
            return ()
        return tuple(column.name for column in self.columns if column.identifies)

    @property
    def time_candidates(self) -> tuple[str, ...]:
        """Columns that could order the rows, if none was named."""
        if self.of(Role.TIME):
            return ()
        of_time = [c for c in (*self.dropped, *self.features) if c.kind is ColumnKind.TIME]
        return tuple(c.name for c in of_time if c.reason != "asked for")

    @property
    def suspects(self) -> tuple[ColumnSurvey, ...]:
        """Features that may be known only after the outcome."""
        return tuple(column for column in self.features if column.suspicion)

    @property
    def dates(self) -> tuple[ColumnSurvey, ...]:
        """The columns of dates of which features come."""
        return tuple(column for column in self.columns if column.derivations)

    def _ages(self) -> Iterator[str]:
        if not self.dates:
            return
        times, origin = self.of(Role.TIME), self.dates[0].derivations[0].origin_at
        until = (
            f"the time of its row, {times[0].name!r}"
            if times
            else f"{origin:%Y-%m-%d}"
            + ("" if self.as_of else ", the newest date in the file, as no time is named")
        )
        names = ", ".join(repr(column.name) for column in self.dates)
        yield f"{names}: a date's age is counted to {until}; in production, to the request"

    @property
    def code_suspects(self) -> tuple[ColumnSurvey, ...]:
        """Features in which one number may stand for a missing value."""
        return tuple(c for c in self.features if c.code_suspected is not None)

    def of(self, role: Role) -> tuple[ColumnSurvey, ...]:
        """Return the columns of one role."""
        return tuple(column for column in self.columns if column.role is role)

    def column(self, name: str) -> ColumnSurvey:
        """Return one column by its name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should look at, one sentence each."""
        said = list(self.notes)
        if self.n_unlabelled and self.target:
            said.append(f"{self.n_unlabelled} rows have no {self.target.name!r} and are not used")
        if self.n_undated:
            said.append(f"{self.n_undated} rows have no time and are not used")
        if self.positive_guessed and self.target:
            said.append(f"{self.target.positive!r} is taken as the positive outcome (a guess)")
        said.extend(self._ages())
        said.extend(column.suspicion for column in self.suspects)
        said.extend(
            f"{column.name!r} may say {column.code_suspected:g} where a value is missing: it lies "
            "far from all others. If it does, say so under [data] missing"
            for column in self.code_suspects
        )
        said.extend(
            f"{column.name!r} hardly ever falls from row to row, as if it only said when its row "
            "was: if so, drop it"
            for column in self.features
            if column.ordered
        )
        said.extend(
            f"{column.name!r} looks like an identifier; name it as entity, or drop it"
            for column in self.features
            if column.identifies
        )
        return tuple(said)


def survey(
    table: pa.Table,
    *,
    target: str | None = None,
    positive: str | None = None,
    time: str | None = None,
    entity: str | None = None,
    drop: Collection[str] = (),
    categorical: Collection[str] = (),
    dates: Collection[str] = (),
    as_of: datetime | None = None,
    missing: Mapping[str, tuple[float, ...]] | None = None,
) -> Survey:
    """Look a table over.

    Args:
        table: As a `DataSource` returns it.
        target: The column to predict.
        positive: The target's word that counts as positive; guessed if None.
        time: The column that orders the rows.
        entity: The column that says whom a row is about.
        drop: Columns to leave out.
        categorical: Columns whose numbers are codes, and become text.
        dates: Columns of dates that say something of their row, and not when it was.
        as_of: What the ages of dates are counted to where no time is named; the newest date
            if None.
        missing: By column, the numbers that stand for a missing value.

    Raises:
        TargetError: If the target is not there, or does not hold exactly two classes.
        ColumnError: If another named column is not there or cannot be used so, or if no
            feature is left.
    """
    codes = missing or {}
    table = with_codes_missing(table, codes)
    roles = _asked_roles(table, target=target, time=time, entity=entity, drop=drop)
    for name in (*categorical, *dates):
        _check_present(table, name)
    for name in dates:
        _check_dated(table, name)
    dated = table if time is None else table.filter(pc.is_valid(table.column(time)))
    found = read_target(dated, target, positive) if target is not None else None
    rows = dated.filter(pa.array(found.known)) if found else dated
    labels = found.labels if found else None
    columns = tuple(
        look_at_column(
            rows,
            field,
            roles.get(field.name),
            labels,
            as_text=field.name in categorical,
            dated=time is not None or field.name in dates,
        )
        for field in table.schema
    )
    columns = tuple(replace(column, codes=codes.get(column.name, ())) for column in columns)
    columns = _with_derivations(rows, columns, _origin(table, columns, time, as_of))
    if not any(column.role is Role.FEATURE for column in columns):
        raise ColumnError(
            target or columns[0].name,
            "is there, but no column is left to predict it from",
            remedy="Add columns that describe each row, or drop fewer.",
        )
    return Survey(
        n_rows=table.num_rows,
        columns=columns if labels is None else _compared(rows, columns, labels),
        target=found.target if found else None,
        positive_guessed=found is not None and found.guessed,
        n_positive=int(found.labels.sum()) if found else 0,
        n_unlabelled=dated.num_rows - rows.num_rows,
        n_undated=table.num_rows - dated.num_rows,
        as_of=as_of,
        notes=notes_of(table.schema),
    )


def _is_date(column: ColumnSurvey) -> bool:
    return column.kind is ColumnKind.TIME and column.role is Role.FEATURE


def _origin(
    table: pa.Table, columns: tuple[ColumnSurvey, ...], time: str | None, as_of: datetime | None
) -> datetime | None:
    """Return the moment that the training data's ages end at; None if there is no date."""
    if time is not None:
        return newest_of([table.column(time)])
    dates = [table.column(column.name) for column in columns if _is_date(column)]
    return as_of or newest_of(dates) if dates else None


def _with_derivations(
    rows: pa.Table, columns: tuple[ColumnSurvey, ...], origin_at: datetime | None
) -> tuple[ColumnSurvey, ...]:
    """Return the columns with what comes of the dates among them."""
    if origin_at is None:
        return columns
    taken = frozenset(rows.column_names)

    def _with(column: ColumnSurvey) -> ColumnSurvey:
        found = derivations_of(column.name, rows.column(column.name), origin_at=origin_at)
        new = tuple(derivation for derivation in found if derivation.name not in taken)
        if new:
            return replace(column, derivations=new)
        # As in an export of our own log, to which somebody put the date back.
        reason = "its age and cycle stand in columns of their own"
        return replace(column, role=Role.DROPPED, reason=reason)

    return tuple(_with(column) if _is_date(column) else column for column in columns)


def _compared(
    rows: pa.Table, columns: tuple[ColumnSurvey, ...], labels: NDArray[np.bool_]
) -> tuple[ColumnSurvey, ...]:
    """Return the columns with the suspicions that only show beside the other columns."""
    features = {c.name: as_numbers(rows.column(c.name)) for c in columns if c.role is Role.FEATURE}

    def _suspicion(column: ColumnSurvey) -> str:
        if column.suspicion or column.name not in features or column.kind is not ColumnKind.NUMERIC:
            return column.suspicion
        others = {name: values for name, values in features.items() if name != column.name}
        return stands_alone(column.name, features[column.name], labels, others)

    return tuple(replace(column, suspicion=_suspicion(column)) for column in columns)


def _check_present(table: pa.Table, name: str) -> None:
    if name not in table.column_names:
        meant = nearest(name, table.column_names)
        hint = f"Did you mean {meant!r}?" if meant else "Check the name."
        raise ColumnError(name, "there is no such column", remedy=hint)


def _asked_roles(
    table: pa.Table,
    *,
    target: str | None,
    time: str | None,
    entity: str | None,
    drop: Collection[str],
) -> dict[str, Role]:
    asked = [(Role.TIME, time), (Role.ENTITY, entity), *((Role.DROPPED, name) for name in drop)]
    roles: dict[str, Role] = {} if target is None else {target: Role.TARGET}
    for role, name in asked:
        if name is None:
            continue
        _check_present(table, name)
        if roles.setdefault(name, role) is not role:
            raise ColumnError(
                name,
                f"is asked to be both {roles[name].value} and {role.value}",
                remedy="Give it one role.",
            )
    if time is not None:
        _check_dated(table, time, otherwise="; or name no time, and the rows' order counts")
    return roles


def _check_dated(table: pa.Table, name: str, *, otherwise: str = "") -> None:
    if not pa.types.is_timestamp(table.column(name).type):
        raise ColumnError(
            name,
            "does not hold dates or times in ISO form (2024-01-31 or 2024-01-31T12:00:00Z)",
            remedy=f"Convert it{otherwise}.",
        )
