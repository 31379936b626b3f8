"""The same estimates from counts of scores in cells, with a bound on what counting cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import GridMismatchError
from holdfast.performance.estimated import Places, estimate_at, widened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.estimates import EstimatedFigure
    from holdfast.drift.scores import ScoreGrid, ScoreProfile

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["estimate_counts"]

_MOST_UNSURE = 0.5  # where p(1 - p) and the entropy are greatest
_LEAST_P = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Where the rows of each occupied cell may stand, in the order of their scores."""

    low: Floats
    high: Floats
    decided: Flags
    rows: Floats


def estimate_counts(counts: ScoreProfile, grid: ScoreGrid) -> dict[str, EstimatedFigure]:
    """Return what `estimate` would of the counted rows, as nearly as the counts allow.

    A row counts as standing in the middle of its cell: of a thousandth of [0, 1], or of a
    grid's cell where an older version counted. `bound` is how far any other places
    within the cells could move the figure, and is added to both sides of the interval. The
    Brier score has none: the counts carry the sum of (p - 0.5)², so it is exact.

    Args:
        counts: Of one release's scores.
        grid: Of that release; tells its cells and its threshold.

    Raises:
        EmptyWindowError: If no row was counted.
        GridMismatchError: If they were counted on another grid.

    >>> from holdfast.drift.scores import cut_score_grid, score_profile
    >>> scores = np.linspace(0.05, 0.95, 1_000)
    >>> grid = cut_score_grid(scores, threshold=0.5)
    >>> found = estimate_counts(score_profile(scores, grid), grid)["accuracy"]
    >>> round(found.estimate, 3), round(found.bound, 3)
    (0.725, 0.0)
    """
    if counts.grid_digest != grid.digest:
        raise GridMismatchError(counts.grid_digest, grid.digest)
    cells = _cells(counts, grid)
    middle = (cells.low + cells.high) / 2.0
    found = estimate_at(Places(chances=middle, decided=cells.decided, rows=cells.rows))
    found["brier"] = replace(found["brier"], estimate=0.25 - counts.confidence_squares / counts.n)
    ends = {**_ends(cells), "brier": (found["brier"].estimate,) * 2}
    if "roc_auc" in found:
        ends["roc_auc"] = _ends_of_auc(cells)
    return {name: _bounded(name, figure, *ends[name]) for name, figure in found.items()}


def _bounded(name: str, figure: EstimatedFigure, least: float, most: float) -> EstimatedFigure:
    bound = max(figure.estimate - least, most - figure.estimate, 0.0)
    return widened(name, figure, bound=bound)


def _cells(counts: ScoreProfile, grid: ScoreGrid) -> _Cells:
    """Return the occupied cells; the one that the threshold cuts is cut there in two.

    How many rows were decided positive is known, so that it is known of each part.
    """
    low, high, rows = _places(counts, grid)
    threshold = grid.threshold
    decided = low >= threshold
    cut = np.flatnonzero((low < threshold) & (threshold < high))
    if cut.size:
        (k,) = cut
        above = min(max(counts.n_positive - float(rows[decided].sum()), 0.0), float(rows[k]))
        low, high = np.insert(low, k + 1, threshold), np.insert(high, k, threshold)
        rows = np.insert(rows, k + 1, above)
        rows[k] -= above
        decided = np.insert(decided, k + 1, True)
    some = rows > 0.0
    return _Cells(low=low[some], high=high[some], decided=decided[some], rows=rows[some])


def _places(counts: ScoreProfile, grid: ScoreGrid) -> tuple[Floats, Floats, Floats]:
    """Return both ends of each cell, and its rows: of the fine cells, if they were counted."""
    if counts.fine is not None:
        ends = np.arange(counts.fine.size + 1) / counts.fine.size
        return ends[:-1], ends[1:], counts.fine.astype(np.float64)
    ends = np.concatenate([[0.0], grid.edges, [1.0]])
    low, high = np.empty(counts.cells.size), np.empty(counts.cells.size)
    low[::2], high[::2], low[1::2], high[1::2] = ends[:-1], ends[1:], grid.edges, grid.edges
    return low, high, counts.cells.astype(np.float64)


def _ends(cells: _Cells) -> dict[str, tuple[float, float]]:
    """Return between which values each figure lies, wherever rows stand in their cells.

    Each grows or falls with every row's chance alone, so that its ends are found at the
    cells' ends.
    """
    rows, n = cells.rows, float(cells.rows.sum())
    flagged, passed = rows * cells.decided, rows * ~cells.decided
    hits = np.array([flagged @ cells.low, flagged @ cells.high])
    missed = np.array([passed @ cells.high, passed @ cells.low])  # fewer as the others rise
    n_decided = float(flagged.sum())
    with np.errstate(invalid="ignore", divide="ignore"):  # such a figure is not asked for
        ends = {
            "accuracy": (hits + float(passed.sum()) - missed) / n,
            "precision": hits / n_decided,
            "recall": hits / (hits + missed),
            "f1": 2.0 * hits / (n_decided + hits + missed),
        }
    ends["log_loss"] = _ends_of_log_loss(cells) / n
    return {name: (float(least), float(most)) for name, (least, most) in ends.items()}


def _ends_of_log_loss(cells: _Cells) -> Floats:
    surest = np.minimum(_entropy(cells.low), _entropy(cells.high))
    least_sure = np.clip(_MOST_UNSURE, cells.low, cells.high)
    return np.array([cells.rows @ surest, cells.rows @ _entropy(least_sure)])


def _entropy(p: Floats) -> Floats:
    against = np.clip(1.0 - p, _LEAST_P, 1.0)
    sure = np.clip(p, _LEAST_P, 1.0)
    found: Floats = -(p * np.log(sure) + (1.0 - p) * np.log(against))
    return found


def _ends_of_auc(cells: _Cells) -> tuple[float, float]:
    """Return between which values the expected ROC AUC lies.

    It is C / (C + D), with C the weight p(1 - q) of the pairs in the right order, p above q,
    and D the weight (1 - p)q of those in the wrong one. Within a cell C is at least D: at
    the low end they are taken to be equal, and as heavy as they can be.
    """
    rows, low, high = cells.rows, cells.low, cells.high
    within = rows * (rows - 1.0) / 2.0
    unsure = np.clip(_MOST_UNSURE, low, high)
    tied = float(within @ (unsure * (1.0 - unsure)))
    right = _pairs(rows * low, rows * (1.0 - high))
    wrong = _pairs(rows * (1.0 - low), rows * high)
    least = (right + tied) / (right + wrong + 2.0 * tied)
    right = _pairs(rows * high, rows * (1.0 - low)) + float(within @ (high * (1.0 - low)))
    wrong = _pairs(rows * (1.0 - high), rows * low) + float(within @ ((1.0 - high) * low))
    return least, right / (right + wrong) if right + wrong else 1.0


def _pairs(upper: Floats, lower: Floats) -> float:
    """Return the summed products of each place's weight and those of the places below it."""
    return float(upper @ (np.cumsum(lower) - lower))
