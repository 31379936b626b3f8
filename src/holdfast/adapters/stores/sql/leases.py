"""Leases with fencing tokens, and the check of a fence inside a writing transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from holdfast.adapters.stores.sql.schema import leases
from holdfast.domain.errors import LeaseLostError
from holdfast.ports.lease import Fence

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from sqlalchemy import Connection, Row

    from holdfast.adapters.stores.sql.database import Database

__all__ = ["SqlLease", "check_fence"]


class SqlLease:
    """`Lease` in SQL, by the database's time.

    Where that jumps, a lease may lapse early: the fence then refuses the old holder's
    writes.

    Args:
        database: The store.
        now: Unix seconds, in place of the database's (for tests).
    """

    def __init__(self, database: Database, *, now: Callable[[], float] | None = None) -> None:
        self._database, self._now = database, now

    def acquire(self, name: str, *, holder: str, ttl: timedelta) -> Fence | None:
        """See `Lease.acquire`."""
        with self._database.write() as connection:
            row = connection.execute(select(leases).where(leases.c.name == name)).first()
            moment = self._moment(connection)
            if row is not None and row.holder is not None and _runs(row, moment):
                return None
            token = 1 if row is None else row.token + 1
            values = {"token": token, "holder": holder, **_until(moment, ttl)}
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
            until = _until(self._moment(connection), ttl)
            connection.execute(update(leases).where(where).values(until))

    def release(self, fence: Fence) -> None:
        """See `Lease.release`."""
        with self._database.write() as connection:
            where = (leases.c.name == fence.name, leases.c.token == fence.token)
            connection.execute(update(leases).where(*where).values(holder=None))

    def _moment(self, connection: Connection) -> float:
        return self._database.now(connection) if self._now is None else self._now()


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


def _until(moment: float, ttl: timedelta) -> dict[str, float]:
    seconds = ttl.total_seconds()
    return {"ttl": seconds, "expires": moment + seconds}


def _runs(lease: Row[Any], moment: float) -> bool:
    # A clock that was set back by more than a ttl must not lock everybody out.
    left: float = lease.expires - moment
    most: float = 2 * lease.ttl
    return 0 < left <= most
