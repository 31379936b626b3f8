"""How small a shift a comparison of so many rows could have found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from scipy import special

__all__ = ["RowsNeeded", "Sensitivity", "rows_needed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What one test of a family is asked for.

    Attributes:
        level: Its share of the family's error level, alpha divided by the number of tests.
        power: Chance with which a shift of the smallest detectable size is found.
    """

    level: float
    power: float

    @property
    def numeric_scale(self) -> float:
        """Smallest detectable Kolmogorov–Smirnov distance is this times sqrt(1/n + 1/m).

        Kolmogorov's bound for the critical value, plus the way from there to the power.
        """
        return math.sqrt(math.log(2 / self.level) / 2) + float(special.ndtri(self.power)) / 2

    def categorical_scale(self, degrees_of_freedom: int) -> float:
        """Smallest detectable total variation is this times sqrt(1/n + 1/m)."""
        degrees = max(1, degrees_of_freedom)
        return 0.5 * math.sqrt(_noncentrality(degrees, self.level, self.power))


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsNeeded:
    """How many rows would be enough to tell.

    Attributes:
        current: Values that the current window would need.
        reference: Values that the reference would need too, or None if it has enough.
    """

    current: int
    reference: int | None


def rows_needed(scale: float, *, n_reference: int, target: float) -> RowsNeeded:
    """Return the rows with which ``scale * sqrt(1/n + 1/m)`` comes down to a target.

    Args:
        scale: Of the test, as `Sensitivity` gives it.
        n_reference: Values in the reference.
        target: Shift that should be detectable, in (0, 1].

    >>> rows_needed(2.0, n_reference=5000, target=0.125)
    RowsNeeded(current=270, reference=None)
    """
    budget = (target / scale) ** 2
    if n_reference * budget > 1:
        return RowsNeeded(current=math.ceil(1 / (budget - 1 / n_reference)), reference=None)
    both = math.ceil(2 / budget)
    return RowsNeeded(current=both, reference=both)


@lru_cache(maxsize=4096)
def _noncentrality(degrees: int, level: float, power: float) -> float:
    critical = special.chdtri(degrees, level)
    return float(special.chndtrinc(critical, degrees, 1 - power))
