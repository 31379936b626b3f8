"""How far apart two distributions over the same bins are, as a size without a test.

A divergence is no p-value: its value without any drift grows with the number of bins and
shrinks with the number of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors import EmptyWindowError
from holdfast.stats import share_distances
from holdfast.stats.share_distances import shares

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "SMOOTHING",
    "hellinger",
    "jensen_shannon",
    "kullback_leibler",
    "population_stability_index",
    "total_variation",
]

SMOOTHING = 0.5
"""Rows added to each bin where an empty one would make the divergence infinite."""


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

    >>> import numpy as np
    >>> round(population_stability_index(np.array([50, 50]), np.array([70, 30])), 3)
    0.166
    """
    return float(share_distances.stability(*_both(reference, current, smoothing=SMOOTHING)))


def kullback_leibler(reference: Counts, current: Counts) -> float:
    """Return the Kullback–Leibler divergence, half a row added to each bin.

    Args:
        reference: Counts by bin, shape ``(k,)``.
        current: Counts of the same bins.

    Returns:
        The divergence of the current window from the reference, ``Σ q ln(q / p)``, in
        nats; the index of stability is this in both directions.

    Raises:
        EmptyWindowError: If a window holds no row.

    Source:
        Kullback and Leibler (1951), *On information and sufficiency*.

    >>> import numpy as np
    >>> round(kullback_leibler(np.array([50, 50]), np.array([70, 30])), 3)
    0.081
    """
    return float(share_distances.relative_entropy(*_both(reference, current, smoothing=SMOOTHING)))


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

    >>> import numpy as np
    >>> jensen_shannon(np.array([10, 0]), np.array([0, 10]))
    1.0
    """
    return float(share_distances.jensen_shannon(*_both(reference, current)))


def hellinger(reference: Counts, current: Counts) -> float:
    """Return the Hellinger distance between two windows' shares.

    Args:
        reference: Counts by bin, shape ``(k,)``.
        current: Counts of the same bins.

    Returns:
        A distance in [0, 1]; 1.0 where no bin is shared.

    Raises:
        EmptyWindowError: If a window holds no row.

    Source:
        Hellinger (1909), *Neue Begründung der Theorie quadratischer Formen*.

    >>> import numpy as np
    >>> hellinger(np.array([10, 0]), np.array([0, 10]))
    1.0
    """
    return float(share_distances.hellinger(*_both(reference, current)))


def total_variation(reference: Counts, current: Counts) -> float:
    """Return the total variation distance: the share of rows that would have to move.

    Args:
        reference: Counts by bin, shape ``(k,)``.
        current: Counts of the same bins.

    Returns:
        A distance in [0, 1].

    Raises:
        EmptyWindowError: If a window holds no row.

    >>> import numpy as np
    >>> total_variation(np.array([50, 50]), np.array([75, 25]))
    0.25
    """
    return float(share_distances.variation(*_both(reference, current)))


def _both(reference: Counts, current: Counts, *, smoothing: float = 0.0) -> tuple[Floats, Floats]:
    if reference.sum() == 0:
        raise EmptyWindowError("reference window")
    if current.sum() == 0:
        raise EmptyWindowError("current window")
    return shares(reference, smoothing=smoothing), shares(current, smoothing=smoothing)
