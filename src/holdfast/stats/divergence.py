"""How far apart two vectors of shares over the same bins are, as a size without a test.

Each takes shares along the last axis, so that one call serves the observed windows as well
as two hundred random deals of them. A divergence is no p-value: its value without any drift
grows with the number of bins and shrinks with the number of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import EmptyWindowError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "SMOOTHING",
    "hellinger",
    "jensen_shannon",
    "kullback_leibler",
    "population_stability_index",
    "shares",
    "total_variation",
]

SMOOTHING = 0.5
"""Rows added to each bin where an empty one would make the divergence infinite."""


def shares(counts: Counts, *, smoothing: float = 0.0) -> Floats:
    """Return counts as shares of their sum.

    Args:
        counts: By bin, shape ``(..., k)``.
        smoothing: Rows added to each bin, so that none is empty.

    Raises:
        EmptyWindowError: If a vector holds no row.

    >>> import numpy as np
    >>> shares(np.array([30, 10]))
    array([0.75, 0.25])
    """
    if not counts.sum(axis=-1).all():
        raise EmptyWindowError("window")
    smoothed = counts + smoothing
    result: Floats = smoothed / smoothed.sum(axis=-1, keepdims=True)
    return result


def population_stability_index(p: Floats, q: Floats) -> Floats:
    """Return the Population Stability Index.

    Args:
        p: Positive shares of the reference, shape ``(..., k)``.
        q: Positive shares of the current window.

    Returns:
        The index in nats; 0.0 for equal shares.

    Source:
        Siddiqi (2006), *Credit Risk Scorecards*.

    >>> import numpy as np
    >>> round(float(population_stability_index(np.array([0.5, 0.5]), np.array([0.7, 0.3]))), 3)
    0.169
    """
    index: Floats = ((q - p) * np.log(q / p)).sum(axis=-1)
    return index


def kullback_leibler(p: Floats, q: Floats) -> Floats:
    """Return the Kullback–Leibler divergence of `q` from `p`.

    Args:
        p: Positive shares of the reference, shape ``(..., k)``.
        q: Positive shares of the current window.

    Returns:
        ``Σ q ln(q / p)`` in nats; the index of stability is this in both directions.

    Source:
        Kullback and Leibler (1951), *On information and sufficiency*.

    >>> import numpy as np
    >>> round(float(kullback_leibler(np.array([0.5, 0.5]), np.array([0.7, 0.3]))), 3)
    0.082
    """
    divergence: Floats = (q * np.log(q / p)).sum(axis=-1)
    # Rounding can leave equal vectors a hair below zero.
    return np.maximum(divergence, 0.0)


def jensen_shannon(p: Floats, q: Floats) -> Floats:
    """Return the Jensen–Shannon distance: the square root of the divergence in bits.

    Args:
        p: Shares of the reference, shape ``(..., k)``.
        q: Shares of the current window.

    Returns:
        A distance in [0, 1]; 1.0 where no bin is shared.

    Source:
        Lin (1991), *Divergence measures based on the Shannon entropy*; Endres and
        Schindelin (2003) for the square root being a metric.

    >>> import numpy as np
    >>> float(jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    1.0
    """
    middle = (p + q) / 2
    divergence = (_bits(p, middle) + _bits(q, middle)) / 2
    return np.sqrt(np.clip(divergence, 0.0, 1.0))


def hellinger(p: Floats, q: Floats) -> Floats:
    """Return the Hellinger distance.

    Args:
        p: Shares of the reference, shape ``(..., k)``.
        q: Shares of the current window.

    Returns:
        A distance in [0, 1]; 1.0 where no bin is shared.

    Source:
        Hellinger (1909), *Neue Begründung der Theorie quadratischer Formen*.

    >>> import numpy as np
    >>> float(hellinger(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    1.0
    """
    squares = ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(axis=-1)
    distance: Floats = np.sqrt(np.clip(squares / 2, 0.0, 1.0))
    return distance


def total_variation(p: Floats, q: Floats) -> Floats:
    """Return the total variation distance: the share of rows that would have to move.

    Args:
        p: Shares of the reference, shape ``(..., k)``.
        q: Shares of the current window.

    Returns:
        A distance in [0, 1].

    >>> import numpy as np
    >>> float(total_variation(np.array([0.5, 0.5]), np.array([0.75, 0.25])))
    0.25
    """
    half: Floats = np.abs(p - q).sum(axis=-1) / 2
    return half


def _bits(p: Floats, middle: Floats) -> Floats:
    # Empty bins count nothing: 0 log 0 is 0, and log2(1) spares a warning.
    ratio = np.divide(p, middle, out=np.ones_like(p), where=p > 0)
    bits: Floats = (p * np.log2(ratio)).sum(axis=-1)
    return bits
