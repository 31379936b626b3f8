"""What a window's counts and the mature labels say together: the evidence of a tick."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from holdfast.domain.events import WindowJudged, WindowVerdict
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.report import (
    DriftPolicy,
    DriftReport,
    FeatureReport,
    Verdict,
    compare,
    compare_scores,
)
from holdfast.drift.rules import DriftShare
from holdfast.performance.confidence import (
    ConfidenceDecay,
    ConfidencePolicy,
    confidence_decay,
    reference_confidence,
)
from holdfast.performance.degradation import (
    Degradation,
    DegradationPolicy,
    DegradationVerdict,
    degradation,
)
from holdfast.performance.realised import measure
from holdfast.policy.alerting import AlertPolicy, alerts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.releases import ModelMetrics
    from holdfast.domain.windows import Window
    from holdfast.drift.methods.protocol import Method
    from holdfast.drift.profile import Profile, ReferenceProfile
    from holdfast.drift.rules import Rule
    from holdfast.policy.deciding import Evidence

__all__ = ["Assessment", "MonitorPolicy", "Observed", "assess", "drift_report", "verdict_of"]


_PERFORMANCE_SHARE = 0.45  # of the budget: calibration 0.3 and harm 0.15, as one for now
_N_METRICS = 2  # ROC AUC and Brier score raise alarms
_LOOSEST_LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorPolicy:
    """Every bound that the monitors use, and every method that they may ask."""

    drift: DriftPolicy = field(default_factory=DriftPolicy)
    rule: Rule = field(default_factory=DriftShare)
    confidence: ConfidencePolicy = field(default_factory=ConfidencePolicy)
    degradation: DegradationPolicy = field(default_factory=DegradationPolicy)
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    methods: Mapping[str, Method] = field(default_factory=lambda: METHODS, hash=False)

    @classmethod
    def within(cls, *, alarms_per_year: float, ticks_per_year: float) -> MonitorPolicy:
        """Return bounds under which performance alarms keep to a budget.

        The expected number of false alarms in a year is at most the sum of the tests'
        levels over all ticks, however much their windows overlap. A report's 5% each day
        would give 18 a year for each metric.

        Args:
            alarms_per_year: False alarms of all monitors that are put up with, on average.
            ticks_per_year: How often the metrics are tested.
        """
        share = alarms_per_year * _PERFORMANCE_SHARE
        level = min(share / (_N_METRICS * ticks_per_year), _LOOSEST_LEVEL)
        return cls(degradation=DegradationPolicy(alpha=level))


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a tick read.

    Attributes:
        current: Counts of the current window; its score part counts the champion's scores.
        mature: Counts of the window whose labels are mature, or None before there is one.
        labels: Ground truth of the mature window's rows, shape ``(n,)``.
        scores: The champion's scores of the same rows, shape ``(n,)``.
    """

    current: Profile
    mature: Profile | None
    labels: NDArray[np.bool_]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was found, before anything is decided."""

    drift: DriftReport
    prediction: FeatureReport | None
    confidence: ConfidenceDecay | None
    performance: ModelMetrics | None
    degradations: tuple[Degradation, ...]
    alerts: tuple[Alert, ...]
    broken: tuple[str, ...]
    broken_labels: tuple[str, ...]

    @property
    def performance_held(self) -> bool | None:
        """True if no harm showed, False if harm showed, None if too few labels to tell."""
        verdicts = {item.verdict for item in self.degradations if not item.informational}
        if DegradationVerdict.DEGRADED in verdicts:
            return False
        return True if DegradationVerdict.HELD in verdicts else None

    def judged(
        self, window: Window, version: ModelVersion, *, from_file: bool = False
    ) -> WindowJudged:
        """Return the event that records this assessment."""
        performance = self.performance
        return WindowJudged(
            window=window,
            model_version=version,
            n=self.drift.n_current,
            drifted=self.drift.names(Verdict.DRIFTED),
            underpowered=self.drift.names(Verdict.UNDERPOWERED),
            share_drifted=self.drift.share_drifted,
            confidence=None if self.confidence is None else self.confidence.current,
            n_labelled=0 if performance is None else performance.n,
            performance=None if performance is None else performance.figures,
            from_file=from_file,
            weighted_share=self.drift.weighted_share,
            verdict=verdict_of(self.drift),
        )

    def complete(self, evidence: Evidence) -> Evidence:
        """Return the evidence with what the monitors found filled in."""
        return replace(
            evidence,
            alerts=self.alerts,
            broken=self.broken,
            broken_labels=self.broken_labels,
            underpowered=self.drift.names(Verdict.UNDERPOWERED),
            performance_held=self.performance_held,
        )


def drift_report(
    reference: ReferenceProfile,
    current: Profile,
    *,
    policy: MonitorPolicy,
    weights: Mapping[str, float] | None = None,
) -> DriftReport:
    """Compare a window with the champion's reference, as the monitors do it.

    The cells' places are handed on, for methods that compare values.

    Args:
        reference: The champion's reference counts.
        current: Counts of the window.
        policy: The monitors' bounds and methods.
        weights: Importance of each feature to the champion, if it is known.

    Raises:
        EmptyWindowError: If the window holds no rows.
        GridMismatchError: If it was counted on another grid.
    """
    return compare(
        reference.profile,
        current,
        policy=policy.drift,
        rule=policy.rule,
        weights=weights,
        grid=reference.grid,
        methods=policy.methods,
    )


def verdict_of(report: DriftReport) -> WindowVerdict:
    """Return what the rule said of a window, as events keep it."""
    outcome = report.outcome
    return WindowVerdict(rule=outcome.rule, fired=outcome.fired, why=outcome.why)


def assess(
    reference: ReferenceProfile,
    baseline: ModelMetrics,
    observed: Observed,
    *,
    policy: MonitorPolicy,
    weights: Mapping[str, float] | None = None,
) -> Assessment:
    """Compare what was observed with the champion's reference.

    Args:
        reference: The champion's reference counts, features and scores.
        baseline: What the champion reached on rows it had not seen.
        observed: The windows.
        policy: The monitors' bounds.
        weights: Importance of each feature to the champion, if it is known.

    Raises:
        EmptyWindowError: If the current window holds no rows.
        GridMismatchError: If the window was counted on another grid.
    """
    drift = drift_report(reference, observed.current, policy=policy, weights=weights)
    prediction, confidence = _of_scores(reference, baseline, observed.current, policy)
    performance, degradations = _of_labels(reference, baseline, observed, policy)
    alerts = alerts_of(drift, prediction, confidence, degradations, policy=policy.alerts)
    return Assessment(
        drift=drift,
        prediction=prediction,
        confidence=confidence,
        performance=performance,
        degradations=degradations,
        alerts=alerts,
        broken=_broken(drift),
        broken_labels=_broken_while_labelled(reference, observed, policy),
    )


def _of_scores(
    reference: ReferenceProfile, baseline: ModelMetrics, current: Profile, policy: MonitorPolicy
) -> tuple[FeatureReport | None, ConfidenceDecay | None]:
    known, seen = reference.profile.scores, current.scores
    if known is None or seen is None or seen.n == 0:
        return None, None
    return (
        compare_scores(known, seen, policy=policy.drift, methods=policy.methods),
        confidence_decay(reference_confidence(baseline), seen.confidence, policy=policy.confidence),
    )


def _of_labels(
    reference: ReferenceProfile, baseline: ModelMetrics, observed: Observed, policy: MonitorPolicy
) -> tuple[ModelMetrics | None, tuple[Degradation, ...]]:
    if len(observed.labels) == 0 or reference.score_grid is None:
        return None, ()
    threshold = reference.score_grid.threshold
    performance = measure(observed.labels, observed.scores, threshold=threshold)
    return performance, degradation(baseline, performance, policy=policy.degradation)


def _broken(drift: DriftReport) -> tuple[str, ...]:
    return tuple(f"{f.name}: {f.broken}" for f in drift.features if f.broken is not None)


def _broken_while_labelled(
    reference: ReferenceProfile, observed: Observed, policy: MonitorPolicy
) -> tuple[str, ...]:
    if observed.mature is None or observed.mature.n_rows == 0:
        return ()
    return _broken(drift_report(reference, observed.mature, policy=policy))
