"""What a window's counts and the mature labels say together: the evidence of a tick."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from holdfast.domain.events import WindowJudged, WindowVerdict
from holdfast.domain.evidence import Trigger
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
from holdfast.performance.estimated_decay import (
    EstimatePolicy,
    estimate_window,
    is_told,
    matured_estimate,
)
from holdfast.performance.label_drift import label_drift
from holdfast.performance.realised import measure
from holdfast.policy.alerting import AlertPolicy, alerts_of, levels_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.estimates import LabelDrift, MaturedEstimate, WindowEstimate
    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.releases import ModelMetrics
    from holdfast.domain.treatments import RowsUsed
    from holdfast.domain.windows import Window
    from holdfast.drift.methods.protocol import Method
    from holdfast.drift.profile import Profile, ReferenceProfile
    from holdfast.drift.rules import Rule
    from holdfast.policy.deciding import Evidence

__all__ = ["Assessment", "MonitorPolicy", "Observed", "assess", "drift_report", "verdict_of"]


_WINDOW_TEST = 0.05  # of the budget, for each of ROC AUC and Brier score: a third of harm's
_LOOSEST_LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorPolicy:
    """Every bound that the monitors use, and every method that they may ask."""

    drift: DriftPolicy = field(default_factory=DriftPolicy)
    rule: Rule = field(default_factory=DriftShare)
    confidence: ConfidencePolicy = field(default_factory=ConfidencePolicy)
    degradation: DegradationPolicy = field(default_factory=DegradationPolicy)
    estimate: EstimatePolicy = field(default_factory=EstimatePolicy)
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    methods: Mapping[str, Method] = field(default_factory=lambda: METHODS, hash=False)

    @classmethod
    def within(
        cls, *, alarms_per_year: float, ticks_per_year: float, weight: float = _WINDOW_TEST
    ) -> MonitorPolicy:
        """Return bounds under which performance alarms keep to a budget.

        The expected number of false alarms in a year is at most the sum of the tests'
        levels over all ticks, however much their windows overlap. A report's 5% each day
        would give 18 a year for each metric.

        Args:
            alarms_per_year: False alarms of all monitors that are put up with, on average.
            ticks_per_year: How often the metrics are tested.
            weight: The share of the budget for each metric.
        """
        level = min(alarms_per_year * weight / ticks_per_year, _LOOSEST_LEVEL)
        return cls(degradation=DegradationPolicy(alpha=level), estimate=EstimatePolicy(alpha=level))


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a tick read.

    Attributes:
        current: Counts of the current window; its score part counts the champion's scores.
        mature: Counts of the window whose labels are mature, or None before there is one.
        labels: Ground truth of the mature window's rows, shape ``(n,)``.
        scores: The champion's scores of the same rows, shape ``(n,)``.
        rows_used: Which of the labelled rows these are; None if there was nothing to choose.
        labels_of: The window that the labels stem from; None of a file.
        n_assumed: Labelled rows that count as negative because nobody said otherwise.
        matured: The champion's latest estimates without labels whose labels have come since.
    """

    current: Profile
    mature: Profile | None
    labels: NDArray[np.bool_]
    scores: NDArray[np.float64]
    rows_used: RowsUsed | None = None
    labels_of: Window | None = None
    n_assumed: int = 0
    matured: tuple[MaturedEstimate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was found, before anything is decided.

    Attributes:
        drift: The report on the features.
        prediction: The report on the scores, if the window has any.
        confidence: What became of mean |p - 0.5|, if it was measured.
        performance: Figures on mature labels, if there are any.
        degradations: What became of each metric.
        levels: What is said for as long as it holds; drift is for the monitors to tell.
        alerts: All that the window says by itself, for rows that have no time.
        broken: Why the feed counts as broken, in words.
        broken_labels: The same for the window whose labels are mature.
        rows_used: Which labelled rows the figures rest on.
        n_assumed: Of them, those that count as negative for want of a label.
        estimate: What the scores alone let expect of the window.
        matured: The same of the labelled rows, beside what they realised.
        label_drift: The share of positives among the labelled rows.
        track: The latest such estimates before it, whose labels have come.
    """

    drift: DriftReport
    prediction: FeatureReport | None
    confidence: ConfidenceDecay | None
    performance: ModelMetrics | None
    degradations: tuple[Degradation, ...]
    levels: tuple[Alert, ...]
    alerts: tuple[Alert, ...]
    broken: tuple[str, ...]
    broken_labels: tuple[str, ...]
    rows_used: RowsUsed | None = None
    n_assumed: int = 0
    estimate: WindowEstimate | None = None
    matured: MaturedEstimate | None = None
    label_drift: LabelDrift | None = None
    track: tuple[MaturedEstimate, ...] = ()

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
            rows_used=self.rows_used,
            n_assumed=self.n_assumed,
            estimate=self.estimate,
            matured=self.matured,
            label_drift=self.label_drift,
        )

    @property
    def unjudged(self) -> frozenset[Trigger]:
        """What this could not tell, for want of rows or of labels."""
        return frozenset(
            {
                *([] if self.prediction is not None else [Trigger.PREDICTION_DRIFT]),
                *([] if self.confidence is not None else [Trigger.CONFIDENCE]),
                *([] if self.performance_held is not None else [Trigger.PERFORMANCE]),
                *([] if is_told(self.estimate) else [Trigger.ESTIMATE]),
            }
        )

    def complete(self, evidence: Evidence) -> Evidence:
        """Return the evidence with what the window says filled in, but for the alerts."""
        return replace(
            evidence,
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
    found = (drift, prediction, confidence, degradations)
    estimate = estimate_window(
        reference, baseline, observed.current, matured=observed.matured, policy=policy.estimate
    )
    return Assessment(
        drift=drift,
        prediction=prediction,
        confidence=confidence,
        performance=performance,
        degradations=degradations,
        levels=levels_of(*found, estimate=estimate, policy=policy.alerts),
        alerts=alerts_of(*found, estimate=estimate, policy=policy.alerts),
        broken=_broken(drift),
        broken_labels=_broken_while_labelled(reference, observed, policy),
        rows_used=observed.rows_used,
        n_assumed=observed.n_assumed,
        estimate=estimate,
        matured=_matured(reference, observed, performance, policy.estimate),
        label_drift=None if performance is None else label_drift(baseline, performance),
        track=observed.matured,
    )


def _matured(
    reference: ReferenceProfile,
    observed: Observed,
    performance: ModelMetrics | None,
    policy: EstimatePolicy,
) -> MaturedEstimate | None:
    """Return what was to be expected of the labelled rows; a file's are in no window.

    Of fewer rows than an estimate needs there is none: a champion's first days would else
    take the place of its first whole window.
    """
    if performance is None or observed.labels_of is None or reference.score_grid is None:
        return None
    if performance.n < policy.min_rows:
        return None
    return matured_estimate(
        observed.labels_of,
        observed.scores,
        performance,
        threshold=reference.score_grid.threshold,
        matured=observed.matured,
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
