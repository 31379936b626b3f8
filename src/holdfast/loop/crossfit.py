"""How a model does on rows it was not fitted on, measured on all rows in turn.

Monitors compare production with this. A single held-out part would do so too, but a lucky
one raises the bar for good: every later window then looks worse than it is.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.loop.train import refit
from holdfast.performance.realised import measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.domain.releases import ModelMetrics
    from holdfast.loop.train import CalibratedModel

__all__ = ["OutOfFold", "cross_fit"]

_FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfFold:
    """Scores of rows, each by a model that was not fitted on it.

    Attributes:
        scores: Calibrated P(y = 1), shape ``(n,)``.
        labels: Ground truth, shape ``(n,)``.
        metrics: The baseline of a release's monitors.
    """

    scores: NDArray[np.float64]
    labels: NDArray[np.bool_]
    metrics: ModelMetrics


def cross_fit(
    model: CalibratedModel,
    rows: FeatureMatrix,
    labels: NDArray[np.bool_],
    *,
    threshold: float,
    ordered: bool,
    entities: Sequence[str | None] | NDArray[np.object_] | None = None,
    weights: NDArray[np.float64] | None = None,
) -> OutOfFold:
    """Fit a recipe five times, each time without a fifth of the rows, and score those.

    The calibration stays the model's own, as it does when the recipe is fitted on all rows.

    Args:
        model: The recipe: trainer, seed and calibration.
        rows: All rows, shape ``(n, …)``.
        labels: Theirs, shape ``(n,)``.
        threshold: The release's; for the baseline's recall and the like.
        ordered: Whether row order is that of time; then folds are stretches of it.
        entities: Whom each row is about; all rows of one lie in one fold.
        weights: What each row weighs to the trainer, shape ``(n,)``; scores are of all alike.

    Raises:
        TooFewLabelsError: If a fold leaves rows of one class only to learn from.
        TrainingFailedError: If no usable model came out.

    Source:
        Stone (1974), *Cross-validatory choice and assessment of statistical predictions*.
    """
    fold = _folds(labels, ordered=ordered, entities=entities, seed=model.seed)
    scores = np.empty(len(labels))
    for number in range(_FOLDS):
        out = np.flatnonzero(fold == number)
        if out.size == 0:
            continue
        rest = np.flatnonzero(fold != number)
        fitted = refit(
            model,
            rows.take(rest),
            labels[rest],
            weights=None if weights is None else weights[rest],
        )
        scores[out] = fitted.predict(rows.take(out))
    return OutOfFold(
        scores=scores, labels=labels, metrics=measure(labels, scores, threshold=threshold)
    )


def _folds(
    labels: NDArray[np.bool_],
    *,
    ordered: bool,
    entities: Sequence[str | None] | NDArray[np.object_] | None,
    seed: int,
) -> NDArray[np.intp]:
    n = len(labels)
    if ordered:
        return np.arange(n) * _FOLDS // n
    drawn = np.empty(n, dtype=np.intp)
    rng = np.random.default_rng(seed)
    for positive in (False, True):
        members = rng.permutation(np.flatnonzero(labels == positive))
        drawn[members] = np.arange(members.size) % _FOLDS
    if entities is None:
        return drawn
    # By a checksum, so that an entity's rows share a fold wherever they stand.
    named = [None if e is None else zlib.crc32(e.encode()) % _FOLDS for e in entities]
    return np.array([drawn[i] if f is None else f for i, f in enumerate(named)], dtype=np.intp)
