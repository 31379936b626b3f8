"""Read-only questions over the whole store, each answered from one snapshot."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from holdfast.adapters.stores.sql.events import event_of
from holdfast.adapters.stores.sql.labels import count_labels
from holdfast.adapters.stores.sql.releases import current_deployment
from holdfast.adapters.stores.sql.schema import (
    dropped_days,
    events,
    leases,
    outbox,
    prediction_counts,
)
from holdfast.domain.ids import ModelVersion
from holdfast.domain.predictions import Role
from holdfast.ports.views import Status

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.domain.events import Event

__all__ = ["SqlViews"]


class SqlViews:
    """`Views` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def status(self) -> Status:
        """See `Views.status`."""
        answers = prediction_counts.c.role == Role.CHAMPION.value
        with self._database.read() as connection:
            counts = connection.execute(select(prediction_counts).where(answers)).all()
            dropped = select(func.coalesce(func.sum(dropped_days.c.n_predictions), 0))
            owed = select(func.count()).select_from(outbox).where(outbox.c.delivered_at.is_(None))
            return Status(
                deployment=current_deployment(connection),
                n_predictions=sum(row.n for row in counts),
                n_predictions_by_version={
                    ModelVersion(row.model_version): row.n for row in counts if row.n
                },
                labels=count_labels(connection),
                last_prediction_at=max((row.last_at for row in counts), default=None),
                last_window=_newest(connection, "window_judged"),
                last_decision=_newest(connection, "decision_made"),
                n_effects_pending=connection.execute(owed).scalar_one(),
                n_dropped=connection.execute(dropped).scalar_one(),
            )

    def recent_events(self, *, limit: int) -> tuple[Event, ...]:
        """See `Views.recent_events`."""
        query = select(events).order_by(events.c.seq.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(event_of(row) for row in connection.execute(query))

    def last_held_at(self, lease: str) -> datetime | None:
        """See `Views.last_held_at`."""
        query = select(leases.c.expires, leases.c.ttl).where(leases.c.name == lease)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else datetime.fromtimestamp(row.expires - row.ttl, UTC)


def _newest(connection: Connection, kind: str) -> Event | None:
    query = select(events).where(events.c.kind == kind).order_by(events.c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else event_of(row)
