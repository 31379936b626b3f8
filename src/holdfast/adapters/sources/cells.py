"""How a column of text cells becomes numbers, booleans, times or text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import word_array
from holdfast.domain.cleaning import TIMESTAMP, blanked, finite
from holdfast.domain.columns import with_words
from holdfast.domain.missing import DASHES

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CellKind", "ColumnForm", "FormFinder"]

_TRUE = word_array(["true", "vrai", "wahr"])
_FALSE = word_array(["false", "faux", "falsch"])
# A leading zero or 16 digits and more make a code (a postcode, an account): as a float64
# it would lose digits that tell rows apart.
_CODE = r"^[+-]?(0\d|\d{16,}$)"
_DECIMAL_COMMA = r"^[+-]?\d+(,\d+)?([eE][+-]?\d+)?$"
_DASHES = word_array(DASHES)


class CellKind(StrEnum):
    """What the cells of a column can all be read as."""

    NUMBER = "number"
    COMMA_NUMBER = "comma_number"  # 3,5 where the separator is not the comma
    BOOLEAN = "boolean"
    NAIVE_TIME = "naive_time"  # taken as UTC
    AWARE_TIME = "aware_time"
    TEXT = "text"
    EMPTY = "empty"


def _number(cells: pa.Array) -> pa.Array:
    numbers = cells.cast(pa.float64())
    if pc.any(pc.match_substring_regex(cells, _CODE)).as_py():
        raise pa.ArrowInvalid("codes, not numbers")
    return finite(numbers)


def _comma_number(cells: pa.Array) -> pa.Array:
    if not pc.all(pc.match_substring_regex(cells, _DECIMAL_COMMA)).as_py():
        raise pa.ArrowInvalid("not numbers with a decimal comma")
    return _number(pc.replace_substring(cells, ",", "."))


def _boolean(cells: pa.Array) -> pa.Array:
    lower = pc.utf8_lower(cells)
    true = pc.is_in(lower, value_set=_TRUE)
    known = pc.or_(true, pc.is_in(lower, value_set=_FALSE))
    if not pc.all(pc.or_(known, pc.is_null(cells))).as_py():
        raise pa.ArrowInvalid("not booleans")
    return true


def _naive_time(cells: pa.Array) -> pa.Array:
    return _microseconds(cells).cast(pa.timestamp("us")).cast(TIMESTAMP)


def _aware_time(cells: pa.Array) -> pa.Array:
    return _microseconds(cells).cast(TIMESTAMP)


def _microseconds(cells: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(cells, r"(\.\d{6})\d+", r"\1")


def _text(cells: pa.Array) -> pa.Array:
    return cells


def _empty(cells: pa.Array) -> pa.Array:
    return pa.nulls(len(cells), pa.string())


_READERS: dict[CellKind, Callable[[pa.Array], pa.Array]] = {
    CellKind.NUMBER: _number,
    CellKind.COMMA_NUMBER: _comma_number,
    CellKind.BOOLEAN: _boolean,
    CellKind.NAIVE_TIME: _naive_time,
    CellKind.AWARE_TIME: _aware_time,
    CellKind.TEXT: _text,
    CellKind.EMPTY: _empty,
}
_TYPES = {
    CellKind.NUMBER: pa.float64(),
    CellKind.COMMA_NUMBER: pa.float64(),
    CellKind.BOOLEAN: pa.bool_(),
    CellKind.NAIVE_TIME: TIMESTAMP,
    CellKind.AWARE_TIME: TIMESTAMP,
    CellKind.TEXT: pa.string(),
    CellKind.EMPTY: pa.string(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnForm:
    """What all cells of one column are, once the whole file was seen."""

    name: str
    kind: CellKind
    words: tuple[str, str] = ("true", "false")  # of a boolean, as the file writes them

    @property
    def field(self) -> pa.Field:
        """The Arrow field that the column becomes."""
        field = pa.field(self.name, _TYPES[self.kind])
        if self.kind is CellKind.BOOLEAN:
            return with_words(field, true=self.words[0], false=self.words[1])
        return field

    def read(self, cells: pa.Array) -> pa.Array:
        """Return the text cells as values of the field's type."""
        typed = self.kind is not CellKind.TEXT
        present = blanked(cells, none=typed, dashes=typed and self.kind is not CellKind.BOOLEAN)
        # `is_in` knows no null; whatever a reader made of one is taken back.
        return pc.if_else(pc.is_valid(present), _READERS[self.kind](present), pa.NA)


class FormFinder:
    """Sees a column's cells batch by batch, and rules out what they cannot be."""

    def __init__(self, name: str, *, decimal_comma: bool) -> None:
        self._name = name
        self._possible = [
            CellKind.NUMBER,
            *([CellKind.COMMA_NUMBER] if decimal_comma else []),
            CellKind.BOOLEAN,
            CellKind.NAIVE_TIME,
            CellKind.AWARE_TIME,
        ]
        self._seen = False
        self._only_dashes = True
        self._words: dict[bool, str] = {}

    def see(self, cells: pa.Array) -> None:
        """Take a batch of the column's text into account."""
        if self._seen and not self._possible:
            return  # text, whatever follows
        present = blanked(cells, none=True).drop_null()
        if len(present) == 0:
            return
        self._seen = True
        # The first cell goes ahead: a cast that fails on each of 50,000 takes 40 times as
        # long as one that succeeds.
        plain = present.filter(pc.invert(pc.is_in(present, value_set=_DASHES)))
        self._only_dashes = self._only_dashes and not len(plain)
        likely = [kind for kind in self._possible if _reads(kind, _of(kind, present, plain)[:1])]
        self._possible = [kind for kind in likely if _reads(kind, _of(kind, present, plain))]
        if CellKind.BOOLEAN in self._possible:
            self._note_words(present)

    def form(self) -> ColumnForm:
        """Return what the column is, after its last batch."""
        if not self._seen:
            return ColumnForm(name=self._name, kind=CellKind.EMPTY)
        typed = self._possible and not self._only_dashes
        kind = self._possible[0] if typed else CellKind.TEXT
        words = (self._words.get(True, "true"), self._words.get(False, "false"))
        return ColumnForm(name=self._name, kind=kind, words=words)

    def _note_words(self, present: pa.Array) -> None:
        for word in pc.unique(present).to_pylist():
            self._words.setdefault(word.lower() in _TRUE.to_pylist(), word)


def _of(kind: CellKind, present: pa.Array, plain: pa.Array) -> pa.Array:
    return present if kind is CellKind.BOOLEAN else plain


def _reads(kind: CellKind, present: pa.Array) -> bool:
    try:
        _READERS[kind](present)
    except pa.ArrowInvalid:
        return False
    return True
