"""How large a weighted sum of squared normals can become by chance: the law of A² and W².

The statistics of Anderson–Darling and Cramér–von Mises are sums of squares of correlated,
nearly normal gaps. Rotated, such a sum is Σ λᵢ Zᵢ² with independent normal Zᵢ: the λᵢ, its
spectrum, are all that has to be known of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Spectrum", "neighbour_groups", "ordered_spectrum", "upper_tail"]

MOST_GROUPS = 40  # neighbouring cells are averaged into so many before eigenvalues are taken
_HALVINGS = 24  # of the interval that holds the saddle point: any point near it will do
_STEPS = np.linspace(0.0, 4.4, 49)  # along the contour; right to 1e-8 where p is below 0.5
_NODES = np.sinh(_STEPS)
_PARABOLA = 1j * _NODES + _NODES**2 / 4
_SLOPE = (1j + _NODES / 2) * np.cosh(_STEPS)
_LEAST_EIGENVALUE = 1e-9  # of the largest; below, rounding speaks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectrum:
    """The law of Σ λᵢ Zᵢ².

    Attributes:
        weights: The largest λᵢ, descending, shape ``(k,)``, at least one.
        rest: Sum of the others, each so small that its square counts as its mean.
    """

    weights: Floats
    rest: float = 0.0


def upper_tail(spectrum: Spectrum, x: float) -> float:
    """Return P(Σ λᵢ Zᵢ² >= x).

    The moment generating function is integrated along a parabola through its saddle
    point, where the integrand neither oscillates nor cancels: relative precision is about
    1e-8 far into the tail, where ``1 - cdf`` would have none left.

    Args:
        spectrum: The λᵢ.
        x: A value of the statistic; of -inf or a negative one the answer is 1.

    Returns:
        A probability in [0, 1].

    Source:
        Marsaglia and Marsaglia (2004), *Evaluating the Anderson-Darling distribution*,
        for the values that it must repeat; Rice (1980), *Distribution of quadratic forms
        in normal random variables*, for the contour.

    >>> anderson_darling = Spectrum(weights=np.array([1 / (j * j + j) for j in range(1, 65)]),
    ...                             rest=1 / 65)
    >>> round(upper_tail(anderson_darling, 2.492), 4)
    0.05
    """
    excess = x - spectrum.rest
    if excess <= 0.0:
        return 1.0
    # In units of the largest weight, so that neither tiny nor huge ones overflow.
    scale = float(spectrum.weights[0])
    weights, level = spectrum.weights / scale, excess / scale
    if level > 1_400.0:
        return 0.0  # exp(-700) is the smallest probability that a float can hold
    centre = _saddle_point(weights, level)
    curvature = float((2 * weights**2 / (1 - 2 * weights * centre) ** 2).sum()) + 1 / centre**2
    step = 1 / np.sqrt(curvature)
    s = centre + step * _PARABOLA
    # One root a factor: the root of their product would jump between its two branches.
    roots = np.sqrt(1 - 2 * np.multiply.outer(s, weights)).prod(axis=1)
    # Half a parabola is enough: the other half is its mirror image.
    values = (np.exp(-s * level) / (roots * s) * (step * _SLOPE)).imag
    area = (values.sum() - values[0] / 2) * _STEPS[1] / np.pi
    return float(min(1.0, max(0.0, area)))


def ordered_spectrum(weights: Floats, low: Floats, high: Floats, diagonal: Floats) -> Spectrum:
    """Return the spectrum of Σ wᵢ gᵢ² for gaps between two cumulative distributions.

    Such gaps form a Markov chain: the covariance of gᵢ and gⱼ is ``low[i] * high[j]`` for
    i < j. Cells are averaged into at most 40 groups of neighbours, which projects the
    form; what the projection loses goes into `rest`. Ties change the law a lot (two
    distinct values: 5% of all statistics exceed 3.84 instead of 2.49), so the groups
    leave a frequent value alone.

    Args:
        weights: wᵢ >= 0, shape ``(k,)``, at least one positive.
        low: First factor of the covariance.
        high: Second factor.
        diagonal: Variance of each gap; ties make it differ from ``low * high``.

    Source:
        Gantmacher and Krein (1950) for such matrices; the projection is Galerkin's.

    >>> one = np.ones(1)
    >>> ordered_spectrum(one, one, one, one).weights.tolist()
    [1.0]
    """
    starts = neighbour_groups(weights)
    scale = np.sqrt(np.add.reduceat(weights, starts))
    lows = np.add.reduceat(weights * low, starts) / scale
    highs = np.add.reduceat(weights * high, starts) / scale
    upper = np.triu(np.outer(lows, highs), 1)
    within = _within_groups(weights, low, high, diagonal, starts)
    matrix = upper + upper.T + np.diag(within / scale**2)
    eigenvalues = np.linalg.eigvalsh(matrix)[::-1]
    kept = eigenvalues[eigenvalues > _LEAST_EIGENVALUE * eigenvalues[0]]
    rest = float((weights * diagonal).sum() - kept.sum())
    return Spectrum(weights=kept, rest=max(0.0, rest))


def neighbour_groups(weights: Floats) -> NDArray[np.intp]:
    """Return where groups of neighbouring cells start, at most some 80 of them.

    A cell of more than a fortieth of the weight stays alone; both ends, where gaps vary
    most, are cut finer than the middle.

    Args:
        weights: Of the cells in order, shape ``(k,)``.

    >>> neighbour_groups(np.ones(3)).tolist()
    [0, 1, 2]
    """
    if weights.size <= MOST_GROUPS:
        return np.arange(weights.size)
    shares = weights / weights.sum()
    middle = np.clip(np.cumsum(shares) - shares / 2, 0.0, 1.0)
    group = np.floor(np.arcsin(np.sqrt(middle)) * 2 / np.pi * MOST_GROUPS)
    alone = shares > 1 / MOST_GROUPS
    new = (np.diff(group) != 0) | alone[1:] | alone[:-1]
    return np.append(0, np.flatnonzero(new) + 1)


def _saddle_point(weights: Floats, level: float) -> float:
    """Return where exp(-s level) M(s) / s is least, for s in (0, 1/2)."""
    low, high = 0.0, 0.5
    for _ in range(_HALVINGS):
        s = (low + high) / 2
        rises = float((weights / (1 - 2 * weights * s)).sum()) > level + 1 / s
        low, high = (low, s) if rises else (s, high)
    return (low + high) / 2


def _within_groups(
    weights: Floats, low: Floats, high: Floats, diagonal: Floats, starts: NDArray[np.intp]
) -> Floats:
    """Return Σ wᵢ wⱼ cov(i, j) over each group's own cells."""
    lows, highs = weights * low, weights * high
    before = np.cumsum(lows) - lows  # of all cells to the left; the group's own are wanted
    sizes = np.diff(np.append(starts, weights.size))
    own = before - np.repeat(before[starts], sizes)
    cells = weights**2 * diagonal + 2 * own * highs
    total: Floats = np.add.reduceat(cells, starts)
    return total
