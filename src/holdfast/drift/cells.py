"""How numbers are cut into cells and counted in them: the kernel under every profile.

Edges e1 < ... < eK make 2K + 1 cells: (-inf, e1), {e1}, (e1, e2), {e2} ... (eK, inf).
Cells with an even index are open, those with an odd index are single values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Indexes = NDArray[np.intp]

__all__ = ["cell_counts", "cut_edges", "finite_part", "open_sums", "order_statistic"]


def order_statistic(ordered: Floats, numerator: int, denominator: int) -> float:
    """Return the quantile at ``numerator / denominator`` that is itself a value.

    Args:
        ordered: Ascending values, shape ``(n,)``, at least one.
        numerator: Of the level; an integer, so that no rounding moves the rank.
        denominator: Of the level.

    Source:
        Hyndman and Fan (1996), definition 1 (``inverted_cdf``).

    >>> order_statistic(np.array([1.0, 2.0, 3.0, 4.0]), 1, 2)
    2.0
    """
    rank = -(-ordered.size * numerator // denominator)
    return float(ordered[max(rank, 1) - 1])


def cut_edges(ordered: Floats, *, most: int) -> Floats:
    """Return the edges for a reference: its distinct values, or order statistics.

    Args:
        ordered: Finite values, ascending, shape ``(n,)``.
        most: If there are more distinct values, so many order statistics are taken.

    Returns:
        Strictly increasing edges, at most `most`; none without values.

    >>> cut_edges(np.array([0.0, 0.0, 1.0, 5.0]), most=8)
    array([0., 1., 5.])
    """
    # Not `np.unique`, which would sort what is sorted.
    distinct = ordered[np.flatnonzero(np.diff(ordered, prepend=np.nan) != 0)]
    if distinct.size <= most:
        return distinct
    levels = np.arange(1, most + 1, dtype=np.int64)
    ranks = -(-ordered.size * levels // (most + 1))
    return np.unique(ordered[np.maximum(ranks, 1) - 1])


def finite_part(values: Floats) -> tuple[Floats, int]:
    """Return the finite values, in their order, with how many infinite ones there were.

    Args:
        values: Shape ``(n,)``; NaN means missing and is left out of both.

    >>> finite_part(np.array([1.0, np.nan, -np.inf]))
    (array([1.]), 1)
    """
    if values.size == 0 or (np.isfinite(values.min()) and np.isfinite(values.max())):
        return values, 0
    finite = values[np.isfinite(values)]
    return finite, int(np.isinf(values).sum())


def cell_counts(cells: Indexes, n_cells: int) -> Counts:
    """Return how many rows each cell holds, shape ``(n_cells,)``."""
    return np.bincount(cells, minlength=n_cells)


def open_sums(cells: Indexes, values: Floats, counts: Counts, *, centre: float) -> Floats:
    """Return the sum of ``value - centre`` in each open cell.

    Args:
        cells: Of each value, shape ``(n,)``.
        values: Finite, shape ``(n,)``.
        counts: Rows in each cell, shape ``(2k + 1,)``.
        centre: The reference median; it keeps the sums small and therefore exact.

    Returns:
        Shape ``(k + 1,)``.
    """
    if not counts[::2].any():  # every value stands on an edge
        return np.zeros(counts.size // 2 + 1)
    sums = np.bincount(cells, weights=values - centre, minlength=counts.size)
    return sums[::2].astype(np.float64)
