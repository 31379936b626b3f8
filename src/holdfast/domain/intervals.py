"""A figure with what is known of its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Interval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A point estimate with a confidence interval around it.

    >>> str(Interval(estimate=0.842, low=0.81, high=0.87))
    '0.842 [0.810, 0.870]'
    """

    estimate: float
    low: float
    high: float
    level: float = 0.95

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.estimate, self.low, self.high))):
            raise ValueError("an interval is made of finite numbers; use None for 'unknown'")

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"
