"""What columns of Arrow data become, whether they come from Parquet or from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.cleaning import clean_type
from holdfast.domain.columns import with_notes
from holdfast.domain.errors import ColumnError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["clean_schema", "refuse_bad_text", "refuse_namesakes"]

_EXACT = 2**53  # from here on, whole numbers share a float64

_TEXT = frozenset({pa.string(), pa.large_string()})


def clean_schema(schema: pa.Schema, select: Callable[[list[str]], Iterable[pa.Table]]) -> pa.Schema:
    """Return the schema that rows have once they are clean, with notes on what is left out.

    Whole numbers beyond 2⁵³ become text: they are identifiers, and float64 would merge
    some of them.

    Args:
        schema: Of the rows as they are.
        select: Reads the columns named, batch by batch; asked for whole numbers only.
    """
    found = {field.name: clean_type(field.type) for field in schema}
    notes = [
        f"column {name!r} ({schema.field(name).type}) is left out: "
        "it is not a number, a boolean, text or a time"
        for name, kind in found.items()
        if kind is None
    ]
    whole = [field.name for field in schema if field.type in {pa.int64(), pa.uint64()}]
    wide = _wide(select(whole)) if whole else set()
    fields = [
        pa.field(name, pa.string() if name in wide else kind)
        for name, kind in found.items()
        if kind is not None
    ]
    return with_notes(pa.schema(fields), notes)


def refuse_namesakes(names: Sequence[str]) -> None:
    """Refuse two columns of one name.

    Raises:
        ColumnError: If there are.
    """
    for name in names:
        if names.count(name) > 1:
            raise ColumnError(
                name,
                f"is the name of {names.count(name)} columns",
                remedy="Give each column a name of its own.",
            )


def refuse_bad_text(table: pa.Table) -> None:
    """Refuse text whose bytes are not UTF-8: Parquet's writers and readers do not look.

    Of dictionaries the few words are looked at.

    Raises:
        ColumnError: If there is such text.
    """
    for name, column in zip(table.column_names, table.columns, strict=True):
        encoded = pa.types.is_dictionary(column.type)
        if (column.type.value_type if encoded else column.type) not in _TEXT:
            continue
        try:
            for chunk in column.chunks:
                (chunk.dictionary if encoded else chunk).validate(full=True)
        except pa.ArrowInvalid as error:
            raise ColumnError(
                name,
                "holds text that is not UTF-8",
                remedy="Write the data again, with its text in UTF-8.",
            ) from error


def _wide(batches: Iterable[pa.Table]) -> set[str]:
    """Return the columns of whole numbers that float64 cannot tell apart."""
    wide: set[str] = set()
    for batch in batches:
        ranges = {name: pc.min_max(batch.column(name)).as_py() for name in batch.column_names}
        wide |= {name for name, r in ranges.items() if _beyond(r["min"], r["max"])}
    return wide


def _beyond(low: int | None, high: int | None) -> bool:
    return low is not None and high is not None and (low <= -_EXACT or high >= _EXACT)
