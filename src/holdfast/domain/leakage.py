"""How well one column alone tells the classes apart: too well means that it knows the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["separation"]

_MOST_ROWS = 100_000  # enough to tell 0.98 from 0.97; more would only take longer
_FEWEST = 20  # of each class; below, a perfect column is easily chance


def separation(column: pa.ChunkedArray, labels: NDArray[np.bool_]) -> float | None:
    """Return how well a column alone ranks the classes, as a ROC AUC of at least 0.5.

    Numbers rank by value, in whichever direction fits. Words rank by their positive rate
    in the odd rows, and are judged on the even ones, so that rare words prove nothing.
    Whether the value is missing is tried, too: a cancellation date is filled in only for
    those who left.

    Args:
        column: Float64, boolean or text values.
        labels: True where positive, shape ``(n,)``.

    Returns:
        The AUC; None with fewer than 20 rows of either class.

    >>> churned = np.arange(100) % 2 == 0
    >>> separation(pa.chunked_array([np.where(churned, 9.0, 1.0)]), churned)
    1.0
    """
    step = -(-len(labels) // _MOST_ROWS)
    if step > 1:
        rows = np.arange(0, len(labels), step)
        column, labels = column.take(pa.array(rows)), labels[rows]
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    tries = [_auc(missing.astype(np.float64), labels), _of_values(column, ~missing, labels)]
    known = [max(auc, 1.0 - auc) for auc in tries if auc is not None]
    return max(known) if known else None


def _of_values(
    column: pa.ChunkedArray, present: NDArray[np.bool_], labels: NDArray[np.bool_]
) -> float | None:
    values, labels = column.drop_null(), labels[present]
    if pa.types.is_floating(column.type) or pa.types.is_boolean(column.type):
        return _auc(values.cast(pa.float64()).to_numpy(), labels)
    if len(labels) == 0:
        return None
    codes = values.combine_chunks().dictionary_encode().indices.to_numpy()
    odd = np.arange(len(codes)) % 2 == 1
    seen = np.bincount(codes[odd], minlength=int(codes.max()) + 1)
    positive = np.bincount(codes[odd & labels], minlength=len(seen))
    rate = (positive + labels.mean()) / (seen + 1.0)  # a word not seen has the overall rate
    return _auc(rate[codes[~odd]], labels[~odd])


def _auc(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> float | None:
    """Return the Mann–Whitney AUC with ties counted half."""
    n_positive = int(labels.sum())
    n_negative = len(labels) - n_positive
    if min(n_positive, n_negative) < _FEWEST:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    midrank = np.cumsum(counts) - (counts - 1) / 2.0
    rank_sum = float(midrank[place][labels].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2.0) / (n_positive * n_negative)
