"""Which findings are worth a person's attention, how loudly, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.estimates import EstimateVerdict
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.drift.sequential import Watched
from holdfast.performance.confidence import ConfidenceVerdict
from holdfast.performance.degradation import DegradationVerdict
from holdfast.policy.incidents import AlertFinding
from holdfast.policy.policies import HARM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from holdfast.domain.estimates import WindowEstimate
    from holdfast.drift.report import DriftReport, FeatureReport, FeatureTest
    from holdfast.drift.sequential import Alarm
    from holdfast.performance.confidence import ConfidenceDecay
    from holdfast.performance.degradation import Degradation

__all__ = ["AlertPolicy", "alerts_of", "by_date", "findings_of", "harm_is_open", "levels_of"]

_TRIGGERS = {
    Watched.FEATURE: Trigger.FEATURE_DRIFT,
    Watched.SCORE: Trigger.PREDICTION_DRIFT,
    Watched.LABEL: Trigger.LABEL_DRIFT,
    Watched.CALIBRATION: Trigger.CONCEPT,
    Watched.HARM: Trigger.HARM,
}
_NEVER_CRITICAL = frozenset({Watched.FEATURE, Watched.SCORE, Watched.LABEL})
_CHANGES = {
    Watched.SCORE: "the scores drifted",
    Watched.LABEL: "the labels drifted",
    Watched.CALIBRATION: "what the scores mean has changed",
    Watched.HARM: "the model does worse",
}
_METRIC_WORDS = {"roc_auc": "ROC AUC", "brier": "Brier score"}
_EFFECT_WORDS = {
    "anderson_darling": "KS distance",
    "kolmogorov_smirnov": "KS distance",
    "cramer_von_mises": "KS distance",
    "chi_square": "total variation",
    "g_test": "total variation",
    "missingness": "change of the missing share",
    "unseen_categories": "share of unseen categories",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """From where a finding is more than a note.

    Attributes:
        loud_effect: Effect (KS distance, total variation, share) from which drift is a
            warning; below it stays a note.
        severe_worsening: Loss of ROC AUC, or rise of the Brier score, from which a
            degradation is critical.
    """

    loud_effect: float = 0.10
    severe_worsening: float = 0.05


def levels_of(
    drift: DriftReport,
    prediction: FeatureReport | None,
    confidence: ConfidenceDecay | None,
    degradations: tuple[Degradation, ...],
    *,
    policy: AlertPolicy,
    estimate: WindowEstimate | None = None,
) -> tuple[Alert, ...]:
    """Return what is said for as long as it holds, loudest first.

    A broken feed, worse performance on the mature window, and less confidence; whether
    features, scores or labels have drifted is for the monitors to say, which keep to a budget
    over time.

    Args:
        drift: The report on the features.
        prediction: The report on the scores, if the window has any.
        confidence: What became of mean |p - 0.5|, if it was measured.
        degradations: What became of each metric on mature labels.
        policy: From where a finding is more than a note.
        estimate: What the scores alone let expect, if the window has any.
    """
    alerts = [
        *(_performance(item, policy) for item in degradations if _harmful(item)),
        *(_broken(feature) for feature in drift.features if feature.broken is not None),
        *([] if prediction is None or prediction.broken is None else [_stuck()]),
        *([] if confidence is None else _confidence(confidence)),
        *([] if estimate is None else _estimate(estimate)),
    ]
    return _loudest_first(alerts)


def alerts_of(
    drift: DriftReport,
    prediction: FeatureReport | None,
    confidence: ConfidenceDecay | None,
    degradations: tuple[Degradation, ...],
    *,
    policy: AlertPolicy,
    estimate: WindowEstimate | None = None,
) -> tuple[Alert, ...]:
    """Return all that a window says by itself, loudest first.

    That is for rows without a time, such as a file's: nothing else will be said of them.

    Args:
        drift: The report on the features.
        prediction: The report on the scores, if the window has any.
        confidence: What became of mean |p - 0.5|, if it was measured.
        degradations: What became of each metric on mature labels.
        policy: From where a finding is more than a note.
        estimate: What the scores alone let expect, if the window has any.
    """
    alerts = [
        *levels_of(drift, prediction, confidence, degradations, policy=policy, estimate=estimate),
        *(alert for feature in drift.features for alert in _feature(feature, policy)),
        *([] if prediction is None else _prediction(prediction, policy)),
    ]
    return _loudest_first(alerts)


def findings_of(
    alarms: Iterable[Alarm],
    levels: Iterable[Alert],
    report: DriftReport | None,
    *,
    begun: Mapping[tuple[Trigger, str], datetime],
    moment: Callable[[datetime], str],
) -> tuple[AlertFinding, ...]:
    """Return what a tick found: the monitors' alarms, then what holds until it is gone.

    A feature that is broken is said to be that, and nothing else.

    Args:
        alarms: What the monitors said of the buckets that are new.
        levels: See `levels_of`.
        report: On the current window: names what moved there, and how far. None without rows.
        begun: Since when what is alarmed already has been another: a monitor that is alarmed
            again knows only since when it looked anew.
        moment: How a moment is written, such as `by_date`.
    """
    levels, features = tuple(levels), () if report is None else report.features
    known = {feature.name: feature for feature in features}
    broken = {alert.subject for alert in levels if alert.trigger is Trigger.BROKEN_FEED}
    first, edges = dict(begun), []
    for alarm in alarms:
        if alarm.watched is Watched.FEATURE and alarm.subject in broken:
            continue
        edges.append(_edge(alarm, known.get(alarm.subject), first, moment))
        first.setdefault(edges[-1].about, alarm.onset_at)
    return (*edges, *(AlertFinding(alert=alert) for alert in levels))


def by_date(moment: datetime) -> str:
    """Return a moment as people write it; the time only where it is not midnight.

    >>> from datetime import UTC, datetime
    >>> by_date(datetime(2026, 3, 4, tzinfo=UTC)), by_date(datetime(2026, 3, 4, 6, tzinfo=UTC))
    ('2026-03-04', '2026-03-04 06:00')
    """
    midnight = (moment.hour, moment.minute) == (0, 0)
    return f"{moment:%Y-%m-%d}" if midnight else f"{moment:%Y-%m-%d %H:%M}"


def harm_is_open(alerts: Iterable[Alert]) -> bool:
    """Return whether an alert says that the model measurably does worse.

    Realised performance, its loss over time (harm) and what its scores mean (concept)
    count alike, from a warning on.
    """
    return any(alert.trigger in HARM and alert.severity is not Severity.INFO for alert in alerts)


def _harmful(item: Degradation) -> bool:
    return item.verdict is DegradationVerdict.DEGRADED and not item.informational


def _performance(item: Degradation, policy: AlertPolicy) -> Alert:
    assert item.worsening is not None  # what is degraded was measured on both sides
    severe = item.worsening >= policy.severe_worsening
    name = _METRIC_WORDS.get(item.metric, item.metric)
    verb = "fell" if item.metric == "roc_auc" else "rose"
    return Alert(
        trigger=Trigger.PERFORMANCE,
        severity=Severity.CRITICAL if severe else Severity.WARNING,
        subject=item.metric,
        message=f"{name} {verb} from {item.reference:.3f} to {item.current:.3f} on mature labels",
        statistic=item.worsening,
    )


def _loudest_first(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    return tuple(sorted(alerts, key=lambda alert: -alert.severity.rank))


def _edge(
    alarm: Alarm,
    feature: FeatureReport | None,
    begun: Mapping[tuple[Trigger, str], datetime],
    moment: Callable[[datetime], str],
) -> AlertFinding:
    onset_at = min(alarm.onset_at, begun.get((_trigger(alarm), alarm.subject), alarm.onset_at))
    return AlertFinding(
        alert=_alarmed(alarm, feature, moment(onset_at)),
        raised_at=alarm.raised_at,
        onset_at=onset_at,
    )


def _alarmed(alarm: Alarm, feature: FeatureReport | None, since: str) -> Alert:
    """Put an alarm into words: since when, which rate, and how the window looks."""
    capped = alarm.watched in _NEVER_CRITICAL
    change = _CHANGES.get(alarm.watched, f"{alarm.subject} drifted")
    beyond = "more" if alarm.rate > alarm.bound else "less"
    figures = f"{alarm.indicator} to {alarm.rate:.3g}, {beyond} than the {alarm.bound:.3g} allowed"
    return Alert(
        trigger=_trigger(alarm),
        severity=Severity.WARNING if capped else alarm.severity,
        subject=alarm.subject,
        message=f"{change} since {since}: {figures}{_as_it_looks(feature)}",
        statistic=alarm.rate,
    )


def _trigger(alarm: Alarm) -> Trigger:
    """Return what an alarm is about; words never seen before are a trigger of their own."""
    if alarm.watched is Watched.FEATURE and "never seen before" in alarm.indicator:
        return Trigger.UNSEEN_CATEGORIES
    return _TRIGGERS[alarm.watched]


def _as_it_looks(feature: FeatureReport | None) -> str:
    if feature is None:
        return ""
    named = ", ".join(name for name, _ in feature.unseen[:3])
    unseen = f"; unseen in training: {named}" if named else ""
    test = feature.strongest
    if test is None:
        return unseen
    words = _EFFECT_WORDS.get(test.result.method, test.result.method)
    return f"{unseen}; {test.result.effect:.2f} {words} in this window"


def _broken(feature: FeatureReport) -> Alert:
    return Alert(
        trigger=Trigger.BROKEN_FEED,
        severity=Severity.CRITICAL,
        subject=feature.name,
        message=f"{feature.name} looks broken upstream: {feature.broken}",
    )


def _feature(feature: FeatureReport, policy: AlertPolicy) -> Iterator[Alert]:
    if feature.broken is not None:
        return
    for test in feature.tests:
        if not test.drifted:
            continue
        unseen = test.result.method == "unseen_categories"
        yield Alert(
            trigger=Trigger.UNSEEN_CATEGORIES if unseen else Trigger.FEATURE_DRIFT,
            severity=_loudness(test.result.effect, policy),
            subject=feature.name,
            message=_unseen(feature, test) if unseen else _moved(feature.name, test),
            statistic=test.result.effect,
        )


def _prediction(report: FeatureReport, policy: AlertPolicy) -> Iterator[Alert]:
    if report.broken is None and report.drifted and report.strongest is not None:
        yield Alert(
            trigger=Trigger.PREDICTION_DRIFT,
            severity=_loudness(report.strongest.result.effect, policy),
            subject="score",
            message=_moved("the scores", report.strongest),
            statistic=report.strongest.result.effect,
        )


def _stuck() -> Alert:
    return Alert(
        trigger=Trigger.PREDICTION_DRIFT,
        severity=Severity.CRITICAL,
        subject="score",
        message="the model gives every row the same score",
    )


def _confidence(decay: ConfidenceDecay) -> Iterator[Alert]:
    if decay.verdict is ConfidenceVerdict.DECAYED:
        yield Alert(
            trigger=Trigger.CONFIDENCE,
            severity=Severity.WARNING,
            subject="confidence",
            message=(
                f"mean confidence |p - 0.5| fell from {decay.reference:.3f} to {decay.current:.3f}"
            ),
            statistic=decay.fall,
        )


def _estimate(found: WindowEstimate) -> Iterator[Alert]:
    if found.verdict is EstimateVerdict.DECAYED:
        yield Alert(
            trigger=Trigger.ESTIMATE,
            severity=Severity.WARNING,
            subject="estimate",
            message=f"without labels yet, the model seems worse: {found.reason}",
        )


def _loudness(effect: float, policy: AlertPolicy) -> Severity:
    return Severity.WARNING if effect >= policy.loud_effect else Severity.INFO


def _moved(what: str, test: FeatureTest) -> str:
    words = _EFFECT_WORDS.get(test.result.method, test.result.method)
    return f"{what} drifted by {test.result.effect:.2f} ({words})"


def _unseen(feature: FeatureReport, test: FeatureTest) -> str:
    names = ", ".join(name for name, _ in feature.unseen[:3])
    return (
        f"{feature.name} has categories that training never saw: {names} "
        f"in {test.result.effect:.0%} of the rows"
    )
