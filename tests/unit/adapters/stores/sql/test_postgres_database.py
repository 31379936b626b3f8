"""Transactions, snapshots and promises on PostgreSQL."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from holdfast.adapters.stores.sql import SqlStore, migrate
from holdfast.adapters.stores.sql import postgres as module
from holdfast.adapters.stores.sql.postgres import connect_postgres
from holdfast.domain.errors import StoreUnavailableError

pytestmark = pytest.mark.slow


@pytest.fixture
def database(postgres_url, postgres, monkeypatch):
    monkeypatch.setitem(module._QUICK, "lock_timeout", "300")  # a tenth: it is waited for twice
    database = connect_postgres(postgres_url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x SERIAL PRIMARY KEY, y TEXT)"))
    yield database
    database.close()
    postgres.sql("DROP TABLE t", database="store")


@contextmanager
def setting(postgres, name, value):
    """Change what the role's new sessions begin with."""
    postgres.sql(f"ALTER ROLE holdfast SET {name} = {value}")
    try:
        yield
    finally:
        postgres.sql(f"ALTER ROLE holdfast RESET {name}")


def put(database):
    with database.write() as connection:
        connection.execute(text("INSERT INTO t (y) VALUES ('y')"))


def count(database):
    with database.read() as connection:
        return connection.execute(text("SELECT count(*) FROM t")).scalar()


class TestWrite:
    def test_leaves_nothing_where_the_body_fails(self, database):
        """Whatever was raised."""

        def fail():
            with database.write() as connection:
                connection.execute(text("INSERT INTO t (y) VALUES ('y')"))
                raise KeyError

        with pytest.raises(KeyError):
            fail()

        assert count(database) == 0

    def test_does_not_disguise_a_defect_of_the_caller(self, database):
        """A broken constraint is no outage: trying again would not help."""
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(text("INSERT INTO t (x) VALUES (1), (1)"))

    def test_says_when_it_does_not_know_whether_a_commit_stands(self, database, postgres):
        """The connection broke while the answer was awaited; to repeat could write twice."""

        def lose_the_connection():
            with database.write() as connection:
                connection.execute(text("INSERT INTO t (y) VALUES ('y')"))
                backend = connection.connection.driver_connection.info.backend_pid
                postgres.sql(f"SELECT pg_terminate_backend({backend})")

        with pytest.raises(StoreUnavailableError, match="whether that stands is not known"):
            lose_the_connection()

        put(database)  # the pool has others
        assert count(database) == 1

    def test_does_not_wait_for_the_lock_for_ever(self, database, postgres_url):
        """Somebody else has it, and does not give it back."""
        other = connect_postgres(postgres_url)

        with (
            other.write(),
            pytest.raises(StoreUnavailableError, match="lock timeout") as late,
        ):
            put(database)

        other.close()
        assert late.value.trouble == "others have held the store for too long"


class TestRead:
    def test_sees_one_snapshot(self, database):
        """What is written meanwhile appears in the next one."""
        with database.read() as connection:
            before = connection.execute(text("SELECT count(*) FROM t")).scalar()
            put(database)
            after = connection.execute(text("SELECT count(*) FROM t")).scalar()

        assert (before, after, count(database)) == (0, 0, 1)

    def test_writes_nothing(self, database):
        """A write without the lock is a defect that shows at once."""
        with pytest.raises(StoreUnavailableError, match="read-only"), database.read() as connection:
            connection.execute(text("INSERT INTO t (y) VALUES ('y')"))

    def test_gives_numbers_that_json_can_hold(self, database):
        """PostgreSQL adds whole numbers up to a decimal one, which JSON does not know."""
        with database.read() as connection:
            row = connection.execute(
                text("SELECT sum(n::bigint), avg(n) FROM (VALUES (-1), (-2)) t (n)")
            ).one()

        assert [(value, type(value)) for value in row] == [(-3, int), (-1.5, float)]


class TestClose:
    def test_ends_its_use(self, database):
        """Neither reads nor writes come back to life."""
        database.close()

        with pytest.raises(StoreUnavailableError, match="closed"):
            count(database)
        with pytest.raises(StoreUnavailableError, match="closed"):
            put(database)


class TestRewrite:
    def test_says_if_somebody_kept_old_rows_in_use(self, database, postgres_url, monkeypatch):
        """Then it is to be done again."""
        put(database)
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT * FROM t")
            monkeypatch.setattr(database, "_long", database._quick)  # gives up sooner

            assert not database.rewrite()

        assert database.rewrite()
        assert count(database) == 1


class TestNow:
    def test_is_the_servers(self, database):
        """The one clock that all hosts agree on; here it is this machine's."""
        with database.read() as connection:
            assert abs(database.now(connection) - time.time()) < 60


class TestCheckPromises:
    def test_says_what_is_wrong_and_what_mends_it(self, postgres, postgres_url):
        """Readiness and doctor show it; who chose to lose the newest rows is left alone."""
        with setting(postgres, "synchronous_commit", "off"):
            with (
                SqlStore.open(postgres_url, create=False) as store,
                pytest.raises(StoreUnavailableError, match="ALTER ROLE") as unsafe,
            ):
                store.check_writable()
            with SqlStore.open(postgres_url, create=False, durability="relaxed") as store:
                store.check_writable()

        assert "synchronous_commit is off" in (unsafe.value.trouble or "")

    def test_makes_relaxed_commits_quick(self, postgres_url):
        """`durability = "relaxed"` is the session's own choice."""
        with SqlStore.open(postgres_url, create=False, durability="relaxed") as store:
            assert store.describe().endswith("synchronous_commit is off")

    @pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
    def test_refuses_a_server_that_a_power_cut_destroys(self, postgres, postgres_url, name):
        """Whatever durability was asked for."""
        role = "ALTER SYSTEM"
        postgres.sql(f"{role} SET {name} = off", "SELECT pg_reload_conf()")
        try:
            with (
                SqlStore.open(postgres_url, create=False, durability="relaxed") as store,
                pytest.raises(StoreUnavailableError, match=f"{name} is off") as unsafe,
            ):
                store.check_writable()
        finally:
            postgres.sql(f"{role} RESET {name}", "SELECT pg_reload_conf()")

        assert f"Set {name} = on" in str(unsafe.value)


class TestSchema:
    def test_can_be_a_schema_of_its_own_in_a_shared_database(self, postgres):
        """Others' tables in it are neither seen nor touched; two hosts may begin at once."""
        postgres.sql("CREATE DATABASE shared")
        postgres.sql("CREATE TABLE events (theirs TEXT)", "CREATE SCHEMA ours", database="shared")
        url = postgres.url("shared") + "?options=-csearch_path%3Dours"
        try:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(migrate, [url] * 2))
            with SqlStore.open(url, create=False) as store:
                assert list(store.events.events()) == []
            assert postgres.sql("SELECT theirs FROM events", database="shared") == []
        finally:
            postgres.sql("DROP DATABASE shared WITH (FORCE)")
