"""How clean the top of a ranking is: average precision with its standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from holdfast.domain.errors import TooFewLabelsError
from holdfast.domain.intervals import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["AveragePrecision", "average_precision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePrecision:
    """The area under the precision-recall curve, with its standard error."""

    estimate: float
    standard_error: float

    def interval(self, *, level: float = 0.95) -> Interval:
        """Return it with a normal interval of its log-odds, which stays inside [0, 1].

        At 1 there are no log-odds, and no interval is claimed but the point.
        """
        p = self.estimate
        if not 0.0 < p < 1.0:
            return Interval(estimate=p, low=p, high=p, level=level)
        half = float(special.ndtri((1 + level) / 2)) * self.standard_error / (p * (1 - p))
        centre = float(special.logit(p))
        low, high = float(special.expit(centre - half)), float(special.expit(centre + half))
        return Interval(estimate=p, low=min(low, p), high=max(high, p), level=level)


def average_precision(labels: Labels, scores: Floats) -> AveragePrecision:
    """Return the mean, over positives, of the precision at each one's score.

    Its standard error is that of the infinitesimal jackknife: the figure is differentiated
    by the weight of each row.

    Args:
        labels: True for the positive class, shape ``(n,)``.
        scores: The higher, the more likely positive; shape ``(n,)``. Tied rows come together.

    Raises:
        TooFewLabelsError: If no row is positive.

    Source:
        Boyd, Eng and Page (2013), *Area under the precision-recall curve: point estimates
        and confidence intervals* (average precision; logit interval); Jaeckel (1972), *The
        infinitesimal jackknife*.

    >>> found = average_precision(np.array([True, False, True]), np.array([0.9, 0.5, 0.4]))
    >>> round(found.estimate, 4)
    0.8333
    """
    n, n_positive = int(labels.size), int(labels.sum())
    if n_positive == 0:
        raise TooFewLabelsError(found=0, required=1, what="positive rows")
    _, group, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    positives = np.bincount(group, weights=labels, minlength=counts.size)
    flagged, found = np.cumsum(counts), np.cumsum(positives)
    precision = found / flagged
    estimate = float(positives @ precision / n_positive)
    # A row of more weight counts itself, and enters the precision at each score not above its own.
    as_positive = _from_here_on(positives / flagged)
    as_any = _from_here_on(positives * precision / flagged)
    moved = labels * (precision + as_positive - estimate)[group] - as_any[group]
    error = math.sqrt(float(moved @ moved)) / n_positive if n > 1 else 0.0
    return AveragePrecision(estimate=estimate, standard_error=error)


def _from_here_on(values: Floats) -> Floats:
    return np.cumsum(values[::-1])[::-1]
