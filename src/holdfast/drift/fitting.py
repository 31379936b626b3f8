"""Whether a grid still resolves a new reference, or must be cut anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.drift.counts import NumericCounts

if TYPE_CHECKING:
    from holdfast.drift.counts import FeatureCounts
    from holdfast.drift.profile import Profile

__all__ = ["fits"]

_MOST_IN_A_CELL = 0.05


def fits(reference: Profile) -> bool:
    """Return whether no open cell holds more than 5% of a new reference's values.

    What lies within an open cell cannot be told apart, nor can categories that the grid
    does not know: both would hide a later drift.

    Args:
        reference: The new reference, counted on the old grid.
    """
    return all(_largest_open(feature) <= _MOST_IN_A_CELL for feature in reference.features)


def _largest_open(feature: FeatureCounts) -> float:
    if feature.n_values == 0:
        return 0.0
    if isinstance(feature, NumericCounts):
        return float(feature.cells[::2].max()) / feature.n_values
    return feature.n_unseen / feature.n_values
