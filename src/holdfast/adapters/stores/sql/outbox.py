"""Effects owed to the outside, kept until they are delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select, update

from holdfast.adapters.stores.sql.schema import outbox
from holdfast.domain.ids import EventId
from holdfast.ports.outbox import Effect, PendingEffect

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from holdfast.adapters.stores.sql.database import Database

__all__ = ["SqlOutbox"]


class SqlOutbox:
    """`Outbox` in SQL; `SqlEventLog.append` fills it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, *, due_at: datetime, limit: int = 100) -> tuple[PendingEffect, ...]:
        """See `Outbox.pending`."""
        undelivered = outbox.c.delivered_at.is_(None)
        waiting = select(outbox.c.channel, outbox.c.effect_id).where(
            undelivered, outbox.c.retry_at > due_at
        )
        query = select(outbox).where(undelivered).order_by(outbox.c.effect_id)
        with self._database.read() as connection:
            # An effect that waits for its retry holds back the later ones of its channel.
            held: dict[str, int] = {}
            for row in connection.execute(waiting):
                held[row.channel] = min(row.effect_id, held.get(row.channel, row.effect_id))
            for channel, first in held.items():
                query = query.where((outbox.c.channel != channel) | (outbox.c.effect_id < first))
            return tuple(_pending(row) for row in connection.execute(query.limit(limit)))

    def delivered(self, effect_id: int, *, at: datetime) -> None:
        """See `Outbox.delivered`."""
        with self._database.write() as connection:
            connection.execute(
                update(outbox)
                .where(outbox.c.effect_id == effect_id, outbox.c.delivered_at.is_(None))
                .values(delivered_at=at)
            )

    def failed(self, effect_id: int, *, reason: str, retry_at: datetime) -> None:
        """See `Outbox.failed`."""
        with self._database.write() as connection:
            connection.execute(
                update(outbox)
                .where(outbox.c.effect_id == effect_id, outbox.c.delivered_at.is_(None))
                .values(attempts=outbox.c.attempts + 1, last_failure=reason, retry_at=retry_at)
            )


def _pending(row: Row[Any]) -> PendingEffect:
    payload: dict[str, Any] = msgspec.json.decode(row.payload)
    return PendingEffect(
        effect_id=row.effect_id,
        event_id=EventId(row.event_id),
        effect=Effect(channel=row.channel, payload=payload),
        attempts=row.attempts,
    )
