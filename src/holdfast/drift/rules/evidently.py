"""Evidently's usual verdict on a window, from our own counts and without Evidently."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from holdfast.domain.contract import FeatureKind
from holdfast.drift.rules.protocol import (
    BANDS,
    RuleOutcome,
    check_share,
    counted,
    reaches,
    unjudged,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.drift.verdicts import FeatureReport

__all__ = ["EvidentlyShare"]

_WASSERSTEIN = "wasserstein"
_JENSEN_SHANNON = "jensen_shannon"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidentlyShare:
    """At least half of the features lie at or beyond Evidently's bound for large references.

    A number drifted if it moved by 0.1 standard deviations (Wasserstein), anything else if
    its Jensen–Shannon distance reaches 0.1, in Evidently's natural logarithms. Evidently
    takes tests in their place where the reference has at most 1,000 rows; its own distance
    does not clip the values either, so that single features can come out otherwise.

    Source:
        Evidently 0.7, `DataDriftPreset` and its default methods.
    """

    at: float = 0.5
    distance: float = 0.1
    name: str = field(default="evidently", init=False)

    def __post_init__(self) -> None:
        check_share("at", self.at)
        check_share("distance", self.distance)

    @property
    def words(self) -> str:
        """See `Rule.words`."""
        return f"evidently: share >= {self.at:g} at distance {self.distance:g}"

    def judge(
        self,
        features: Sequence[FeatureReport],
        weights: Mapping[str, float] | None = None,  # noqa: ARG002 - each feature counts once
    ) -> RuleOutcome:
        """See `Rule.judge`."""
        distances = {f.name: d for f in features if (d := _distance(f)) is not None}
        if not distances:
            return unjudged(self, "No feature has a distance that Evidently goes by.")
        far = tuple(name for name, found in distances.items() if found >= self.distance)
        share = len(far) / len(distances)
        fired = reaches(share, self.at)
        return RuleOutcome(
            name=self.name,
            rule=self.words,
            fired=fired,
            band=BANDS[fired],
            why=(
                f"{len(far)} of {counted(len(distances), 'feature')} ({share:.0%}) moved by "
                f"{self.distance:g} or more; the rule fires at {self.at:.0%}."
            ),
            figures={
                "share": share,
                "at": self.at,
                "n_far": len(far),
                "n_features": len(distances),
            },
            features=far,
        )


def _distance(feature: FeatureReport) -> float | None:
    found = {test.result.method: test.result.statistic for test in feature.tests}
    if feature.kind is FeatureKind.NUMERIC:
        return found.get(_WASSERSTEIN)
    base_2 = found.get(_JENSEN_SHANNON)  # Evidently's root is of natural logarithms
    return None if base_2 is None else base_2 * math.sqrt(math.log(2))
