"""Every store, in SQL and in memory, passes the contract suite of each port it serves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from holdfast.adapters.stores.sql import SqlStore, bulk_reads
from holdfast.adapters.stores.sql.leases import SqlLease
from holdfast.testing.fakes import InMemoryStore
from holdfast.testing.suites import (
    EventLogSuite,
    KeyStoreSuite,
    LabelLedgerSuite,
    LeaseSuite,
    MonitorStoreSuite,
    OutboxSuite,
    PredictionLogSuite,
    PredictionReadsSuite,
    ProfileStoreSuite,
    ReleaseStoreSuite,
    RetentionSuite,
    TickLogSuite,
    ViewsSuite,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta
    from pathlib import Path

Store = SqlStore | InMemoryStore


@pytest.fixture(params=["sqlite", "memory", pytest.param("postgres", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store
    if request.param == "sqlite":
        opened = SqlStore.open(f"sqlite:///{tmp_path}/holdfast.db", create=True)
    elif request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        # The suites ask what is written; when it is on the disk is asked in tests/faults.
        opened = SqlStore.open(url, create=False, durability="relaxed")
    else:
        opened = InMemoryStore()
    yield opened
    opened.close()


@pytest.fixture
def events(store: Store):
    return store.events


@pytest.fixture
def releases(store: Store):
    return store.releases


@pytest.fixture
def log(store: Store):
    return store.predictions


@pytest.fixture
def ledger(store: Store):
    return store.labels


@pytest.fixture
def retention(store: Store):
    return store.retention


@pytest.fixture
def profiles(store: Store):
    return store.profiles


@pytest.fixture
def monitors(store: Store):
    return store.monitors


@pytest.fixture
def outbox(store: Store):
    return store.outbox


@pytest.fixture
def views(store: Store):
    return store.views


@pytest.fixture
def leases(store: Store):
    return store.leases


@pytest.fixture
def ticks(store: Store):
    return store.ticks


@pytest.fixture
def keys(store: Store):
    return store.keys


@pytest.fixture
def pass_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    if isinstance(store, InMemoryStore):
        return store.leases.pass_time
    start, passed = time.time(), [0.0]
    for port in (store.leases, store.ticks):
        monkeypatch.setattr(port, "_now", lambda: start + passed[0])
    assert isinstance(store.leases, SqlLease)

    def later(by: timedelta) -> None:
        passed[0] += by.total_seconds()

    return later


class TestPredictionLog(PredictionLogSuite):
    pass


class TestPredictionReads(PredictionReadsSuite):
    pass


@pytest.mark.slow
class TestPredictionReadsInBulk(PredictionReadsSuite):
    """The same by another process, which else reads nothing below tens of thousands of rows."""

    @pytest.fixture
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
        monkeypatch.setattr(bulk_reads, "WORTH_IT", 1)
        with SqlStore.open(f"sqlite:///{tmp_path}/holdfast.db", create=True) as opened:
            yield opened


class TestLabelLedger(LabelLedgerSuite):
    pass


class TestEventLog(EventLogSuite):
    pass


class TestReleaseStore(ReleaseStoreSuite):
    pass


class TestRetention(RetentionSuite):
    pass


class TestOutbox(OutboxSuite):
    pass


class TestLease(LeaseSuite):
    pass


class TestTickLog(TickLogSuite):
    pass


class TestKeyStore(KeyStoreSuite):
    pass


class TestMonitorStore(MonitorStoreSuite):
    pass


class TestProfileStore(ProfileStoreSuite):
    pass


class TestViews(ViewsSuite):
    pass
