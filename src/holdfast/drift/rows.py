"""From rows as a source holds them to their counts: the kernel that every engine runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.domain.cleaning import blanked, clean_type, cleaned
from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import ColumnError
from holdfast.domain.tables import as_kind, as_moments, column_of
from holdfast.drift.profile import profile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from holdfast.domain.contract import Contract, Feature
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import Profile

__all__ = ["columns_needed", "count_rows", "countable"]


def count_rows(
    rows: pa.Table, contract: Contract, grid: Grid, *, moments: str | None = None
) -> Profile:
    """Clean rows, bring them into the contract's types, and count them.

    Text is looked at once for each different word, not for each row.

    Args:
        rows: Of any types that sources read; more columns are allowed.
        contract: What the features are.
        grid: Whose cells to count in.
        moments: The column that says when each row was, if there is one.

    Raises:
        ColumnError: If a column is absent, or its type cannot become the contract's.
    """
    dates = {source.column for source in grid.dates.values()}
    when = None if moments is None else as_moments(column_of(rows, moments), moments)
    return profile(countable(rows, contract, dates=dates), grid, moments=when)


def countable(rows: pa.Table, contract: Contract, *, dates: Collection[str] = ()) -> pa.Table:
    """Return rows clean and in the form that is fastest to count: text as dictionaries.

    Args:
        rows: Of any types that sources read; more columns are allowed.
        contract: What the features are.
        dates: Columns of timestamps to keep beside them.

    Raises:
        ColumnError: If a column is absent, or its type cannot become the contract's.
    """
    columns = {f.name: _counted_form(column_of(rows, f.name), f) for f in contract.features}
    columns |= {name: as_moments(column_of(rows, name), name) for name in dates}
    return pa.table(columns)


def columns_needed(
    contract: Contract, grid: Grid, *, moments: str | None = None
) -> tuple[str, ...]:
    """Return the columns that counting reads, each once."""
    dates = [source.column for source in grid.dates.values()]
    return tuple(dict.fromkeys([*contract.names, *dates, *([moments] if moments else [])]))


def _counted_form(column: pa.ChunkedArray, feature: Feature) -> pa.ChunkedArray:
    if feature.kind is FeatureKind.CATEGORICAL:
        if _are_words(column.type):
            return pa.chunked_array(
                _encoded(column.chunks, feature.name), pa.dictionary(pa.int32(), pa.string())
            )
        if pa.types.is_decimal(column.type):
            return as_kind(column, feature)  # float64 would merge numbers beyond 2⁵³
    clean = clean_type(column.type)
    return as_kind(column if clean is None else cleaned(column, clean), feature)


def _are_words(kind: pa.DataType) -> bool:
    """Return whether values are words as they stand: text, or whole numbers."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    text = clean_type(value) == pa.string() and not pa.types.is_null(value)
    return text or pa.types.is_integer(value)


def _encoded(chunks: Iterable[pa.Array], name: str) -> list[pa.DictionaryArray]:
    """Return dictionary-encoded text whose few words are clean; those missing are null."""
    encoded = []
    for chunk in chunks:
        raw = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        try:
            words = blanked(raw.dictionary.cast(pa.string()))
        except pa.ArrowInvalid as error:
            raise ColumnError(
                name,
                "holds text that is not UTF-8",
                remedy="Write the data again, with its text in UTF-8.",
            ) from error
        encoded.append(pa.DictionaryArray.from_arrays(raw.indices.cast(pa.int32()), words))
    return encoded
