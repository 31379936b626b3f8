"""How every read and write reaches the database: transactions, durability, one error."""

from __future__ import annotations

import sqlite3
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import exc

from holdfast.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from holdfast.adapters.stores.sql.locking import WriteLock

__all__ = ["WRITES", "Database", "chunks"]

WRITES = "holdfast_writes"  # execution option of connections that take the write lock
_CHUNK = 500  # values in one IN (…); SQLite takes 32,766, its plans get no better by more
_DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}  # what no waiting mends
# Bytes. Four times SQLite's own default: a checkpoint costs two fsyncs, for which everybody
# waits, and most pages of a log that is appended to are the same ones again and again.
_WAL_LIMIT = 16 * 1024 * 1024


class Database:
    """Short transactions on one SQLite database.

    Args:
        engine: Connections whose pragmas are set (`sqlite.connect`).
        lock: Held around every write, checkpoint and close.
        path: The database file.
    """

    def __init__(self, engine: Engine, lock: WriteLock, path: Path) -> None:
        self._engine, self._lock = engine, lock
        # Also at the interpreter's exit: a connection that it closes on its own would
        # checkpoint without the lock.
        self._open = weakref.finalize(self, _shut, engine, lock)
        self._wal = path.with_name(path.name + "-wal")
        self._checkpoint_at = _WAL_LIMIT

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give the body one consistent snapshot.

        Raises:
            StoreUnavailableError: If the database cannot be read.
        """
        self._require_open()
        with _translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give the body the only write transaction; durable once this returns.

        Raises:
            StoreUnavailableError: If the body's writes could not be made durable; then
                none of them stands.
        """
        self._require_open()
        with _translated(), self._lock.held():
            # Before the transaction: a checkpoint that fails must refuse the write, not
            # deny one that is already durable.
            self._checkpoint_if_due()
            connection = self._engine.connect().execution_options(**{WRITES: True})
            with connection, connection.begin():
                yield connection

    def use_wal(self) -> None:
        """Put the file into WAL mode, where readers and the writer do not wait for each other."""
        with _translated(), self._lock.held():
            self._pragma("journal_mode = WAL")

    def rewrite(self) -> bool:
        """Write the file anew, so that no deleted byte is left in it or in its WAL.

        Writers wait all the while; the disk needs room for a second copy.

        Returns:
            False if a reader kept the WAL in use: then it still holds old pages.

        Raises:
            StoreUnavailableError: If it could not be done; nothing is lost then.
        """
        self._require_open()
        with _translated(), self._lock.held():
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("VACUUM")  # goes through the WAL, which is folded away next
                busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.close()
        return not busy

    def close(self) -> None:
        """Close all connections; the last one of all processes folds the WAL away.

        Doing so twice is harmless.
        """
        with _translated():
            self._open()

    def _require_open(self) -> None:
        if not self._open.alive:
            raise StoreUnavailableError("it was closed")

    def _checkpoint_if_due(self) -> None:
        size = self._wal.stat().st_size if self._wal.exists() else 0
        if size < _WAL_LIMIT:
            self._checkpoint_at = _WAL_LIMIT
        if size < self._checkpoint_at:
            return
        self._pragma("wal_checkpoint(PASSIVE)")
        # The next writer starts the WAL over and shortens it. Where a reader hinders
        # that, the file stays long: then wait until it has grown by as much again.
        self._checkpoint_at = size + _WAL_LIMIT

    def _pragma(self, pragma: str) -> None:
        # These do not work inside a transaction.
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute(f"PRAGMA {pragma}")
        finally:
            connection.close()


def chunks(values: list[str]) -> Iterator[list[str]]:
    """Yield the values in pieces that fit one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _shut(engine: Engine, lock: WriteLock) -> None:
    with lock.held():
        engine.dispose()
    lock.close()


@contextmanager
def _translated() -> Iterator[None]:
    """The one place where the database's failures become ours."""
    try:
        yield
    except exc.IntegrityError:  # a defect of the caller, not of the store's availability
        raise
    except (exc.OperationalError, exc.InterfaceError, exc.DatabaseError) as error:
        raise _unavailable(error.orig) from error
    except (exc.TimeoutError, sqlite3.Error, OSError) as error:
        raise _unavailable(error) from error


def _unavailable(error: BaseException | None) -> StoreUnavailableError:
    if getattr(error, "sqlite_errorname", None) in _DAMAGED:
        return StoreUnavailableError(str(error), remedy="Restore it from a backup.")
    return StoreUnavailableError(str(error))
