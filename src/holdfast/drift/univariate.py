"""How one feature of two windows is compared: every method, by its name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from holdfast.drift.bins import merged_bins
from holdfast.drift.counts import CategoryCounts, NumericCounts
from holdfast.stats import divergence, two_sample

if TYPE_CHECKING:
    from holdfast.drift.counts import FeatureCounts
    from holdfast.drift.power import Sensitivity

C = TypeVar("C", NumericCounts, CategoryCounts)

__all__ = [
    "METHODS",
    "ChiSquare",
    "JensenShannon",
    "KolmogorovSmirnov",
    "Method",
    "MethodResult",
    "Missingness",
    "PopulationStabilityIndex",
    "UnseenCategories",
]


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

    def applies(self, reference: FeatureCounts, current: FeatureCounts) -> bool:
        """Tell whether there is something this method can compare; both hold rows."""
        ...

    def compare(
        self, reference: FeatureCounts, current: FeatureCounts, *, sensitivity: Sensitivity
    ) -> MethodResult:
        """Compare; only called if `applies` says so. Every figure is finite."""
        ...


class KolmogorovSmirnov:
    """The largest gap between the two cumulative distributions of a number.

    Exact for references of at most 1,024 distinct values; otherwise `bound` says by how
    much the true distance may be larger.
    """

    name = "kolmogorov_smirnov"
    is_test = True

    def applies(self, reference: FeatureCounts, current: FeatureCounts) -> bool:
        """Numeric features with values on both sides."""
        return _is_numeric(reference, current) and _both_have_values(reference, current)

    def compare(
        self, reference: FeatureCounts, current: FeatureCounts, *, sensitivity: Sensitivity
    ) -> MethodResult:
        """Return the distance as statistic and effect."""
        left, right = _as(NumericCounts, reference), _as(NumericCounts, current)
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
            smallest_detectable=_detectable(sensitivity.numeric_scale, left, right),
        )


class ChiSquare:
    """Homogeneity of the categories; rare and unseen ones are pooled into one."""

    name = "chi_square"
    is_test = True

    def applies(self, reference: FeatureCounts, current: FeatureCounts) -> bool:
        """Categorical and boolean features with values on both sides."""
        return not _is_numeric(reference, current) and _both_have_values(reference, current)

    def compare(
        self, reference: FeatureCounts, current: FeatureCounts, *, sensitivity: Sensitivity
    ) -> MethodResult:
        """Return chi-square as statistic and total variation as effect."""
        left, right = _as(CategoryCounts, reference), _as(CategoryCounts, current)
        cells = two_sample.pool_rare(left.known, right.known, rest=(left.n_unseen, right.n_unseen))
        found = two_sample.chi_square(*cells)
        scale = sensitivity.categorical_scale(found.degrees_of_freedom)
        return MethodResult(
            method=self.name,
            statistic=found.statistic,
            p_value=found.p_value,
            effect=divergence.total_variation(*cells),
            smallest_detectable=_detectable(scale, left, right),
        )


class Missingness:
    """The share of rows without a usable value: missing, or an infinite number."""

    name = "missingness"
    is_test = True

    def applies(self, reference: FeatureCounts, current: FeatureCounts) -> bool:
        """Features of which any row lacks a value, on either side."""
        return reference.n_absent + current.n_absent > 0

    def compare(
        self,
        reference: FeatureCounts,
        current: FeatureCounts,
        *,
        sensitivity: Sensitivity,  # noqa: ARG002 - part of the protocol; exact tests need none
    ) -> MethodResult:
        """Return the difference of the shares, with Fisher's exact p-value."""
        found = two_sample.fisher_exact(_absent_of_all(reference), _absent_of_all(current))
        return MethodResult(
            method=self.name,
            statistic=found.statistic,
            p_value=found.p_value,
            effect=abs(found.statistic),
        )


class UnseenCategories:
    """Rows in categories that the grid does not know, beyond what rare levels explain."""

    name = "unseen_categories"
    is_test = True

    def applies(self, reference: FeatureCounts, current: FeatureCounts) -> bool:
        """Categorical features with an unseen category in the current window."""
        return not _is_numeric(reference, current) and _as(CategoryCounts, current).n_unseen > 0

    def compare(
        self,
        reference: FeatureCounts,
        current: FeatureCounts,
        *,
        sensitivity: Sensitivity,  # noqa: ARG002 - part of the protocol; exact tests need none
    ) -> MethodResult:
        """Return the share of unseen categories; the effect is its growth."""
        left, right = _as(CategoryCounts, reference), _as(CategoryCounts, current)
        # What the reference holds beyond the grid is no news either.
        allowance = two_sample.unseen_allowance(left.n_values, left.n_seen_once + left.n_unseen)
        share = right.n_unseen / right.n_values
        before = left.n_unseen / left.n_values if left.n_values else 0.0
        return MethodResult(
            method=self.name,
            statistic=share,
            p_value=two_sample.unseen_p_value(right.n_unseen, right.n_values, allowance=allowance),
            effect=max(0.0, share - before),
        )


class PopulationStabilityIndex:
    """The index known from credit scoring, on ten bins; a size without a test."""

    name = "population_stability_index"
    is_test = False

    def applies(self, reference: FeatureCounts, current: FeatureCounts) -> bool:
        """Every feature; missing values have a bin of their own."""
        return reference.kind == current.kind

    def compare(
        self,
        reference: FeatureCounts,
        current: FeatureCounts,
        *,
        sensitivity: Sensitivity,  # noqa: ARG002 - part of the protocol; a size has no power
    ) -> MethodResult:
        """Return the index in nats."""
        index = divergence.population_stability_index(*merged_bins(reference, current))
        return MethodResult(method=self.name, statistic=index, p_value=None, effect=index)


class JensenShannon:
    """The Jensen–Shannon distance on ten bins; a size without a test."""

    name = "jensen_shannon"
    is_test = False

    def applies(self, reference: FeatureCounts, current: FeatureCounts) -> bool:
        """Every feature; missing values have a bin of their own."""
        return reference.kind == current.kind

    def compare(
        self,
        reference: FeatureCounts,
        current: FeatureCounts,
        *,
        sensitivity: Sensitivity,  # noqa: ARG002 - part of the protocol; a size has no power
    ) -> MethodResult:
        """Return the distance in [0, 1]."""
        distance = divergence.jensen_shannon(*merged_bins(reference, current))
        return MethodResult(method=self.name, statistic=distance, p_value=None, effect=distance)


_ALL: tuple[Method, ...] = (
    KolmogorovSmirnov(),
    ChiSquare(),
    Missingness(),
    UnseenCategories(),
    PopulationStabilityIndex(),
    JensenShannon(),
)
METHODS: dict[str, Method] = {method.name: method for method in _ALL}
"""Every method by its name, in the order in which reports show them."""


def _detectable(scale: float, reference: FeatureCounts, current: FeatureCounts) -> float:
    return scale * math.sqrt(1 / reference.n_values + 1 / current.n_values)


def _absent_of_all(counts: FeatureCounts) -> tuple[int, int]:
    return counts.n_absent, counts.n_values + counts.n_absent


def _both_have_values(reference: FeatureCounts, current: FeatureCounts) -> bool:
    return reference.n_values > 0 and current.n_values > 0


def _is_numeric(reference: FeatureCounts, current: FeatureCounts) -> bool:
    return isinstance(reference, NumericCounts) and isinstance(current, NumericCounts)


def _as(kind: type[C], counts: FeatureCounts) -> C:
    assert isinstance(counts, kind), "a method compares only what it applies to"
    return counts
