"""The store in PostgreSQL: one writer at a time over all hosts, under an advisory lock."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import exc, text

from holdfast.adapters.stores.sql.database import translated
from holdfast.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine, Row

    from holdfast.adapters.stores.sql.sqlite import Durability

__all__ = ["PostgresDatabase"]

_LOCK = int.from_bytes(b"holdfast", "big")  # an advisory lock's number, within one database
# Given back by PostgreSQL itself once the transaction is committed and visible to all, or
# its connection is gone.
_TAKE_LOCK = text(f"SELECT pg_advisory_xact_lock({_LOCK})")
_NOW = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)")
_SERVER = text(
    "SELECT current_setting('server_version') AS version,"
    " current_setting('server_encoding') AS encoding,"
    " current_setting('fsync') AS fsync,"
    " current_setting('full_page_writes') AS full_page_writes,"
    " current_setting('synchronous_commit') AS synchronous_commit"
)
_TABLES = text(
    "SELECT relname FROM pg_class"
    " WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r'"
)
_NOT_FREE = "55P03"  # lock_not_available: who holds the table did not give it back in time


class PostgresDatabase:
    """`Database` on a PostgreSQL server, which many hosts may share.

    Args:
        quick: Connections whose statements may take seconds.
        long: Connections whose statements may take minutes.
        durability: What the commits of both wait for.
    """

    def __init__(self, quick: Engine, long: Engine, durability: Durability) -> None:
        self._quick, self._long, self._durability = quick, long, durability
        self._open = weakref.finalize(self, _shut, quick, long)

    @contextmanager
    def read(self, *, long: bool = False) -> Iterator[Connection]:
        """See `Database.read`."""
        engine = self._engine(long=long)
        with translated(), engine.connect() as connection:
            snapshot = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            with snapshot.begin():
                yield snapshot

    @contextmanager
    def write(self, *, long: bool = False) -> Iterator[Connection]:
        """See `Database.write`."""
        engine = self._engine(long=long)
        with translated(), engine.connect() as connection, connection.begin() as transaction:
            connection.execute(_TAKE_LOCK)
            yield connection
            try:
                transaction.commit()
            except exc.DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                raise StoreUnavailableError(
                    "the PostgreSQL server went away during a commit, and whether that stands "
                    "is not known",
                    remedy="A request that bears an id may be sent again.",
                ) from error

    def now(self, connection: Connection, /) -> float:
        """See `Database.now`."""
        seconds: float = connection.execute(_NOW).scalar_one()
        return seconds

    def check_promises(self) -> str:
        """See `Database.check_promises`."""
        with self.read() as connection:
            server = connection.execute(_SERVER).one()
        if wrong := self._wrong(server):
            found, remedy = wrong
            raise StoreUnavailableError(
                f"what it acknowledges is not safe: {found}",
                remedy=remedy,
                trouble=f"what it acknowledges is not safe: {found}",
            )
        return (
            f"PostgreSQL {server.version}; fsync is on, "
            f"synchronous_commit is {server.synchronous_commit}"
        )

    def _wrong(self, server: Row[tuple[str, ...]]) -> tuple[str, str] | None:
        """Return what of the server's settings breaks a promise, and what mends it."""
        for name in ("fsync", "full_page_writes"):
            if getattr(server, name) != "on":
                return (
                    f"{name} is off on the server, so that a power cut can destroy the database",
                    f"Set {name} = on in postgresql.conf and reload.",
                )
        if self._durability == "full" and server.synchronous_commit == "off":
            return (
                "synchronous_commit is off, so that a crash of the server takes the newest rows",
                "Run: ALTER ROLE … SET synchronous_commit = on, and start Holdfast again",
            )
        if server.encoding != "UTF8":
            return (
                f"the database's encoding is {server.encoding}, which cannot hold every text",
                "Make a database with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
            )
        return None

    def set_up(self) -> None:
        """See `Database.set_up`; a database that one can connect to needs nothing."""

    def rewrite(self) -> bool:
        """See `Database.rewrite`.

        The server's write-ahead log and its backups keep old pages until they are recycled.
        """
        engine = self._engine(long=True).execution_options(isolation_level="AUTOCOMMIT")
        with translated(), engine.connect() as connection:
            quoted = connection.dialect.identifier_preparer.quote
            tables = connection.execute(_TABLES).scalars().all()
            try:
                # Table by table: each is locked for as long as it alone takes.
                for name in tables:
                    connection.exec_driver_sql(f"VACUUM (FULL) {quoted(name)}")
            except exc.OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != _NOT_FREE:
                    raise
                return False
        return True

    def close(self) -> None:
        """See `Database.close`."""
        self._open()

    def _engine(self, *, long: bool) -> Engine:
        if not self._open.alive:
            raise StoreUnavailableError("it was closed")
        return self._long if long else self._quick


def _shut(*engines: Engine) -> None:
    for engine in engines:
        engine.dispose()
