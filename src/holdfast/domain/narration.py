"""Events in words: what a person reads when they ask what happened and why."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from holdfast.domain.events import (
    AlertAcknowledged,
    AlertRaised,
    AlertResolved,
    AlertSilenced,
    AlertUpdated,
    ChallengerJudged,
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    DecisionMade,
    EntityErased,
    KeyCreated,
    KeyRevoked,
    ProbationJudged,
    ReleaseRegistered,
    RetrainingFailed,
    RetrainingResumed,
    RetrainingStarted,
    RowsDropped,
    SilenceLifted,
    StageEnded,
    WindowJudged,
    WindowRevised,
)
from holdfast.domain.evidence import Action, Outcome
from holdfast.domain.stages import Ending, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.events import Event, EventBody, WindowVerdict
    from holdfast.domain.evidence import Check, GuardReport

__all__ = ["headline", "story"]

_ACTIONS = {
    Action.KEEP: "Kept the model",
    Action.ALERT: "Alerted and watched",
    Action.RETRAIN: "Decided to retrain",
    Action.DEFER: "Wanted to retrain, and deferred it",
    Action.FIX_UPSTREAM: "Asked for the feed to be fixed upstream; did not retrain",
    Action.ROLL_BACK: "Decided to roll back",
}
_STAGES = {
    Stage.SHADOW: "it scores the rows that are answered; nobody is given its scores",
    Stage.CANARY: "it answers a share of the requests, always the same entities",
    Stage.PROBATION: "it scores the rows that are answered, and takes over again if it is better",
}
_OUTCOMES = {
    Outcome.ACCEPT: "accepted the challenger",
    Outcome.REFUSE: "refused the challenger",
    Outcome.DEFER: "could not judge the challenger yet",
}


def headline(event: Event) -> str:
    """Return what happened in one line."""
    return _headline(event.body)


@singledispatch
def _headline(body: object) -> str:
    raise TypeError(f"no words for an event of type {type(body).__name__}")


@_headline.register
def _(body: ReleaseRegistered) -> str:
    auc = body.metrics.get("roc_auc")
    # Whether a model from elsewhere has seen its reference, its model card says.
    rows = "its reference" if body.origin == "register" else "held-out rows"
    tested = "" if auc is None else f", ROC AUC {auc:.3f} on {rows}"
    return f"Registered {body.version} ({body.trainer}{tested})"


@_headline.register
def _(body: ChampionPromoted) -> str:
    if body.previous is None:
        return f"Promoted {body.version}: the first model in production"
    return f"Promoted {body.version} over {body.previous}: {body.reason}"


@_headline.register
def _(body: ChampionRolledBack) -> str:
    return f"Rolled back from {body.replaced} to {body.version}: {body.reason}"


@_headline.register
def _(body: ChallengerStaged) -> str:
    beside = f"{body.version} beside {body.champion}"
    if body.stage is Stage.PROBATION:
        return f"Put {body.champion} on probation: {body.reason}"
    if body.stage is Stage.SHADOW:
        return f"Staged {beside} in shadow: {body.reason}"
    return f"Staged {beside} as a canary for {body.share:.3g} of the requests: {body.reason}"


@_headline.register
def _(body: StageEnded) -> str:
    if body.ending is Ending.PROMOTED:
        return f"The {body.stage} stage of {body.version} ended: {body.reason}"
    if body.stage is Stage.PROBATION:
        return f"The probation beside {body.version} ended: {body.reason}"
    return f"Withdrew {body.version} from its {body.stage} stage: {body.reason}"


@_headline.register
def _(body: ProbationJudged) -> str:
    beside = f"{body.champion}, on probation, with {body.previous}"
    return f"Compared {beside}: {body.report.reason}"


@_headline.register
def _(body: WindowJudged) -> str:
    n = len(body.drifted)
    what = "no feature drifted" if n == 0 else f"{n} feature{'s' if n > 1 else ''} drifted"
    return f"Judged {_rows(body.n)} of {body.model_version}: {what}{_by_the_rule(body.verdict)}"


@_headline.register
def _(body: WindowRevised) -> str:
    late = "1 late row" if body.n_late == 1 else f"{body.n_late:,} late rows"
    return f"Counted {late} into a window judged for {body.model_version}: {_would_be(body)}"


@_headline.register
def _(body: AlertRaised) -> str:
    return f"{body.alert.severity.capitalize()}: {body.alert.message}"


@_headline.register
def _(body: AlertUpdated) -> str:
    return f"Now {body.alert.severity}: {body.alert.message} ({body.reason})"


@_headline.register
def _(body: AlertResolved) -> str:
    return f"Over: {body.alert.message} ({body.reason})"


@_headline.register
def _(body: AlertAcknowledged) -> str:
    return f"{body.by} knows of {body.incident_id}{_because(body.reason)}"


@_headline.register
def _(body: AlertSilenced) -> str:
    until = f"until {body.until:%Y-%m-%d %H:%M} UTC"
    return f"{body.by} silenced {_hushed(body)} {until}{_because(body.reason)}"


@_headline.register
def _(body: SilenceLifted) -> str:
    return f"{body.by} lifted the silence of {_hushed(body)}"


@_headline.register
def _(body: DecisionMade) -> str:
    return f"{_ACTIONS[body.decision.action]}: {body.decision.reasons[0]}"


@_headline.register
def _(body: RetrainingStarted) -> str:
    return f"Began a retraining against {body.champion} on {body.n_rows:,} rows"


@_headline.register
def _(body: RetrainingResumed) -> str:
    return f"Went on with the retraining against {body.champion}: {body.reason}"


@_headline.register
def _(body: RetrainingFailed) -> str:
    if body.interrupted:
        return f"The retraining broke off and could not go on: {body.reason}"
    return f"The retraining ended without a model: {body.reason}"


@_headline.register
def _(body: ChallengerJudged) -> str:
    outcome = _OUTCOMES[body.report.outcome]
    return f"The guard {outcome} of {body.champion}: {body.report.reason}"


@_headline.register
def _(body: KeyCreated) -> str:
    until = "" if body.expires_at is None else f", until {body.expires_at:%Y-%m-%d %H:%M} UTC"
    return f"Made API key {body.key_id} ({', '.join(body.scopes)}{until})"


@_headline.register
def _(body: KeyRevoked) -> str:
    return f"Revoked API key {body.key_id} ({', '.join(body.scopes)})"


@_headline.register
def _(body: RowsDropped) -> str:
    return (
        f"Dropped {_rows(body.n_predictions)} of {body.day}, older than the retention; "
        "they stand in the archive"
    )


@_headline.register
def _(body: EntityErased) -> str:
    return (
        f"Erased an entity: {_rows(body.n_predictions)} of the log, "
        f"{_rows(body.n_archived_rows)} of the archive"
    )


def story(event: Event) -> Iterator[str]:
    """Yield, line by line, all that an event says, for a person who asks why."""
    yield headline(event)
    yield f"when: {event.at:%Y-%m-%d %H:%M:%S} UTC, by {event.actor}"
    yield from _judging(event.body)
    yield from _doing(event.body)
    yield f"event {event.seq}, {event.event_id}, digest {event.digest[:16]}"


def _judging(body: EventBody) -> Iterator[str]:
    """Yield what an event says that judges something."""
    match body:
        case DecisionMade():
            yield from _decision(body)
        case ChallengerJudged():
            yield from _judgement(body)
        case WindowJudged():
            yield from _window(body)
        case WindowRevised():
            yield from _revision(body)
        case ProbationJudged(report=report):
            yield f"rows predicted before: {body.judged_until:%Y-%m-%d %H:%M} UTC"
            yield from _checks(report)
        case AlertRaised() | AlertUpdated() | AlertResolved():
            yield from _alarm(body)


def _doing(body: EventBody) -> Iterator[str]:
    """Yield what an event says by which something was done."""
    match body:
        case RetrainingStarted(cause=cause, attempt_id=attempt_id, rows_used=used):
            yield f"why: {cause}"
            yield from () if used is None else (f"learns, of the log, from {used.words}",)
            yield f"attempt: {attempt_id}"
        case RetrainingResumed(attempt_id=attempt_id, n_tries=n_tries):
            yield f"attempt: {attempt_id}, try {n_tries}"
        case ReleaseRegistered(release_id=release_id, metrics=metrics, origin=origin):
            yield f"release: {release_id} (by {origin})"
            yield from (f"{name}: {value:.4f}" for name, value in sorted(metrics.items()))
            yield from _competed(body.competition)
            yield from (f"{name} gave no model: {why}" for name, why in body.failures.items())
        case ChampionPromoted(release_id=release_id):
            yield f"release: {release_id}"
        case ChampionRolledBack(release_id=release_id, report=report):
            yield f"release: {release_id}"
            yield from () if report is None else _rolled_back(report)
        case ChallengerStaged(release_id=release_id, stage=stage):
            yield f"release: {release_id}"
            yield _STAGES[stage]
        case RetrainingFailed(attempt_id=attempt_id):
            yield f"attempt: {attempt_id}"
        case RowsDropped(n_labels=n_labels, n_request_keys=n_keys):
            yield f"with them: {n_labels:,} labels, {n_keys:,} request ids"
        case EntityErased(n_labels=n_labels, n_request_keys=n_keys, erasure_id=erasure_id):
            yield f"with them: {n_labels:,} labels, {n_keys:,} request ids"
            yield f"erasure: {erasure_id}"


def _alarm(body: AlertRaised | AlertUpdated | AlertResolved) -> Iterator[str]:
    about = body.alert.trigger.replace("_", " ")
    yield f"about: {body.alert.subject} ({about}), model {body.model_version}"
    onset_at = None if isinstance(body, AlertResolved) else body.onset_at
    if onset_at is not None:
        yield f"the change seems to have begun: {onset_at:%Y-%m-%d %H:%M} UTC"
    if body.incident_id is not None:
        yield f"incident: {body.incident_id}"


def _hushed(body: AlertSilenced | SilenceLifted) -> str:
    """Return what a silence is about, in words."""
    if body.incident_id is not None:
        return body.incident_id
    trigger = "every alert" if body.trigger is None else body.trigger.replace("_", " ")
    return trigger if body.subject is None else f"{trigger} of {body.subject}"


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{n:,} rows"


def _decision(body: DecisionMade) -> Iterator[str]:
    decision = body.decision
    yield f"policy: {decision.policy}, model {body.model_version}"
    yield from (f"because: {reason}" for reason in decision.reasons)
    for alert in body.alerts:
        yield f"evidence: [{alert.severity}] {alert.message}"
    yield f"mature labelled rows since the change: {body.n_labels:,}"
    if decision.onset_at is not None:
        yield f"the change seems to have begun: {decision.onset_at:%Y-%m-%d %H:%M} UTC"
    if decision.retry_at is not None:
        yield f"may be tried again: {decision.retry_at:%Y-%m-%d %H:%M} UTC"


def _judgement(body: ChallengerJudged) -> Iterator[str]:
    report = body.report
    yield f"rule: {report.rule}, on {report.n:,} rows ({report.n_positive:,} positive)"
    yield (
        f"challenger: {body.trainer}, trained on the window {body.training_window!r}, "
        f"calibration {body.calibration}"
    )
    yield from _competed(body.margins)
    yield from (f"candidate {name} fell out: {why}" for name, why in body.failures.items())
    yield from _checks(report)


def _checks(report: GuardReport) -> Iterator[str]:
    yield from () if report.rows_used is None else (f"compared on {report.rows_used.words}",)
    for check in report.checks:
        said = "passed" if check.passed else "FAILED"
        yield f"{said} {check.name}: {check.reason}{_range(check)}"


def _rolled_back(report: GuardReport) -> Iterator[str]:
    """Yield why the loop went back by itself."""
    yield "by itself: the champion was on probation, and failed it"
    yield from _checks(report)
    yield "the next attempt waits twice as long as usual, from now on"


def _range(check: Check) -> str:
    """Return the interval of a check's figure, if it has one."""
    if check.low is None or check.high is None:
        return ""
    return f" [{check.low:+.4f}, {check.high:+.4f}]"


