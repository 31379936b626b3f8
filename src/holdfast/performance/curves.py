"""What a model does at every threshold: from scores and labels to curves of a bounded length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.curves import Curves, OperatingPoint, ReliabilityBin
from holdfast.domain.errors import EmptyWindowError
from holdfast.performance.calibration_error import score_bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

__all__ = ["MOST_POINTS", "trace"]

_STEPS = 100  # between two neighbouring points neither rate moves by more than a step, ties aside
_FIRST = 16  # ranks at the top, doubled each time, that are kept: precision is jumpy there

MOST_POINTS = 3 * (_STEPS + 1) + _FIRST + 1
"""Of a curve, however many rows there are."""


def trace(labels: Labels, scores: Floats, *, threshold: float) -> Curves:
    """Return a model's curves on labelled rows that it was not fitted on.

    Each point is exact. Where there are more distinct scores than `MOST_POINTS`, points are
    left out so that no rate (recall, false alarms, share flagged) moves by more than 0.01 and a row
    from one point to the next, but for ties, which nothing can part.

    Args:
        labels: Ground truth, shape ``(n,)``.
        scores: P(y = 1), shape ``(n,)``.
        threshold: Score at and above which the decision is positive; its point is exact.

    Raises:
        EmptyWindowError: If there is no row.

    Source:
        Fawcett (2006), *An introduction to ROC analysis*, algorithm 1.

    >>> found = trace(
    ...     np.array([True, False, True, False]), np.array([0.9, 0.6, 0.4, 0.1]), threshold=0.5
    ... )
    >>> found.chosen
    OperatingPoint(threshold=0.5, n_true_positive=1, n_false_positive=1)
    >>> [(p.n_true_positive, p.n_false_positive) for p in found.points]
    [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)]
    """
    if labels.size == 0:
        raise EmptyWindowError("window of labelled rows")
    at, hits, alarms = _cumulated(labels, scores)
    kept = _kept(hits, alarms)
    return Curves(
        n=int(labels.size),
        n_positive=int(labels.sum()),
        chosen=_at(threshold, labels, scores),
        points=(
            OperatingPoint(threshold=1.0, n_true_positive=0, n_false_positive=0),
            *(
                OperatingPoint(
                    threshold=float(at[i]),
                    n_true_positive=int(hits[i]),
                    n_false_positive=int(alarms[i]),
                )
                for i in kept
            ),
        ),
        bins=_reliability(labels, scores),
    )


def _cumulated(labels: Labels, scores: Floats) -> tuple[Floats, Counts, Counts]:
    """Return the distinct scores, falling, and what is flagged at each of them."""
    distinct, where = np.unique(scores, return_inverse=True)
    positive = np.bincount(where[labels], minlength=distinct.size)
    negative = np.bincount(where[~labels], minlength=distinct.size)
    return distinct[::-1], np.cumsum(positive[::-1]), np.cumsum(negative[::-1])


def _kept(hits: Counts, alarms: Counts) -> NDArray[np.intp]:
    """Return which points stay: all of a few, else those at which a rate has moved on."""
    if hits.size < MOST_POINTS:
        return np.arange(hits.size)
    flagged = hits + alarms
    top = np.searchsorted(flagged, 2 ** np.arange(_FIRST), side="left")
    ranked = [np.append(_crossings(rate), hits.size - 1) for rate in (hits, alarms, flagged)]
    chosen = np.unique(np.concatenate([*ranked, top]))
    return chosen[chosen < hits.size]


def _crossings(counts: Counts) -> NDArray[np.intp]:
    """Return the last points before a count passes each of the hundredths of its total."""
    levels = counts[-1] * np.arange(1, _STEPS + 1) / _STEPS
    last: NDArray[np.intp] = np.searchsorted(counts, levels, side="right") - 1
    return last.clip(min=0)


def _at(threshold: float, labels: Labels, scores: Floats) -> OperatingPoint:
    flagged = scores >= threshold
    return OperatingPoint(
        threshold=threshold,
        n_true_positive=int((flagged & labels).sum()),
        n_false_positive=int((flagged & ~labels).sum()),
    )


def _reliability(labels: Labels, scores: Floats) -> tuple[ReliabilityBin, ...]:
    where = score_bins(scores)
    found = []
    for each in np.unique(where):
        inside = where == each
        found.append(
            ReliabilityBin(
                n=int(inside.sum()),
                n_positive=int(labels[inside].sum()),
                mean_score=float(scores[inside].mean()),
                lowest_score=float(scores[inside].min()),
                highest_score=float(scores[inside].max()),
            )
        )
    return tuple(found)
