"""How fine cells are merged into the few bins that divergences are read on.

On fine cells a divergence is large without any drift; on ten bins of near-equal reference
mass it can be compared with what people know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.drift.counts import CategoryCounts, NumericCounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.drift.counts import FeatureCounts

    Counts = NDArray[np.int64]

__all__ = ["MOST_BINS", "merged_bins"]

MOST_BINS = 10


def merged_bins(
    reference: FeatureCounts, current: FeatureCounts, *, most: int = MOST_BINS
) -> tuple[Counts, Counts]:
    """Merge two windows' cells of one feature into the same bins.

    Numeric cells become at most `most` bins of near-equal reference mass, single values
    never split; of categories the most frequent keep a bin of their own and the others,
    unseen ones included, share one. Missing values have a bin of their own.

    Args:
        reference: Decides where the bins lie.
        current: Counts of the same feature on the same grid.
        most: How many bins there are at most, beside that of the missing values.

    Returns:
        Both windows' rows by bin; bins that are empty in both are left out.
    """
    rows = np.stack([_row_cells(reference), _row_cells(current)])
    bin_of = _bins_of(reference, most)
    values = np.stack([np.bincount(bin_of, weights=row, minlength=most) for row in rows])
    absent = np.array([[reference.n_absent], [current.n_absent]])
    merged = np.hstack([values.astype(np.int64), absent])
    left, right = merged[:, merged.sum(axis=0) > 0]
    return left, right


def _row_cells(counts: FeatureCounts) -> Counts:
    match counts:
        case NumericCounts():
            return counts.cells
        case CategoryCounts():
            return np.append(counts.known, counts.n_unseen)


def _bins_of(reference: FeatureCounts, most: int) -> NDArray[np.intp]:
    match reference:
        case NumericCounts():
            return _mass_bins(reference.cells, most)
        case CategoryCounts():
            return _frequency_bins(reference.known, most)


def _mass_bins(cells: Counts, most: int) -> NDArray[np.intp]:
    """Return each cell's bin: where the middle of its reference mass falls."""
    occupied = np.flatnonzero(cells)
    if occupied.size == 0:
        return np.zeros(cells.size, dtype=np.intp)
    mass = cells[occupied]
    middle = np.cumsum(mass) - mass / 2
    bins: NDArray[np.intp] = np.minimum((middle * most / mass.sum()).astype(np.intp), most - 1)
    # Cells without reference mass join the next that has some: no bin is empty there.
    following = np.searchsorted(occupied, np.arange(cells.size))
    joined: NDArray[np.intp] = bins[np.minimum(following, occupied.size - 1)]
    return joined


def _frequency_bins(known: Counts, most: int) -> NDArray[np.intp]:
    """Return each category's bin, and as the last entry that of unseen ones."""
    ranks = np.empty(known.size, dtype=np.intp)
    ranks[np.argsort(-known, kind="stable")] = np.arange(known.size)
    return np.append(np.minimum(ranks, most - 1), most - 1)
