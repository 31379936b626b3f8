"""What the events add up to: which model serves, what was tried, what may not be used.

Control state is a fold over the event log; nothing else keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from holdfast.domain.events import (
    AlertRaised,
    ChallengerJudged,
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    DecisionMade,
    ProbationJudged,
    ReleaseRegistered,
    RetrainingFailed,
    RetrainingResumed,
    RetrainingStarted,
    StageEnded,
    WindowJudged,
)
from holdfast.domain.evidence import Action, Outcome, Trigger
from holdfast.domain.stages import Stage
from holdfast.performance.track_record import with_matured
from holdfast.policy.incidents import after
from holdfast.policy.silences import silences_after

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from holdfast.domain.estimates import MaturedEstimate
    from holdfast.domain.events import Event, EventBody
    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.windows import Window
    from holdfast.policy.incidents import Incident
    from holdfast.policy.silences import Silence

__all__ = ["Attempt", "ControlState", "Staged", "fold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A retraining that has begun and has no end yet: under way, or broken off.

    Attributes:
        started: Its first event's body: on which rows, why, against whom.
        at: When it began.
        seq: Of its first event; the state before it is what it began from.
        n_tries: How often it was begun; more than once if it broke off.
        judgement: The guard's, if it accepted a challenger; any other ends the attempt.
        version: The release that was registered of it.
    """

    started: RetrainingStarted
    at: datetime
    seq: int
    n_tries: int = 1
    judgement: ChallengerJudged | None = None
    version: ModelVersion | None = None

    @property
    def attempt_id(self) -> str:
        """Under which its events stand."""
        return self.started.attempt_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Who stands beside the champion: a challenger, or the champion before it."""

    version: ModelVersion
    stage: Stage
    share: float | None
    seq: int  # of the event that put it there
    since: datetime  # this stage
    begun: datetime  # the first of its stages beside this champion
    failure: str | None = None  # what a server said of it, if it could not load or ask it
    until: datetime | None = None  # when the champion's probation beside it ends
    judged_until: datetime | None = None  # rows predicted before this were compared in it


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlState:
    """Where the loop stands after a prefix of the event log.

    Attributes:
        champion: The version in production.
        champion_since: When it got there.
        previous: The version before it, to which a rollback returns.
        n_releases: How many releases were registered.
        last_attempt_at: When the last retraining began, whatever came of it.
        refusals: Challengers refused since the champion came; doubles the cooldown.
        guards: For each champion, the moment before which its rows have judged a challenger.
        learnt: For each release of a retraining, the moment before which its reference may
            hold the rows.
        judged: The attempt judged last, and the moment before which its rows were predicted.
        open_attempt: The retraining that has begun and has no end yet, if there is one.
        broken_windows: Windows whose feed was broken; their rows are not trained on.
        last_window: The window judged last.
        alerts: What was alarmed at the last decision about the present champion.
        drift_since: The estimated start of the drift that is alarmed now, if any is.
        staged: The challenger that is tried beside the champion, if one is; or the champion
            before it, while it is on probation.
        champion_failure: What a server said of the champion, if it could not load it.
        unscored: By version, rows that it could not score while it was the champion.
        incidents: What is alarmed and not over; of a former champion until the next tick.
        silences: Of what people want to hear nothing, and until when.
        matured: The champion's latest estimates without labels whose labels have come since;
            of windows that do not overlap, oldest first.
    """

    champion: ModelVersion | None = None
    champion_since: datetime | None = None
    previous: ModelVersion | None = None
    n_releases: int = 0
    last_attempt_at: datetime | None = None
    refusals: int = 0
    guards: dict[ModelVersion, datetime] = field(default_factory=dict)
    learnt: dict[ModelVersion, datetime] = field(default_factory=dict)
    judged: tuple[str, datetime] | None = None
    open_attempt: Attempt | None = None
    broken_windows: tuple[Window, ...] = ()
    last_window: Window | None = None
    alerts: tuple[Alert, ...] = ()
    drift_since: datetime | None = None
    staged: Staged | None = None
    champion_failure: str | None = None
    unscored: dict[ModelVersion, int] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    silences: tuple[Silence, ...] = ()
    matured: tuple[MaturedEstimate, ...] = ()

    @property
    def guard_until(self) -> datetime | None:
        """Rows predicted before this have judged a challenger of the present champion."""
        return None if self.champion is None else self.guards.get(self.champion)

    @property
    def learnt_until(self) -> datetime | None:
        """Rows predicted before this are in the champion's reference, or were left out of it."""
        return None if self.champion is None else self.learnt.get(self.champion)


def fold(events: Iterable[Event], state: ControlState | None = None) -> ControlState:
    """Return the state after the events.

    Args:
        events: In order of their sequence.
        state: Where to start; empty by default.

    >>> fold([]).champion is None
    True
    """
    state = state or ControlState()
    for event in events:
        state = replace(
            _after(state, event),
            staged=_beside(state.staged, event),
            open_attempt=_under_way(state.open_attempt, event),
            incidents=after(
                state.incidents,
                event.body,
                at=event.at,
                champion=state.champion,
                silences=state.silences,
            ),
            silences=silences_after(state.silences, event.body, at=event.at),
        )
    return state


