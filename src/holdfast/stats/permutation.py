"""What counts would look like if rows were dealt to two windows at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

__all__ = ["deal", "share_reaching", "two_cell_p_value"]

_SEED = 20_260_101  # fixed: the same counts get the same p-value in every report
_MOST_EXACT = 10**9  # rows; beyond, numpy's hypergeometric sampler refuses
_MOST_LISTED = 100_000  # rows; up to here each is listed and drawn, which is fastest


def deal(pooled: Counts, n_current: int, *, draws: int) -> Counts:
    """Deal the pooled rows to two windows at random, again and again.

    Deterministic: one seed, always. Under no drift every deal is equally likely, whatever
    the distribution is, so that what is read off the deals is exact but for their number.

    Args:
        pooled: Rows of both windows by cell, shape ``(k,)``.
        n_current: How many of them the current window gets.
        draws: How often.

    Returns:
        Current rows by cell, shape ``(draws, k)``.

    Source:
        Fisher (1935), *The Design of Experiments*, section 21.

    >>> deal(np.array([3, 5]), 4, draws=199).sum(axis=1).tolist() == [4] * 199
    True
    """
    rng = np.random.default_rng(_SEED)
    total = int(pooled.sum())
    if total >= _MOST_EXACT:
        return _deal_normally(pooled, n_current, draws=draws, rng=rng)
    listed = total <= _MOST_LISTED and n_current <= 4 * pooled.size
    dealt: Counts = rng.multivariate_hypergeometric(
        pooled, n_current, size=draws, method="count" if listed else "marginals"
    )
    return dealt


def share_reaching(observed: float, dealt: NDArray[np.float64]) -> float:
    """Return the permutation p-value: the share of deals that reach what was observed.

    The observed deal is one of them, so the p-value is never 0.

    Args:
        observed: The statistic of the real windows; large speaks for drift.
        dealt: The same of each random deal, shape ``(draws,)``.

    Source:
        Phipson and Smyth (2010), *Permutation p-values should never be zero*.

    >>> share_reaching(2.0, np.array([0.0, 1.0, 2.0]))
    0.5
    """
    # Equal statistics differ in the last digits when summed in another order.
    reaching = int((dealt >= observed - 1e-9 * abs(observed)).sum())
    return (1 + reaching) / (1 + dealt.size)


def two_cell_p_value(pooled: Counts, current: Counts) -> float:
    """Return the exact p-value of rows that fall into two cells only.

    Args:
        pooled: Rows of both windows in each of the two cells.
        current: Rows of the current window.

    Returns:
        The chance of a deal at least as far from the expected one, in either direction.

    Source:
        Fisher (1935), *The logic of inductive inference*; deals are ordered by distance.

    >>> round(two_cell_p_value(np.array([99, 1]), np.array([0, 1])), 9)
    0.01
    """
    rare = int(np.argmin(pooled))
    n_rare, total, m = int(pooled[rare]), int(pooled.sum()), int(current.sum())
    possible = np.arange(max(0, n_rare + m - total), min(n_rare, m) + 1)
    away = np.abs(possible * total - m * n_rare)  # from the expected number, in integers
    observed = abs(int(current[rare]) * total - m * n_rare)
    chances = np.exp(
        _log_choices(n_rare, possible)
        + _log_choices(total - n_rare, m - possible)
        - _log_choices(total, np.array([m]))
    )
    return float(min(1.0, chances[away >= observed].sum()))


def _log_choices(n: int, k: Counts) -> NDArray[np.float64]:
    logs: NDArray[np.float64] = (
        special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    )
    return logs


def _deal_normally(
    pooled: Counts, n_current: int, *, draws: int, rng: np.random.Generator
) -> Counts:
    """Deal so many rows that their counts are normal to the last digit that matters."""
    total = int(pooled.sum())
    shares = pooled / total
    roots = np.sqrt(shares)
    normals = rng.normal(size=(draws, pooled.size))
    # Projected: the gaps of one deal add up to zero.
    normals -= np.multiply.outer(normals @ roots, roots)
    spread = np.sqrt(n_current * ((total - n_current) / total))
    dealt = np.rint(n_current * shares + spread * roots * normals)
    whole: Counts = np.clip(dealt, 0, np.minimum(pooled, n_current)).astype(np.int64)
    return whole
