"""The sequential monitors' state, in one row that each tick writes anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from holdfast.adapters.stores.sql.leases import check_fence
from holdfast.adapters.stores.sql.schema import monitor_states

if TYPE_CHECKING:
    from holdfast.adapters.stores.sql.database import Database
    from holdfast.ports.lease import Fence

__all__ = ["SqlMonitorStore"]


class SqlMonitorStore:
    """`MonitorStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, key: str) -> bytes | None:
        """See `MonitorStore.load`."""
        query = select(monitor_states.c.state).where(monitor_states.c.key == key)
        with self._database.read() as connection:
            state: bytes | None = connection.execute(query).scalar()
        return None if state is None else bytes(state)

    def save(self, key: str, data: bytes, *, fence: Fence | None = None) -> None:
        """See `MonitorStore.save`."""
        with self._database.write() as connection:
            check_fence(connection, fence)
            connection.execute(delete(monitor_states))
            connection.execute(insert(monitor_states).values(key=key, state=data))
