"""What every `MonitorStore` must do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import LeaseLostError

if TYPE_CHECKING:
    from holdfast.ports.lease import Lease
    from holdfast.ports.monitor_store import MonitorStore

__all__ = ["MonitorStoreSuite"]

_MINUTE = timedelta(minutes=1)


class MonitorStoreSuite:
    """Needs the fixtures `monitors` and `leases`, empty and of the same store."""

    def test_knows_nothing_before_the_first_time(self, monitors: MonitorStore) -> None:
        """Monitors without a state start where their champion did."""
        assert monitors.load("v1") is None

    def test_returns_what_was_saved_last(self, monitors: MonitorStore) -> None:
        """Byte for byte, also those that are no text."""
        monitors.save("v1", b"before")
        monitors.save("v1", b"\x00\xffafter")

        assert monitors.load("v1") == b"\x00\xffafter"

    def test_forgets_the_states_of_other_keys(self, monitors: MonitorStore) -> None:
        """A champion that comes back starts anew: what it gathered was of another time."""
        monitors.save("v1", b"one")
        monitors.save("v2", b"two")

        assert monitors.load("v1") is None
        assert monitors.load("v2") == b"two"

    def test_saves_under_the_lease(self, monitors: MonitorStore, leases: Lease) -> None:
        """Who holds it may write."""
        fence = leases.acquire("control", holder="first", ttl=_MINUTE)

        monitors.save("v1", b"one", fence=fence)

        assert monitors.load("v1") == b"one"

    def test_refuses_a_writer_whose_lease_was_taken_over(
        self, monitors: MonitorStore, leases: Lease
    ) -> None:
        """A loop that slept must not turn back what another has seen since."""
        stale = leases.acquire("control", holder="first", ttl=_MINUTE)
        assert stale is not None
        leases.release(stale)
        fence = leases.acquire("control", holder="second", ttl=_MINUTE)
        monitors.save("v1", b"newer", fence=fence)

        with pytest.raises(LeaseLostError):
            monitors.save("v1", b"older", fence=stale)

        assert monitors.load("v1") == b"newer"
