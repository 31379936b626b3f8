"""How far probabilities are from what happens: the expected calibration error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from holdfast.domain.errors import EmptyWindowError
from holdfast.domain.intervals import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["calibration_error", "score_bins"]

_BINS = 10
_HALF_NORMAL_MEAN = math.sqrt(2 / math.pi)  # of |z|, z standard normal
_HALF_NORMAL_VARIANCE = 1 - 2 / math.pi


def score_bins(scores: Floats, *, bins: int = _BINS) -> NDArray[np.intp]:
    """Return the bin of each row, by score: about as many rows in each, ties together.

    Args:
        scores: Shape ``(n,)``.
        bins: How many at most; ties can leave fewer.

    >>> score_bins(np.array([0.4, 0.1, 0.9, 0.2]), bins=2).tolist()
    [1, 0, 1, 0]
    """
    edges = np.quantile(scores, np.arange(1, bins) / bins, method="inverted_cdf")
    return np.searchsorted(np.unique(edges), scores, side="left")


def calibration_error(labels: Labels, scores: Floats, *, level: float = 0.95) -> Interval:
    """Return the mean gap, over ten bins of rows, between mean score and share of positives.

    The gaps that chance alone makes never cancel, so the figure is above 0 for the best of
    models. The interval allows for that: it is as wide as the noise of all bins together
    can be, which makes it a cautious one.

    Args:
        labels: Ground truth, shape ``(n,)``.
        scores: P(y = 1), shape ``(n,)``.
        level: Confidence level.

    Raises:
        EmptyWindowError: If there is no row.

    Source:
        Naeini, Cooper and Hauskrecht (2015), *Obtaining well calibrated probabilities using
        Bayesian binning*; the interval by the triangle inequality over the bins' normal noise.

    >>> found = calibration_error(np.array([True, False] * 50), np.full(100, 0.7))
    >>> round(found.estimate, 3)
    0.2
    """
    if labels.size == 0:
        raise EmptyWindowError("window of labelled rows")
    where = score_bins(scores)
    n = np.maximum(np.bincount(where), 1)
    gaps = labels - scores
    sums, squares = np.bincount(where, gaps), np.bincount(where, gaps**2)
    estimate = float(np.abs(sums).sum() / labels.size)
    # The noise of a bin's sum; one row tells nothing of its own spread, and counts in full.
    variances = np.where(n > 1, (squares - sums**2 / n) * n / np.maximum(n - 1, 1), squares)
    half = _sum_of_noise(np.sqrt(np.maximum(variances, 0.0)) / labels.size, level)
    return Interval(
        estimate=estimate, low=max(0.0, estimate - half), high=min(1.0, estimate + half)
    )


def _sum_of_noise(errors: Floats, level: float) -> float:
    """Return what the sum of the sizes of normal errors exceeds with a chance of 1 - level."""
    spread = math.sqrt(_HALF_NORMAL_VARIANCE * float(errors @ errors))
    return _HALF_NORMAL_MEAN * float(errors.sum()) + float(special.ndtri(level)) * spread
