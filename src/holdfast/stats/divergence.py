"""How far apart two distributions over the same bins are, as a size without a test.

A divergence is no p-value: its value without any drift grows with the number of bins and
shrinks with the number of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import EmptyWindowError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["jensen_shannon", "population_stability_index", "total_variation"]

_SMOOTHING = 0.5  # rows added to each bin, so that an empty bin does not make the index infinite


def population_stability_index(reference: Counts, current: Counts) -> float:
    """Return the Population Stability Index, half a row added to each bin.

    Args:
        reference: Counts by bin, shape ``(k,)``.
        current: Counts of the same bins.

    Returns:
        The index in nats; 0.0 for equal shares.

    Raises:
        EmptyWindowError: If a window holds no row.

    Source:
        Siddiqi (2006), *Credit Risk Scorecards*.

    >>> round(population_stability_index(np.array([50, 50]), np.array([70, 30])), 3)
    0.166
    """
    p = _shares(reference, smoothing=_SMOOTHING)
    q = _shares(current, smoothing=_SMOOTHING, which="current window")
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Return the Jensen–Shannon distance: the square root of the divergence in bits.

    Args:
        reference: Counts by bin, shape ``(k,)``.
        current: Counts of the same bins.

    Returns:
        A distance in [0, 1]; 1.0 where no bin is shared.

    Raises:
        EmptyWindowError: If a window holds no row.

    Source:
        Lin (1991), *Divergence measures based on the Shannon entropy*; Endres and
        Schindelin (2003) for the square root being a metric.

    >>> jensen_shannon(np.array([10, 0]), np.array([0, 10]))
    1.0
    """
    p, q = _shares(reference), _shares(current, which="current window")
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return float(np.sqrt(min(1.0, max(0.0, divergence))))


def total_variation(reference: Counts, current: Counts) -> float:
    """Return the total variation distance: the share of rows that would have to move.

    Args:
        reference: Counts by bin, shape ``(k,)``.
        current: Counts of the same bins.

    Returns:
        A distance in [0, 1].

    Raises:
        EmptyWindowError: If a window holds no row.

    >>> total_variation(np.array([50, 50]), np.array([75, 25]))
    0.25
    """
    gaps = _shares(reference) - _shares(current, which="current window")
    return float(np.abs(gaps).sum() / 2)


def _relative_entropy(p: Floats, q: Floats) -> float:
    occupied = p > 0
    return float((p[occupied] * np.log2(p[occupied] / q[occupied])).sum())


def _shares(counts: Counts, *, smoothing: float = 0.0, which: str = "reference window") -> Floats:
    if counts.sum() == 0:
        raise EmptyWindowError(which)
    smoothed = counts + smoothing
    shares: Floats = smoothed / smoothed.sum()
    return shares
