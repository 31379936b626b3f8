"""Formulas for how far apart two vectors of shares are, many pairs at once.

Each takes shares along the last axis, so that one call serves the observed windows as well
as two hundred random deals of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["hellinger", "jensen_shannon", "relative_entropy", "shares", "stability", "variation"]


def shares(counts: Counts, *, smoothing: float = 0.0) -> Floats:
    """Return counts as shares of their sum.

    Args:
        counts: Shape ``(..., k)``; no vector may be empty.
        smoothing: Rows added to each cell, so that none is empty.
    """
    smoothed = counts + smoothing
    result: Floats = smoothed / smoothed.sum(axis=-1, keepdims=True)
    return result


def stability(p: Floats, q: Floats) -> Floats:
    """Return the Population Stability Index in nats; every share must be positive."""
    index: Floats = ((q - p) * np.log(q / p)).sum(axis=-1)
    return index


def relative_entropy(p: Floats, q: Floats) -> Floats:
    """Return the Kullback–Leibler divergence of `q` from `p` in nats, ``Σ q ln(q / p)``."""
    divergence: Floats = (q * np.log(q / p)).sum(axis=-1)
    # Rounding can leave equal vectors a hair below zero.
    return np.maximum(divergence, 0.0)


def jensen_shannon(p: Floats, q: Floats) -> Floats:
    """Return the Jensen–Shannon distance, in [0, 1]."""
    middle = (p + q) / 2
    divergence = (_bits(p, middle) + _bits(q, middle)) / 2
    return np.sqrt(np.clip(divergence, 0.0, 1.0))


def hellinger(p: Floats, q: Floats) -> Floats:
    """Return the Hellinger distance, in [0, 1]."""
    squares = ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(axis=-1)
    distance: Floats = np.sqrt(np.clip(squares / 2, 0.0, 1.0))
    return distance


def variation(p: Floats, q: Floats) -> Floats:
    """Return the total variation distance, in [0, 1]."""
    half: Floats = np.abs(p - q).sum(axis=-1) / 2
    return half


def _bits(p: Floats, middle: Floats) -> Floats:
    # Empty cells count nothing: 0 log 0 is 0, and log2(1) spares a warning.
    ratio = np.divide(p, middle, out=np.ones_like(p), where=p > 0)
    bits: Floats = (p * np.log2(ratio)).sum(axis=-1)
    return bits
