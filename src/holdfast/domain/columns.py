"""What a table says about its columns beyond their types: a boolean's own words, and notes.

Sources write these into the Arrow schema, where slicing and selecting keep them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["as_words", "notes_of", "with_notes", "with_words", "words_of"]

_TRUE, _FALSE, _NOTES = b"holdfast.true", b"holdfast.false", b"holdfast.notes"


def with_words(field: pa.Field, *, true: str, false: str) -> pa.Field:
    """Return the boolean field with the words that its file uses, such as VRAI and FAUX."""
    return field.with_metadata({_TRUE: true.encode(), _FALSE: false.encode()})


def words_of(field: pa.Field) -> tuple[str, str]:
    """Return a boolean field's words for true and false; ``("true", "false")`` by default."""
    known = field.metadata or {}
    return known.get(_TRUE, b"true").decode(), known.get(_FALSE, b"false").decode()


def as_words(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """Return a column as text, in its file's own words; whole numbers without a fraction.

    Args:
        column: Float64, boolean, text or timestamp values.
        field: The column's field, which may carry a boolean's words.

    >>> as_words(pa.chunked_array([[1.0, None, 2.5]]), pa.field("x", pa.float64())).to_pylist()
    ['1', None, '2.5']
    """
    if pa.types.is_boolean(column.type):
        true, false = words_of(field)
        return pc.if_else(column, pa.scalar(true), pa.scalar(false))
    if pa.types.is_floating(column.type):
        # Above 2**53 a float64 is whole, but no longer each whole number.
        whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 2.0**53))
        integers = pc.if_else(whole, column, None).cast(pa.int64()).cast(pa.string())
        return pc.coalesce(integers, column.cast(pa.string()))
    return column if column.type == pa.string() else column.cast(pa.string())


def with_notes(schema: pa.Schema, notes: Iterable[str]) -> pa.Schema:
    """Return the schema with remarks about how the file was read, one line each."""
    return schema.with_metadata({_NOTES: "\n".join(notes).encode()})


def notes_of(schema: pa.Schema) -> tuple[str, ...]:
    """Return the remarks about how a table's file was read."""
    text = (schema.metadata or {}).get(_NOTES, b"").decode()
    return tuple(text.splitlines())
