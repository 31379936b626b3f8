"""A store that cannot be read or written says so, and acknowledges nothing."""

from __future__ import annotations

import fcntl
import os
import resource
from contextlib import contextmanager
from datetime import timedelta

import pytest

from holdfast.adapters.stores.sql import SCHEMA_VERSION, SqlStore, migrate
from holdfast.adapters.stores.sql.locking import WriteLock
from holdfast.adapters.stores.sql.schema import VERSION_TABLE
from holdfast.adapters.stores.sql.sqlite import connect
from holdfast.adapters.stores.sql.sqlite_database import SqliteDatabase as Database
from holdfast.domain.errors import StoreUnavailableError, StoreVersionError
from holdfast.domain.events import verify_chain
from holdfast.domain.predictions import Label, LabelCounts
from holdfast.testing.examples import START, example_contract, example_rows, registered

CONTRACT = example_contract()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "h.db"


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


@pytest.fixture
def store(url):
    with SqlStore.open(url, create=True) as store:
        store.predictions.prepare(CONTRACT)
        yield store


@contextmanager
def no_file_may_grow_beyond(size):
    """The kernel refuses every write behind `size`, as a disk without space does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def writes(store):
    """Each way to write, with a look at whether anything of it stands."""
    label = Label(positive=True, observed_at=START, entity="Ann")
    return {
        "predictions": (
            lambda: store.predictions.append(CONTRACT, *example_rows(500)),
            lambda: store.predictions.read(CONTRACT, after=None, limit=9).rows.num_rows == 0,
        ),
        "labels": (
            lambda: store.labels.record(
                [label] * 500, received_at=START, maturity=timedelta(days=1)
            ),
            lambda: store.labels.totals() == LabelCounts(),
        ),
        "events": (
            lambda: store.events.append([registered(f"v{i}") for i in range(200)], at=START),
            lambda: list(store.events.events()) == [],
        ),
    }


class TestAFullDisk:
    @pytest.mark.parametrize("what", ["predictions", "labels", "events"])
    def test_refuses_the_write_and_recovers(self, store, path, what):
        """
        The write is torn by the kernel in its middle. Without the `except` for
        OperationalError in `translated` another error than ours would come out; once
        there is room again, the same write succeeds.
        """
        write, nothing_stands = writes(store)[what]
        room = path.with_name("h.db-wal").stat().st_size + 20_000

        with no_file_may_grow_beyond(room), pytest.raises(StoreUnavailableError):
            write()
        refused = nothing_stands()
        write()

        assert refused
        assert not nothing_stands()

    def test_refuses_the_write_whose_checkpoint_fails(self, store, path, monkeypatch):
        """
        A checkpoint happens before the transaction: were `_checkpoint_if_due` called
        behind it, a write that stands would be reported as refused.
        """
        store.events.append([registered("v1")], at=START)
        monkeypatch.setattr(
            Database, "_checkpoint_if_due", lambda _: (_ for _ in ()).throw(OSError(28, "full"))
        )
        with pytest.raises(StoreUnavailableError, match="full"):
            store.events.append([registered("v2")], at=START)
        monkeypatch.undo()

        assert verify_chain(store.events.events()) == 1


class TestAStoreThatCannotBeOpened:
    def test_says_so_where_a_folder_is_in_its_place(self, url, path):
        """Without `translated` around `SqliteDatabase.read` SQLAlchemy's own error came out."""
        path.mkdir()

        with pytest.raises(StoreUnavailableError, match="unable to open"):
            SqlStore.open(url, create=False)

    def test_says_so_where_the_file_is_no_database(self, url, path):
        """Without DatabaseError in `translated` SQLAlchemy's own error came out."""
        path.write_bytes(b"not a database, but long enough to have a header" * 40)

        with pytest.raises(StoreUnavailableError, match="not a database"):
            SqlStore.open(url, create=True)

    def test_says_so_where_the_lock_file_cannot_be_made(self, url, path):
        """Without the `except OSError` in `connect` an IsADirectoryError came out."""
        path.with_name("h.db.lock").mkdir()

        with pytest.raises(StoreUnavailableError, match=r"h\.db\.lock"):
            SqlStore.open(url, create=True)

    def test_does_not_wait_for_ever_for_a_stopped_writer(self, path):
        """
        A process that is stopped in a write keeps the lock. Without the deadline in
        `WriteLock._lock_file` everybody would wait with it.
        """
        lock = WriteLock(path, timeout=0.05)
        held = os.open(path, os.O_RDWR)
        fcntl.flock(held, fcntl.LOCK_EX)

        with pytest.raises(StoreUnavailableError, match="another process has held"), lock.held():
            pytest.fail("the lock was not free")
        os.close(held)


class TestAStoreThatMayOnlyBeRead:
    @pytest.mark.parametrize("what", ["predictions", "labels", "events"])
    def test_refuses_writes_and_answers_reads(self, store, monkeypatch, what):
        """
        As on a file system that was remounted read-only. Without OperationalError in
        `translated` SQLAlchemy's own error came out.
        """
        write, nothing_stands = writes(store)[what]
        with store._database.write() as connection:  # the one that writes is kept for the next
            connection.exec_driver_sql("PRAGMA query_only = ON")

        with pytest.raises(StoreUnavailableError, match="readonly"):
            write()

        assert nothing_stands()


class TestAStoreOfAnotherVersion:
    @pytest.mark.parametrize(
        ("version", "remedy"), [("0000", "holdfast migrate"), ("0099", "--upgrade holdfast")]
    )
    def test_is_refused(self, url, path, version, remedy):
        """
        An older or newer Holdfast made it: without `require_version` in
        `SqlStore.open` rows would be written into tables of another meaning.
        """
        make(url, path, version)

        with pytest.raises(StoreVersionError, match=remedy) as refused:
            SqlStore.open(url, create=True)

        assert (refused.value.found, refused.value.needed) == (version, SCHEMA_VERSION)

    def test_is_not_migrated_from_the_future(self, url, path):
        """Without the look at `known` in `_upgrade` Alembic's own error came out."""
        make(url, path, "0099")

        with pytest.raises(StoreVersionError):
            migrate(url)


def make(url, path, version):
    SqlStore.open(url, create=True).close()
    database = connect(path)
    with database.write() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'")
    database.close()
