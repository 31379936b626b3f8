"""What a share of rows is worth: its interval, whether one is below another, or differs."""

from __future__ import annotations

import math

from scipy import special

from holdfast.domain.errors import EmptyWindowError
from holdfast.domain.intervals import Interval

__all__ = ["difference_p_value", "fall_p_value", "wilson"]


def wilson(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Return a share with its Wilson score interval.

    Unlike the textbook interval it stays inside [0, 1] and keeps its width at 0 and 1.

    Args:
        successes: Rows with the property.
        n: All rows.
        level: Two-sided confidence level.

    Raises:
        EmptyWindowError: If there are no rows.

    Source:
        Wilson (1927), *Probable inference, the law of succession, and statistical
        inference*.

    >>> str(wilson(8, 10))
    '0.800 [0.490, 0.943]'
    """
    if n == 0:
        raise EmptyWindowError("sample behind a share")
    z = float(special.ndtri((1 + level) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(
        estimate=share,
        low=min(share, max(0.0, centre - half)),
        high=max(share, min(1.0, centre + half)),
        level=level,
    )


def fall_p_value(reference: tuple[int, int], current: tuple[int, int]) -> float:
    """Return the one-sided p-value of the current share being the lower one.

    Args:
        reference: Rows with the property, and all rows.
        current: The same for the current window.

    Raises:
        EmptyWindowError: If a window holds no row.

    Source:
        Agresti (2013), *Categorical Data Analysis*, section 3.2 (pooled z test).

    >>> fall_p_value((50, 100), (50, 100))
    0.5
    """
    (a, n), (b, m) = reference, current
    if n == 0 or m == 0:
        raise EmptyWindowError("reference window" if n == 0 else "current window")
    pooled = (a + b) / (n + m)
    standard_error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    if standard_error == 0.0:  # both shares are 0, or both are 1
        return 0.5
    return float(special.ndtr((b / m - a / n) / standard_error))


def difference_p_value(reference: tuple[int, int], current: tuple[int, int]) -> float:
    """Return the two-sided p-value of two shares being different ones.

    Args:
        reference: Rows with the property, and all rows.
        current: The same for the current window.

    Raises:
        EmptyWindowError: If a window holds no row.

    Source:
        Agresti (2013), *Categorical Data Analysis*, section 3.2: the square of the pooled z
        is Pearson's chi-square of the two-by-two table.

    >>> difference_p_value((50, 100), (50, 100))
    1.0
    """
    tails = fall_p_value(reference, current), fall_p_value(current, reference)
    return min(1.0, 2.0 * min(tails))
