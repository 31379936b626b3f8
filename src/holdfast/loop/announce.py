"""Owe people the word of an alert, and find the words once it is delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.events import (
    AlertRaised,
    AlertResolved,
    AlertUpdated,
    ChallengerJudged,
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    DecisionMade,
    RetrainingFailed,
    WindowJudged,
)
from holdfast.domain.narration import headline
from holdfast.domain.notices import Notice, NoticeKind
from holdfast.policy.incidents import after
from holdfast.policy.silences import is_silenced
from holdfast.policy.telling import is_told
from holdfast.policy.transitions import fold
from holdfast.ports.event_log import Draft
from holdfast.ports.outbox import Effect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from holdfast.domain.events import Event, EventBody
    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import EventId
    from holdfast.policy.transitions import ControlState
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.notifier import Channel

__all__ = ["announced", "notice_of", "owed", "owed_of"]

_DEEDS = (
    ChallengerJudged,
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    RetrainingFailed,
)


def owed(alert: Alert, channels: Iterable[Channel]) -> tuple[Effect, ...]:
    """Return what is owed to every channel that wants to hear of alerts so loud.

    Each channel has its own: one that is down neither stops nor repeats the others.
    """
    return tuple(
        Effect(channel=channel.name, payload={"do": "notify"})
        for channel in channels
        if alert.severity.rank >= channel.least.rank
    )


def owed_of(
    events: EventLog,
    alert: Alert,
    channels: Iterable[Channel],
    *,
    at: datetime,
    incident_id: str | None = None,
) -> tuple[Effect, ...]:
    """Return what is owed of an alert that comes of no tick; nothing while it is silenced.

    Args:
        events: Say what is silenced.
        alert: What is wrong.
        channels: Those of the project.
        at: When.
        incident_id: That it opens, if it opens one.
    """
    silences = fold(events.events()).silences
    return () if is_silenced(silences, incident_id, alert, at=at) else owed(alert, channels)


def announced(
    bodies: Sequence[EventBody],
    state: ControlState,
    channels: Sequence[Channel],
    *,
    actor: str,
    now: datetime,
) -> list[Draft]:
    """Return the drafts of a tick's events about alerts, with the effects of those that are told.

    Args:
        bodies: What `holdfast.policy.incidents.follow` says, in order.
        state: The fold of all that happened before.
        channels: Those of the project.
        actor: Who writes it down.
        now: When.
    """
    open_now, drafts = state.incidents, []
    for body in bodies:
        told = is_told(open_now, body, at=now, silences=state.silences)
        alert = getattr(body, "alert", None)
        effects = owed(alert, channels) if told and alert is not None else ()
        drafts.append(Draft(body=body, actor=actor, effects=effects))
        open_now = after(open_now, body, at=now, champion=state.champion, silences=state.silences)
    return drafts


def notice_of(events: EventLog, event_id: EventId) -> Notice:
    """Return what to tell people of an event, with what the loop has done since.

    Raises:
        UnknownEventError: If there is no such event.
        TypeError: If it is about no alert.
    """
    event = events.get(event_id)
    deeds = tuple(_deeds(events.events(after=event.seq)))
    match event.body:
        case AlertRaised() as body:
            return _notice(event, body, NoticeKind.RAISED, since=body.onset_at, deeds=deeds)
        case AlertUpdated() as body:
            return _notice(
                event,
                body,
                NoticeKind.UPDATED,
                since=body.onset_at,
                reason=body.reason,
                deeds=deeds,
            )
        case AlertResolved() as body:
            return _notice(event, body, NoticeKind.RESOLVED, reason=body.reason)
    raise TypeError(f"event {event_id} is about no alert: it is {event.kind}")


def _notice(
    event: Event,
    body: AlertRaised | AlertUpdated | AlertResolved,
    kind: NoticeKind,
    *,
    since: datetime | None = None,
    reason: str = "",
    deeds: tuple[str, ...] = (),
) -> Notice:
    return Notice(
        kind=kind,
        alert=body.alert,
        model_version=body.model_version,
        event_id=event.event_id,
        at=event.at,
        incident_id=body.incident_id,
        since=since,
        reason=reason,
        deeds=deeds,
    )


def _deeds(later: Iterator[Event]) -> Iterator[str]:
    """Yield the tick's decision, and what came of it until the next window was judged."""
    decided = False
    for event in later:
        if isinstance(event.body, DecisionMade):
            if decided:
                return
            decided = True
            yield headline(event)
        elif isinstance(event.body, WindowJudged) and decided:
            return
        elif isinstance(event.body, _DEEDS) and decided:
            yield headline(event)
