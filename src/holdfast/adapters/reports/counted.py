"""One feature of both windows side by side, and what can be read from its counts alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.drift.counts import CategoryCounts, NumericCounts
from holdfast.drift.grid import CategoryCells, NumericCells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.drift.counts import FeatureCounts
    from holdfast.drift.grid import FeatureCells, Grid
    from holdfast.drift.profile import Profile

    Floats = NDArray[np.float64]

__all__ = ["CategoryPair", "Gap", "Level", "NumericPair", "Pair", "Spot", "pair_of", "pairs_of"]

_VAGUE = 0.05  # share of values in one open cell from which a place within it is unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One category, with its share of the values of each window."""

    name: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """By how much its share grew; negative if it shrank."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Where two cumulative distributions lie furthest apart."""

    at: float
    inclusive: bool  # shares count values at most `at`; else those below it
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a quantile lies: a point, or two ends if no more is known.

    The cells are the reference's. Of many values where it had none, all that is known is
    between which of its edges they lie.
    """

    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class NumericPair:
    """A numeric feature in both windows, and where its cells lie."""

    reference: NumericCounts
    current: NumericCounts
    edges: Floats

    @property
    def comparable(self) -> bool:
        """Whether both windows hold values."""
        return self.reference.n_values > 0 and self.current.n_values > 0

    def below(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the share of each window's values below the points, shape ``(n,)`` each.

        Within an open cell values are taken as spread evenly.
        """
        return _below(self.reference, self.edges, points), _below(self.current, self.edges, points)

    def quantiles(self, levels: Floats) -> tuple[Floats, Floats]:
        """Return both windows' quantiles at levels in [0, 1], shape ``(n,)`` each."""
        left, right = self.reference, self.current
        return _quantiles(left, self.edges, levels), _quantiles(right, self.edges, levels)

    def spots(self, levels: Floats) -> tuple[list[Spot], list[Spot]]:
        """Return where both windows' quantiles lie, as far as it is known."""
        left, right = self.reference, self.current
        return _spots(left, self.edges, levels), _spots(right, self.edges, levels)

    @property
    def current_between(self) -> tuple[float, float]:
        """From where to where the current values lie that are none of the reference's edges.

        There is at least one such value.
        """
        starts, ends = _open_bounds(self.current, self.edges)
        held = np.flatnonzero(self.current.cells[::2])
        return float(starts[held[0]]), float(ends[held[-1]])

    def atom(self, value: float) -> tuple[float, float]:
        """Return the share of values that are exactly this one, where it has a cell."""
        index = int(np.searchsorted(self.edges, value))
        if index == self.edges.size or self.edges[index] != value:
            return 0.0, 0.0
        cell = 2 * index + 1
        return (
            float(self.reference.cells[cell]) / max(1, self.reference.n_values),
            float(self.current.cells[cell]) / max(1, self.current.n_values),
        )

    @property
    def gap(self) -> Gap:
        """Where the cumulative distributions lie furthest apart; both hold values."""
        before = np.cumsum(self.reference.cells) / self.reference.n_values
        after = np.cumsum(self.current.cells) / self.current.n_values
        cell = int(np.abs(before - after)[:-1].argmax())
        # An open cell ends below the next edge, a single value at itself.
        return Gap(
            at=float(self.edges[cell // 2]),
            inclusive=cell % 2 == 1,
            before=float(before[cell]),
            after=float(after[cell]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class CategoryPair:
    """A categorical or boolean feature in both windows, with its categories' names."""

    reference: CategoryCounts
    current: CategoryCounts
    categories: tuple[str, ...]

    @property
    def comparable(self) -> bool:
        """Whether both windows hold values."""
        return self.reference.n_values > 0 and self.current.n_values > 0

    @property
    def levels(self) -> list[Level]:
        """The known categories that stand in any row, in the grid's order."""
        before = self.reference.known / max(1, self.reference.n_values)
        after = self.current.known / max(1, self.current.n_values)
        return [
            Level(name=name, before=float(before[i]), after=float(after[i]))
            for i, name in enumerate(self.categories)
            if before[i] or after[i]
        ]

    @property
    def unseen(self) -> Level:
        """All values whose category the grid does not know."""
        return Level(
            name="unseen",
            before=self.reference.n_unseen / max(1, self.reference.n_values),
            after=self.current.n_unseen / max(1, self.current.n_values),
        )


Pair = NumericPair | CategoryPair


def pair_of(reference: FeatureCounts, current: FeatureCounts, cells: FeatureCells) -> Pair:
    """Put one feature's counts side by side.

    Raises:
        TypeError: If they are not all of one kind.
    """
    match reference, current, cells:
        case NumericCounts(), NumericCounts(), NumericCells():
            return NumericPair(reference=reference, current=current, edges=cells.edges)
        case CategoryCounts(), CategoryCounts(), CategoryCells():
            return CategoryPair(reference=reference, current=current, categories=cells.categories)
    raise TypeError(f"the counts of {cells.name!r} are of different kinds")


def pairs_of(reference: Profile, current: Profile, grid: Grid) -> dict[str, Pair]:
    """Put the counts of two windows side by side, by the features' names.

    Args:
        reference: Counts of the reference.
        current: Counts of the window, on the same grid.
        grid: Where their cells lie.
    """
    counted = zip(reference.features, current.features, grid.features, strict=True)
    return {cells.name: pair_of(left, right, cells) for left, right, cells in counted}


def _below(counts: NumericCounts, edges: Floats, points: Floats) -> Floats:
    """Return the share of values below each point."""
    if counts.n_values == 0:
        return np.zeros(points.size)
    cumulative = np.concatenate([[0], np.cumsum(counts.cells)])
    index = np.searchsorted(edges, points, side="left")  # the open cell that the point lies in
    starts, ends = _open_bounds(counts, edges)
    # Of the largest and the smallest floats differences and ratios overflow, harmlessly.
    with np.errstate(over="ignore", invalid="ignore"):
        width, way = ends[index] - starts[index], points - starts[index]
        # Where all values of a cell are one, they are below what is above them.
        inside = np.nan_to_num(np.divide(way, width, out=1.0 * (way > 0), where=width > 0))
    within = counts.cells[::2][index] * np.clip(inside, 0.0, 1.0)
    shares: Floats = (cumulative[2 * index] + within) / counts.n_values
    return shares


def _quantiles(counts: NumericCounts, edges: Floats, levels: Floats) -> Floats:
    if counts.n_values == 0:
        return np.full(levels.size, np.nan)
    cell, inside = _cells_of(counts, levels)
    starts, ends = _open_bounds(counts, edges)
    # Weighted like this, the sum cannot overflow.
    opened: Floats = (1 - inside) * starts[cell // 2] + inside * ends[cell // 2]
    if edges.size == 0:
        return opened
    found: Floats = np.where(cell % 2 == 1, edges[np.minimum(cell // 2, edges.size - 1)], opened)
    return found


def _cells_of(counts: NumericCounts, levels: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return in which cell each quantile lies, and how far inside it, from 0 to 1."""
    cumulative = np.cumsum(counts.cells)
    ranks = np.clip(np.ceil(levels * counts.n_values - 1e-9), 1, counts.n_values)
    cell = np.searchsorted(cumulative, ranks, side="left")
    before = cumulative[cell] - counts.cells[cell]
    return cell, (ranks - before - 0.5) / counts.cells[cell]


def _spots(counts: NumericCounts, edges: Floats, levels: Floats) -> list[Spot]:
    points = _quantiles(counts, edges, levels).tolist()
    if counts.n_values == 0:
        return [Spot(low=point, high=point) for point in points]
    starts, ends = _open_bounds(counts, edges)
    found = []
    for cell, point in zip(_cells_of(counts, levels)[0].tolist(), points, strict=True):
        vague = cell % 2 == 0 and counts.cells[cell] > _VAGUE * counts.n_values
        low, high = (starts[cell // 2], ends[cell // 2]) if vague else (point, point)
        found.append(Spot(low=float(low), high=float(high)))
    return found


def _open_bounds(counts: NumericCounts, edges: Floats) -> tuple[Floats, Floats]:
    """Return where each open cell begins and ends, none beyond the smallest and the largest."""
    low = counts.minimum if counts.minimum is not None else 0.0
    high = counts.maximum if counts.maximum is not None else 0.0
    if edges.size == 0:
        return np.array([low]), np.array([high])
    starts: Floats = np.concatenate([[low], edges]).clip(low, high)
    ends: Floats = np.concatenate([edges, [high]]).clip(low, high)
    return starts, ends
