"""Rules on how many features drifted: a share of them, of their importance, or any."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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

__all__ = ["AnyFeature", "DriftShare", "WeightedShare", "drifted_share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftShare:
    """At least a share of the features drifted; half of them is a custom.

    Features with too few rows to tell may leave the rule undecided: it fires if those
    that drifted are enough, is quiet if even all of them would not be, and else says
    that it cannot be judged.
    """

    at: float = 0.5
    name: str = field(default="drift_share", init=False)

    def __post_init__(self) -> None:
        check_share("at", self.at)

    @property
    def words(self) -> str:
        """See `Rule.words`."""
        return f"drift_share >= {self.at:g}"

    def judge(
        self,
        features: Sequence[FeatureReport],
        weights: Mapping[str, float] | None = None,  # noqa: ARG002 - each feature counts once
    ) -> RuleOutcome:
        """See `Rule.judge`."""
        return _judge_share(self, features, {feature.name: 1.0 for feature in features}, self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedShare:
    """The features that drifted carry at least a share of the importance.

    Undecided as `DriftShare` is; and without weights it cannot be judged.
    """

    at: float = 0.5
    name: str = field(default="weighted_share", init=False)

    def __post_init__(self) -> None:
        check_share("at", self.at)

    @property
    def words(self) -> str:
        """See `Rule.words`."""
        return f"weighted_share >= {self.at:g}"

    def judge(
        self, features: Sequence[FeatureReport], weights: Mapping[str, float] | None = None
    ) -> RuleOutcome:
        """See `Rule.judge`.

        Raises:
            ValueError: If a weight is negative or not finite.
        """
        if weights is None:
            return unjudged(
                self,
                "No importance weights were given, which this rule needs; drift_share needs none.",
            )
        return _judge_share(self, features, weights, self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyFeature:
    """One drifted feature is enough."""

    name: str = field(default="any_feature", init=False)

    @property
    def words(self) -> str:
        """See `Rule.words`."""
        return "any_feature"

    def judge(
        self,
        features: Sequence[FeatureReport],
        weights: Mapping[str, float] | None = None,  # noqa: ARG002 - importance plays no part
    ) -> RuleOutcome:
        """See `Rule.judge`."""
        if not features:
            return unjudged(self, "There are no features.")
        drifted = tuple(feature.name for feature in features if feature.drifted)
        unclear = sum(map(_is_underpowered, features))
        fired = True if drifted else None if unclear else False
        why = f"{len(drifted)} of {counted(len(features), 'feature')} drifted"
        if fired is None:
            why += f", and for {unclear} there are too few rows to tell"
        return RuleOutcome(
            name=self.name,
            rule=self.words,
            fired=fired,
            band=BANDS[fired],
            why=f"{why}.",
            figures={
                "n_drifted": len(drifted),
                "n_underpowered": unclear,
                "n_features": len(features),
            },
            features=drifted,
        )


def drifted_share(
    features: Sequence[FeatureReport], weights: Mapping[str, float] | None = None
) -> float | None:
    """Return the share of the features that drifted, plain or by importance.

    Args:
        features: The report on each feature.
        weights: Importance by name; a feature that is not named weighs nothing. None
            counts each feature once.

    Returns:
        In [0, 1]; None if nothing has any weight.

    Raises:
        ValueError: If a weight is negative or not finite.
    """
    if weights is None:
        weights = {feature.name: 1.0 for feature in features}
    found = _shares(features, weights)
    return None if found is None else found[0]


def _judge_share(
    rule: DriftShare | WeightedShare,
    features: Sequence[FeatureReport],
    weights: Mapping[str, float],
    at: float,
) -> RuleOutcome:
    found = _shares(features, weights)
    if found is None:
        return unjudged(
            rule, "No feature has any importance." if features else "There are no features."
        )
    share, unclear = found
    fired = _between(share, share + unclear, at)
    drifted = tuple(feature.name for feature in features if feature.drifted)
    n_unclear = sum(map(_is_underpowered, features))
    of_what = " of the importance" if isinstance(rule, WeightedShare) else ""
    why = f"{len(drifted)} of {counted(len(features), 'feature')} drifted ({share:.0%}{of_what})"
    if fired is None:
        why += f", and for {n_unclear} there are too few rows to tell"
    return RuleOutcome(
        name=rule.name,
        rule=rule.words,
        fired=fired,
        band=BANDS[fired],
        why=f"{why}; the rule fires at {at:.0%}.",
        figures={
            "share": share,
            "at": at,
            "share_underpowered": unclear,
            "n_drifted": len(drifted),
            "n_underpowered": n_unclear,
            "n_features": len(features),
        },
        features=drifted,
    )


def _shares(
    features: Sequence[FeatureReport], weights: Mapping[str, float]
) -> tuple[float, float] | None:
    """Return which share drifted and of which it cannot be told; None without any weight."""
    weight = {feature.name: float(weights.get(feature.name, 0.0)) for feature in features}
    wrong = next((name for name, one in weight.items() if not 0 <= one < math.inf), None)
    if wrong is not None:
        raise ValueError(
            f"weights must be finite and not negative; found {weight[wrong]} for {wrong!r}"
        )
    total = math.fsum(weight.values())
    if total == 0:
        return None
    drifted = math.fsum(weight[feature.name] for feature in features if feature.drifted)
    unclear = math.fsum(weight[feature.name] for feature in features if _is_underpowered(feature))
    return drifted / total, unclear / total


def _between(least: float, most: float, at: float) -> bool | None:
    if reaches(least, at):
        return True
    return None if reaches(most, at) else False


def _is_underpowered(feature: FeatureReport) -> bool:
    return feature.verdict.value == "underpowered"  # the enumeration's module loads scipy
