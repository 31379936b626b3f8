"""Which rates tell that labels, what scores promise of them, or the harm of errors moved."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from holdfast.drift.indicators import decile_cells
from holdfast.drift.sequential import Tally
from holdfast.stats.rate_bounds import rate_bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.releases import ModelMetrics
    from holdfast.drift.scores import ScoreGrid, ScoreProfile

    Floats = NDArray[np.float64]
    Indexes = NDArray[np.intp]

__all__ = [
    "CalibrationIndicators",
    "HarmIndicators",
    "LabelIndicators",
    "calibration_indicators",
    "harm_indicators",
    "label_indicators",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelIndicators:
    """The share of positives, whatever the scores.

    Attributes:
        n: Reference rows.
        n_positive: Positives among them.
    """

    n: int
    n_positive: int

    @property
    def words(self) -> tuple[str, ...]:
        """What the rate is the rate of."""
        return ("share of positive labels",)

    def tally(self, labelled: ScoreProfile) -> Tally:
        """Count a bucket's labelled rows."""
        return Tally(
            hits=np.array([float(labelled.labelled_positive.sum())]),
            n=np.array([float(labelled.n_labelled)]),
        )

    def bounds(self, *, z: float, dispersion: float, tolerance: float) -> tuple[Floats, Floats]:
        """Return the lowest and highest rates that are put up with."""
        hits, n = np.array([float(self.n_positive)]), np.array([float(self.n)])
        return rate_bounds(hits, n, z=z, dispersion=dispersion, tolerance=tolerance)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationIndicators:
    """The share of positives among rows with about the same score: the concept itself.

    Attributes:
        reference: Held-out scores with labels.
        grid: Where their cells lie.
        cuts: After which cells one group of scores ends; the last group has no end.
    """

    reference: ScoreProfile
    grid: ScoreGrid
    cuts: Indexes

    @property
    def words(self) -> tuple[str, ...]:
        """What each rate is the rate of."""
        ends = [f"{self.grid.edges[cut // 2]:.3g}" for cut in self.cuts]
        if not ends:
            return ("share of positives among all scores",)
        between = [f"from {low} to {high}" for low, high in pairwise(ends)]
        spans = [f"up to {ends[0]}", *between, f"above {ends[-1]}"]
        return tuple(f"share of positives among scores {span}" for span in spans)

    def tally(self, labelled: ScoreProfile) -> Tally:
        """Count a bucket's labelled rows."""
        positive = self._grouped(labelled.labelled_positive)
        return Tally(hits=positive, n=positive + self._grouped(labelled.labelled_negative))

    def bounds(self, *, z: float, dispersion: float, tolerance: float) -> tuple[Floats, Floats]:
        """Return the lowest and highest rates that are put up with."""
        known = self.tally(self.reference)
        return rate_bounds(known.hits, known.n, z=z, dispersion=dispersion, tolerance=tolerance)

    def _grouped(self, cells: NDArray[np.int64]) -> Floats:
        return np.add.reduceat(cells, np.append(0, self.cuts + 1)).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmIndicators:
    """The mean loss of the decisions: the share of wrong ones, or their cost.

    Attributes:
        n: Rows the model had been measured on.
        n_false_positive: Wrongly decided positive among them.
        n_false_negative: Wrongly decided negative.
        prices: Of a false positive and a false negative; None if both count 1.
    """

    n: int
    n_false_positive: int
    n_false_negative: int
    prices: tuple[float, float] | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What the rate is the rate of."""
        if self.prices is None:
            return ("share of wrong decisions",)
        return (f"mean cost of decisions (in parts of {max(self.prices):g})",)

    @property
    def lesser(self) -> float:
        """What the cheaper error costs, the dearer one costing 1."""
        return 0.0 if self.prices is None else min(self.prices) / max(self.prices)

    def tally(self, labelled: ScoreProfile) -> Tally:
        """Count a bucket's labelled rows; none if nobody counted the wrong decisions."""
        wrong = (labelled.n_false_positive, labelled.n_false_negative)
        if wrong[0] is None or wrong[1] is None:
            return self._counted(0, 0, 0)
        return self._counted(wrong[0], wrong[1], labelled.n_labelled)

    def bounds(self, *, z: float, dispersion: float, tolerance: float) -> tuple[Floats, Floats]:
        """Return 0, for less harm is no alarm, and the highest mean loss that is put up with."""
        known = self._counted(self.n_false_positive, self.n_false_negative, self.n)
        hits = known.hits if known.lesser is None else known.hits + self.lesser * known.lesser
        low, high = rate_bounds(hits, known.n, z=z, dispersion=dispersion, tolerance=tolerance)
        return np.zeros_like(low), high

    def _counted(self, n_false_positive: int, n_false_negative: int, n: int) -> Tally:
        rows = np.array([float(n)])
        if self.prices is None:
            return Tally(hits=np.array([float(n_false_positive + n_false_negative)]), n=rows)
        dear, cheap = n_false_positive, n_false_negative
        if self.prices[1] > self.prices[0]:
            dear, cheap = cheap, dear
        return Tally(hits=np.array([float(dear)]), n=rows, lesser=np.array([float(cheap)]))


def label_indicators(baseline: ModelMetrics) -> LabelIndicators:
    """Return what is watched of the labels alone."""
    return LabelIndicators(n=baseline.n, n_positive=baseline.n_positive)


def calibration_indicators(
    reference: ScoreProfile | None, grid: ScoreGrid | None
) -> CalibrationIndicators | None:
    """Return what is watched of the labels at each score, or None without labelled scores.

    Args:
        reference: Held-out scores of the reference, with labels.
        grid: Where their cells lie.
    """
    if reference is None or grid is None or reference.n_labelled == 0:
        return None
    mass = reference.labelled_negative + reference.labelled_positive
    cuts = decile_cells(mass) if np.count_nonzero(mass) > 1 else np.zeros(0, dtype=np.intp)
    return CalibrationIndicators(reference=reference, grid=grid, cuts=cuts)


def harm_indicators(
    baseline: ModelMetrics, *, prices: tuple[float, float] | None = None
) -> HarmIndicators | None:
    """Return what is watched of the decisions, or None if no error rate was measured.

    Args:
        baseline: What the champion reached on rows it had not seen.
        prices: What a false positive and a false negative cost, if the aim says so.
    """
    accuracy = baseline.figures.get("accuracy")
    if accuracy is None:
        return None
    n_wrong = round((1.0 - accuracy) * baseline.n)
    recall = baseline.figures.get("recall", 1.0)  # without positives none is missed
    n_missed = min(round((1.0 - recall) * baseline.n_positive), n_wrong)
    return HarmIndicators(
        n=baseline.n,
        n_false_positive=n_wrong - n_missed,
        n_false_negative=n_missed,
        prices=prices,
    )