def _competed(scores: dict[str, float]) -> Iterator[str]:
    for name, brier in sorted(scores.items(), key=lambda item: item[1]):
        yield f"candidate {name}: Brier {brier:.4f} on validation"


def _would_be(body: WindowRevised) -> str:
    if body.differs is None:
        return "its verdict stands; another model is in production now"
    return "its verdict would be another now" if body.differs else "its verdict stays the same"


def _by_the_rule(verdict: WindowVerdict | None) -> str:
    """Return what a headline adds; that a rule did not fire is left to the story."""
    return "; by the rule, the window drifted" if verdict is not None and verdict.fired else ""


def _verdict(verdict: WindowVerdict | None) -> Iterator[str]:
    if verdict is not None:
        said = {True: "it fired", False: "it did not fire", None: "it cannot tell"}[verdict.fired]
        yield f"rule: {verdict.rule}; {said}: {verdict.why}"


def _revision(body: WindowRevised) -> Iterator[str]:
    yield f"window: {body.window}"
    yield f"rows: {body.n_judged:,} when it was judged, {body.n:,} now"
    if body.drifted is not None:
        yield f"drifted, with all rows: {', '.join(body.drifted) or 'no feature'}"
    yield from _verdict(body.verdict)
    if body.n_unlooked:
        yield f"older windows with late rows, not looked at again: {body.n_unlooked:,}"


def _window(body: WindowJudged) -> Iterator[str]:
    yield f"window: {body.window}"
    if body.drifted:
        yield f"drifted: {', '.join(body.drifted)} ({body.share_drifted:.0%} of the features)"
    if body.underpowered:
        yield f"too few rows to tell: {', '.join(body.underpowered)}"
    if body.weighted_share is not None:
        yield f"by importance, {body.weighted_share:.0%} of the features drifted"
    yield from _verdict(body.verdict)
    if body.confidence is not None:
        yield f"mean confidence |p - 0.5|: {body.confidence:.3f}"
    if (found := body.estimate) is not None:
        yield f"estimated without labels, {found.verdict.replace('_', ' ')}: {found.reason}"
    if body.performance is None:
        yield "performance: no mature labels of this model's predictions yet"
        return
    figures = ", ".join(f"{name} {value:.3f}" for name, value in sorted(body.performance.items()))
    yield f"performance on {body.n_labelled:,} mature rows: {figures}"
    yield from () if body.rows_used is None else (f"measured on {body.rows_used.words}",)