def _after(state: ControlState, event: Event) -> ControlState:
    changes: dict[str, Any] = {}
    match event.body:
        case ReleaseRegistered(version=version, attempt_id=attempt):
            changes = {
                "n_releases": state.n_releases + 1,
                "learnt": _learnt_by(state, version, attempt),
            }
        case ChampionPromoted(version=version) | ChampionRolledBack(version=version):
            changes = {
                "champion": version,
                "champion_since": event.at,
                "previous": state.champion,
                "refusals": 0,
                "guards": _guards_of(state, version),
                "alerts": (),
                "drift_since": None,
                "champion_failure": None,
                "matured": (),
                **_after_probation(event),
            }
        case AlertRaised(alert=alert, model_version=version) if version == state.champion:
            changes = _after_alert(state, alert)
        case WindowJudged():
            changes = _after_window(state, event.body)
        case DecisionMade(decision=decision, alerts=alerts):
            still = state.drift_since or decision.onset_at
            changes = {"alerts": alerts, "drift_since": still if alerts else None}
            # Where the feed of the labelled rows alone is broken, the last window is sound.
            broken_now = any(alert.trigger is Trigger.BROKEN_FEED for alert in alerts)
            if decision.action is Action.FIX_UPSTREAM and broken_now:
                changes["broken_windows"] = _with(state.broken_windows, state.last_window)
        case RetrainingStarted():
            changes = {"last_attempt_at": event.at}
        case RetrainingFailed(interrupted=interrupted):
            changes = {"refusals": state.refusals + (not interrupted)}
        case ChallengerJudged():
            changes = _after_judgement(state, event.body)
    return replace(state, **changes)


def _after_probation(event: Event) -> dict[str, Any]:
    """What failed its probation is a refused attempt, so that its like is not back at once."""
    body = event.body
    if not isinstance(body, ChampionRolledBack) or body.report is None:
        return {}
    return {"refusals": 1, "last_attempt_at": event.at}


def _after_window(state: ControlState, body: WindowJudged) -> dict[str, Any]:
    """What is wrong with a file says nothing about the rows logged in its place."""
    if body.from_file:
        return {"last_window": None}
    if body.model_version != state.champion:
        return {"last_window": body.window}
    return {"last_window": body.window, "matured": with_matured(state.matured, body.matured)}


def _after_alert(state: ControlState, alert: Alert) -> dict[str, Any]:
    """A server's word on the champion: rows that it could not score, or that it did not load."""
    if alert.trigger is not Trigger.SERVING or state.champion is None:
        return {}
    if alert.statistic is None:
        return {"champion_failure": alert.message}
    n = state.unscored.get(state.champion, 0) + int(alert.statistic)
    return {"unscored": {**state.unscored, state.champion: n}}


def _under_way(attempt: Attempt | None, event: Event) -> Attempt | None:
    """Return the retraining without an end after an event."""
    if isinstance(event.body, RetrainingStarted):
        return Attempt(started=event.body, at=event.at, seq=event.seq)
    return None if attempt is None else _further(attempt, event.body)


def _further(attempt: Attempt, body: EventBody) -> Attempt | None:
    """Return where an attempt stands after an event; None if it ended by it.

    Whatever comes into production ends it: there is another champion to beat.
    """
    match body:
        case RetrainingFailed() | ChampionPromoted() | ChampionRolledBack():
            return None
        case ChallengerStaged(version=version) if version == attempt.version:
            return None
        case RetrainingResumed(attempt_id=attempt.attempt_id):
            return replace(attempt, n_tries=body.n_tries)
        case ChallengerJudged(attempt_id=attempt.attempt_id):
            accepted = body.report.outcome is Outcome.ACCEPT
            return replace(attempt, judgement=body) if accepted else None
        case ReleaseRegistered(attempt_id=attempt.attempt_id):
            return replace(attempt, version=body.version)
    return attempt


def _beside(staged: Staged | None, event: Event) -> Staged | None:
    """Return who stands beside the champion after an event."""
    match event.body:
        case ChallengerStaged():
            return _staged(staged, event, event.body)
        case StageEnded() | ChampionPromoted() | ChampionRolledBack():
            return None
        case AlertRaised(alert=alert, model_version=version) if staged is not None:
            of_it = alert.trigger is Trigger.SERVING and version == staged.version
            if of_it and alert.statistic is None:  # else of the time when it was the champion
                return replace(staged, failure=alert.message)
        case ProbationJudged(judged_until=until) if staged and staged.stage is Stage.PROBATION:
            return replace(staged, judged_until=until)
    return staged


def _staged(before: Staged | None, event: Event, body: ChallengerStaged) -> Staged:
    goes_on = before is not None and before.version == body.version
    return Staged(
        version=body.version,
        stage=body.stage,
        share=body.share,
        seq=event.seq,
        since=event.at,
        begun=before.begun if before is not None and goes_on else event.at,
        until=body.until,
    )


def _after_judgement(state: ControlState, body: ChallengerJudged) -> dict[str, Any]:
    outcome, until = body.report.outcome, body.guard_until
    # A guard that deferred looked at no label: its rows are not spent.
    before = state.guards.get(body.champion, until)
    spent = {} if outcome is Outcome.DEFER else {body.champion: max(before, until)}
    return {
        "guards": {**state.guards, **spent},
        "judged": (body.attempt_id, until),
        "refusals": state.refusals + (outcome is Outcome.REFUSE),
    }


def _learnt_by(
    state: ControlState, version: ModelVersion, attempt: str | None
) -> dict[ModelVersion, datetime]:
    if state.judged is None or state.judged[0] != attempt:
        return state.learnt
    return {**state.learnt, version: state.judged[1]}


def _guards_of(state: ControlState, version: ModelVersion) -> dict[ModelVersion, datetime]:
    """A retrained champion was fitted again on the guard's rows: it has seen them too."""
    seen = state.guard_until
    known = state.guards.get(version)
    if seen is None or (known is not None and known >= seen):
        return state.guards
    return {**state.guards, version: seen}


def _with(windows: tuple[Window, ...], window: Window | None) -> tuple[Window, ...]:
    return windows if window is None or window in windows else (*windows, window)
