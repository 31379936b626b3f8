"""What a model really reached, on rows whose labels are known and mature."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import EmptyWindowError
from holdfast.domain.intervals import Interval
from holdfast.domain.releases import ModelMetrics
from holdfast.stats.auc import delong, roc_auc
from holdfast.stats.proportion import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["measure"]

_LEAST_P = 1e-15  # log loss of a sure and wrong score would be infinite
_NORMAL_95 = 1.959964  # two-sided 95% quantile of the normal distribution


def measure(labels: Labels, scores: Floats, *, threshold: float) -> ModelMetrics:
    """Measure a model on labelled rows it was not fitted on.

    A figure that the rows do not define is left out, never NaN or 0: ROC AUC with one
    class only, recall without positives, precision without positive decisions, F1
    without either.

    Args:
        labels: Ground truth, shape ``(n,)``.
        scores: P(y = 1) by the model, shape ``(n,)``.
        threshold: Score at and above which the decision is positive.

    Returns:
        Figures with 95% intervals: DeLong for ROC AUC, Wilson for shares of rows, normal
        for mean losses.

    Raises:
        EmptyWindowError: If there is no row.

    Source:
        Brier (1950); DeLong, DeLong and Clarke-Pearson (1988); Wilson (1927).

    >>> metrics = measure(
    ...     np.array([True, False, True, False]), np.array([0.9, 0.2, 0.4, 0.1]), threshold=0.5
    ... )
    >>> metrics.figures["recall"], metrics.figures["roc_auc"]
    (0.5, 1.0)
    """
    if labels.size == 0:
        raise EmptyWindowError("window of labelled rows")
    shares = _shares(labels, scores >= threshold)
    means, errors = _losses(labels, scores)
    figures = {name: interval.estimate for name, interval in (shares | means).items()}
    intervals = {name: (i.low, i.high) for name, i in (shares | means).items()}
    _add_f1(figures, labels, scores >= threshold)
    _add_roc_auc(figures, intervals, errors, labels, scores)
    confidence = np.abs(scores - 0.5)
    return ModelMetrics(
        n=int(labels.size),
        n_positive=int(labels.sum()),
        figures=figures,
        intervals=intervals,
        standard_errors=errors,
        confidence=float(confidence.mean()),
        confidence_sd=_sd(confidence),
    )


def _shares(labels: Labels, decided: Labels) -> dict[str, Interval]:
    """Return the figures that are shares of rows, each with its Wilson interval."""
    hits = int((labels & decided).sum())
    of = {
        "recall": (hits, int(labels.sum())),
        "precision": (hits, int(decided.sum())),
        "accuracy": (int((labels == decided).sum()), int(labels.size)),
    }
    return {name: wilson(part, whole) for name, (part, whole) in of.items() if whole > 0}


def _losses(labels: Labels, scores: Floats) -> tuple[dict[str, Interval], dict[str, float]]:
    """Return the mean losses with normal intervals, and their standard errors."""
    likelihood = np.where(labels, scores, 1.0 - scores)
    losses = {
        "brier": (scores - labels) ** 2,
        "log_loss": -np.log(np.clip(likelihood, _LEAST_P, 1.0)),
    }
    errors = {name: _sd(loss) / math.sqrt(labels.size) for name, loss in losses.items()}
    return {name: _mean(loss, errors[name]) for name, loss in losses.items()}, errors


def _mean(losses: Floats, standard_error: float) -> Interval:
    mean, half = float(losses.mean()), _NORMAL_95 * standard_error
    return Interval(estimate=mean, low=max(0.0, mean - half), high=mean + half)


def _add_f1(figures: dict[str, float], labels: Labels, decided: Labels) -> None:
    both = int(labels.sum()) + int(decided.sum())
    if both > 0:
        figures["f1"] = 2 * int((labels & decided).sum()) / both


def _add_roc_auc(
    figures: dict[str, float],
    intervals: dict[str, tuple[float, float]],
    errors: dict[str, float],
    labels: Labels,
    scores: Floats,
) -> None:
    """Add ROC AUC if there are two classes, its uncertainty if there are two rows of each."""
    rarer = min(int(labels.sum()), int((~labels).sum()))
    if rarer == 0:
        return
    figures["roc_auc"] = roc_auc(labels, scores)
    if rarer > 1:
        found = delong(labels, scores)
        interval = found.interval()
        intervals["roc_auc"] = (interval.low, interval.high)
        errors["roc_auc"] = found.standard_error()


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else 0.0
