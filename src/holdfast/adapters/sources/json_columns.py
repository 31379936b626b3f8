"""How the JSON values under one key become a column of numbers, booleans, times or text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.adapters.sources.cells import CellKind, ColumnForm, FormFinder
from holdfast.domain.cleaning import finite

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["JsonColumn", "JsonForm"]

_EXACT = 2**53  # from here on, whole numbers share a float64
_TIMES = {CellKind.NAIVE_TIME, CellKind.AWARE_TIME}


class _Kind(StrEnum):
    NUMBER = "number"
    IDENTIFIER = "identifier"  # whole numbers that float64 cannot tell apart
    BOOLEAN = "boolean"
    TEXT = "text"
    NESTED = "nested"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonForm:
    """What all values under one key are, once the whole file was seen."""

    name: str
    field: pa.Field | None  # None: objects or lists, which no column holds
    cells: ColumnForm | None = None  # of text and times

    def read(self, values: Sequence[object]) -> pa.Array:
        """Return values as an array of the field's type."""
        if self.cells is not None:
            texts = [None if value is None else _words(value) for value in values]
            return self.cells.read(pa.array(texts, pa.string()))
        assert self.field is not None
        if self.field.type == pa.bool_():
            return pa.array(values, pa.bool_())
        numbers = [None if value is None else _float(value) for value in values]
        return finite(pa.array(numbers, pa.float64()))


class JsonColumn:
    """Sees the values under one key page by page, and rules out what they cannot be."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kinds: set[_Kind] = set()
        self._finder = FormFinder(name, decimal_comma=False)

    def see(self, values: Sequence[object]) -> None:
        """Take a page of values into account."""
        found = {_kind(value) for value in values if value is not None}
        self._kinds |= found
        if self._kinds == {_Kind.TEXT}:  # only what is text throughout can be times
            self._finder.see(pa.array([None if v is None else str(v) for v in values], pa.string()))

    def form(self) -> JsonForm:
        """Return what the column is, after its last page."""
        kinds, name = self._kinds, self._name
        if _Kind.NESTED in kinds:
            return JsonForm(name=name, field=None)
        if kinds == {_Kind.BOOLEAN}:
            return JsonForm(name=name, field=pa.field(name, pa.bool_()))
        if kinds == {_Kind.NUMBER}:
            return JsonForm(name=name, field=pa.field(name, pa.float64()))
        found = self._finder.form().kind if kinds == {_Kind.TEXT} else CellKind.TEXT
        cells = ColumnForm(name=name, kind=found if found in _TIMES else CellKind.TEXT)
        return JsonForm(name=name, field=cells.field, cells=cells)


def _kind(value: object) -> _Kind:
    if isinstance(value, bool):
        return _Kind.BOOLEAN
    if isinstance(value, int):
        return _Kind.NUMBER if -_EXACT < value < _EXACT else _Kind.IDENTIFIER
    if isinstance(value, float):
        return _Kind.NUMBER
    return _Kind.TEXT if isinstance(value, str) else _Kind.NESTED


def _words(value: object) -> str:
    """Return a value as text: JSON's own words for booleans, whole numbers without a fraction."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return str(value)


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
