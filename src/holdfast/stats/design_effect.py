"""By how much the rows of a bucket vary together: how many of them are worth one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["LEAST_BUCKETS", "DesignEffect", "design_effect"]

LEAST_BUCKETS = 14  # two weeks of days: fewer tell hardly more than one weekday


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignEffect:
    """How much more rates vary between buckets than those of independent rows would.

    Attributes:
        value: The ratio of the variances, at least 1.
        n_buckets: Buckets with rows that it was taken from.
        measured: Whether there were enough of them; if not, the value is 1.
    """

    value: float
    n_buckets: int
    measured: bool

    def __str__(self) -> str:
        if self.measured:
            return f"rows vary {self.value:.2g} times as much as independent ones"
        return (
            f"rows taken as independent: {self.n_buckets} of the {LEAST_BUCKETS} buckets "
            "that would tell are there"
        )


def design_effect(hits: Floats, n: Floats) -> DesignEffect:
    """Estimate the design effect of indicators from buckets without a drift.

    Args:
        hits: Rows with a hit, by bucket and indicator, shape ``(t, m)``.
        n: Rows, shape ``(t, m)``.

    Returns:
        The mean over the indicators that vary at all, of the variance of their rates between
        buckets over the binomial one (Pearson's dispersion); at least 1.

    Source:
        Kish (1965), *Survey Sampling*; McCullagh and Nelder (1989), *Generalized Linear
        Models*, section 4.5.

    >>> days = np.array([[10.0], [30.0]] * 7)
    >>> print(design_effect(days, np.full((14, 1), 100.0)))
    rows vary 6.7 times as much as independent ones
    """
    n_buckets = int((n.sum(axis=1) > 0).sum())
    counted = (n > 0).sum(axis=0)  # an indicator can lack rows in a bucket that has some
    rates = hits.sum(axis=0) / np.maximum(n.sum(axis=0), 1.0)
    told = (counted >= LEAST_BUCKETS) & (rates > 0.0) & (rates < 1.0)
    if not told.any():
        return DesignEffect(value=1.0, n_buckets=n_buckets, measured=False)
    rows, rates = n[:, told], rates[told]
    squares = (hits[:, told] - rows * rates) ** 2 / (np.maximum(rows, 1.0) * rates * (1 - rates))
    ratios = squares.sum(axis=0) / (counted[told] - 1)
    return DesignEffect(value=max(1.0, float(ratios.mean())), n_buckets=n_buckets, measured=True)
