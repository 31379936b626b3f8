"""Whether a grid still resolves a new reference, or must be cut anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.contract import FeatureKind
from holdfast.drift.counts import NumericCounts
from holdfast.drift.grid import CategoryCells
from holdfast.drift.profile import profile

if TYPE_CHECKING:
    import pyarrow as pa

    from holdfast.domain.contract import Contract
    from holdfast.drift.counts import FeatureCounts
    from holdfast.drift.grid import FeatureCells, Grid
    from holdfast.drift.profile import Profile

__all__ = ["fits", "grid_to_keep"]

_MOST_IN_A_CELL = 0.05


def grid_to_keep(grid: Grid, rows: pa.Table, contract: Contract) -> Grid | None:
    """Return a project's grid if a new release can be counted on it, too, or else None.

    It is cut anew only if the contract has other features than the grid, or if the grid
    does not resolve the new reference.

    Args:
        grid: The project's.
        rows: The new reference, as `holdfast.domain.tables.conform` returns it.
        contract: The new release's.
    """
    wanted = [(feature.name, feature.kind) for feature in contract.features]
    if [(cells.name, _kind(cells)) for cells in grid.features] != wanted:
        return None
    return grid if fits(profile(rows, grid)) else None


def _kind(cells: FeatureCells) -> FeatureKind:
    return cells.kind if isinstance(cells, CategoryCells) else FeatureKind.NUMERIC


def fits(reference: Profile) -> bool:
    """Return whether no open cell holds more than 5% of a new reference's values.

    What lies within an open cell cannot be told apart, nor can categories that the grid
    does not know: both would hide a later drift.

    Args:
        reference: The new reference, counted on the old grid.
    """
    return all(_largest_open(feature) <= _MOST_IN_A_CELL for feature in reference.features)


def _largest_open(feature: FeatureCounts) -> float:
    if feature.n_values == 0:
        return 0.0
    if isinstance(feature, NumericCounts):
        return float(feature.cells[::2].max()) / feature.n_values
    return feature.n_unseen / feature.n_values
