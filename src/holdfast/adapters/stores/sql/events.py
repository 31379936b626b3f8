"""The event log: appended on the chain's head, with its projections and effects."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import insert, select

from holdfast.adapters.stores.sql.leases import check_fence
from holdfast.adapters.stores.sql.releases import project
from holdfast.adapters.stores.sql.schema import events, outbox
from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import BrokenChainError, UnknownEventError
from holdfast.domain.events import GENESIS, Event, chain, decode_body, kind_of
from holdfast.domain.ids import EventId, uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.ports.event_log import Draft
    from holdfast.ports.lease import Fence

__all__ = ["SqlEventLog", "append_draft", "event_of"]

_PAGE = 1000  # events fetched at once; no transaction stays open while the caller works


class SqlEventLog:
    """`EventLog` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self, drafts: Sequence[Draft], *, at: datetime, fence: Fence | None = None
    ) -> tuple[Event, ...]:
        """See `EventLog.append`."""
        if at.tzinfo is None:
            raise ValueError(f"an event's time must be aware; found {at.isoformat()}")
        with self._database.write() as connection:
            check_fence(connection, fence)
            return tuple(append_draft(connection, draft, at.astimezone(UTC)) for draft in drafts)

    def events(self, *, after: int = 0) -> Iterator[Event]:
        """See `EventLog.events`."""
        while True:
            query = select(events).where(events.c.seq > after).order_by(events.c.seq).limit(_PAGE)
            with self._database.read() as connection:
                page = [event_of(row) for row in connection.execute(query)]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def get(self, event_id: EventId) -> Event:
        """See `EventLog.get`."""
        prefix = events.c.event_id.startswith(event_id, autoescape=True)
        with self._database.read() as connection:
            rows = connection.execute(select(events).where(prefix).limit(2)).all()
        if not event_id or len(rows) != 1:
            raise UnknownEventError(event_id)
        return event_of(rows[0])


def event_of(row: Row[Any]) -> Event:
    """Return the event that a row holds.

    Raises:
        BrokenChainError: If the row was changed so that it cannot be read.
    """
    if not isinstance(row.body, str):
        raise BrokenChainError(row.seq, "has no body")
    try:
        body = decode_body(row.kind, row.body.encode())
    except (msgspec.DecodeError, ValueError) as error:
        raise BrokenChainError(row.seq, f"cannot be read ({error})") from error
    return Event(
        seq=row.seq,
        event_id=EventId(row.event_id),
        at=row.at,
        actor=row.actor,
        body=body,
        data=row.body.encode(),
        previous_digest=row.previous_digest,
        digest=row.digest,
    )


def append_draft(connection: Connection, draft: Draft, at: datetime) -> Event:
    """Append one event in a write transaction that is under way.

    Args:
        connection: Of the transaction.
        draft: What happened.
        at: When, in UTC.
    """
    if draft.key is not None:
        row = connection.execute(select(events).where(events.c.key == draft.key)).first()
        if row is not None:
            return event_of(row)
    event = _next(connection, draft, at)
    connection.execute(
        insert(events).values(
            seq=event.seq,
            event_id=event.event_id,
            at=event.at,
            actor=event.actor,
            kind=event.kind,
            body=event.data.decode(),
            previous_digest=event.previous_digest,
            digest=event.digest,
            key=draft.key,
        )
    )
    project(connection, event)
    _owe(connection, draft, event)
    return event


def _next(connection: Connection, draft: Draft, at: datetime) -> Event:
    newest = select(events.c.seq, events.c.digest).order_by(events.c.seq.desc()).limit(1)
    head = connection.execute(newest).first()
    # Hashed in the form in which it will be read back: a whole number that stands where
    # the type says float becomes one.
    body = decode_body(kind_of(draft.body), canonical_json(draft.body))
    return chain(
        body,
        seq=1 if head is None else head.seq + 1,
        event_id=EventId(uuid7(at)),
        at=at,
        actor=draft.actor,
        previous=GENESIS if head is None else head.digest,
    )


def _owe(connection: Connection, draft: Draft, event: Event) -> None:
    rows = [
        {
            "event_id": event.event_id,
            "channel": effect.channel,
            "payload": canonical_json(effect.payload).decode(),
            "attempts": 0,
        }
        for effect in draft.effects
    ]
    if rows:
        connection.execute(insert(outbox), rows)
