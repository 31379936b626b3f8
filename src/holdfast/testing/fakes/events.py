"""An event log in memory, and its projections as a fold over it."""

from __future__ import annotations

import threading
from datetime import UTC
from typing import TYPE_CHECKING

from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import UnknownEventError, UnknownReleaseError, VersionTakenError
from holdfast.domain.events import (
    GENESIS,
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    ReleaseRegistered,
    StageEnded,
    chain,
    decode_body,
    kind_of,
)
from holdfast.domain.ids import EventId, uuid7
from holdfast.domain.releases import ReleaseRecord
from holdfast.ports.release_store import Deployment, StagedRelease

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from holdfast.domain.events import Event
    from holdfast.domain.ids import ModelVersion
    from holdfast.ports.event_log import Draft
    from holdfast.ports.lease import Fence
    from holdfast.testing.fakes.leases import InMemoryLease
    from holdfast.testing.fakes.outbox import InMemoryOutbox

__all__ = ["InMemoryEventLog", "InMemoryReleaseStore"]


class InMemoryEventLog:
    """`EventLog` in memory."""

    def __init__(self, leases: InMemoryLease, outbox: InMemoryOutbox) -> None:
        self._leases, self._outbox = leases, outbox
        self._events: list[Event] = []
        self._keys: dict[str, Event] = {}
        self._lock = threading.RLock()

    def append(
        self, drafts: Sequence[Draft], *, at: datetime, fence: Fence | None = None
    ) -> tuple[Event, ...]:
        """See `EventLog.append`."""
        if at.tzinfo is None:
            raise ValueError(f"an event's time must be aware; found {at.isoformat()}")
        with self._lock:
            self._leases.check(fence)
            events, keys, answers = list(self._events), dict(self._keys), []
            owed = []
            for draft in drafts:
                event = keys.get(draft.key) if draft.key is not None else None
                if event is None:
                    event = _next(events, draft, at.astimezone(UTC))
                    events.append(event)
                    owed.append((event.event_id, draft.effects))
                if draft.key is not None:
                    keys[draft.key] = event
                answers.append(event)
            _require_sound(events)
            self._events, self._keys = events, keys
            for event_id, effects in owed:
                self._outbox.owe(event_id, effects)
            return tuple(answers)

    def events(self, *, after: int = 0) -> Iterator[Event]:
        """See `EventLog.events`."""
        while after < len(self._events):
            yield self._events[after]
            after += 1

    def get(self, event_id: EventId) -> Event:
        """See `EventLog.get`."""
        found = [event for event in self._events if event.event_id.startswith(event_id)]
        if not event_id or len(found) != 1:
            raise UnknownEventError(event_id)
        return found[0]


class InMemoryReleaseStore:
    """`ReleaseStore` that folds the events anew at each question."""

    def __init__(self, events: InMemoryEventLog) -> None:
        self._events = events

    def deployment(self) -> Deployment | None:
        """See `ReleaseStore.deployment`."""
        return _deployment(self._events.events())

    def deployment_at(self, moment: datetime) -> Deployment | None:
        """See `ReleaseStore.deployment_at`."""
        return _deployment(event for event in self._events.events() if event.at <= moment)

    def release(self, version: ModelVersion) -> ReleaseRecord:
        """See `ReleaseStore.release`."""
        return _release(_releases(self._events.events()), version)

    def releases(self) -> tuple[ReleaseRecord, ...]:
        """See `ReleaseStore.releases`."""
        return tuple(_releases(self._events.events()).values())


def _next(events: Sequence[Event], draft: Draft, at: datetime) -> Event:
    return chain(
        decode_body(kind_of(draft.body), canonical_json(draft.body)),  # as a store reads it back
        seq=len(events) + 1,
        event_id=EventId(uuid7(at)),
        at=at,
        actor=draft.actor,
        previous=events[-1].digest if events else GENESIS,
    )


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


def _release(known: dict[ModelVersion, ReleaseRecord], version: ModelVersion) -> ReleaseRecord:
    if version not in known:
        raise UnknownReleaseError(version, known=list(known))
    return known[version]


def _deployment(events: Iterable[Event]) -> Deployment | None:
    history = list(events)
    known = _releases(history)
    challenger: StagedRelease | None = None
    stage_known = False
    for event in reversed(history):
        match event.body:
            case ChallengerStaged() | StageEnded() as body if not stage_known:
                stage_known = True
                if isinstance(body, ChallengerStaged):
                    challenger = _staged(known, event, body)
                continue
            case ChampionPromoted(version=version, previous=previous):
                pass
            case ChampionRolledBack(version=version, replaced=previous):
                pass
            case _:
                continue
        return Deployment(
            champion=_release(known, version),
            previous=None if previous is None else _release(known, previous),
            since=event.at,
            seq=event.seq,
            challenger=challenger,
        )
    return None


def _staged(
    known: dict[ModelVersion, ReleaseRecord], event: Event, body: ChallengerStaged
) -> StagedRelease:
    return StagedRelease(
        record=_release(known, body.version),
        stage=body.stage,
        share=body.share,
        since=event.at,
        seq=event.seq,
        until=body.until,
    )


def _require_sound(events: Sequence[Event]) -> None:
    known: dict[ModelVersion, ReleaseRecord] = {}
    for event in events:
        match event.body:
            case ReleaseRegistered(version=version) if version in known:
                raise VersionTakenError(version)
            case ReleaseRegistered():
                known |= _releases([event])
            case (
                ChampionPromoted(version=version)
                | ChampionRolledBack(version=version)
                | ChallengerStaged(version=version)
            ):
                _release(known, version)
            case _:
                pass
