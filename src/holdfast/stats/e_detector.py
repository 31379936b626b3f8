"""How evidence that a rate has moved grows from bucket to bucket, and when it is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["STAKES", "grown", "log_bets", "log_gains", "log_group_means"]

STAKES: Floats = 2.0 ** -np.arange(1.0, 8.0)
"""Shares of the wealth that are staked: large ones find large shifts soon, small ones small."""


def log_gains(outcome: Floats | float, *, rates: Floats, dispersion: Floats | float) -> Floats:
    """Return the log of what one row with a given outcome multiplies the wealth by.

    The factor is ``1 + stake * (outcome - rate) / rate``: its mean is 1 at most if outcomes
    are `rate` or less on average, whatever else their distribution in [0, 1] is.

    Args:
        outcome: Of the row, in [0, 1]: 1 for a hit; a number, or shape ``(m,)``.
        rates: The highest mean outcome that each bet puts up with, shape ``(m,)``, in (0, 1).
        dispersion: By how much rows vary more than independent ones, at least 1; a number, or
            shape ``(m,)``.

    Returns:
        Shape ``(m, 7)``: for each bet and each of the `STAKES`.
    """
    gains = np.log1p(STAKES * ((outcome - rates) / rates)[:, np.newaxis])
    shrunk: Floats = gains / np.broadcast_to(dispersion, rates.shape)[:, np.newaxis]
    return shrunk


def log_bets(
    hits: Floats, n: Floats, *, rates: Floats, dispersion: Floats | float
) -> NDArray[np.float64]:
    """Return the log e-values of one-sided bets against rates, for one bucket of rows.

    Args:
        hits: Rows with a hit, shape ``(m,)``.
        n: Rows, hits among them, shape ``(m,)``; 0 leaves the wealth as it is.
        rates: The highest rate that each bet puts up with, in (0, 1).
        dispersion: By how much rows vary more than independent ones, at least 1.

    Returns:
        Shape ``(m, 7)``. If hits come at the rate or more rarely, the mean of each e-value is
        1 at most.

    Source:
        Waudby-Smith and Ramdas (2024), *Estimating means of bounded random variables by
        betting*, JRSS-B 86(1).

    >>> bets = log_bets(np.array([9.0]), np.array([10.0]), rates=np.array([0.5]), dispersion=1.0)
    >>> np.exp(bets).round(2).tolist()
    [[19.22, 5.59, 2.53, 1.62, 1.28, 1.13, 1.06]]
    """
    won = log_gains(1.0, rates=rates, dispersion=dispersion)
    lost = log_gains(0.0, rates=rates, dispersion=dispersion)
    bets: Floats = hits[:, np.newaxis] * won + (n - hits)[:, np.newaxis] * lost
    return bets


def grown(log_m: Floats, log_e: Floats) -> Floats:
    """Return the log of ``e * (M + 1)``: the evidence after one more bucket.

    A bet of one unit is added in each bucket and all are let ride, so that a change is found
    whenever it begins. While nothing has changed, M is the number of buckets at most, on
    average; therefore M reaches a bar A once in A buckets at most.

    Args:
        log_m: Log of M before; minus infinity at the start.
        log_e: Of the bucket, in the same shape.

    Source:
        Shin, Ramdas and Rinaldo (2022), *E-detectors: a nonparametric framework for
        sequential change detection* (the Shiryaev-Roberts form).

    >>> float(grown(np.array([-np.inf]), np.array([0.5]))[0])
    0.5
    """
    return log_e + np.logaddexp(log_m, 0.0)


def log_group_means(log_m: Floats, starts: NDArray[np.intp]) -> Floats:
    """Return the log of the mean of M within groups of bets; it never overflows.

    Args:
        log_m: Shape ``(m, stakes)``.
        starts: The first bet of each group, ascending, shape ``(g,)``; groups lie one after
            the other and none is empty.

    >>> means = log_group_means(np.log([[1.0, 3.0], [5.0, 5.0]]), np.array([0, 1]))
    >>> np.exp(means).round(6).tolist()
    [2.0, 5.0]
    """
    if starts.size == 0:
        return np.zeros(0)
    sizes = np.diff(starts, append=len(log_m))
    most = np.maximum.reduceat(log_m.max(axis=1), starts)
    finite = np.where(np.isfinite(most), most, 0.0)  # a group without evidence yet is all -inf
    shares = np.exp(log_m - np.repeat(finite, sizes)[:, np.newaxis]).sum(axis=1)
    with np.errstate(divide="ignore"):
        sums: Floats = finite + np.log(np.add.reduceat(shares, starts))
    means: Floats = sums - np.log(sizes * log_m.shape[1])
    return means
