"""How extreme a statistic is among permuted ones, with no more of them than it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["PermutationTest", "permutation_test"]

_BLOCK = 40  # permutations that are worked out at once


@dataclass(frozen=True, kw_only=True, eq=False)
class PermutationTest:
    """What permutations say of a statistic.

    Attributes:
        p_value: P(p <= a) <= a for every a if the labels mean nothing.
        null: The statistics of the permutations that were drawn.
    """

    p_value: float
    null: Floats


def permutation_test(
    observed: float, draw: Callable[[int], Floats], *, most: int, exceedances: int
) -> PermutationTest:
    """Draw permutations until it is clear how extreme a statistic is.

    Args:
        observed: The larger, the more extreme.
        draw: Returns the statistics of so many independent permutations.
        most: Permutations to draw at most.
        exceedances: Stops once so many were at least as extreme as the one observed.

    Source:
        Besag and Clifford (1991), *Sequential Monte Carlo p-values*.

    >>> rng = np.random.default_rng(0)
    >>> permutation_test(9.0, rng.standard_normal, most=199, exceedances=20).p_value
    0.005
    >>> permutation_test(-9.0, rng.standard_normal, most=199, exceedances=20).p_value
    1.0
    """
    null = np.empty(0)
    while null.size < most:
        null = np.concatenate([null, draw(min(_BLOCK, most - null.size))])
        extreme = np.flatnonzero(null >= observed)
        if extreme.size >= exceedances:
            last = int(extreme[exceedances - 1]) + 1
            return PermutationTest(p_value=exceedances / last, null=null)
    return PermutationTest(p_value=(1 + extreme.size) / (1 + most), null=null)
