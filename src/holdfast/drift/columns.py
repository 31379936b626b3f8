"""What a profile reads from an Arrow column: numbers, or how often each word occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["float_values", "rows_beyond", "rows_not_among", "word_counts"]


def float_values(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a numeric column as doubles, NaN for missing; shape ``(n,)``."""
    floats = column.cast(pa.float64()) if column.type != pa.float64() else column
    filled = pc.fill_null(floats, float("nan")) if floats.null_count else floats
    values: NDArray[np.float64] = filled.to_numpy()
    return values


def word_counts(column: pa.ChunkedArray) -> tuple[dict[str, int], int]:
    """Return how often each category occurs, and how many values are missing.

    Booleans count as the words ``false`` and ``true``.
    """
    counted = pc.value_counts(column)
    words = counted.field(0)
    if pa.types.is_boolean(words.type):
        words = words.cast(pa.string())
    counts = dict(zip(words.to_pylist(), counted.field(1).to_pylist(), strict=True))
    n_missing = counts.pop(None, 0)
    return counts, n_missing


def rows_beyond(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    """Mark the rows whose number lies outside ``[low, high]``; missing ones do not."""
    return (values < low) | (values > high)


def rows_not_among(column: pa.ChunkedArray, categories: Sequence[str]) -> NDArray[np.bool_]:
    """Mark the rows whose category is none of those given; missing ones are not marked."""
    known = pc.is_in(column, value_set=pa.array(categories, pa.string()))
    unseen = pc.and_not(pc.is_valid(column), known)
    marked: NDArray[np.bool_] = unseen.to_numpy()
    return marked
