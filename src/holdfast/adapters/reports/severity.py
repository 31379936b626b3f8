"""In which order a reader meets the features: broken, drifted, unknown, stable."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from holdfast.drift.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.drift.verdicts import FeatureReport

__all__ = ["Severity", "by_severity", "severity_of"]


class Severity(StrEnum):
    """How much a feature asks of the reader, the most first."""

    BROKEN = "broken"
    DRIFTED = "drifted"
    UNDERPOWERED = "underpowered"
    STABLE = "stable"


def severity_of(feature: FeatureReport) -> Severity:
    """Return where a feature belongs; a broken feed outranks the drift that it shows as."""
    if feature.broken is not None:
        return Severity.BROKEN
    return {
        Verdict.DRIFTED: Severity.DRIFTED,
        Verdict.UNDERPOWERED: Severity.UNDERPOWERED,
        Verdict.STABLE: Severity.STABLE,
    }[feature.verdict]


def by_severity(features: Iterable[FeatureReport]) -> dict[Severity, list[FeatureReport]]:
    """Return the features of each severity, the largest effect first; no severity is left out."""
    found: dict[Severity, list[FeatureReport]] = {severity: [] for severity in Severity}
    for feature in sorted(features, key=_smallness):
        found[severity_of(feature)].append(feature)
    return found


def _smallness(feature: FeatureReport) -> float:
    test = feature.strongest
    return 0.0 if test is None else -test.result.effect
