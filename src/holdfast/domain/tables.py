"""Arrow tables and the contract: whether a table fits it, and its rows for a model.

The control plane's counterpart of `validation` and `encode_rows`; serving never imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET

from holdfast.domain.arrow import float_values
from holdfast.domain.cleaning import TIMESTAMP, cleaned
from holdfast.domain.codes import without_numbers
from holdfast.domain.columns import as_words
from holdfast.domain.contract import MISSING_CATEGORY, FeatureKind
from holdfast.domain.dated import derived_values, newest_of, repeated
from holdfast.domain.errors import ColumnError, nearest
from holdfast.domain.matrix import FeatureMatrix

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.contract import Contract, Feature

__all__ = [
    "ARROW_TYPES",
    "as_kind",
    "as_moments",
    "column_of",
    "conform",
    "encode_table",
    "feature_column",
    "moments_of",
    "without_codes",
]

ARROW_TYPES: dict[FeatureKind, pa.DataType] = {
    FeatureKind.NUMERIC: pa.float64(),
    FeatureKind.BOOLEAN: pa.bool_(),
    FeatureKind.CATEGORICAL: pa.string(),
}


def conform(
    table: pa.Table, contract: Contract, *, moments: pa.ChunkedArray | None = None
) -> pa.Table:
    """Return the contract's features from a table, in contract order and Arrow type.

    Other columns are dropped. Whole numbers become text where the contract says
    categorical. A derived feature that does not stand in the table, as it does in logged rows,
    is counted from its date.

    Args:
        table: Rows with the contract's features, or the dates that they come of.
        contract: What the columns are.
        moments: When each row is asked about, for the ages of dates; None counts them to the
            training data's newest moment.

    Raises:
        ColumnError: If a feature is absent, or its type cannot become the contract's.
    """
    return pa.table({f.name: feature_column(table, f, moments) for f in contract.features})


def feature_column(
    table: pa.Table, feature: Feature, moments: pa.ChunkedArray | None = None
) -> pa.ChunkedArray:
    """Return one feature's values from a table; see `conform`."""
    if feature.derived is not UNSET and feature.name not in table.column_names:
        source = feature.derived.source
        dates = as_moments(column_of(table, source), source)
        return derived_values(dates, feature.derived, moments)
    return without_codes(as_kind(column_of(table, feature.name), feature), feature)


def without_codes(column: pa.ChunkedArray, feature: Feature) -> pa.ChunkedArray:
    """Return numbers with null in place of those that the owner says stand for missing."""
    if feature.missing is UNSET:
        return column
    return without_numbers(column, feature.missing)


def moments_of(
    table: pa.Table, contract: Contract, time: str | None, *, as_of: datetime | None = None
) -> pa.ChunkedArray | None:
    """Return when each row of a file is asked about, as training would have it.

    Args:
        table: The whole file's rows.
        contract: Which dates it asks for.
        time: The column that says when the rows were, if there is one.
        as_of: When they were exported, if their owner says so.

    Returns:
        The times, if the file has them; else `as_of`, or its newest date, for each row. None
        if the contract asks for no date.
    """
    dates = [name for name in contract.dates if name in table.column_names]
    if not dates:
        return None
    if time is not None and time in table.column_names:
        return as_moments(table.column(time), time)
    newest = as_of or newest_of(as_moments(table.column(name), name) for name in dates)
    return None if newest is None else repeated(newest, table.num_rows)


def column_of(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column by its name.

    Raises:
        ColumnError: If there is none, with the nearest that there is.
    """
    if name not in table.column_names:
        meant = nearest(name, table.column_names)
        hint = f"The nearest column is {meant!r}; rename it." if meant else "Add the column."
        raise ColumnError(name, "is not in the data, but the model needs it", remedy=hint)
    return table.column(name)


def encode_table(table: pa.Table, contract: Contract) -> FeatureMatrix:
    """Encode a table that conforms to the contract for a model.

    Args:
        table: As `conform` returns it (more columns are allowed).
        contract: What the columns are.
    """
    numeric = np.empty((table.num_rows, len(contract.numeric)), dtype=np.float32)
    for i, feature in enumerate(contract.numeric):
        numeric[:, i] = float_values(table.column(feature.name))
    categorical = np.empty((table.num_rows, len(contract.categorical)), dtype=object)
    for i, feature in enumerate(contract.categorical):
        filled = pc.fill_null(table.column(feature.name), MISSING_CATEGORY)
        # Each word once in memory: what copies, hashes or sends rows is several times as fast.
        coded = filled.dictionary_encode().combine_chunks()
        words = coded.dictionary.to_numpy(zero_copy_only=False)
        categorical[:, i] = words[coded.indices.to_numpy()]
    return FeatureMatrix(numeric=numeric, categorical=categorical)


def as_kind(column: pa.ChunkedArray, feature: Feature) -> pa.ChunkedArray:
    """Return a column in the Arrow type of a feature's kind.

    Whole numbers become words digit by digit: two identifiers beyond 2⁵³ that differ in the
    last one stay two. Numbers are taken for booleans if they are 0 or 1.

    Raises:
        ColumnError: If its type cannot become the contract's.
    """
    wanted = ARROW_TYPES[feature.kind]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.type == wanted:
        return column
    try:
        return _converted(column, feature.kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ColumnError(
            feature.name,
            f"holds {column.type} values, but the model takes {feature.kind.value} ones",
            remedy="Convert the column, or train again on data of this form.",
        ) from error


def as_moments(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return a column of times or dates as moments in UTC.

    Args:
        column: As a source holds it; without any value, it may be of any type.
        name: Of the column, for the error.

    Raises:
        ColumnError: If it holds anything else.
    """
    found = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_timestamp(found) or pa.types.is_date(found):
        return cleaned(column, TIMESTAMP)
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), TIMESTAMP)])
    raise ColumnError(
        name,
        f"holds {found} values where times are needed",
        remedy="Write them all in ISO form (2024-01-31 or 2024-01-31T08:30:00Z), or leave it out.",
    )


def _converted(column: pa.ChunkedArray, kind: FeatureKind) -> pa.ChunkedArray:
    number = pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)
    if kind is FeatureKind.CATEGORICAL and number:
        return _words_of_numbers(column)
    if kind is FeatureKind.BOOLEAN and (number or pa.types.is_integer(column.type)):
        # The cast alone would take 0.7 and 12 for true: another type would read as no drift.
        column = column.cast(pa.int8())
        if pc.any(pc.or_(pc.less(column, 0), pc.greater(column, 1))).as_py():
            raise pa.ArrowInvalid("numbers other than 0 and 1")
    return column.cast(ARROW_TYPES[kind])


def _words_of_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return whole numbers as words: 415.0 is the category "415", as in training."""
    if pa.types.is_decimal(column.type):
        return column.cast(pa.decimal128(38, 0)).cast(pa.string())
    if pc.any(pc.not_equal(column, pc.floor(column))).as_py():
        raise pa.ArrowInvalid("numbers with a fraction")
    return as_words(column, pa.field("", column.type))
