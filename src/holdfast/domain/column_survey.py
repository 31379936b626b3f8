"""What one column holds, and whether it can be a feature: if not, why not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import float_values
from holdfast.domain.codes import code_in
from holdfast.domain.columns import as_words
from holdfast.domain.dated import says_when
from holdfast.domain.leakage import KNOWS, separation, suspicion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.derivation import Derivation

__all__ = ["ColumnKind", "ColumnSurvey", "Role", "as_numbers", "look_at_column"]

_FEWEST_ROWS = 20  # below, distinct values prove nothing about a column
_STEPS = 20  # by which a number rises that orders the rows; fewer are groups
_FALLS = 0.001  # share of the rows at which it may fall: published sets were often mended
_MOST_WORDS = 100  # above, text with mostly distinct values is no set of categories
_ID_NAME = re.compile(r"(^|[\W_])(id|ids|uuid|guid|key|number|nr|no)$", re.IGNORECASE)
_ID_CAMEL = re.compile(r"[a-z](ID|Id|UUID|Uuid|GUID|Guid|Key|Number)$")
_CLOCK = (
    "seems to say when its row was: name it as time; or, if it says something else, under dates"
)
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
    derivations: tuple[Derivation, ...] = ()  # of a date: the features that come of it
    codes: tuple[float, ...] = ()  # numbers that stand for missing, as its owner says
    code_suspected: float | None = None  # a number that may stand for missing
    ordered: bool = False  # the rows lie in its order, so it may only say when they were
    identifies: bool = False  # could name whom a row is about
    separation: float | None = None  # ROC AUC of this column alone; None: not known
    suspicion: str = ""  # why it may be known only after the outcome, in words

    @property
    def leaks(self) -> bool:
        """Whether the column alone predicts too well to be known beforehand."""
        is_feature = self.role is Role.FEATURE
        return is_feature and self.separation is not None and self.separation > KNOWS


def look_at_column(
    rows: pa.Table,
    field: pa.Field,
    asked: Role | None,
    labels: NDArray[np.bool_] | None,
    *,
    as_text: bool,
    dated: bool = False,
) -> ColumnSurvey:
    """Look one column over.

    Args:
        rows: The rows that count.
        field: The column's field, as the source gave it.
        asked: The role that the owner gave it, if any.
        labels: True where positive, shape ``(n,)``, if there is a target.
        as_text: Take its numbers for codes.
        dated: If it holds dates, take them for something of the row, not for when it was.
    """
    values = rows.column(field.name)
    if as_text:
        values = as_words(values, field)
    kind = _kind(values.type)
    n_distinct = pc.count_distinct(values).as_py()
    reason, identifies = _verdict(
        field.name, values, kind, n_distinct, as_text=as_text, dated=dated
    )
    role = asked or (Role.DROPPED if reason else Role.FEATURE)
    low, high = _range(values) if kind is ColumnKind.NUMERIC else (None, None)
    judged = labels if role is Role.FEATURE else None
    values = as_numbers(values)
    alone = None if judged is None else separation(values, judged)
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
        code_suspected=_code(values, kind) if role is Role.FEATURE else None,
        ordered=role is Role.FEATURE and kind is ColumnKind.NUMERIC and _orders(values),
        identifies=identifies and asked is None,
        separation=alone,
        suspicion="" if judged is None else suspicion(field.name, values, judged, alone),
    )


def as_numbers(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return dates as numbers in their order, other values as they are."""
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.int64()).cast(pa.float64(), safe=False)
    return values


def _kind(kind: pa.DataType) -> ColumnKind:
    if pa.types.is_floating(kind):
        return ColumnKind.NUMERIC
    if pa.types.is_boolean(kind):
        return ColumnKind.BOOLEAN
    return ColumnKind.TIME if pa.types.is_timestamp(kind) else ColumnKind.CATEGORICAL


def _code(values: pa.ChunkedArray, kind: ColumnKind) -> float | None:
    return code_in(float_values(values.drop_null())) if kind is ColumnKind.NUMERIC else None


def _orders(values: pa.ChunkedArray) -> bool:
    """Return whether numbers hardly ever fall from row to row, and rise many times."""
    steps = np.diff(float_values(values))  # NaN beside what is missing, and then no order
    falls = int((~(steps >= 0)).sum())
    return falls <= _FALLS * len(steps) and int((steps > 0).sum()) >= _STEPS


def _range(values: pa.ChunkedArray) -> tuple[float | None, float | None]:
    found = pc.min_max(values)
    return found["min"].as_py(), found["max"].as_py()


def _verdict(
    name: str,
    values: pa.ChunkedArray,
    kind: ColumnKind,
    n_distinct: int,
    *,
    as_text: bool,
    dated: bool,
) -> tuple[str, bool]:
    """Return why a column cannot be a feature ("" if it can), and whether it identifies."""
    if values.null_count == len(values):
        return "missing in each row", False
    if n_distinct == 1 and values.null_count == 0:
        return "constant: the same value in each row", False
    if kind is ColumnKind.TIME:
        return (_CLOCK if not dated and says_when(name, values) else ""), False
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
    numbers = float_values(values)
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
