"""Tests of holdfast.loop.hold."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from holdfast.domain.errors import LeaseLostError, StateError, StoreUnavailableError
from holdfast.loop.hold import LEASE, held, held_by_hand
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


class TestHeldByHand:
    def test_gives_the_fence_once_a_tick_is_done(self):
        """A person waits for it a little, and need not ask twice."""
        store = InMemoryStore()
        fence = store.leases.acquire(LEASE, holder="loop", ttl=timedelta(seconds=60))
        ending = threading.Timer(0.05, store.leases.release, [fence])
        ending.start()

        with held_by_hand(store.leases, holder="a person") as got:
            assert fence is not None
            assert got.token > fence.token

        ending.join()
        assert store.leases.acquire(LEASE, holder="loop", ttl=BLINK) is not None

    def test_says_that_the_loop_is_at_work(self):
        """And that the step can be tried again; nothing was done."""
        store = InMemoryStore()

        with (
            held(store.leases, holder="loop"),
            pytest.raises(StateError, match="A control loop is at work now"),
            held_by_hand(store.leases, holder="a person", patience=BLINK),
        ):
            pytest.fail("the body must not run")

    def test_lets_an_error_of_the_body_through(self):
        """It is not taken for a lease that is held; and the lease is free again."""
        store = InMemoryStore()

        with (
            pytest.raises(StateError, match="my own"),
            held_by_hand(store.leases, holder="a person"),
        ):
            raise StateError("my own")

        assert store.leases.acquire(LEASE, holder="loop", ttl=BLINK) is not None
