"""Whether a feature is broken upstream rather than changed: retraining would not mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.drift.counts import FeatureCounts

__all__ = ["absent_share", "breakage"]


def breakage(
    reference: FeatureCounts,
    current: FeatureCounts,
    *,
    values_drifted: bool,
    missing_drifted: bool,
    missing_rise: float,
) -> str | None:
    """Say in words what is broken, or None.

    Args:
        reference: Counts of the reference.
        current: Counts of the current window.
        values_drifted: Whether the test of the values found drift: a small window may be
            constant by chance.
        missing_drifted: Whether the test of missing values found drift.
        missing_rise: From which rise of the missing share on the feed counts as broken.
    """
    before, now = absent_share(reference), absent_share(current)
    if missing_drifted and current.n_values == 0:
        return "all values missing"
    if missing_drifted and now - before >= missing_rise:
        return f"missing share rose from {before:.0%} to {now:.0%}"
    if values_drifted and current.is_constant and not reference.is_constant:
        return "constant"
    return None


def absent_share(counts: FeatureCounts) -> float:
    """Return the share of rows without a usable value; there is at least one row."""
    return counts.n_absent / (counts.n_values + counts.n_absent)
