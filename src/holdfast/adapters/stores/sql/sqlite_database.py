"""The store in a SQLite file: transactions and checkpoints under one lock."""

from __future__ import annotations

import sqlite3
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from holdfast.adapters.stores.sql.database import translated
from holdfast.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from holdfast.adapters.stores.sql.locking import WriteLock

__all__ = ["WAL_KEPT", "WRITES", "SqliteDatabase"]

WRITES = "holdfast_writes"  # execution option of a connection that begins by itself (`_Writer`)
_WAL_RESET_FIXED = (3, 51, 3)  # from here on SQLite itself is free of the WAL-reset bug
# Bytes. Four times SQLite's own default: a checkpoint costs two fsyncs, for which everybody
# waits, and most pages of a log that is appended to are the same ones again and again.
_WAL_LIMIT = 16 * 1024 * 1024
WAL_KEPT = 12 * 1024 * 1024
"""Bytes that the WAL keeps when it starts over. To sync a file that grows takes half as long
again as one whose blocks are written anew. Less than where a checkpoint is due: else it would
count as one that a reader keeps long, and grow from round to round.
"""


class SqliteDatabase:
    """`Database` in a SQLite file: one writer at a time, under a lock beside the file.

    Args:
        engine: Connections whose pragmas are set (`sqlite.connect`).
        lock: Held around every write, checkpoint and close.
        path: The database file.
    """

    def __init__(self, engine: Engine, lock: WriteLock, path: Path) -> None:
        self._engine, self._lock, self._writer = engine, lock, _Writer(engine)
        # Also at the interpreter's exit: a connection that it closes on its own would
        # checkpoint without the lock.
        self._open = weakref.finalize(self, _shut, engine, lock, self._writer)
        self._path, self._wal = path, path.with_name(path.name + "-wal")
        self._opened: dict[Path, tuple[int, int] | None] = {}  # device and number of each file
        self._size_in_place(path)
        self._checkpoint_at = _WAL_LIMIT

    @contextmanager
    def read(self, *, long: bool = False) -> Iterator[Connection]:  # noqa: ARG002  # no read is bounded
        """See `Database.read`."""
        self._require_open()
        with translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, long: bool = False) -> Iterator[Connection]:  # noqa: ARG002  # no write is bounded
        """See `Database.write`."""
        self._require_open()
        with translated(), self._lock.held():
            # Before the transaction: a checkpoint that fails must refuse the write, not
            # deny one that is already durable.
            self._checkpoint_if_due()
            with self._writer.transaction() as connection:
                yield connection

    def set_up(self) -> None:
        """Put the file into WAL mode, where readers and the writer do not wait for each other."""
        with translated(), self._lock.held():
            self._pragma("journal_mode = WAL")

    def now(self, _connection: Connection, /) -> float:
        """See `Database.now`.

        One machine uses the file, so that its system time is the store's own; unlike the
        monotonic one it keeps its meaning over a restart of the machine.
        """
        return time.time()

    def check_promises(self) -> str:
        """See `Database.check_promises`; how a file is opened keeps them."""
        words = f"SQLite {sqlite3.sqlite_version}"
        if sqlite3.sqlite_version_info < _WAL_RESET_FIXED:
            words += "; its WAL-reset bug is kept out by one lock around all writes and checkpoints"
        return words

    def rewrite(self) -> bool:
        """See `Database.rewrite`; False if a reader kept the WAL, with old pages, in use."""
        self._require_open()
        with translated(), self._lock.held():
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("VACUUM")  # goes through the WAL, which is folded away next
                busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.close()
        return not busy

    def close(self) -> None:
        """See `Database.close`; the last one of all processes folds the WAL away."""
        with translated():
            self._open()

    def _require_open(self) -> None:
        if not self._open.alive:
            raise StoreUnavailableError("it was closed")

    def _checkpoint_if_due(self) -> None:
        self._size_in_place(self._path)
        size = self._size_in_place(self._wal)
        if size < _WAL_LIMIT:
            self._checkpoint_at = _WAL_LIMIT
        if size < self._checkpoint_at:
            return
        self._pragma("wal_checkpoint(PASSIVE)")
        # The next writer starts the WAL over and shortens it. Where a reader hinders
        # that, the file stays long: then wait until it has grown by as much again.
        self._checkpoint_at = size + _WAL_LIMIT

    def _size_in_place(self, path: Path) -> int:
        """Return a file's size, 0 before there is one, unless it is not the one that is open.

        What is written to a file that was removed is found by nobody: it would be
        acknowledged, and gone with this process.
        """
        try:
            found = path.stat()
        except FileNotFoundError:
            size, now = 0, None
        else:
            size, now = found.st_size, (found.st_dev, found.st_ino)
        if self._opened.setdefault(path, now) is None:
            self._opened[path] = now
        if self._opened[path] != now:
            raise StoreUnavailableError(
                f"{path.name} was moved, removed or replaced while it was open",
                remedy="Put it back, or start anew what has it open.",
                trouble="the store's file was moved, removed or replaced",
            )
        return size

    def _pragma(self, pragma: str) -> None:
        # These do not work inside a transaction.
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute(f"PRAGMA {pragma}")
        finally:
            connection.close()


class _Writer:
    """The one connection that writes, kept from one transaction to the next.

    To take one from the pool, and to let SQLAlchemy begin and end its transaction, takes
    three times as long as to write a row. Used by whoever holds the write lock.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give the body a transaction that is durable once this returns."""
        if self._kept is None:
            self._kept = self._engine.connect().execution_options(**{WRITES: True})
        connection = self._kept
        try:
            driver = connection.connection
            driver.cursor().execute("BEGIN IMMEDIATE")
            yield connection
            if connection.in_transaction():  # as SQLAlchemy sees it; the driver has but one
                connection.commit()
            else:
                driver.commit()
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Return the connection to the pool, which rolls back what is open on it."""
        connection, self._kept = self._kept, None
        if connection is not None:
            connection.close()


def _shut(engine: Engine, lock: WriteLock, writer: _Writer) -> None:
    with lock.held():
        writer.give_back()
        engine.dispose()
    lock.close()
