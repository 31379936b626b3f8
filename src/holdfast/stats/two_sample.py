"""Whether two windows could stem from one distribution: tests on counts.

Every test takes counts, never raw values, so that it works on sums of profiles. All are
two-sample tests: the reference is a sample too, not the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from holdfast.domain.errors import EmptyWindowError

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

__all__ = [
    "ChiSquare",
    "TwoSample",
    "chi_square",
    "fisher_exact",
    "g_test",
    "kolmogorov_smirnov",
    "largest_gap",
    "pool_rare",
    "unseen_allowance",
    "unseen_p_value",
]

EXACT_UP_TO = 1_000  # rows of both windows together; the exact path takes milliseconds there
_ONE_SAMPLE_UP_TO = 3_000  # rows of one sample as informative as both windows
_LEAST_EXPECTED = 5.0  # Cochran's rule: below this the chi-square approximation fails
_UPPER_95 = 1.645  # one-sided 95% quantile of the normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSample:
    """A test's statistic and its p-value."""

    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquare:
    """The statistic, p-value and degrees of freedom of a test by chi-square's law."""

    statistic: float
    p_value: float
    degrees_of_freedom: int


def kolmogorov_smirnov(reference: Counts, current: Counts) -> TwoSample:
    """Compare two distributions by the largest gap between their cumulative counts.

    Small windows (together at most 1,000 rows) get the exact permutation p-value, which
    knows about ties; larger ones the asymptotic one, which is conservative with ties.

    Args:
        reference: Cumulative counts at common, ordered points, shape ``(k,)``; the last
            is the number of values.
        current: The same for the current window.

    Returns:
        The largest gap in [0, 1] and its two-sided p-value.

    Raises:
        EmptyWindowError: If a window holds no value.

    Source:
        Schröer and Trenkler (1995), *Exact and randomization distributions of
        Kolmogorov-Smirnov tests two or three samples*; Simard and L'Ecuyer (2011);
        Vrbik (2018), *Small-sample corrections to Kolmogorov–Smirnov test statistic*.

    >>> result = kolmogorov_smirnov(np.array([4, 8, 8]), np.array([0, 4, 8]))
    >>> result.statistic
    0.5
    """
    n, m = _totals(int(reference[-1]), int(current[-1]))
    gap = _gap(reference, current)
    if gap == 0:
        return TwoSample(statistic=0.0, p_value=1.0)
    if n + m <= EXACT_UP_TO:
        p_value = _exact_p_value(gap, n, m, ends=reference + current)
    else:
        p_value = _asymptotic_p_value(gap / (n * m), n, m)
    return TwoSample(statistic=gap / (n * m), p_value=min(1.0, p_value))


def largest_gap(reference: Counts, current: Counts) -> float:
    """Return the Kolmogorov–Smirnov distance alone, in [0, 1].

    Args:
        reference: Cumulative counts at common, ordered points; the last is positive.
        current: The same for the current window.

    >>> largest_gap(np.array([4, 8, 8]), np.array([0, 4, 8]))
    0.5
    """
    return _gap(reference, current) / (int(reference[-1]) * int(current[-1]))


def _gap(reference: Counts, current: Counts) -> int:
    """Return the largest gap in units of 1 / (n m), in which it is an integer."""
    return int(np.abs(reference * int(current[-1]) - current * int(reference[-1])).max())


