"""Leases with fencing tokens, and the check of a fence inside a writing transaction."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from holdfast.adapters.stores.sql.schema import leases
from holdfast.domain.errors import LeaseLostError
from holdfast.ports.lease import Fence

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.database import Database

__all__ = ["SqlLease", "check_fence"]


class SqlLease:
    """`Lease` in SQL.

    A SQLite file is used by one machine only, so its system time is the store's own, and,
    unlike the monotonic one, keeps its meaning over a restart of the machine. Where it
    jumps, a lease may lapse early: the fence then refuses the old holder's writes.

    Args:
        database: The store.
        now: Unix seconds on the store's machine.
    """

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, now

    def acquire(self, name: str, *, holder: str, ttl: timedelta) -> Fence | None:
        """See `Lease.acquire`."""
        with self._database.write() as connection:
            row = connection.execute(select(leases).where(leases.c.name == name)).first()
            if row is not None and row.holder is not None and self._runs(row.expires, row.ttl):
                return None
            token = 1 if row is None else row.token + 1
            values = {"token": token, "holder": holder, **self._until(ttl)}
            if row is None:
                connection.execute(insert(leases).values(name=name, **values))
            else:
                connection.execute(update(leases).where(leases.c.name == name).values(values))
        return Fence(name=name, token=token)

    def renew(self, fence: Fence, *, ttl: timedelta) -> None:
        """See `Lease.renew`."""
        with self._database.write() as connection:
            check_fence(connection, fence)
            where = leases.c.name == fence.name
            connection.execute(update(leases).where(where).values(self._until(ttl)))

    def release(self, fence: Fence) -> None:
        """See `Lease.release`."""
        with self._database.write() as connection:
            where = (leases.c.name == fence.name, leases.c.token == fence.token)
            connection.execute(update(leases).where(*where).values(holder=None))

    def _until(self, ttl: timedelta) -> dict[str, float]:
        seconds = ttl.total_seconds()
        return {"ttl": seconds, "expires": self._now() + seconds}

    def _runs(self, expires: float, ttl: float) -> bool:
        # A clock that was set back by more than a ttl must not lock everybody out.
        return 0 < expires - self._now() <= 2 * ttl


def check_fence(connection: Connection, fence: Fence | None) -> None:
    """Refuse a writer whose lease was taken over or given back.

    Raises:
        LeaseLostError: If the fence is not the lease's current one.
    """
    if fence is None:
        return
    query = select(leases.c.token, leases.c.holder).where(leases.c.name == fence.name)
    row = connection.execute(query).first()
    if row is None or row.token != fence.token or row.holder is None:
        raise LeaseLostError(fence.name, token=fence.token)
