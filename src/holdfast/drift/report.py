"""Whether a window drifted: the report on all its features, and on its scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from holdfast.domain.errors import EmptyWindowError, GridMismatchError
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.verdicts import (
    DriftPolicy,
    FeatureReport,
    FeatureTest,
    Verdict,
    judge_features,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.drift.grid import Grid
    from holdfast.drift.methods.protocol import Method
    from holdfast.drift.profile import Profile
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
        drifted: Whether the window is, by the policy's rule.
        rule: That rule in words.
    """

    n_reference: int
    n_current: int
    features: tuple[FeatureReport, ...]
    share_drifted: float
    weighted_share: float | None
    drifted: bool
    rule: str

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
        }


def compare(
    reference: Profile,
    current: Profile,
    *,
    policy: DriftPolicy | None = None,
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
        weights: Importance of each feature by name, for the weighted share; a feature
            that is not named weighs nothing.
        grid: Where the cells lie, for the methods that need values, not only their order.
        methods: Every method that may be asked, by name.

    Raises:
        EmptyWindowError: If either holds no rows.
        GridMismatchError: If they were counted on different grids.
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
    share = _weighted_share(features, {feature.name: 1.0 for feature in features}) or 0.0
    return DriftReport(
        n_reference=reference.n_rows,
        n_current=current.n_rows,
        features=features,
        share_drifted=share,
        weighted_share=None if weights is None else _weighted_share(features, weights),
        drifted=bool(features) and share >= policy.share,
        rule=f"drift_share >= {policy.share:g}",
    )


def compare_scores(
    reference: ScoreProfile, current: ScoreProfile, *, policy: DriftPolicy | None = None
) -> FeatureReport:
    """Compare the scores of a window with those of the reference: prediction drift.

    Args:
        reference: Counts of the release's held-out scores.
        current: Counts of the same release's scores in the window.
        policy: The bounds; None takes the defaults.

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
        [(reference.as_feature(), current.as_feature())], policy or DriftPolicy()
    )
    return report


def _weighted_share(
    features: Sequence[FeatureReport], weights: Mapping[str, float]
) -> float | None:
    total = sum(weights.get(feature.name, 0.0) for feature in features)
    if total <= 0.0:
        return None
    return sum(weights.get(feature.name, 0.0) for feature in features if feature.drifted) / total


def _refuse_empty(n_reference: int, n_current: int) -> None:
    if n_reference == 0:
        raise EmptyWindowError("reference window")
    if n_current == 0:
        raise EmptyWindowError("current window")
