"""How categories are compared: two tests of homogeneity, rare categories pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.drift.methods.protocol import Comparison, MethodResult
from holdfast.stats import two_sample
from holdfast.stats.divergence import shares, total_variation

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

__all__ = ["ChiSquare", "GTest"]


class ChiSquare:
    """Homogeneity of the categories by squared gaps; rare and unseen ones are pooled."""

    name = "chi_square"
    is_test = True

    def applies(self, pair: Comparison) -> bool:
        """Categorical and boolean features with values on both sides."""
        return pair.categories is not None

    def compare(self, pair: Comparison) -> MethodResult:
        """Return chi-square as statistic and total variation as effect."""
        return _compare(pair, self.name, two_sample.chi_square)


class GTest:
    """Homogeneity of the categories by likelihoods; rare and unseen ones are pooled."""

    name = "g_test"
    is_test = True

    def applies(self, pair: Comparison) -> bool:
        """Categorical and boolean features with values on both sides."""
        return pair.categories is not None

    def compare(self, pair: Comparison) -> MethodResult:
        """Return G as statistic and total variation as effect."""
        return _compare(pair, self.name, two_sample.g_test)


def _compare(
    pair: Comparison, name: str, test: Callable[[Counts, Counts], two_sample.ChiSquare]
) -> MethodResult:
    categories = pair.categories
    assert categories is not None, "a method compares only what it applies to"
    left, right = categories
    cells = two_sample.pool_rare(left.known, right.known, rest=(left.n_unseen, right.n_unseen))
    found = test(*cells)
    scale = pair.sensitivity.categorical_scale(found.degrees_of_freedom)
    return MethodResult(
        method=name,
        statistic=found.statistic,
        p_value=found.p_value,
        effect=float(total_variation(*map(shares, cells))),
        smallest_detectable=pair.detectable(scale),
        expected=float(found.degrees_of_freedom),
    )
