"""What a table holds: each column's kind and role, and why some of them are dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.binary_target import read_target
from holdfast.domain.columns import as_words, notes_of
from holdfast.domain.errors import ColumnError, nearest
from holdfast.domain.leakage import separation

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from holdfast.domain.contract import Target

__all__ = ["ColumnKind", "ColumnSurvey", "Role", "Survey", "survey"]

_FEWEST_ROWS = 20  # below, distinct values prove nothing about a column
_MOST_WORDS = 100  # above, text with mostly distinct values is no set of categories
_LEAK = 0.98  # ROC AUC of one column alone; honest features stay well below
_ID_NAME = re.compile(r"(^|[\W_])(id|ids|uuid|guid|key|number|nr|no)$", re.IGNORECASE)
_ID_CAMEL = re.compile(r"[a-z](ID|Id|UUID|Uuid|GUID|Guid|Key|Number)$")
_OTHER_DATE = r"^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}([ T]\d{1,2}:\d{2}.*)?$"


class ColumnKind(StrEnum):
    """What a column's values are."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    TIME = "time"


class Role(StrEnum):
    """What a column is used for."""

    FEATURE = "feature"
    TARGET = "target"
    ENTITY = "entity"  # whom a row is about
    TIME = "time"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSurvey:
    """One column: what it holds, and what becomes of it."""

    name: str
    kind: ColumnKind
    role: Role
    reason: str = ""  # why it is dropped, in words
    n_missing: int
    missing_share: float
    n_distinct: int
    minimum: float | None = None  # of numbers
    maximum: float | None = None
    identifies: bool = False  # could name whom a row is about
    separation: float | None = None  # ROC AUC of this column alone; None: not known

    @property
    def leaks(self) -> bool:
        """Whether the column alone predicts too well to be known beforehand."""
        is_feature = self.role is Role.FEATURE
        return is_feature and self.separation is not None and self.separation > _LEAK


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
        said.extend(_leak_warning(column) for column in self.columns if column.leaks)
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
        _column(rows, field, roles.get(field.name), labels, as_text=field.name in categorical)
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
        columns=columns,
        target=found.target if found else None,
        positive_guessed=found is not None and found.guessed,
        n_positive=int(found.labels.sum()) if found else 0,
        n_unlabelled=dated.num_rows - rows.num_rows,
        n_undated=table.num_rows - dated.num_rows,
        notes=notes_of(table.schema),
    )


def _leak_warning(column: ColumnSurvey) -> str:
    return (
        f"{column.name!r} alone tells the classes apart (AUC {column.separation:.3f}): "
        "if it is not known when a prediction is asked for, drop it"
    )


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


def _column(
    rows: pa.Table,
    field: pa.Field,
    asked: Role | None,
    labels: NDArray[np.bool_] | None,
    *,
    as_text: bool,
) -> ColumnSurvey:
    values = rows.column(field.name)
    if as_text:
        values = as_words(values, field)
    kind = _kind(values.type)
    n_distinct = pc.count_distinct(values).as_py()
    reason, identifies = _verdict(field.name, values, kind, n_distinct, as_text=as_text)
    role = asked or (Role.DROPPED if reason else Role.FEATURE)
    low, high = _range(values) if kind is ColumnKind.NUMERIC else (None, None)
    return ColumnSurvey(
        name=field.name,
        kind=kind,
        role=role,
        reason=("asked for" if asked else reason) if role is Role.DROPPED else "",
        n_missing=values.null_count,
        missing_share=values.null_count / max(len(values), 1),
        n_distinct=n_distinct,
        minimum=low,
        maximum=high,
        identifies=identifies and asked is None,
        separation=separation(values, labels)
        if labels is not None and role is Role.FEATURE
        else None,
    )


def _kind(kind: pa.DataType) -> ColumnKind:
    if pa.types.is_floating(kind):
        return ColumnKind.NUMERIC
    if pa.types.is_boolean(kind):
        return ColumnKind.BOOLEAN
    return ColumnKind.TIME if pa.types.is_timestamp(kind) else ColumnKind.CATEGORICAL


def _range(values: pa.ChunkedArray) -> tuple[float | None, float | None]:
    found = pc.min_max(values)
    return found["min"].as_py(), found["max"].as_py()


def _verdict(
    name: str, values: pa.ChunkedArray, kind: ColumnKind, n_distinct: int, *, as_text: bool
) -> tuple[str, bool]:
    """Return why a column cannot be a feature ("" if it can), and whether it identifies."""
    if values.null_count == len(values):
        return "missing in each row", False
    if n_distinct == 1 and values.null_count == 0:
        return "constant: the same value in each row", False
    if kind is ColumnKind.TIME:
        return "a date or time; name it as time if it orders the rows", False
    if kind is ColumnKind.NUMERIC:
        return _number_verdict(name, values, n_distinct)
    if kind is ColumnKind.CATEGORICAL and not as_text:
        return _text_verdict(name, values, n_distinct)
    return "", False


def _number_verdict(name: str, values: pa.ChunkedArray, n_distinct: int) -> tuple[str, bool]:
    n = len(values)
    all_distinct = n >= _FEWEST_ROWS and n_distinct == n  # so none is missing, too
    if not all_distinct:
        return "", _named_like_id(name) and n_distinct > _MOST_WORDS
    numbers = values.to_numpy()
    if not np.all(numbers == np.floor(numbers)):
        return "", False
    rising = bool(np.all(np.diff(numbers) > 0))
    gapless = numbers.max() - numbers.min() == n - 1
    if not name and (rising or gapless):
        return "an unnamed column that only counts the rows", False
    if rising or gapless:
        return "counts or numbers the rows: each whole number once", True
    if _named_like_id(name):
        return "an identifier: each whole number once", True
    return "", False


def _text_verdict(name: str, values: pa.ChunkedArray, n_distinct: int) -> tuple[str, bool]:
    present = values.drop_null()
    if pc.all(pc.match_substring_regex(pc.unique(present), _OTHER_DATE)).as_py():
        return "dates that are not in ISO form (2024-01-31); convert them to use them", False
    if len(present) >= _FEWEST_ROWS and n_distinct == len(present):
        return "an identifier: each row has its own", True
    if n_distinct <= max(_MOST_WORDS, len(present) / 2):
        return "", _named_like_id(name) and n_distinct > _MOST_WORDS
    if pc.mean(pc.utf8_length(present)).as_py() >= 30:  # longer than names and codes are
        return f"free text: {n_distinct} different ones in {len(present)} rows", False
    return f"identifies rather than describes: {n_distinct} values in {len(present)} rows", True


def _named_like_id(name: str) -> bool:
    return bool(_ID_NAME.search(name) or _ID_CAMEL.search(name))
