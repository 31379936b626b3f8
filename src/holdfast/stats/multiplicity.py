"""What p-values are worth when many are looked at together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["benjamini_hochberg", "holm", "level_of_each"]


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for the false discovery rate, in the order given.

    Rejecting those at most alpha keeps the expected share of false ones among the
    rejected at or below alpha, if the tests are independent or positively dependent.

    Args:
        p_values: One for each test of the family; may be empty.

    Source:
        Benjamini and Hochberg (1995), *Controlling the false discovery rate*.

    >>> benjamini_hochberg([0.01, 0.04, 0.5])
    (0.03, 0.06, 0.5)
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)[::-1]  # from the largest on
    ranks = np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(np.minimum(1.0, p[order] * p.size / ranks))
    return tuple(adjusted.tolist())


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for the chance of any false one, in the order given.

    Rejecting those at most alpha keeps the chance of one or more false ones at or below
    alpha, however the tests depend on each other.

    Args:
        p_values: One for each test of the family; may be empty.

    Source:
        Holm (1979), *A simple sequentially rejective multiple test procedure*.

    >>> holm([0.01, 0.04, 0.5])
    (0.03, 0.08, 0.5)
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    left = np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, p[order] * left))
    return tuple(adjusted.tolist())


def level_of_each(level: float, *, correlation: float) -> float:
    """Return the level of each of two one-sided tests, either of which is enough.

    With it, the chance that one of the two or both reject where there is nothing is `level`,
    if their statistics are jointly normal. Half of `level` (Bonferroni) would do as well, and
    give away power, the more the closer the two go together.

    Args:
        level: Of both together, below 0.5.
        correlation: Of the two test statistics, in [-1, 1].

    Source:
        Owen (1956), *Tables for computing bivariate normal probabilities*.

    >>> [round(level_of_each(0.05, correlation=rho), 4) for rho in (-1.0, 0.0, 1.0)]
    [0.025, 0.0253, 0.05]
    """
    rho = min(max(correlation, -1.0), 1.0)
    slope = math.inf if rho == -1.0 else math.sqrt((1 - rho) / (1 + rho))

    def excess(z: float) -> float:
        neither = special.ndtr(z) - 2 * special.owens_t(z, slope)
        return float(1 - neither - level)

    least, most = -special.ndtri(level), -special.ndtri(level / 2)
    return float(special.ndtr(-optimize.brentq(excess, least - 1e-6, most + 1e-6)))
