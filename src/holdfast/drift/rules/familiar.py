"""Rules that people bring along from elsewhere: bands of the PSI, a share of KS tests."""

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

    from holdfast.drift.methods.protocol import MethodResult
    from holdfast.drift.verdicts import FeatureReport

__all__ = ["KolmogorovSmirnovShare", "PsiBands"]

_PSI = "population_stability_index"
_KS = "kolmogorov_smirnov"


@dataclass(frozen=True, slots=True, kw_only=True)
class PsiBands:
    """The bands of credit scoring: below 0.1 stable, below 0.2 moderate, else major.

    Fires if the index of any feature reaches `at`. The index has no test: in small
    windows it is large without any drift, by as much as the outcome says.

    Source:
        Siddiqi (2006), *Credit Risk Scorecards*.
    """

    at: float = 0.2
    moderate: float = 0.1
    major: float = 0.2
    name: str = field(default="psi", init=False)

    def __post_init__(self) -> None:
        if not (self.at > 0 and math.isfinite(self.at)):
            raise ValueError(f"at must be an index above 0, as 0.2; found {self.at}")
        if not 0 < self.moderate < self.major < math.inf:
            raise ValueError(
                f"moderate must lie above 0 and below major; found {self.moderate} and {self.major}"
            )

    @property
    def words(self) -> str:
        """See `Rule.words`."""
        return f"any psi >= {self.at:g}"

    def judge(
        self,
        features: Sequence[FeatureReport],
        weights: Mapping[str, float] | None = None,  # noqa: ARG002 - importance plays no part
    ) -> RuleOutcome:
        """See `Rule.judge`."""
        found = {feature.name: result for feature, result in _results(features, _PSI)}
        if not found:
            return unjudged(self, f"No feature has a result of {_PSI}.")
        above = tuple(name for name, one in found.items() if one.statistic >= self.at)
        where, largest = max(found.items(), key=lambda item: item[1].statistic)
        band, expected = self.band(largest.statistic), largest.expected
        chance = "" if expected is None else f"; {expected:.2f} would be expected without drift"
        return RuleOutcome(
            name=self.name,
            rule=self.words,
            fired=bool(above),
            band=band,
            why=(
                f"The largest index is {largest.statistic:.2f}, of {where} ({band}{chance}); "
                f"{len(above)} of {counted(len(found), 'feature')} at or above {self.at:g}."
            ),
            figures={
                "largest": largest.statistic,
                **({} if expected is None else {"expected": expected}),
                "at": self.at,
                "n_above": len(above),
                "n_features": len(found),
            },
            features=above,
        )

    def band(self, index: float) -> str:
        """Return the band of an index.

        >>> [PsiBands().band(index) for index in (0.05, 0.1, 0.2)]
        ['stable', 'moderate', 'major']
        """
        if index < self.moderate:
            return "stable"
        return "moderate" if index < self.major else "major"


@dataclass(frozen=True, slots=True, kw_only=True)
class KolmogorovSmirnovShare:
    """At least a share of the numeric features has a raw p-value of at most alpha.

    The p-values are not adjusted, nor asked for the size of the shift: that is the rule
    as it is known.
    """

    alpha: float = 0.05
    at: float = 0.3
    name: str = field(default="ks_share", init=False)

    def __post_init__(self) -> None:
        check_share("at", self.at)
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1; found {self.alpha}")

    @property
    def words(self) -> str:
        """See `Rule.words`."""
        return f"ks_share >= {self.at:g} at alpha {self.alpha:g}"

    def judge(
        self,
        features: Sequence[FeatureReport],
        weights: Mapping[str, float] | None = None,  # noqa: ARG002 - each feature counts once
    ) -> RuleOutcome:
        """See `Rule.judge`."""
        numeric = [feature for feature in features if feature.kind is FeatureKind.NUMERIC]
        if not numeric:
            return unjudged(self, "There are no numeric features.")
        tested = _results(numeric, _KS)
        if not tested:
            return unjudged(self, f"No numeric feature has a result of {_KS}.")
        below = tuple(
            feature.name
            for feature, found in tested
            if found.p_value is not None and found.p_value <= self.alpha
        )
        share = len(below) / len(tested)
        fired = reaches(share, self.at)
        return RuleOutcome(
            name=self.name,
            rule=self.words,
            fired=fired,
            band=BANDS[fired],
            why=(
                f"The p-value is at most {self.alpha:g} in {len(below)} of "
                f"{counted(len(tested), 'numeric feature')} ({share:.0%}); "
                f"the rule fires at {self.at:.0%}."
            ),
            figures={
                "share": share,
                "at": self.at,
                "alpha": self.alpha,
                "n_below": len(below),
                "n_tested": len(tested),
                "n_numeric": len(numeric),
            },
            features=below,
        )


def _results(
    features: Sequence[FeatureReport], method: str
) -> list[tuple[FeatureReport, MethodResult]]:
    return [
        (feature, test.result)
        for feature in features
        for test in feature.tests
        if test.result.method == method
    ]
