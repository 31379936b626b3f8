"""What a table holds, as far as a model is concerned: target, features, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.binary_target import read_target
from holdfast.domain.column_survey import ColumnKind, ColumnSurvey, Role, look_at_column
from holdfast.domain.columns import notes_of
from holdfast.domain.errors import ColumnError, nearest
from holdfast.domain.leakage import stands_alone

if TYPE_CHECKING:
    from collections.abc import Collection

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
        return tuple(c.name for c in self.dropped if c.kind is ColumnKind.TIME)

    @property
    def suspects(self) -> tuple[ColumnSurvey, ...]:
        """Features that may be known only after the outcome."""
        return tuple(column for column in self.features if column.suspicion)

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
        said.extend(column.suspicion for column in self.suspects)
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

    Raises:
        TargetError: If the target is not there, or does not hold exactly two classes.
        ColumnError: If another named column is not there or cannot be used so, or if no
            feature is left.
    """
    roles = _asked_roles(table, target=target, time=time, entity=entity, drop=drop)
    for name in categorical:
        _check_present(table, name)
    dated = table if time is None else table.filter(pc.is_valid(table.column(time)))
    found = read_target(dated, target, positive) if target is not None else None
    rows = dated.filter(pa.array(found.known)) if found else dated
    labels = found.labels if found else None
    columns = tuple(
        look_at_column(
            rows, field, roles.get(field.name), labels, as_text=field.name in categorical
        )
        for field in table.schema
    )
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
        notes=notes_of(table.schema),
    )


def _compared(
    rows: pa.Table, columns: tuple[ColumnSurvey, ...], labels: NDArray[np.bool_]
) -> tuple[ColumnSurvey, ...]:
    """Return the columns with the suspicions that only show beside the other columns."""
    features = {c.name: rows.column(c.name) for c in columns if c.role is Role.FEATURE}

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
    if time is not None and not pa.types.is_timestamp(table.column(time).type):
        raise ColumnError(
            time,
            "does not hold dates or times in ISO form (2024-01-31 or 2024-01-31T12:00:00Z)",
            remedy="Convert it; or name no time, and the rows' order counts.",
        )
    return roles
