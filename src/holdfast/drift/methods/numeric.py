"""How a number is compared: three tests of its distribution, and how far it moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.drift.grid import NumericCells
from holdfast.drift.methods.protocol import Comparison, MethodResult
from holdfast.stats import squared_gaps, two_sample
from holdfast.stats.wasserstein import Bulk, GroupedValues, bulk_of, clipped_wasserstein

if TYPE_CHECKING:
    from holdfast.drift.counts import NumericCounts

__all__ = ["AndersonDarling", "CramerVonMises", "KolmogorovSmirnov", "Wasserstein"]


class _NumericTest:
    """What the tests of a number have in common: when they apply, and their effect."""

    is_test = True

    def applies(self, pair: Comparison) -> bool:
        """Numeric features with values on both sides."""
        return pair.numbers is not None


class AndersonDarling(_NumericTest):
    """All gaps between the two cumulative distributions, squared, each by its variance.

    Decides by default: of the three it finds most shifts with the fewest rows, those in
    the tails above all. Taken on cells, it is the test's own form for tied values.
    """

    name = "anderson_darling"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return A² (1.0 is its mean without drift), with the largest gap as effect."""
        left, right = _numbers(pair)
        found = squared_gaps.anderson_darling(left.cells, right.cells)
        return MethodResult(
            method=self.name,
            statistic=found.statistic,
            p_value=found.p_value,
            effect=_largest_gap(left, right),
            smallest_detectable=pair.detectable(pair.sensitivity.numeric_scale),
            expected=1.0,
        )


class KolmogorovSmirnov(_NumericTest):
    """The largest gap between the two cumulative distributions of a number.

    Exact for references of at most 1,024 distinct values; otherwise `bound` says by how
    much the true distance may be larger.
    """

    name = "kolmogorov_smirnov"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance as statistic and effect."""
        left, right = _numbers(pair)
        found = two_sample.kolmogorov_smirnov(np.cumsum(left.cells), np.cumsum(right.cells))
        hidden = np.minimum(
            left.cells[::2] / left.n_values, right.cells[::2] / right.n_values
        ).max()
        return MethodResult(
            method=self.name,
            statistic=found.statistic,
            p_value=found.p_value,
            effect=found.statistic,
            bound=min(float(hidden), 1.0 - found.statistic),
            smallest_detectable=pair.detectable(pair.sensitivity.numeric_scale),
        )


class CramerVonMises(_NumericTest):
    """All gaps between the two cumulative distributions, squared and summed over the rows."""

    name = "cramer_von_mises"

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the criterion T, with the largest gap as effect."""
        left, right = _numbers(pair)
        found = squared_gaps.cramer_von_mises(left.cells, right.cells)
        return MethodResult(
            method=self.name,
            statistic=found.statistic,
            p_value=found.p_value,
            effect=_largest_gap(left, right),
            smallest_detectable=pair.detectable(pair.sensitivity.numeric_scale),
        )


class Wasserstein:
    """How far values moved, in standard deviations of the reference's bulk.

    The bulk is the reference's 1% to 99% range; values outside count as its ends. The
    distance of the raw rows lies between `statistic` and `upper`. A size without a test.
    """

    name = "wasserstein"
    is_test = False

    def applies(self, pair: Comparison) -> bool:
        """Numeric features whose cells are known and whose bulk is more than one value."""
        return _bulk(pair) is not None

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance's lower bound; `bound` leads to the upper one."""
        left, right = _numbers(pair)
        bulk = _bulk(pair)
        assert isinstance(pair.cells, NumericCells), "a method compares only what it applies to"
        assert bulk is not None, "a method compares only what it applies to"
        centre = pair.cells.median
        lowest, highest = clipped_wasserstein(
            GroupedValues(cells=left.cells, sums=left.sums, centre=centre),
            GroupedValues(cells=right.cells, sums=right.sums, centre=centre),
            pair.cells.edges,
            bulk,
        )
        return MethodResult(
            method=self.name,
            statistic=lowest,
            p_value=None,
            effect=lowest,
            bound=max(0.0, highest - lowest),
        )


def _numbers(pair: Comparison) -> tuple[NumericCounts, NumericCounts]:
    numbers = pair.numbers
    assert numbers is not None, "a method compares only what it applies to"
    return numbers


def _largest_gap(left: NumericCounts, right: NumericCounts) -> float:
    return two_sample.largest_gap(np.cumsum(left.cells), np.cumsum(right.cells))


def _bulk(pair: Comparison) -> Bulk | None:
    numbers, cells = pair.numbers, pair.cells
    if numbers is None or not isinstance(cells, NumericCells):
        return None
    left, right = numbers
    if left.minimum is None or left.maximum is None:
        return None
    # Sums of the largest floats overflow; a distance read off them would be no number.
    if not (np.isfinite(left.sums).all() and np.isfinite(right.sums).all()):
        return None
    return bulk_of(cells.edges, left.cells, minimum=left.minimum, maximum=left.maximum)
