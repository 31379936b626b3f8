"""What was so at a moment, and what became of an attempt: told by the events alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.errors import UnknownEventError
from holdfast.domain.events import (
    AlertRaised,
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    ReleaseRegistered,
    RetrainingStarted,
    WindowJudged,
)
from holdfast.domain.releases import ReleaseRecord
from holdfast.policy.standing import standings
from holdfast.policy.transitions import fold
from holdfast.ports.release_store import Deployment, StagedRelease

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from holdfast.domain.estimates import MaturedEstimate
    from holdfast.domain.events import Event
    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import ModelVersion
    from holdfast.policy.standing import Standing
    from holdfast.policy.transitions import ControlState, Staged

__all__ = ["Past", "attempt_called", "last_judged", "recall"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How a project stood at a moment.

    Attributes:
        at: The moment.
        deployment: What was in production, and who stood beside it; None: nothing was.
        deployed: The event that had put it there, which says why.
        open_alerts: What was alarmed at the last decision about the champion.
        releases: Those that were registered by then, in their order.
        standings: Where each of them stood.
        attempt: The retraining that was under way, by its id.
        judged: The champion's window judged last: its performance as far as it was known.
        track: Its estimates without labels whose labels had come.
    """

    at: datetime
    deployment: Deployment | None
    deployed: Event | None
    open_alerts: tuple[Alert, ...]
    releases: tuple[ReleaseRecord, ...]
    standings: dict[ModelVersion, Standing]
    attempt: str | None
    judged: WindowJudged | None = None
    track: tuple[MaturedEstimate, ...] = ()


def recall(events: Iterable[Event], moment: datetime) -> Past:
    """Return how a project stood at a moment, by what had happened until then.

    Nothing but the events is asked: what is told can be verified by their chain.

    Args:
        events: From the first on, in order of their sequence.
        moment: An aware time; what happened at this very moment counts.
    """
    until = [event for event in events if event.at <= moment]
    state, known = fold(until), _releases(until)
    deployed = next((event for event in reversed(until) if _deploys(event)), None)
    return Past(
        at=moment,
        deployment=_deployment(known, state, deployed),
        deployed=deployed,
        open_alerts=state.alerts,
        releases=tuple(known.values()),
        standings=standings(until),
        attempt=None if state.open_attempt is None else state.open_attempt.attempt_id,
        judged=last_judged(until, state),
        track=state.matured,
    )


def last_judged(events: Sequence[Event], state: ControlState) -> WindowJudged | None:
    """Return what was said last of a window of the champion, in this time of its service.

    Args:
        events: In order of their sequence.
        state: What they add up to.
    """
    for event in reversed(events):
        if _deploys(event):
            return None
        body = event.body
        if isinstance(body, WindowJudged) and not body.from_file:
            return body if body.model_version == state.champion else None
    return None


def attempt_called(events: Sequence[Event], wanted: str) -> list[Event]:
    """Return all that belongs to one retraining, or to one incident, from its start to its end.

    Args:
        events: From the first on, in order of their sequence.
        wanted: The attempt's or the incident's id, or a beginning of it that is unique.

    Raises:
        UnknownEventError: If none, or more than one, is called so.
    """
    ids = {e.body.attempt_id for e in events if isinstance(e.body, RetrainingStarted)}
    ids |= {e.body.incident_id or "" for e in events if isinstance(e.body, AlertRaised)}
    found = [attempt_id for attempt_id in ids if wanted and attempt_id.startswith(wanted)]
    if len(found) != 1:
        raise UnknownEventError(wanted)
    told = [event for event in events if found[0] in _named(event)]
    made = next((e for e in told if isinstance(e.body, ReleaseRegistered)), None)
    return told if made is None else sorted([*told, *_debut(events, made)], key=lambda e: e.seq)


def _named(event: Event) -> tuple[str | None, str | None]:
    return getattr(event.body, "attempt_id", None), getattr(event.body, "incident_id", None)


def _debut(events: Iterable[Event], made: Event) -> list[Event]:
    """Return the event by which a release first served, or was tried."""
    version = getattr(made.body, "version", None)
    for event in events:
        match event.body:
            case ChampionPromoted() | ChallengerStaged() as body if event.seq > made.seq:
                if body.version == version:
                    return [event]
    return []


def _deploys(event: Event) -> bool:
    return isinstance(event.body, ChampionPromoted | ChampionRolledBack)


def _releases(events: Iterable[Event]) -> dict[ModelVersion, ReleaseRecord]:
    return {
        event.body.version: ReleaseRecord(
            version=event.body.version,
            release_id=event.body.release_id,
            schema_digest=event.body.schema_digest,
        )
        for event in events
        if isinstance(event.body, ReleaseRegistered)
    }


def _deployment(
    known: dict[ModelVersion, ReleaseRecord], state: ControlState, deployed: Event | None
) -> Deployment | None:
    if deployed is None or state.champion is None:
        return None
    return Deployment(
        champion=known[state.champion],
        previous=None if state.previous is None else known[state.previous],
        since=deployed.at,
        seq=deployed.seq,
        challenger=None if state.staged is None else _staged(known, state.staged),
    )


def _staged(known: dict[ModelVersion, ReleaseRecord], staged: Staged) -> StagedRelease:
    return StagedRelease(
        record=known[staged.version],
        stage=staged.stage,
        share=staged.share,
        since=staged.since,
        seq=staged.seq,
        until=staged.until,
    )
