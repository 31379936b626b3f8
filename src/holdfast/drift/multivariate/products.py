"""Products of two features' parts: through them a linear classifier sees joint drift.

Two windows with the same single distributions differ, if at all in pairs, in the mean of
such a product: a correlation that flips is a product that changes its sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = NDArray[np.float32]
    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

__all__ = ["Products", "multiply_pairs"]

_MOST_COLUMNS = 600


@dataclass(frozen=True, kw_only=True, eq=False)
class Products:
    """The products of all pairs of parts that belong to different features.

    Attributes:
        columns: Standardised, shape ``(n, d)``; with more than 600 pairs each column is the
            signed sum of several, drawn at random; what does not vary is zero.
        left: First part of each pair, shape ``(q,)``.
        right: Second part.
        column: In which column the pair is summed, shape ``(q,)``.
        weight: With which sign and scale.
        n_parts: How many parts there are.
    """

    columns: Columns
    left: Indices
    right: Indices
    column: Indices
    weight: Floats
    n_parts: int

    def pair_weights(self, coefficients: Floats) -> Floats:
        """Return a classifier's weight of each pair as a symmetric matrix.

        Args:
            coefficients: Of the columns, shape ``(d,)``.

        Returns:
            Shape ``(n_parts, n_parts)``, zero within a feature. Up to a constant the
            classifier's score is half the quadratic form of the parts in it.
        """
        weights = np.zeros((self.n_parts, self.n_parts))
        weights[self.left, self.right] = coefficients[self.column] * self.weight
        return weights + weights.T


def multiply_pairs(parts: Columns, owners: Indices, rng: np.random.Generator) -> Products:
    """Multiply every two parts of different features.

    Args:
        parts: Standardised, shape ``(n, p)``.
        owners: The feature of each part, shape ``(p,)``.
        rng: Draws which pairs share a column, where there are too many.

    Source:
        Weinberger et al. (2009), *Feature hashing for large scale multitask learning*.
    """
    left, right = np.triu_indices(owners.size, k=1)
    apart = owners[left] != owners[right]
    left, right = left[apart], right[apart]
    if left.size <= _MOST_COLUMNS:
        column, sign = np.arange(left.size), np.ones(left.size)
    else:
        column = rng.integers(_MOST_COLUMNS, size=left.size)
        sign = rng.choice([-1.0, 1.0], size=left.size)
    sums = _sum_up(parts, left, right, column, sign)
    spread = sums.std(axis=1, dtype=np.float64)
    varies = spread > 1e-6  # else constant, but for rounding
    scale = np.where(varies, 1 / np.where(varies, spread, 1.0), 0.0)
    sums -= sums.mean(axis=1, dtype=np.float64, keepdims=True).astype(np.float32)
    sums *= scale[:, None].astype(np.float32)
    return Products(
        columns=sums.T,
        left=left,
        right=right,
        column=column,
        weight=sign * scale[column],
        n_parts=owners.size,
    )


def _sum_up(
    parts: Columns, left: Indices, right: Indices, column: Indices, sign: Floats
) -> Columns:
    """Add each signed product into its row, one left part at a time: that bounds memory."""
    n_columns = int(column.max(initial=-1)) + 1
    sums = np.zeros((n_columns, parts.shape[0]), dtype=np.float32)
    for one in np.unique(left):
        of_one = np.flatnonzero(left == one)
        block = (parts[:, right[of_one]] * parts[:, [one]]).T
        where, position = np.unique(column[of_one], return_inverse=True)
        gather = sparse.csr_array(
            (sign[of_one].astype(np.float32), (position, np.arange(of_one.size))),
            shape=(where.size, of_one.size),
        )
        sums[where] += gather @ block
    return sums
