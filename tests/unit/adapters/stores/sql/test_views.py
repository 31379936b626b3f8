"""What only SQL's views are asked; the rest is in the contract suite."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.adapters.stores.sql import SqlStore


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    opened = SqlStore.open(f"sqlite:///{tmp_path}/holdfast.db", create=True)
    yield opened
    opened.close()


class TestLastHeldAt:
    def test_is_none_until_somebody_held_it(self, store):
        """A project whose loop never ran."""
        assert store.views.last_held_at("control") is None

    def test_says_when_it_was_taken(self, store):
        """Also after it was given back: the tick is over, and it was one."""
        before = datetime.now(UTC)
        fence = store.leases.acquire("control", holder="a", ttl=timedelta(seconds=60))
        store.leases.release(fence)

        at = store.views.last_held_at("control")

        # The time goes through a sum of floats.
        assert before - timedelta(milliseconds=1) <= at <= datetime.now(UTC)

    def test_leases_are_told_apart(self, store):
        """By name."""
        store.leases.acquire("another", holder="a", ttl=timedelta(seconds=60))

        assert store.views.last_held_at("control") is None
