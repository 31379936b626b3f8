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

__all__ = ["cell_bounds", "cut_edges", "finite_part", "open_sums", "order_statistic"]


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
    """Sort values and return the finite ones, with how many infinite ones there were.

    Args:
        values: Shape ``(n,)``; NaN means missing and is left out of both.
    """
    ordered = np.sort(values)
    start, stop, present = np.searchsorted(ordered, (np.nextafter(-np.inf, 0), np.inf, np.nan))
    return ordered[start:stop], int(present) - int(stop) + int(start)


def cell_bounds(ordered: Floats, edges: Floats) -> NDArray[np.int64]:
    """Return where each cell starts in the ascending values, and where the last one ends.

    Looking the edges up in the sorted batch is far cheaper than looking each row up in
    the edges.

    Args:
        ordered: Finite values, ascending, shape ``(n,)``.
        edges: Strictly increasing, shape ``(k,)``.

    Returns:
        Shape ``(2k + 2,)``; its differences are the counts.

    >>> np.diff(cell_bounds(np.array([0.0, 1.0, 1.0, 2.0]), np.array([1.0])))
    array([1, 2, 1])
    """
    bounds = np.empty(2 * edges.size + 2, dtype=np.int64)
    bounds[0] = 0
    bounds[1:-1:2] = np.searchsorted(ordered, edges, side="left")
    bounds[2:-1:2] = np.searchsorted(ordered, edges, side="right")
    bounds[-1] = ordered.size
    return bounds


def open_sums(ordered: Floats, bounds: NDArray[np.int64], *, centre: float) -> Floats:
    """Return the sum of ``value - centre`` in each open cell.

    Args:
        ordered: Finite values, ascending, shape ``(n,)``.
        bounds: As `cell_bounds` returns them, shape ``(2k + 2,)``.
        centre: The reference median; it keeps the sums small and therefore exact.

    Returns:
        Shape ``(k + 1,)``.
    """
    starts, counts = bounds[:-1], np.diff(bounds)
    sums = np.zeros(counts.size)
    occupied = counts > 0
    if counts[::2].any():  # else every value stands on an edge
        sums[occupied] = np.add.reduceat(ordered - centre, starts[occupied])
    return sums[::2].copy()
