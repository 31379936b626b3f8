"""Which findings are worth a person's attention, how loudly, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.performance.confidence import ConfidenceVerdict
from holdfast.performance.degradation import DegradationVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holdfast.drift.report import DriftReport, FeatureReport, FeatureTest
    from holdfast.performance.confidence import ConfidenceDecay
    from holdfast.performance.degradation import Degradation

__all__ = ["AlertPolicy", "alerts_of", "harm_is_open"]

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


def alerts_of(
    drift: DriftReport,
    prediction: FeatureReport | None,
    confidence: ConfidenceDecay | None,
    degradations: tuple[Degradation, ...],
    *,
    policy: AlertPolicy,
) -> tuple[Alert, ...]:
    """Return the alerts of a tick, loudest first.

    Args:
        drift: The report on the features.
        prediction: The report on the scores, if the window has any.
        confidence: What became of mean |p - 0.5|, if it was measured.
        degradations: What became of each metric on mature labels.
        policy: From where a finding is more than a note.
    """
    alerts = [
        *(_performance(item, policy) for item in degradations if _harmful(item)),
        *(alert for feature in drift.features for alert in _feature(feature, policy)),
        *([] if prediction is None else _prediction(prediction, policy)),
        *([] if confidence is None else _confidence(confidence)),
    ]
    return tuple(sorted(alerts, key=lambda alert: -alert.severity.rank))


def harm_is_open(alerts: Iterable[Alert]) -> bool:
    """Return whether an alert says that the model measurably does worse."""
    return any(
        alert.trigger is Trigger.PERFORMANCE and alert.severity is not Severity.INFO
        for alert in alerts
    )


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


def _feature(feature: FeatureReport, policy: AlertPolicy) -> Iterator[Alert]:
    if feature.broken is not None:
        yield Alert(
            trigger=Trigger.BROKEN_FEED,
            severity=Severity.CRITICAL,
            subject=feature.name,
            message=f"{feature.name} looks broken upstream: {feature.broken}",
        )
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
    if report.broken is not None:
        yield Alert(
            trigger=Trigger.PREDICTION_DRIFT,
            severity=Severity.CRITICAL,
            subject="score",
            message="the model gives every row the same score",
        )
    elif report.drifted and report.strongest is not None:
        yield Alert(
            trigger=Trigger.PREDICTION_DRIFT,
            severity=_loudness(report.strongest.result.effect, policy),
            subject="score",
            message=_moved("the scores", report.strongest),
            statistic=report.strongest.result.effect,
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
