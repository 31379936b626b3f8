"""What a method of comparing one feature is given, and what it answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from holdfast.drift.bins import merged_bins
from holdfast.drift.counts import CategoryCounts, NumericCounts
from holdfast.stats.divergence import SMOOTHING, shares
from holdfast.stats.permutation import deal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.drift.counts import FeatureCounts
    from holdfast.drift.grid import FeatureCells
    from holdfast.drift.power import Sensitivity

__all__ = ["DEALS", "Comparison", "Method", "MethodResult"]

DEALS = 199
"""How often the rows of a feature are dealt at random; p-values then come in steps of 0.005."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """One feature in two windows, counted on the same cells.

    What several methods read is worked out once, when the first of them asks.

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

    @property
    def numbers(self) -> tuple[NumericCounts, NumericCounts] | None:
        """Both windows' counts, if they are numeric and both hold values."""
        left, right = self.reference, self.current
        if not (isinstance(left, NumericCounts) and isinstance(right, NumericCounts)):
            return None
        return (left, right) if left.n_values and right.n_values else None

    @property
    def categories(self) -> tuple[CategoryCounts, CategoryCounts] | None:
        """Both windows' counts, if they are of categories and both hold values."""
        left, right = self.reference, self.current
        if not (isinstance(left, CategoryCounts) and isinstance(right, CategoryCounts)):
            return None
        return (left, right) if left.n_values and right.n_values else None

    @cached_property
    def bins(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Both windows' rows on the few bins that divergences are read on."""
        return merged_bins(self.reference, self.current)

    @cached_property
    def deals(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What `bins` could be without drift: 199 random deals, shape ``(199, k)`` each."""
        reference, current = self.bins
        pooled = reference + current
        dealt = deal(pooled, int(current.sum()), draws=DEALS)
        return pooled - dealt, dealt

    @cached_property
    def shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`bins` as shares in the first row, then `deals`; shape ``(200, k)`` each."""
        return self._shares(smoothing=0.0)

    @cached_property
    def smoothed_shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """As `shares`, half a row added to each bin, so that none is empty."""
        return self._shares(smoothing=SMOOTHING)

    def _shares(self, *, smoothing: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        (left, right), (left_deals, right_deals) = self.bins, self.deals
        return (
            shares(np.vstack([left, left_deals]), smoothing=smoothing),
            shares(np.vstack([right, right_deals]), smoothing=smoothing),
        )

    def detectable(self, scale: float) -> float:
        """Return the shift that so many values would find.

        Args:
            scale: Of the test, as `Sensitivity` gives it.
        """
        return scale * math.sqrt(1 / self.reference.n_values + 1 / self.current.n_values)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodResult:
    """What a method found for one feature; every figure is finite.

    Attributes:
        method: Its name in snake_case.
        statistic: Its own statistic.
        p_value: In (0, 1] or, where no float is small enough, 0; None without a null
            distribution.
        effect: The size of the shift, in [0, 1] for tests: a distance between
            distributions or a difference of shares.
        bound: By how much `statistic` may be too small because cells hide order;
            0.0 where it is exact.
        smallest_detectable: The effect that this many rows would find with the power
            asked for, above 1 if they would find none; None where it is not worked out.
        expected: The mean of `statistic` without any drift, at these numbers of rows;
            None where it is not worked out.

    Raises:
        ValueError: If a figure is not finite, or the p-value no probability.
    """

    method: str
    statistic: float
    p_value: float | None
    effect: float
    bound: float = 0.0
    smallest_detectable: float | None = None
    expected: float | None = None

    def __post_init__(self) -> None:
        # One NaN among the p-values would make the whole family look like no drift.
        figures = (self.statistic, self.p_value, self.effect, self.bound, self.expected)
        if not all(figure is None or math.isfinite(figure) for figure in figures):
            raise ValueError(f"{self.method} gave a figure that is not finite: {figures}")
        if self.p_value is not None and not 0.0 <= self.p_value <= 1.0:
            raise ValueError(
                f"{self.method} gave a p-value of {self.p_value}; it is no probability"
            )

    @property
    def upper(self) -> float:
        """The most that the statistic of the raw rows can be; it is no less than `statistic`."""
        return self.statistic + self.bound


@runtime_checkable
class Method(Protocol):
    """Compares one feature between two windows on the same grid; pure."""

    @property
    def name(self) -> str:
        """The method's name in snake_case, as reports show it."""
        ...

    @property
    def is_test(self) -> bool:
        """Whether its p-value can take part in a verdict."""
        ...

    def applies(self, pair: Comparison) -> bool:
        """Tell whether there is something this method can compare; both hold rows.

        Cheap: it is asked of every method before the first one compares.
        """
        ...

    def compare(self, pair: Comparison) -> MethodResult:
        """Compare; only called if `applies` says so. Every figure is finite."""
        ...
