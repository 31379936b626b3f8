"""How values are cleaned, from whatever source: blanks, missing-value codes, infinities, types."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import whole_scalar, word_array
from holdfast.domain.missing import DASHES, MISSING_CODES

__all__ = ["TIMESTAMP", "blanked", "clean_type", "cleaned", "finite"]

TIMESTAMP = pa.timestamp("us", tz="UTC")


def blanked(
    cells: pa.Array | pa.ChunkedArray, *, none: bool = False, dashes: bool = False
) -> pa.Array | pa.ChunkedArray:
    """Return the cells without surrounding blanks, and null where a missing-value code stands.

    Args:
        cells: Text.
        none: Take "None" for a missing value, too.
        dashes: And `DASHES`.
    """
    trimmed = pc.utf8_trim_whitespace(cells)
    codes = word_array([*MISSING_CODES, *(["none"] if none else []), *(DASHES if dashes else [])])
    # Every code is at most 4 characters long: only short cells are worth folding.
    short = pc.if_else(pc.less_equal(pc.binary_length(trimmed), whole_scalar(4)), trimmed, pa.NA)
    return pc.if_else(pc.is_in(pc.utf8_lower(short), value_set=codes), pa.NA, trimmed)


def finite(numbers: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return the numbers with NaN and the infinities as null: no model can take them."""
    total = pc.sum(numbers).as_py()
    if total is None or math.isfinite(total):  # then each term is
        return numbers
    return pc.if_else(pc.is_finite(numbers), numbers, pa.NA)


def clean_type(kind: pa.DataType) -> pa.DataType | None:
    """Return the type that values of an Arrow type become, or None if they are of no use.

    >>> clean_type(pa.decimal128(9, 2)), clean_type(pa.list_(pa.int64()))
    (DataType(double), None)
    """
    if pa.types.is_dictionary(kind):
        return clean_type(kind.value_type)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_boolean(kind):
        return pa.bool_()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return TIMESTAMP
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if text or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return pa.string()
    return None


def cleaned(column: pa.Array | pa.ChunkedArray, wanted: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """Return a column as values of its clean type.

    Args:
        column: Of any type that `clean_type` knows.
        wanted: Its clean type, or text for whole numbers that are identifiers.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if wanted == pa.float64():
        return finite(column.cast(pa.float64(), safe=False))
    if wanted == pa.string():
        return blanked(column.cast(pa.string()))
    if wanted == TIMESTAMP:
        # Nanoseconds are cut off; a time without a zone is taken as UTC.
        return column.cast(
            pa.timestamp("us", tz=getattr(column.type, "tz", None)), safe=False
        ).cast(TIMESTAMP)
    return column
