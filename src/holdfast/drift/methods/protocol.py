"""What a method of comparing one feature is given, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from holdfast.drift.bins import merged_bins

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from holdfast.drift.counts import FeatureCounts
    from holdfast.drift.grid import FeatureCells
    from holdfast.drift.power import Sensitivity

__all__ = ["Comparison", "Method", "MethodResult"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """One feature in two windows, counted on the same cells.

    Attributes:
        reference: Counts of the reference.
        current: Counts of the current window.
        cells: Where the cells lie, or None where only their order is known.
        sensitivity: What a test is asked for, for the smallest detectable shift.
    """

    reference: FeatureCounts
    current: FeatureCounts
    cells: FeatureCells | None
    sensitivity: Sensitivity

    @cached_property
    def bins(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Both windows' rows on the few bins that divergences are read on."""
        return merged_bins(self.reference, self.current)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodResult:
    """What a method found for one feature.

    Attributes:
        method: Its name in snake_case.
        statistic: Its own statistic.
        p_value: None for a divergence, which is a size without a test.
        effect: The size of the shift, in [0, 1] for tests: a distance between
            distributions or a difference of shares.
        bound: By how much `statistic` may be too small because cells hide order;
            0.0 where it is exact.
        smallest_detectable: The effect that this many rows would find with the power
            asked for, above 1 if they would find none; None where it is not worked out.
    """

    method: str
    statistic: float
    p_value: float | None
    effect: float
    bound: float = 0.0
    smallest_detectable: float | None = None


class Method(Protocol):
    """Compares one feature between two windows on the same grid; pure."""

    @property
    def name(self) -> str:
        """The method's name in snake_case, as reports show it."""
        ...

    @property
    def is_test(self) -> bool:
        """Whether it gives a p-value, and so can take part in a verdict."""
        ...

    def applies(self, pair: Comparison) -> bool:
        """Tell whether there is something this method can compare; both hold rows."""
        ...

    def compare(self, pair: Comparison) -> MethodResult:
        """Compare; only called if `applies` says so. Every figure is finite."""
        ...
