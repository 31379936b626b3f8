"""What p-values are worth when many are looked at together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["benjamini_hochberg"]


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
