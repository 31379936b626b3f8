"""How far a mean over windows may lie from the truth when neighbouring windows are alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import TooFewLabelsError
from holdfast.domain.intervals import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["block_means", "mean_interval"]


def block_means(
    values: NDArray[np.float64], *, block: int, draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the means of circular block resamples of a series.

    A resample is as long as the series and is laid together from blocks of neighbours that
    begin anywhere; the series is taken as a circle, so that no value is drawn less often than
    another. The last block is cut off where the resample is full.

    Args:
        values: In their order, shape ``(n,)``, at least one.
        block: Values in a block; more than there are counts as all of them.
        draws: How many resamples.
        rng: Draws where blocks begin.

    Returns:
        Shape ``(draws,)``.

    Source:
        Politis and Romano (1992), *A circular block-resampling procedure for stationary data*.

    >>> series = np.array([1.0, 2.0, 3.0, 4.0])
    >>> block_means(series, block=4, draws=3, rng=np.random.default_rng(0)).tolist()
    [2.5, 2.5, 2.5]
    """
    n = values.size
    length = min(block, n)
    n_blocks = math.ceil(n / length)
    starts = rng.integers(0, n, size=(draws, n_blocks))
    places = (starts[:, :, np.newaxis] + np.arange(length)) % n
    means: NDArray[np.float64] = values[places.reshape(draws, -1)[:, :n]].mean(axis=1)
    return means


def mean_interval(
    values: NDArray[np.float64],
    *,
    block: int = 3,
    draws: int = 4_000,
    level: float = 0.90,
    seed: int = 0,
) -> Interval:
    """Return the mean of a series with the percentile interval of its block resamples.

    Args:
        values: Such as paired differences window by window, in order, shape ``(n,)``.
        block: Neighbours that are drawn together.
        draws: Resamples.
        level: Of the interval, both tails alike.
        seed: Fixes the draws.

    Raises:
        TooFewLabelsError: If there are fewer than two values.

    >>> str(mean_interval(np.array([0.1, 0.3, 0.2, 0.2, 0.1, 0.3])))
    '0.200 [0.167, 0.233]'
    """
    if values.size < 2:
        raise TooFewLabelsError(found=int(values.size), required=2, what="windows to compare")
    means = block_means(values, block=block, draws=draws, rng=np.random.default_rng(seed))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate=float(values.mean()), low=float(low), high=float(high), level=level)
