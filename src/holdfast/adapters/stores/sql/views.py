"""Read-only questions over the whole store, each answered from one snapshot."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from holdfast.adapters.stores.sql import label_counts
from holdfast.adapters.stores.sql.events import event_of
from holdfast.adapters.stores.sql.releases import current_deployment
from holdfast.adapters.stores.sql.schema import (
    dropped_days,
    events,
    leases,
    outbox,
    prediction_counts,
    shadow_drops,
)
from holdfast.adapters.stores.sql.ticks import times_in
from holdfast.domain.ids import ModelVersion
from holdfast.domain.predictions import Role
from holdfast.ports.views import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.domain.events import Event
    from holdfast.ports.tick_log import LoopTimes

__all__ = ["SqlViews"]


class SqlViews:
    """`Views` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def status(self) -> Status:
        """See `Views.status`."""
        with self._database.read() as connection:
            roles = {role: _counts(connection, role) for role in Role}
            counts = [row for role, rows in roles.items() if role.answers for row in rows]
            by_version = Counter[ModelVersion]()
            for row in counts:
                by_version[ModelVersion(row.model_version)] += row.n
            dropped = select(func.coalesce(func.sum(dropped_days.c.n_predictions), 0))
            owed = select(func.count()).select_from(outbox).where(outbox.c.delivered_at.is_(None))
            return Status(
                deployment=current_deployment(connection),
                n_predictions=by_version.total(),
                n_predictions_by_version={v: n for v, n in by_version.items() if n},
                n_by_role={
                    role: {ModelVersion(row.model_version): row.n for row in rows if row.n}
                    for role, rows in roles.items()
                },
                n_shadow_dropped={
                    ModelVersion(row.model_version): row.n
                    for row in connection.execute(select(shadow_drops))
                },
                labels=label_counts.totals(connection),
                last_prediction_at=max((row.last_at for row in counts), default=None),
                last_window=_newest(connection, "window_judged"),
                last_decision=_newest(connection, "decision_made"),
                n_effects_pending=connection.execute(owed).scalar_one(),
                n_dropped=connection.execute(dropped).scalar_one(),
                loop=times_in(connection),
            )

    def recent_events(self, *, limit: int) -> tuple[Event, ...]:
        """See `Views.recent_events`."""
        query = select(events).order_by(events.c.seq.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(event_of(row) for row in connection.execute(query))

    def loop_times(self) -> LoopTimes:
        """See `Views.loop_times`."""
        with self._database.read() as connection:
            return times_in(connection)

    def last_held_at(self, lease: str) -> datetime | None:
        """See `Views.last_held_at`."""
        query = select(leases.c.expires, leases.c.ttl).where(leases.c.name == lease)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else datetime.fromtimestamp(row.expires - row.ttl, UTC)


def _counts(connection: Connection, role: Role) -> Sequence[Row[Any]]:
    of_role = prediction_counts.c.role == role.value
    return connection.execute(select(prediction_counts).where(of_role)).all()


def _newest(connection: Connection, kind: str) -> Event | None:
    query = select(events).where(events.c.kind == kind).order_by(events.c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else event_of(row)
