"""Tests of holdfast.loop.hold."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from holdfast.domain.errors import LeaseLostError, StoreUnavailableError
from holdfast.loop.hold import LEASE, held
from holdfast.ports.lease import Fence
from holdfast.testing.fakes import InMemoryStore

BLINK = timedelta(milliseconds=30)


class WatchedLease:
    """Hands out one fence; says when it was renewed; fails as often as it is told to."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.renewals = threading.Semaphore(0)
        self.released = []

    def acquire(self, name, *, holder, ttl):
        return Fence(name=name, token=1)

    def renew(self, fence, *, ttl):
        self.renewals.release()
        if self.failures:
            raise self.failures.pop(0)

    def release(self, fence):
        self.released.append(fence)


class TestHeld:
    def test_gives_the_fence_to_one_at_a_time(self):
        """Whoever comes second is told so, and may come again later."""
        store = InMemoryStore()

        with held(store.leases, holder="first") as first:
            with held(store.leases, holder="second") as second:
                assert second is None
            assert first is not None
            assert first.name == LEASE
        with held(store.leases, holder="second") as later:
            assert later is not None
            assert later.token > first.token

    def test_gives_the_lease_back_when_the_body_fails(self):
        """A tick that raises must not lock the next one out."""
        lease = WatchedLease()

        with pytest.raises(RuntimeError, match="body"), held(lease, holder="me"):
            raise RuntimeError("the body failed")

        assert lease.released == [Fence(name=LEASE, token=1)]

    def test_renews_while_the_body_is_at_work(self):
        """A retraining may take longer than a ttl."""
        lease = WatchedLease()

        with held(lease, holder="me", ttl=BLINK):
            assert lease.renewals.acquire(timeout=10)
            assert lease.renewals.acquire(timeout=10)

    def test_goes_on_renewing_after_an_outage_of_the_store(self):
        """One failed renewal is no reason to let the lease lapse."""
        lease = WatchedLease(StoreUnavailableError("disk full"))

        with held(lease, holder="me", ttl=BLINK):
            assert lease.renewals.acquire(timeout=10)
            assert lease.renewals.acquire(timeout=10)

    def test_stops_renewing_once_the_lease_is_lost(self):
        """Another loop has it; the fence refuses what this one would still write."""
        lease = WatchedLease(LeaseLostError(LEASE, token=1))

        with held(lease, holder="me", ttl=BLINK):
            assert lease.renewals.acquire(timeout=10)
            renewing = [thread for thread in threading.enumerate() if thread.name == "lease"]
            for thread in renewing:
                thread.join(timeout=10)
                assert not thread.is_alive()
