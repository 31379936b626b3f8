"""What a model reaches, estimated from its scores alone, before labels are known (CBPE)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import EmptyWindowError, TooFewLabelsError
from holdfast.domain.estimates import EstimatedFigure
from holdfast.stats.expected_auc import expected_auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["METRICS", "Places", "estimate", "estimate_at", "widened"]

METRICS = ("roc_auc", "brier", "accuracy", "recall", "precision", "f1", "log_loss")
_LEAST_P = 1e-15  # log loss of a sure and wrong score would be infinite, as `measure` has it
_NORMAL_95 = 1.959964  # two-sided 95% quantile of the normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where rows stand: one place for each row, or one for all rows of a score's cell.

    Attributes:
        chances: P(y = 1) there, calibrated, shape ``(k,)``.
        decided: Whether the decision there is positive, shape ``(k,)``.
        rows: How many rows stand there, shape ``(k,)``.
    """

    chances: Floats
    decided: Flags
    rows: Floats

    @property
    def n(self) -> int:
        """Rows at all places."""
        return int(self.rows.sum())


@dataclass(frozen=True, slots=True)
class _Ratio:
    """A figure that is a sum over rows by another: what a row adds to its error.

    `of_positive` and `of_negative` are a row's part of the numerator, less the estimate
    times its part of the denominator, if its label is positive, or negative.
    """

    estimate: float
    of_positive: Floats
    of_negative: Floats
    whole: float


def estimate(scores: Floats, *, threshold: float) -> dict[str, EstimatedFigure]:
    """Return the figures to expect of rows whose labels are not known yet.

    If the scores are calibrated, the labels are draws Y ~ Bernoulli(p), independent of each
    other. Each figure is its expectation over the labels (recall and F1: the ratio of the
    expectations). With a the row's part of the numerator, b of the denominator, and R their
    ratio, the figure's error is the sum of a - Rb over the rows, divided by B, the expected
    denominator (delta method; exact where B is fixed). With e1 and e0 that part for Y = 1
    and Y = 0:

    - over rows and labels, `standard_error`² = Σ (p e1² + (1 - p) e0²) / B²; for shares this
      is the binomial R(1 - R)/B;
    - over the labels of these rows alone, `label_error`² = Σ p(1 - p)(e1 - e0)² / B².

    ROC AUC has DeLong's variance, with weights p and 1 - p in both of its terms.

    It cannot see a change of what scores mean (concept): it takes them at their word.

    Args:
        scores: P(y = 1) by the model, shape ``(n,)``.
        threshold: Score at and above which the decision is positive.

    Returns:
        By metric; without those that the rows do not define: precision if nothing is
        decided positive, ROC AUC if fewer than two rows of a class are to be expected.

    Raises:
        EmptyWindowError: If there is no row.

    Source:
        NannyML's documentation, *Confidence-based performance estimation*; DeLong, DeLong
        and Clarke-Pearson (1988); Sun and Xu (2014).

    >>> found = estimate(np.array([0.1, 0.2, 0.8, 0.9]), threshold=0.5)
    >>> round(found["accuracy"].estimate, 3), round(found["recall"].estimate, 3)
    (0.85, 0.85)
    """
    places = Places(chances=scores, decided=scores >= threshold, rows=np.ones(scores.size))
    return estimate_at(places)


def estimate_at(places: Places) -> dict[str, EstimatedFigure]:
    """Do as `estimate`, with rows that stand at places.

    Raises:
        EmptyWindowError: If there is no row.
    """
    if places.n == 0:
        raise EmptyWindowError("window of scores")
    figures = {name: _figure(places, ratio) for name, ratio in _ratios(places).items()}
    return {name: widened(name, figure) for name, figure in (_of_auc(places) | figures).items()}


def widened(
    metric: str, figure: EstimatedFigure, *, excess: float = 0.0, bound: float = 0.0
) -> EstimatedFigure:
    """Return a figure with the 95% interval that all its uncertainties make together.

    Args:
        metric: Its name: log loss alone may exceed 1.
        figure: What is expected.
        excess: Variance of past errors beyond what labels alone bring.
        bound: How far off counting in cells may have led.
    """
    half = _NORMAL_95 * math.sqrt(figure.standard_error**2 + excess) + bound
    highest = math.inf if metric == "log_loss" else 1.0
    return replace(
        figure,
        low=max(0.0, figure.estimate - half),
        high=min(highest, figure.estimate + half),
        bound=bound,
    )


def _ratios(places: Places) -> dict[str, _Ratio]:
    p, rows = places.chances, places.rows
    decided = places.decided.astype(np.float64)
    never = np.zeros(p.size)
    n_decided, n_positive = float(rows @ decided), float(rows @ p)
    hits = float(rows @ (p * decided))
    sure = np.clip(p, _LEAST_P, 1.0), np.clip(1.0 - p, _LEAST_P, 1.0)
    found = {
        "brier": _mean(places, (1.0 - p) ** 2, p**2),
        "log_loss": _mean(places, -np.log(sure[0]), -np.log(sure[1])),
        "accuracy": _mean(places, decided, 1.0 - decided),
    }
    if n_positive > 0.0:
        recall = hits / n_positive
        found["recall"] = _Ratio(recall, decided - recall, never, n_positive)
    if n_decided > 0.0:
        precision = hits / n_decided
        residuals = decided * (1.0 - precision), -decided * precision
        found["precision"] = _Ratio(precision, *residuals, n_decided)
    either = n_decided + n_positive
    if either > 0.0:
        f1 = 2.0 * hits / either
        found["f1"] = _Ratio(f1, 2.0 * decided - f1 * (decided + 1.0), -f1 * decided, either)
    return found


def _mean(places: Places, if_positive: Floats, if_negative: Floats) -> _Ratio:
    """Return the mean over all rows of what a row costs or earns, by its label."""
    p, rows, n = places.chances, places.rows, float(places.rows.sum())
    mean = float(rows @ (p * if_positive + (1.0 - p) * if_negative)) / n
    return _Ratio(mean, if_positive - mean, if_negative - mean, n)


def _figure(places: Places, ratio: _Ratio) -> EstimatedFigure:
    p, rows = places.chances, places.rows
    drawn = rows @ (p * ratio.of_positive**2 + (1.0 - p) * ratio.of_negative**2)
    labels = rows @ (p * (1.0 - p) * (ratio.of_positive - ratio.of_negative) ** 2)
    return _certain(
        ratio.estimate,
        standard_error=math.sqrt(float(drawn)) / ratio.whole,
        label_error=math.sqrt(float(labels)) / ratio.whole,
    )


def _of_auc(places: Places) -> dict[str, EstimatedFigure]:
    try:
        found = expected_auc(places.chances, places.chances, rows=places.rows)
    except TooFewLabelsError:
        return {}
    errors = {"standard_error": found.standard_error, "label_error": found.label_error}
    return {"roc_auc": _certain(found.auc, **errors)}


def _certain(figure: float, *, standard_error: float, label_error: float) -> EstimatedFigure:
    """Return a figure that has no interval yet."""
    return EstimatedFigure(
        estimate=figure,
        low=figure,
        high=figure,
        standard_error=standard_error,
        label_error=label_error,
    )
