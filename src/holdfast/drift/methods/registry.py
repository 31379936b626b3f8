"""How one feature of two windows is compared: every method, by its name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from holdfast.drift.counts import CategoryCounts, NumericCounts
from holdfast.drift.methods.protocol import Comparison, Method, MethodResult
from holdfast.stats import divergence, two_sample

if TYPE_CHECKING:
    from holdfast.drift.counts import FeatureCounts

C = TypeVar("C", NumericCounts, CategoryCounts)

__all__ = [
    "METHODS",
    "ChiSquare",
    "JensenShannon",
    "KolmogorovSmirnov",
    "Missingness",
    "PopulationStabilityIndex",
    "UnseenCategories",
]


class KolmogorovSmirnov:
    """The largest gap between the two cumulative distributions of a number.

    Exact for references of at most 1,024 distinct values; otherwise `bound` says by how
    much the true distance may be larger.
    """

    name = "kolmogorov_smirnov"
    is_test = True

    def applies(self, pair: Comparison) -> bool:
        """Numeric features with values on both sides."""
        return _is_numeric(pair) and _both_have_values(pair)

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance as statistic and effect."""
        left, right = _as(NumericCounts, pair.reference), _as(NumericCounts, pair.current)
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
            smallest_detectable=_detectable(pair.sensitivity.numeric_scale, left, right),
        )


class ChiSquare:
    """Homogeneity of the categories; rare and unseen ones are pooled into one."""

    name = "chi_square"
    is_test = True

    def applies(self, pair: Comparison) -> bool:
        """Categorical and boolean features with values on both sides."""
        return not _is_numeric(pair) and _both_have_values(pair)

    def compare(self, pair: Comparison) -> MethodResult:
        """Return chi-square as statistic and total variation as effect."""
        left, right = _as(CategoryCounts, pair.reference), _as(CategoryCounts, pair.current)
        cells = two_sample.pool_rare(left.known, right.known, rest=(left.n_unseen, right.n_unseen))
        found = two_sample.chi_square(*cells)
        scale = pair.sensitivity.categorical_scale(found.degrees_of_freedom)
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

    def applies(self, pair: Comparison) -> bool:
        """Features of which any row lacks a value, on either side."""
        return pair.reference.n_absent + pair.current.n_absent > 0

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the difference of the shares, with Fisher's exact p-value."""
        found = two_sample.fisher_exact(
            _absent_of_all(pair.reference), _absent_of_all(pair.current)
        )
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

    def applies(self, pair: Comparison) -> bool:
        """Categorical features with an unseen category in the current window."""
        return not _is_numeric(pair) and _as(CategoryCounts, pair.current).n_unseen > 0

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the share of unseen categories; the effect is its growth."""
        left, right = _as(CategoryCounts, pair.reference), _as(CategoryCounts, pair.current)
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

    def applies(self, pair: Comparison) -> bool:
        """Every feature; missing values have a bin of their own."""
        return pair.reference.kind == pair.current.kind

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the index in nats."""
        index = divergence.population_stability_index(*pair.bins)
        return MethodResult(method=self.name, statistic=index, p_value=None, effect=index)


class JensenShannon:
    """The Jensen–Shannon distance on ten bins; a size without a test."""

    name = "jensen_shannon"
    is_test = False

    def applies(self, pair: Comparison) -> bool:
        """Every feature; missing values have a bin of their own."""
        return pair.reference.kind == pair.current.kind

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the distance in [0, 1]."""
        distance = divergence.jensen_shannon(*pair.bins)
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


def _both_have_values(pair: Comparison) -> bool:
    return pair.reference.n_values > 0 and pair.current.n_values > 0


def _is_numeric(pair: Comparison) -> bool:
    return isinstance(pair.reference, NumericCounts) and isinstance(pair.current, NumericCounts)


def _as(kind: type[C], counts: FeatureCounts) -> C:
    assert isinstance(counts, kind), "a method compares only what it applies to"
    return counts
