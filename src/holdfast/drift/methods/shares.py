"""How single shares are compared: of rows without a value, of rows in unseen categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.drift.counts import CategoryCounts
from holdfast.drift.methods.protocol import Comparison, MethodResult
from holdfast.stats import two_sample

if TYPE_CHECKING:
    from holdfast.drift.counts import FeatureCounts

__all__ = ["Missingness", "UnseenCategories"]


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
            expected=0.0,
        )


class UnseenCategories:
    """Rows in categories that the grid does not know, beyond what rare levels explain."""

    name = "unseen_categories"
    is_test = True

    def applies(self, pair: Comparison) -> bool:
        """Categorical features with an unseen category in the current window."""
        left, right = pair.reference, pair.current
        if not (isinstance(left, CategoryCounts) and isinstance(right, CategoryCounts)):
            return False
        return right.n_unseen > 0

    def compare(self, pair: Comparison) -> MethodResult:
        """Return the share of unseen categories; the effect is its growth."""
        left, right = pair.reference, pair.current
        assert isinstance(left, CategoryCounts), "a method compares only what it applies to"
        assert isinstance(right, CategoryCounts), "a method compares only what it applies to"
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


def _absent_of_all(counts: FeatureCounts) -> tuple[int, int]:
    return counts.n_absent, counts.n_values + counts.n_absent
