"""A registry that gets ready while something else is done."""

from __future__ import annotations

import threading

import pytest

from holdfast.adapters.registries.meanwhile import MeanwhileRegistry
from holdfast.testing.fakes import InMemoryModelRegistry


class Slow(InMemoryModelRegistry):
    """A registry whose preparation ends when a test says so."""

    def __init__(self, error=None):
        super().__init__()
        self.error, self.go_on, self.is_prepared = error, threading.Event(), False

    def prepare(self):
        self.go_on.wait(30)
        self.is_prepared = True
        if self.error is not None:
            raise self.error

    def aliases(self):
        if self.error is not None:
            raise self.error
        return {"prepared": "v1"} if self.is_prepared else {}


class TestMeanwhileRegistry:
    def test_keeps_nobody_waiting_before_it_is_asked(self):
        """It is made while the other one is not ready, and asked when it is."""
        slow = Slow()

        registry = MeanwhileRegistry(slow)

        assert not slow.is_prepared
        slow.go_on.set()
        assert registry.aliases() == {"prepared": "v1"}

    def test_fails_where_it_is_asked_and_not_before(self):
        """Who asks knows what to do about it: the outbox tries again later."""
        slow = Slow(error=ConnectionError("nobody there"))
        registry = MeanwhileRegistry(slow)

        slow.go_on.set()

        with pytest.raises(ConnectionError, match="nobody there"):
            registry.aliases()
