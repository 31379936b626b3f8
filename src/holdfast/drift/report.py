"""Whether a window drifted: the report on all its features, and on its scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from holdfast.domain.errors import EmptyWindowError, GridMismatchError
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.rules import DriftShare, drifted_share
from holdfast.drift.verdicts import (
    DriftPolicy,
    FeatureReport,
    FeatureTest,
    Verdict,
    judge_features,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.drift.grid import Grid
    from holdfast.drift.methods.protocol import Method
    from holdfast.drift.profile import Profile
    from holdfast.drift.rules import Rule, RuleOutcome
    from holdfast.drift.scores import ScoreProfile

__all__ = [
    "DriftPolicy",
    "DriftReport",
    "FeatureReport",
    "FeatureTest",
    "Verdict",
    "compare",
    "compare_scores",
]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """What a comparison says of a window.

    Attributes:
        n_reference: Rows of the reference.
        n_current: Rows of the current window.
        features: In contract order.
        share_drifted: Share of the features that drifted.
        weighted_share: The same, weighted by importance; None without weights.
        outcome: What the rule says of the window as a whole.
    """

    n_reference: int
    n_current: int
    features: tuple[FeatureReport, ...]
    share_drifted: float
    weighted_share: float | None
    outcome: RuleOutcome

    @property
    def drifted(self) -> bool | None:
        """Whether the window is, by the rule; None if that cannot be judged."""
        return self.outcome.fired

    @property
    def rule(self) -> str:
        """That rule in words."""
        return self.outcome.rule

    def names(self, verdict: Verdict) -> tuple[str, ...]:
        """Return the features of a verdict, in contract order."""
        return tuple(feature.name for feature in self.features if feature.verdict is verdict)

    def feature(self, name: str) -> FeatureReport:
        """Return one feature's report.

        Raises:
            KeyError: If no feature bears the name.
        """
        return {feature.name: feature for feature in self.features}[name]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain, strict JSON values; other tools read these keys."""
        return {
            "schema_version": SCHEMA_VERSION,
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "features": [feature.to_json() for feature in self.features],
            "share_drifted": self.share_drifted,
            "weighted_share": self.weighted_share,
            "drifted": self.drifted,
            "rule": self.rule,
            "outcome": self.outcome.to_json(),
        }


def compare(
    reference: Profile,
    current: Profile,
    *,
    policy: DriftPolicy | None = None,
    rule: Rule | None = None,
    weights: Mapping[str, float] | None = None,
    grid: Grid | None = None,
    methods: Mapping[str, Method] = METHODS,
) -> DriftReport:
    """Compare a window with the reference, feature by feature.

    A feature drifted if a decisive test is significant after Benjamini–Hochberg over all
    features *and* its effect is large enough to matter.

    Args:
        reference: Counts of the reference.
        current: Counts of the window, on the same grid.
        policy: The bounds; None takes the defaults.
        rule: Makes the verdict on the window as a whole; None takes `DriftShare`.
        weights: Importance of each feature by name, for the weighted share; a feature
            that is not named weighs nothing.
        grid: Where the cells lie, for the methods that need values, not only their order.
        methods: Every method that may be asked, by name.

    Raises:
        EmptyWindowError: If either holds no rows.
        GridMismatchError: If they were counted on different grids.
        ValueError: If a weight is negative or not finite.
    """
    policy = policy or DriftPolicy()
    if reference.grid_digest != current.grid_digest:
        raise GridMismatchError(reference.grid_digest, current.grid_digest)
    if grid is not None and grid.digest != reference.grid_digest:
        raise GridMismatchError(grid.digest, reference.grid_digest)
    _refuse_empty(reference.n_rows, current.n_rows)
    pairs = list(zip(reference.features, current.features, strict=True))
    cells = None if grid is None else grid.features
    features = judge_features(pairs, policy, cells=cells, methods=methods)
    return DriftReport(
        n_reference=reference.n_rows,
        n_current=current.n_rows,
        features=features,
        share_drifted=drifted_share(features) or 0.0,
        weighted_share=None if weights is None else drifted_share(features, weights),
        outcome=(rule or DriftShare()).judge(features, weights),
    )


def compare_scores(
    reference: ScoreProfile,
    current: ScoreProfile,
    *,
    policy: DriftPolicy | None = None,
    methods: Mapping[str, Method] = METHODS,
) -> FeatureReport:
    """Compare the scores of a window with those of the reference: prediction drift.

    Args:
        reference: Counts of the release's held-out scores.
        current: Counts of the same release's scores in the window.
        policy: The bounds; None takes the defaults.
        methods: Every method that may be asked, by name.

    Returns:
        A report like that of a numeric feature, named ``score``; broken if the model
        says one and the same of every row.

    Raises:
        EmptyWindowError: If either holds no scores.
        GridMismatchError: If they stem from different releases.
    """
    if reference.grid_digest != current.grid_digest:
        raise GridMismatchError(reference.grid_digest, current.grid_digest)
    _refuse_empty(reference.n, current.n)
    (report,) = judge_features(
        [(reference.as_feature(), current.as_feature())], policy or DriftPolicy(), methods=methods
    )
    return report


def _refuse_empty(n_reference: int, n_current: int) -> None:
    if n_reference == 0:
        raise EmptyWindowError("reference window")
    if n_current == 0:
        raise EmptyWindowError("current window")
