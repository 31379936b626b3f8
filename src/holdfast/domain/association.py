"""How far one column goes with another, whatever the two hold: numbers, booleans or words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["association"]

_MOST_ROWS = 20_000  # the size's standard error is 0.01 then
_FEWEST = 20


def association(numbers: pa.ChunkedArray, other: pa.ChunkedArray) -> float:
    """Return how far the order of some numbers goes with another column, from 0 to 1.

    Beside numbers and booleans it is the size of Spearman's rank correlation. Beside words
    it is the share of the ranks' variance between the words, adjusted for how many words
    there are, and its root taken: the same scale.

    Args:
        numbers: Float64 values, shape ``(n,)``.
        other: Float64, boolean or text values, shape ``(n,)``.

    Returns:
        The size; 0.0 with fewer than 20 rows that have both, or where one is constant.

    >>> week = pa.chunked_array([np.arange(70.0)])
    >>> round(association(week, pa.chunked_array([-np.arange(70.0) ** 3])), 6)
    1.0
    """
    step = -(-len(numbers) // _MOST_ROWS)
    rows = pa.array(np.arange(0, len(numbers), step))
    numbers, other = numbers.take(rows), other.take(rows)
    both = pc.and_(pc.is_valid(numbers), pc.is_valid(other))
    numbers, other = numbers.filter(both), other.filter(both)
    if len(numbers) < _FEWEST:
        return 0.0
    ranks = _ranks(numbers.to_numpy())
    if pa.types.is_floating(other.type) or pa.types.is_boolean(other.type):
        return _correlation(ranks, _ranks(other.cast(pa.float64()).to_numpy()))
    return _between(ranks, other.combine_chunks().dictionary_encode().indices.to_numpy())


def _ranks(values: Floats) -> Floats:
    """Return the values' ranks, those of ties being their mean, centred."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    return np.asarray(ranks - ranks.mean(), dtype=np.float64)


def _correlation(left: Floats, right: Floats) -> float:
    size = float(np.sqrt((left @ left) * (right @ right)))
    return abs(float(left @ right)) / size if size > 0 else 0.0


def _between(ranks: Floats, codes: NDArray[np.int32]) -> float:
    n, counts = len(ranks), np.bincount(codes)
    total = float(ranks @ ranks)
    n_words = int((counts > 0).sum())
    if total == 0 or n_words in {1, n}:
        return 0.0
    sums = np.bincount(codes, weights=ranks)[counts > 0]
    explained = float((sums**2 / counts[counts > 0]).sum()) / total
    adjusted = 1.0 - (1.0 - explained) * (n - 1) / (n - n_words)
    return float(np.sqrt(max(adjusted, 0.0)))