def _exact_p_value(gap: int, n: int, m: int, *, ends: Counts) -> float:
    """Return P(largest gap >= gap) over all orders of the pooled rows.

    A random order is a lattice path from (0, 0) to (n, m). ``outside[i]`` is the chance
    that a path which stands at (i, s - i) has left the band by then; the gap is only
    looked at where a run of ties ends.
    """
    ends_run = np.zeros(n + m + 1, dtype=bool)
    ends_run[ends] = True
    i = np.arange(n + 1.0)
    outside = np.zeros(n + 2)  # the first one stands left of i = 0 and stays 0
    for s in range(1, n + m + 1):
        low, high = max(0, s - m), min(n, s)
        steps = i[low : high + 1]
        reached = steps * outside[low : high + 1] + (s - steps) * outside[low + 1 : high + 2]
        outside[low + 1 : high + 2] = reached / s
        if ends_run[s]:  # |i (n + m) - s n| >= gap
            outside[1 : max(1, 2 + (s * n - gap) // (n + m))] = 1.0
            outside[1 - (-(s * n + gap) // (n + m)) :] = 1.0
    return float(outside[n + 1])


def _asymptotic_p_value(distance: float, n: int, m: int) -> float:
    """Return P(largest gap >= distance) for many rows.

    The exact one-sample law takes time in proportion to the rows; from some thousand on
    the limit with its correction for finite samples is right to 0.1%.
    """
    effective = max(1, round(n * m / (n + m)))
    if effective <= _ONE_SAMPLE_UP_TO:
        return float(_scipy_stats().kstwo.sf(distance, effective))
    root = effective**0.5
    x = distance * root
    return float(special.kolmogorov(x + 1 / (6 * root) + (x - 1) / (4 * effective)))


def pool_rare(
    reference: Counts, current: Counts, *, rest: tuple[int, int] = (0, 0)
) -> tuple[Counts, Counts]:
    """Pool the cells that are too rare for a chi-square test into one, the last.

    A cell is kept if its expected count in the smaller window is at least 5. Only the
    pooled counts decide, so the choice of cells does not favour either window.

    Args:
        reference: Counts by cell, shape ``(k,)``.
        current: Counts of the same cells.
        rest: Reference and current rows that belong to the pooled cell in any case.

    Returns:
        Both count vectors over the kept cells and, unless it is empty, the pooled one.

    >>> pool_rare(np.array([50, 40, 1]), np.array([45, 44, 2]), rest=(0, 9))
    (array([50, 40,  1]), array([45, 44, 11]))
    """
    n, m = int(reference.sum()) + rest[0], int(current.sum()) + rest[1]
    share = min(n, m) / max(n + m, 1)
    keep = (reference + current) * share >= _LEAST_EXPECTED
    others = (
        int(reference[~keep].sum()) + rest[0],
        int(current[~keep].sum()) + rest[1],
    )
    left, right = reference[keep].copy(), current[keep].copy()
    if sum(others) == 0:
        return left, right
    if left.size and sum(others) * share < _LEAST_EXPECTED:
        smallest = int(np.argmin(left + right))
        left[smallest] += others[0]
        right[smallest] += others[1]
        return left, right
    return np.append(left, others[0]), np.append(right, others[1])


def chi_square(reference: Counts, current: Counts) -> ChiSquare:
    """Test whether two windows share one distribution over categories (homogeneity).

    Not goodness of fit: that would take the reference for the truth and raise false
    alarms in half of all comparisons of equally large windows.

    Args:
        reference: Counts by cell, shape ``(k,)``; pool rare cells first (`pool_rare`).
        current: Counts of the same cells.

    Raises:
        EmptyWindowError: If a window holds no row.

    Source:
        Agresti (2013), *Categorical Data Analysis*, section 3.2.

    >>> chi_square(np.array([30, 70]), np.array([30, 70])).p_value
    1.0
    """
    n, m = _totals(int(reference.sum()), int(current.sum()))
    pooled = (reference + current).astype(np.float64)
    occupied = pooled > 0
    degrees = int(occupied.sum()) - 1
    if degrees == 0:
        return ChiSquare(statistic=0.0, p_value=1.0, degrees_of_freedom=0)
    gaps = reference[occupied] * float(m) - current[occupied] * float(n)
    statistic = float((gaps**2 / pooled[occupied]).sum() / (float(n) * float(m)))
    p_value = float(special.chdtrc(degrees, statistic))
    return ChiSquare(statistic=statistic, p_value=p_value, degrees_of_freedom=degrees)


def g_test(reference: Counts, current: Counts) -> ChiSquare:
    """Test homogeneity over categories by the ratio of likelihoods.

    Args:
        reference: Counts by cell, shape ``(k,)``; pool rare cells first (`pool_rare`).
        current: Counts of the same cells.

    Raises:
        EmptyWindowError: If a window holds no row.

    Source:
        Wilks (1938); Agresti (2013), *Categorical Data Analysis*, section 3.2.

    >>> round(g_test(np.array([30, 70]), np.array([50, 50])).statistic, 3)
    8.402
    """
    totals = np.array([[*_totals(int(reference.sum()), int(current.sum()))]]).T
    rows = np.stack([reference, current]).astype(np.float64)
    pooled = rows.sum(axis=0)
    degrees = int((pooled > 0).sum()) - 1
    if degrees == 0:
        return ChiSquare(statistic=0.0, p_value=1.0, degrees_of_freedom=0)
    expected = totals * (pooled / totals.sum())
    # An empty cell counts nothing: 0 log 0 is 0.
    ratio = np.divide(rows, expected, out=np.ones_like(rows), where=rows > 0)
    statistic = max(0.0, 2 * float((rows * np.log(ratio)).sum()))
    p_value = float(special.chdtrc(degrees, statistic))
    return ChiSquare(statistic=statistic, p_value=p_value, degrees_of_freedom=degrees)


def fisher_exact(reference: tuple[int, int], current: tuple[int, int]) -> TwoSample:
    """Compare two shares exactly, such as the share of missing values.

    Args:
        reference: Rows with the property, and all rows.
        current: The same for the current window.

    Returns:
        The difference of the shares (current minus reference) and the two-sided p-value.

    Raises:
        EmptyWindowError: If a window holds no row.

    Source:
        Fisher (1935), *The logic of inductive inference*.

    >>> fisher_exact((0, 100), (10, 100)).statistic
    0.1
    """
    n, m = _totals(reference[1], current[1])
    table = np.array([[reference[0], n - reference[0]], [current[0], m - current[0]]])
    p_value = float(_scipy_stats().fisher_exact(table).pvalue)
    return TwoSample(statistic=current[0] / m - reference[0] / n, p_value=min(1.0, p_value))


def unseen_allowance(n_reference: int, n_seen_once: int) -> float:
    """Return the share of unseen categories that is expected at most without any drift.

    A reference that saw many categories once has not seen all there are: the share of
    rows in unseen categories is about ``n_seen_once / n_reference`` (Good–Turing). Its
    upper 95% bound is allowed, or a feature of many rare levels would always alarm.

    Args:
        n_reference: Rows of the reference.
        n_seen_once: Categories that stand in exactly one of them.

    Source:
        Good (1953), *The population frequencies of species*.

    >>> round(unseen_allowance(999, 0), 6)
    0.002645
    """
    seen_once = n_seen_once + 1
    return float(min(1.0, (seen_once + _UPPER_95 * np.sqrt(seen_once)) / (n_reference + 1)))


def unseen_p_value(n_unseen: int, n_current: int, *, allowance: float) -> float:
    """Return the one-sided binomial p-value of so many rows in unseen categories.

    Args:
        n_unseen: Current rows whose category the reference does not know.
        n_current: All current rows with a category.
        allowance: The share that is expected at most (`unseen_allowance`).

    Raises:
        EmptyWindowError: If the current window holds no row.
    """
    _totals(1, n_current)
    if n_unseen == 0:
        return 1.0
    return float(special.bdtrc(n_unseen - 1, n_current, allowance))


def _scipy_stats() -> ModuleType:
    """Import what takes half a second and large windows without missing values do not need."""
    from scipy import stats  # noqa: PLC0415 - see above

    return stats


def _totals(n_reference: int, n_current: int) -> tuple[int, int]:
    if n_reference == 0:
        raise EmptyWindowError("reference window")
    if n_current == 0:
        raise EmptyWindowError("current window")
    return n_reference, n_current
