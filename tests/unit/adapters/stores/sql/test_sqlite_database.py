"""Transactions, checkpoints and the one translation of errors."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from holdfast.adapters.stores.sql import sqlite_database as module
from holdfast.adapters.stores.sql.sqlite import connect
from holdfast.domain.errors import StoreUnavailableError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "h.db"


@pytest.fixture
def database(path):
    database = connect(path)
    database.set_up()
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT)"))
    yield database
    database.close()


def put(database, y="y"):
    with database.write() as connection:
        connection.execute(text("INSERT INTO t (y) VALUES (:y)"), {"y": y})


def count(database):
    with database.read() as connection:
        return connection.execute(text("SELECT count(*) FROM t")).scalar()


class TestWrite:
    def test_stands_once_it_has_returned(self, path, database):
        """Another connection to the file sees it."""
        put(database)
        other = connect(path)

        assert count(other) == 1
        other.close()

    def test_leaves_nothing_where_the_body_fails(self, database):
        """Whatever was raised."""

        def fail():
            with database.write() as connection:
                connection.execute(text("INSERT INTO t (y) VALUES ('y')"))
                raise KeyError

        with pytest.raises(KeyError):
            fail()

        assert count(database) == 0

    def test_translates_failures_of_the_database(self, database):
        """A table that is gone is a store that cannot be used."""
        with (
            pytest.raises(StoreUnavailableError, match="no such table: absent"),
            database.write() as connection,
        ):
            connection.execute(text("INSERT INTO absent VALUES (1)"))

    def test_does_not_disguise_a_defect_of_the_caller(self, database):
        """A broken constraint is no outage: trying again would not help."""
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(text("INSERT INTO t (x) VALUES (1), (1)"))


class TestTheWriter:
    def test_is_kept_from_one_write_to_the_next(self, database):
        """To take it from the pool anew would take longer than a short write."""
        with database.write() as first:
            pass
        with database.write() as second:
            pass

        assert first is second

    def test_commits_what_went_past_sqlalchemy(self, database):
        """Statements that are given to the driver itself are in the same transaction."""
        with database.write() as connection:
            connection.connection.cursor().execute("INSERT INTO t (y) VALUES ('y')")

        assert count(database) == 1

    def test_begins_anew_after_a_failure(self, database):
        """
        Half a transaction must not be in the next one: without `give_back` in
        `_Writer.transaction` the row of the first would stand with that of the second.
        """

        def fail():
            with database.write() as connection:
                connection.connection.cursor().execute("INSERT INTO t (y) VALUES ('lost')")
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        put(database)

        assert count(database) == 1


class TestRead:
    def test_sees_one_snapshot(self, database):
        """What is written meanwhile appears in the next one."""
        with database.read() as connection:
            before = connection.execute(text("SELECT count(*) FROM t")).scalar()
            put(database)
            after = connection.execute(text("SELECT count(*) FROM t")).scalar()

        assert (before, after, count(database)) == (0, 0, 1)


class TestCheckpoints:
    def test_keep_the_log_short(self, path, database, monkeypatch):
        """SQLite's own checkpoints are off, so the WAL must be folded in by the writers."""
        monkeypatch.setattr(module, "_WAL_LIMIT", 200_000)
        sizes = []
        for _ in range(150):
            put(database, "y" * 10_000)
            sizes.append(path.with_name("h.db-wal").stat().st_size)

        assert max(sizes) < 2_000_000  # 150 writes of 10 kB and more without any
        assert path.stat().st_size > 1_000_000

    def test_let_the_log_keep_its_length(self, path, database):
        """
        To write into blocks that a file has already is quicker than to let it grow. With
        `WAL_KEPT` above `_WAL_LIMIT` it grew by that from round to round.
        """
        sizes = []
        for _ in range(50):
            put(database, "y" * 1_000_000)
            sizes.append(path.with_name("h.db-wal").stat().st_size)

        settled = sizes[20:]
        assert min(settled) >= module.WAL_KEPT
        assert max(settled) < module._WAL_LIMIT + 2_000_000

    def test_wait_while_a_reader_hinders_them(self, path, database, monkeypatch):
        """The log grows meanwhile; the writers neither wait nor try at every write."""
        monkeypatch.setattr(module, "_WAL_LIMIT", 50_000)
        tried = []
        pragma = type(database)._pragma

        def noted(self, what):
            tried.append(what)
            pragma(self, what)

        monkeypatch.setattr(type(database), "_pragma", noted)
        with database.read() as connection:
            connection.execute(text("SELECT count(*) FROM t")).scalar()
            for _ in range(50):
                put(database, "y" * 10_000)

        assert 1 <= len(tried) <= 25
        assert count(database) == 50


class TestClose:
    def test_folds_the_log_away(self, path, database):
        """The last one leaves a single file behind, and the lock."""
        put(database)

        database.close()
        database.close()

        assert sorted(p.name for p in path.parent.iterdir()) == ["h.db", "h.db.lock"]

    def test_ends_its_use(self, database):
        """Neither reads nor writes come back to life."""
        database.close()

        with pytest.raises(StoreUnavailableError, match="closed"):
            count(database)
        with pytest.raises(StoreUnavailableError, match="closed"):
            put(database)


class TestRewrite:
    def test_leaves_no_deleted_byte(self, path, database):
        """
        Neither in the file nor in its WAL; deleting alone leaves it in both, unless SQLite
        was built to overwrite what it deletes, which is switched off here.
        """
        put(database, "a-secret-word")
        with database.write() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete = OFF")
            connection.execute(text("DELETE FROM t"))
        wal = path.with_name("h.db-wal")
        assert b"a-secret-word" in wal.read_bytes()

        assert database.rewrite()

        assert b"a-secret-word" not in path.read_bytes() + wal.read_bytes()
        put(database)
        assert count(database) == 1

    def test_says_if_a_reader_kept_the_wal(self, path, database, monkeypatch):
        """Old pages stand in it as long as somebody may read them."""
        put(database, "a-secret-word")
        pragma = "PRAGMA busy_timeout = 0"  # nobody ends the read while this waits
        connections = [database._engine.raw_connection() for _ in range(2)]
        for connection in connections:
            connection.cursor().execute(pragma)
            connection.close()
        with database.read() as reading:
            reading.execute(text("SELECT count(*) FROM t")).all()
            with database.write() as connection:
                connection.execute(text("DELETE FROM t"))

            assert not database.rewrite()

        assert database.rewrite()
        assert b"a-secret-word" not in path.with_name("h.db-wal").read_bytes()

    def test_refuses_after_the_end(self, database):
        """A closed store cannot be rewritten."""
        database.close()

        with pytest.raises(StoreUnavailableError):
            database.rewrite()
