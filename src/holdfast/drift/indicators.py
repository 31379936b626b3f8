"""Which rates tell of a feature or a score that it moves, read from counts alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

import numpy as np

from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import GridMismatchError
from holdfast.drift.counts import CategoryCounts, NumericCounts
from holdfast.drift.grid import CategoryCells, NumericCells
from holdfast.drift.sequential import Tally
from holdfast.stats.rate_bounds import rate_bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.drift.counts import FeatureCounts
    from holdfast.drift.grid import FeatureCells
    from holdfast.drift.scores import ScoreGrid, ScoreProfile

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Indexes = NDArray[np.intp]

__all__ = [
    "CategoryIndicators",
    "FeatureIndicators",
    "NumericIndicators",
    "ScoreIndicators",
    "decile_cells",
    "feature_indicators",
    "score_indicators",
]

_TENTHS = np.arange(1, 10) / 10
_LEAST_ROWS = 5  # of a category in the reference: fewer say little of its rate
_MOST_CATEGORIES = 20  # with an indicator of their own: evidence is averaged over all of them


def decile_cells(cells: Counts) -> Indexes:
    """Return after which cells a reference is cut into tenths of its mass.

    A single value is never divided: where one holds more than a tenth, there are fewer cuts.
    A constant is cut before and after its value, so that another one shows.

    Args:
        cells: Reference rows in each cell, shape ``(2k + 1,)``.

    Returns:
        At most 9 cells, ascending; none without rows.

    >>> decile_cells(np.array([0, 50, 0, 30, 0, 20, 0])).tolist()
    [1, 3]
    """
    below = np.cumsum(cells)
    occupied = np.flatnonzero(cells)
    if occupied.size <= 1:
        around = [int(cell) + side for cell in occupied for side in (-1, 0)]
        return np.array([c for c in around if 0 <= c < cells.size - 1], dtype=np.intp)
    inner = occupied[:-1]  # after the last one lies nothing
    shares = below[inner] / below[-1]
    nearest = np.abs(shares - _TENTHS[:, np.newaxis]).argmin(axis=1)
    cuts: Indexes = inner[np.unique(nearest)]
    return cuts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ValueIndicators:
    """Whether a value lies at or below each of a few cells; for features and for scores.

    Attributes:
        name: What the values are, in words.
        edges: Where the cells lie, shape ``(k,)``.
        cuts: The last cell of each indicator, ascending.
    """

    name: str
    edges: Floats
    cuts: Indexes

    @classmethod
    def of(cls, name: str, cells: Counts, edges: Floats) -> _ValueIndicators:
        """Return the indicators at the deciles of a reference."""
        return cls(name=name, edges=edges, cuts=decile_cells(cells))

    @property
    def words(self) -> tuple[str, ...]:
        """What each rate is the rate of."""
        return tuple(
            f"share of {self.name} {'≤' if cut % 2 else '<'} {self.edges[cut // 2]:.6g}"
            for cut in self.cuts
        )

    def tally(self, cells: Counts) -> Tally:
        """Count a bucket's rows."""
        below = np.cumsum(cells)
        return Tally(
            hits=below[self.cuts].astype(np.float64),
            n=np.full(self.cuts.size, float(below[-1])),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumericIndicators:
    """A numeric feature: its reference deciles, and missing values.

    Rates of values are rates among the values; that of missing ones is among all rows.
    """

    reference: NumericCounts
    values: _ValueIndicators

    @property
    def words(self) -> tuple[str, ...]:
        """What each rate is the rate of."""
        return (*self.values.words, f"share of {self.reference.name} missing")

    def tally(self, counts: FeatureCounts) -> Tally:
        """Count a bucket's rows."""
        assert isinstance(counts, NumericCounts)  # of the same grid
        values = self.values.tally(counts.cells)
        return Tally(
            hits=np.append(values.hits, float(counts.n_absent)),
            n=np.append(values.n, float(counts.n_values + counts.n_absent)),
        )

    def bounds(self, *, z: float, dispersion: float, tolerance: float) -> tuple[Floats, Floats]:
        """Return the lowest and highest rates that are put up with."""
        known = self.tally(self.reference)
        return rate_bounds(known.hits, known.n, z=z, dispersion=dispersion, tolerance=tolerance)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CategoryIndicators:
    """A categorical or boolean feature: frequent categories, rare ones, unseen ones, missing.

    Attributes:
        reference: What was counted in the reference.
        categories: The names of the grid's categories.
        own: Those with an indicator of their own, most frequent first.
        rare: All others, which share one; none if there are no others.
    """

    reference: CategoryCounts
    categories: tuple[str, ...]
    own: Indexes
    rare: Indexes

    @property
    def words(self) -> tuple[str, ...]:
        """What each rate is the rate of."""
        name = self.reference.name
        return (
            *(f"share of {name} = {self.categories[index]}" for index in self.own),
            *self._rare_words(),
            *(self._unseen_words()),
            f"share of {name} missing",
        )

    def tally(self, counts: FeatureCounts) -> Tally:
        """Count a bucket's rows."""
        assert isinstance(counts, CategoryCounts)  # of the same grid
        rare = [counts.known[self.rare].sum()] if self.rare.size else []
        unseen = [counts.n_unseen] if self._has_unseen else []
        among_values = np.concatenate([counts.known[self.own], rare, unseen])
        return Tally(
            hits=np.append(among_values, counts.n_missing).astype(np.float64),
            n=np.append(
                np.full(among_values.size, float(counts.n_values)),
                float(counts.n_values + counts.n_missing),
            ),
        )

    def bounds(self, *, z: float, dispersion: float, tolerance: float) -> tuple[Floats, Floats]:
        """Return the lowest and highest rates that are put up with."""
        known = self.tally(self.reference)
        low, high = rate_bounds(
            known.hits, known.n, z=z, dispersion=dispersion, tolerance=tolerance
        )
        if self._has_unseen:
            unseen = known.hits.size - 2
            low[unseen] = 0.0
            bound = _unseen_bound(self.reference, z=z, dispersion=dispersion) + tolerance
            high[unseen] = max(float(high[unseen]), min(1.0, bound))
        return low, high

    @property
    def _has_unseen(self) -> bool:
        return self.reference.kind is not FeatureKind.BOOLEAN  # there is no third truth value

    def _rare_words(self) -> list[str]:
        name = self.reference.name
        if self.rare.size == 1:
            return [f"share of {name} = {self.categories[self.rare[0]]}"]
        return [f"share of {name} in {self.rare.size} rare categories"] * bool(self.rare.size)

    def _unseen_words(self) -> list[str]:
        return [f"share of {self.reference.name} never seen before"] * self._has_unseen


FeatureIndicators = NumericIndicators | CategoryIndicators


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreIndicators:
    """A model's scores: the deciles of those of the reference."""

    reference: ScoreProfile
    values: _ValueIndicators

    @property
    def words(self) -> tuple[str, ...]:
        """What each rate is the rate of."""
        return self.values.words

    def tally(self, scores: ScoreProfile | None) -> Tally:
        """Count a bucket's rows; without scores there is nothing to see.

        Raises:
            GridMismatchError: If they are another release's.
        """
        if scores is None:
            return self.values.tally(np.zeros_like(self.reference.cells))
        if scores.grid_digest != self.reference.grid_digest:
            raise GridMismatchError(self.reference.grid_digest, scores.grid_digest)
        return self.values.tally(scores.cells)

    def bounds(self, *, z: float, dispersion: float, tolerance: float) -> tuple[Floats, Floats]:
        """Return the lowest and highest rates that are put up with."""
        known = self.tally(self.reference)
        return rate_bounds(known.hits, known.n, z=z, dispersion=dispersion, tolerance=tolerance)


def score_indicators(reference: ScoreProfile, grid: ScoreGrid) -> ScoreIndicators:
    """Return what is watched of the scores.

    Args:
        reference: Held-out scores of the reference.
        grid: Where their cells lie.
    """
    values = _ValueIndicators.of("scores", reference.cells, grid.edges)
    return ScoreIndicators(reference=reference, values=values)


def feature_indicators(
    reference: FeatureCounts, cells: FeatureCells, *, tolerance: float
) -> FeatureIndicators:
    """Return what is watched of a feature.

    Numeric: whether a value is at or below each reference decile, and missing. Categorical:
    each category that holds at least the tolerated change of a rate and 5 rows in the
    reference, of at most the 20 most frequent; all others as one; unseen ones as one;
    missing. Where two categories are all, one says what the other would.

    Args:
        reference: The feature's counts in the reference.
        cells: Where its cells lie.
        tolerance: Change of a rate that is not worth an alarm.
    """
    match cells:
        case NumericCells():
            assert isinstance(reference, NumericCounts)  # counted on these cells
            values = _ValueIndicators.of(cells.name, reference.cells, cells.edges)
            return NumericIndicators(reference=reference, values=values)
        case CategoryCells():
            assert isinstance(reference, CategoryCounts)  # counted on these cells
            own, rare = _pooled(reference, tolerance)
            return CategoryIndicators(
                reference=reference, categories=cells.categories, own=own, rare=rare
            )
        case never:
            assert_never(never)


def _pooled(reference: CategoryCounts, tolerance: float) -> tuple[Indexes, Indexes]:
    """Return which categories have an indicator of their own, and which share one."""
    falling = np.argsort(-reference.known, kind="stable")
    least = max(float(_LEAST_ROWS), tolerance * reference.n_values)
    n_own = min(int((reference.known >= least).sum()), _MOST_CATEGORIES)
    own, rare = falling[:n_own], falling[n_own:]
    if own.size + bool(rare.size) == 2:
        own = own[1:]
    return own, rare


def _unseen_bound(reference: CategoryCounts, *, z: float, dispersion: float) -> float:
    """Return the share of unseen categories that a reference lets expect at most.

    Each word that it holds once stands for rows that would have been new a moment before.

    Source:
        Good (1953), *The population frequencies of species and the estimation of population
        parameters*.
    """
    once = float(reference.n_seen_once + 1)
    spread: float = z * float(np.sqrt(dispersion * once))
    return (once + spread) / (reference.n_values + 1)
