"""What a profile reads from an Arrow column: numbers, or how often each word occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.arrow import mask_array, null_rows, whole_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["rows_beyond", "unknown_words", "word_codes", "word_counts"]


def word_codes(column: pa.ChunkedArray, words: pa.Array) -> NDArray[np.int64]:
    """Return which word each row holds.

    Args:
        column: Text, a dictionary of text, or booleans; shape ``(n,)``.
        words: The known ones, all different, shape ``(k,)``.

    Returns:
        Codes, shape ``(n,)``: the word's place, or k for an unknown word, or k + 1 for
        a missing one.
    """
    if pa.types.is_dictionary(column.type):
        parts = [_dictionary_codes(chunk, words) for chunk in column.chunks]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.string())
    codes = _own(whole_values(pc.index_in(column, value_set=words), missing=len(words)))
    if column.null_count:
        codes[null_rows(column)] = len(words) + 1
    return codes


def word_counts(column: pa.ChunkedArray, words: pa.Array) -> NDArray[np.int64]:
    """Return how many rows hold each word; of a dictionary without looking at each row's.

    Args:
        column: As `word_codes` takes it.
        words: The known ones, all different, shape ``(k,)``.

    Returns:
        Counts by code, shape ``(k + 2,)``: the last but one of unknown words, the last of
        missing ones.
    """
    if not pa.types.is_dictionary(column.type):
        return np.bincount(word_codes(column, words), minlength=len(words) + 2)
    counts = np.zeros(len(words) + 2, dtype=np.int64)
    for chunk in column.chunks:
        present = whole_values(chunk.indices.drop_null(), missing=0)
        n_rows = np.bincount(present, minlength=len(chunk.dictionary))
        np.add.at(counts, _codes_of(chunk.dictionary, words), n_rows)
        counts[-1] += chunk.indices.null_count
    return counts


def unknown_words(column: pa.ChunkedArray, unknown: NDArray[np.bool_]) -> list[tuple[str, int]]:
    """Return the words of the rows that are marked, each with how often it occurs."""
    counted = pc.value_counts(column.filter(mask_array(unknown)).cast(pa.string()))
    return list(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))


def _dictionary_codes(chunk: pa.DictionaryArray, words: pa.Array) -> NDArray[np.int64]:
    """Look the few words of the dictionary up, not each row's."""
    code_of = np.append(_codes_of(chunk.dictionary, words), len(words) + 1)
    codes: NDArray[np.int64] = code_of[whole_values(chunk.indices, missing=len(code_of) - 1)]
    return codes


def _codes_of(dictionary: pa.Array, words: pa.Array) -> NDArray[np.int64]:
    return word_codes(pa.chunked_array([dictionary]), words)


def _own(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return codes that can be written to: Arrow's buffers cannot."""
    return codes if codes.flags.writeable else codes.copy()


def rows_beyond(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    """Mark the rows whose number lies outside ``[low, high]``; missing ones do not."""
    return (values < low) | (values > high)
