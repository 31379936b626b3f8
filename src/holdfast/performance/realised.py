"""What a model really reached, on rows whose labels are known and mature."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import EmptyWindowError
from holdfast.domain.intervals import Interval
from holdfast.domain.releases import ModelMetrics
from holdfast.performance.calibration_error import calibration_error
from holdfast.stats.auc import delong, roc_auc
from holdfast.stats.precision_recall import average_precision
from holdfast.stats.proportion import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["measure"]

_LEAST_P = 1e-15  # log loss of a sure and wrong score would be infinite
_NORMAL_95 = 1.959964  # two-sided 95% quantile of the normal distribution


def measure(
    labels: Labels,
    scores: Floats,
    *,
    threshold: float,
    prices: tuple[float, float] | None = None,
) -> ModelMetrics:
    """Measure a model on labelled rows it was not fitted on.

    A figure that the rows do not define is left out, never NaN or 0: ROC AUC with one
    class only, recall and PR AUC without positives, precision without positive decisions,
    F1 without either, the cost without prices.

    Args:
        labels: Ground truth, shape ``(n,)``.
        scores: P(y = 1) by the model, shape ``(n,)``.
        threshold: Score at and above which the decision is positive.
        prices: What a false positive and a false negative cost; the cost is a row's mean.

    Returns:
        Figures with 95% intervals: DeLong for ROC AUC, the infinitesimal jackknife for PR
        AUC, Wilson for shares of rows (F1 as a function of one), normal for mean losses and
        costs, the noise of all bins for the calibration error.

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
    decided = scores >= threshold
    means, errors = _losses(labels, scores)
    found = (
        _shares(labels, decided)
        | _f1(labels, decided)
        | means
        | {"calibration_error": calibration_error(labels, scores)}
        | _cost(labels, decided, prices)
        | _pr_auc(labels, scores)
    )
    figures = {name: interval.estimate for name, interval in found.items()}
    intervals = {name: (i.low, i.high) for name, i in found.items()}
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


def _f1(labels: Labels, decided: Labels) -> dict[str, Interval]:
    """Return F1, which grows with one share: the hits among rows that are or seem positive."""
    either = int((labels | decided).sum())
    if either == 0:
        return {}
    share = wilson(int((labels & decided).sum()), either)
    f1, low, high = (2 * x / (1 + x) for x in (share.estimate, share.low, share.high))
    return {"f1": Interval(estimate=f1, low=min(low, f1), high=max(high, f1))}


def _cost(
    labels: Labels, decided: Labels, prices: tuple[float, float] | None
) -> dict[str, Interval]:
    if prices is None:
        return {}
    false_positive, false_negative = prices
    costs = false_positive * (decided & ~labels) + false_negative * (labels & ~decided)
    return {"cost": _mean(costs, _sd(costs) / math.sqrt(labels.size))}


def _pr_auc(labels: Labels, scores: Floats) -> dict[str, Interval]:
    """Return PR AUC if there is a positive row; one alone has a figure that may be anything."""
    return {"pr_auc": average_precision(labels, scores).interval()} if labels.any() else {}


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
