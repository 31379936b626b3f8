"""Whether the estimate without labels says that a model does worse, and may be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.estimates import EstimateVerdict, MaturedEstimate, WindowEstimate
from holdfast.performance.estimated import METRICS, estimate, widened
from holdfast.performance.estimated_counts import estimate_counts
from holdfast.performance.track_record import track_record
from holdfast.stats.normal import excess_p_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.estimates import EstimatedFigure
    from holdfast.domain.releases import ModelMetrics
    from holdfast.domain.windows import Window
    from holdfast.drift.profile import Profile, ReferenceProfile

__all__ = [
    "EstimatePolicy",
    "estimate_window",
    "is_told",
    "matured_estimate",
    "share_outside",
]

_WORDS = {"roc_auc": "ROC AUC", "brier": "Brier score"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatePolicy:
    """From when an estimate without labels counts as decayed, and when it is not believed.

    Attributes:
        alpha: One-sided error level of each of ROC AUC and Brier score.
        auc_tolerance: Fall of ROC AUC that is put up with.
        brier_tolerance: Rise of the Brier score that is put up with.
        min_rows: Scored rows below which nothing is said.
        min_matured: Windows without overlap whose labels must have shown what estimates of
            this model are worth, before one may be acted on.
        outside_margin: By how much the share of rows outside what the model knows may exceed
            the reference's; beyond it nobody knows whether the scores are calibrated.
    """

    alpha: float = 0.05
    auc_tolerance: float = 0.01
    brier_tolerance: float = 0.01
    min_rows: int = 200
    min_matured: int = 5
    outside_margin: float = 0.05

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise ValueError(f"alpha must lie between 0 and 1; found {self.alpha}")


def share_outside(counts: Profile) -> float:
    """Return the share of rows with a value outside the reference's range, or unseen.

    >>> from holdfast.drift.profile import Profile
    >>> share_outside(Profile(grid_digest="", n_rows=200, rows_outside=3, features=()))
    0.015
    """
    return counts.rows_outside / counts.n_rows if counts.n_rows else 0.0


def estimate_window(
    reference: ReferenceProfile,
    baseline: ModelMetrics,
    current: Profile,
    *,
    matured: Sequence[MaturedEstimate],
    policy: EstimatePolicy,
) -> WindowEstimate | None:
    """Estimate what the champion reaches in a window, and say whether it is worse than before.

    ROC AUC and Brier score are judged by the worsening against the reference, less the
    tolerance and the bound of counting, over ``sqrt(SE² + excess + SE_reference²)``; the
    other metrics are shown. The order: too few rows, withdrawn, too few matured windows,
    then decayed or held.

    Args:
        reference: The champion's.
        baseline: What the champion reached on rows it had not seen.
        current: Counts of the window.
        matured: The latest windows whose labels have come, as `track_record` wants them.
        policy: The bounds.

    Returns:
        None if the champion scored nothing in the window.
    """
    if current.scores is None or reference.score_grid is None or current.scores.n == 0:
        return None
    figures = _widened(estimate_counts(current.scores, reference.score_grid), matured)
    n, n_matured = current.scores.n, _n_matured(matured)
    outside = share_outside(current), share_outside(reference.profile)
    verdict, reason = _held_back(n, n_matured, outside, policy)
    if verdict is None:
        verdict, reason = _judged(baseline, figures, matured, policy)
    return WindowEstimate(n=n, figures=figures, verdict=verdict, reason=reason, n_matured=n_matured)


def is_told(found: WindowEstimate | None) -> bool:
    """Return whether an estimate says anything: that it decayed, or held."""
    return found is not None and found.verdict in {EstimateVerdict.DECAYED, EstimateVerdict.HELD}


def matured_estimate(
    window: Window,
    scores: NDArray[np.float64],
    realised: ModelMetrics,
    *,
    threshold: float,
    matured: Sequence[MaturedEstimate],
) -> MaturedEstimate:
    """Return what the scores of rows let expect beside what their labels realised.

    Args:
        window: When the rows were predicted.
        scores: Of the labelled rows, shape ``(n,)``, at least one.
        realised: What was measured on the same rows.
        threshold: Score at and above which the decision is positive.
        matured: Windows before it: they widen the intervals as they did when it was current.
    """
    return MaturedEstimate(
        window=window,
        n=realised.n,
        estimated=_widened(estimate(scores, threshold=threshold), matured),
        realised={name: realised.figures[name] for name in METRICS if name in realised.figures},
    )


def _widened(
    figures: dict[str, EstimatedFigure], matured: Sequence[MaturedEstimate]
) -> dict[str, EstimatedFigure]:
    return {
        name: widened(name, figure, excess=_excess(name, matured), bound=figure.bound)
        for name, figure in figures.items()
    }


def _excess(metric: str, matured: Sequence[MaturedEstimate]) -> float:
    record = track_record(metric, matured)
    return 0.0 if record is None else record.excess


def _n_matured(matured: Sequence[MaturedEstimate]) -> int:
    """Return in how many windows both of the judged metrics have shown their worth."""
    records = [track_record(metric, matured) for metric in _WORDS]
    return min(0 if record is None else record.n for record in records)


def _held_back(
    n: int, n_matured: int, outside: tuple[float, float], policy: EstimatePolicy
) -> tuple[EstimateVerdict | None, str]:
    """Return why nothing can be said; None if something can."""
    if n < policy.min_rows:
        return EstimateVerdict.TOO_FEW, f"{n:,} of the {policy.min_rows:,} rows that it needs"
    here, before = outside
    if here - before > policy.outside_margin:
        return EstimateVerdict.WITHDRAWN, (
            f"{here:.1%} of the rows lie outside what the model knows, {before:.1%} in its "
            f"reference; with over {100 * policy.outside_margin:g} points more, scores may mean "
            "something else"
        )
    if n_matured < policy.min_matured:
        return EstimateVerdict.TOO_FEW, (
            f"{n_matured} of the {policy.min_matured} windows that it needs have been checked "
            "against their labels"
        )
    return None, ""


def _judged(
    baseline: ModelMetrics,
    figures: dict[str, EstimatedFigure],
    matured: Sequence[MaturedEstimate],
    policy: EstimatePolicy,
) -> tuple[EstimateVerdict, str]:
    worsenings = {
        name: _worsening(name, baseline, figures[name], policy)
        for name in _WORDS
        if name in figures and name in baseline.standard_errors
    }
    if not worsenings:
        return EstimateVerdict.TOO_FEW, "the rows, or the reference, define no metric to judge"
    decayed = []
    for name, worsening in worsenings.items():
        spread = math.sqrt(
            figures[name].standard_error ** 2
            + _excess(name, matured)
            + baseline.standard_errors[name] ** 2
        )
        if excess_p_value(worsening, standard_error=spread) <= policy.alpha:
            decayed.append(name)
    told = "; ".join(_told(name, baseline, figures[name]) for name in decayed or worsenings)
    return (EstimateVerdict.DECAYED if decayed else EstimateVerdict.HELD), told


def _worsening(
    metric: str, baseline: ModelMetrics, figure: EstimatedFigure, policy: EstimatePolicy
) -> float:
    """Return by how much a figure is worse than what is put up with."""
    change = figure.estimate - baseline.figures[metric]
    if metric == "roc_auc":
        return -change - policy.auc_tolerance - figure.bound
    return change - policy.brier_tolerance - figure.bound


def _told(metric: str, baseline: ModelMetrics, figure: EstimatedFigure) -> str:
    interval = f"{figure.estimate:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
    return f"estimated {_WORDS[metric]} {interval}, {baseline.figures[metric]:.3f} on the reference"
