"""Between which rates later rows may lie, given what a finite reference has shown."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["normal_quantile", "rate_bounds"]


def normal_quantile(exceeded: float) -> float:
    """Return what a standard normal variable exceeds with a given probability.

    >>> round(normal_quantile(0.05), 3)
    1.645
    """
    return -NormalDist().inv_cdf(exceeded)


def rate_bounds(
    hits: Floats, n: Floats, *, z: float, dispersion: float = 1.0, tolerance: float = 0.0
) -> tuple[Floats, Floats]:
    """Return the lowest and highest rates that are put up with.

    A reference is itself a sample: a bound without its noise would be passed in the long run
    although nothing has changed. Wilson's form keeps its width where a rate is 0 or 1.

    Args:
        hits: Reference rows with a hit, shape ``(m,)``; parts of rows are allowed.
        n: Reference rows, shape ``(m,)``.
        z: How many standard errors of the reference's rate are allowed for.
        dispersion: By how much rows vary more than independent ones, at least 1.
        tolerance: Change of a rate that is not worth an alarm, on top.

    Returns:
        Two arrays of shape ``(m,)``, within [0, 1]. A bound of 0, or of 1, is one that no rate
        can pass; without reference rows both are.

    Source:
        Wilson (1927), *Probable inference, the law of succession, and statistical inference*.

    >>> low, high = rate_bounds(np.array([50.0]), np.array([100.0]), z=1.96, tolerance=0.02)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.384], [0.616])
    """
    known = n > 0
    rows = np.where(known, n, 1.0) / dispersion  # of independent rows, worth as much
    rate = np.where(known, hits, 0.0) / np.where(known, n, 1.0)
    shrink = 1.0 / (1.0 + z * z / rows)
    centre = shrink * (rate + z * z / (2 * rows))
    half = shrink * z * np.sqrt(rate * (1.0 - rate) / rows + z * z / (4 * rows * rows))
    low = np.clip(np.minimum(centre - half, rate) - tolerance, 0.0, 1.0)
    high = np.clip(np.maximum(centre + half, rate) + tolerance, 0.0, 1.0)
    return np.where(known, low, 0.0), np.where(known, high, 1.0)
