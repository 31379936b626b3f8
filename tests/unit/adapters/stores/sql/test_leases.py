"""Leases and the machine's time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.adapters.stores.sql.leases import SqlLease
from holdfast.adapters.stores.sql.store import SqlStore


class Machine:
    """The time of a machine that a test can set."""

    seconds = 1_000_000.0

    def now(self):
        return self.seconds


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def leases(tmp_path, machine):
    with SqlStore.open(f"sqlite:///{tmp_path}/h.db", create=True) as store:
        yield SqlLease(store._database, now=machine.now)


class TestSqlLease:
    def test_outlives_a_clock_that_was_set_back_a_little(self, leases, machine):
        """A correction by some seconds takes the lease from nobody."""
        leases.acquire("control", holder="first", ttl=timedelta(seconds=30))
        machine.seconds -= 5

        assert leases.acquire("control", holder="second", ttl=timedelta(seconds=30)) is None

    def test_locks_nobody_out_after_a_clock_was_set_back(self, leases, machine):
        """A lease that would run for a year more than it was given has lapsed."""
        leases.acquire("control", holder="first", ttl=timedelta(seconds=30))
        machine.seconds -= 365 * 86_400

        assert leases.acquire("control", holder="second", ttl=timedelta(seconds=30)) is not None
