"""When the loop last ticked and will again: two rows among the cursors, replaced each time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from holdfast.adapters.stores.sql.leases import check_fence
from holdfast.adapters.stores.sql.schema import cursors
from holdfast.ports.tick_log import LoopTimes

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.ports.lease import Fence

__all__ = ["SqlTickLog", "times_in"]

_LAST, _ANSWERED, _NEXT = "loop/last", "loop/answered", "loop/next"
_NAMES = (_LAST, _ANSWERED, _NEXT)


class SqlTickLog:
    """`TickLog` in SQL: how far the loop has come in time, where readers' cursors are.

    The rows are few and are never joined: no table of their own is worth a migration.

    Args:
        database: The store.
        now: Unix seconds, in place of the database's (for tests).
    """

    def __init__(self, database: Database, *, now: Callable[[], float] | None = None) -> None:
        self._database, self._now = database, now

    def ticked(self, *, answered: datetime | None = None, fence: Fence | None = None) -> None:
        """See `TickLog.ticked`."""
        with self._database.write() as connection:
            check_fence(connection, fence)
            seconds = self._database.now(connection) if self._now is None else self._now()
            _put(connection, _LAST, datetime.fromtimestamp(seconds, UTC).isoformat())
            if answered is not None:
                _put(connection, _ANSWERED, answered.isoformat())

    def announce(self, next_at: datetime | None, *, holder: str) -> None:
        """See `TickLog.announce`."""
        with self._database.write() as connection:
            if next_at is not None:
                _put(connection, _NEXT, f"{next_at.isoformat()} {holder}")
                return
            own = cursors.c.position.endswith(f" {holder}", autoescape=True)
            connection.execute(delete(cursors).where(cursors.c.name == _NEXT, own))

    def times(self) -> LoopTimes:
        """See `TickLog.times`."""
        with self._database.read() as connection:
            return times_in(connection)


def times_in(connection: Connection) -> LoopTimes:
    """Return what is known, in a snapshot that is open."""
    query = select(cursors.c.name, cursors.c.position).where(cursors.c.name.in_(_NAMES))
    known = {
        row.name: datetime.fromisoformat(row.position.split(" ", 1)[0]).astimezone(UTC)
        for row in connection.execute(query)
    }
    return LoopTimes(
        last_tick_at=known.get(_LAST),
        answered=known.get(_ANSWERED),
        next_tick_at=known.get(_NEXT),
    )


def _put(connection: Connection, name: str, position: str) -> None:
    where = cursors.c.name == name
    changed = connection.execute(update(cursors).where(where).values(position=position))
    if changed.rowcount == 0:
        connection.execute(insert(cursors).values(name=name, position=position))
