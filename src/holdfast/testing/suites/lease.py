"""What every `Lease` must do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.ports.lease import Fence, Lease

__all__ = ["LeaseSuite"]

_TTL = timedelta(seconds=30)


class LeaseSuite:
    """Needs the fixtures `leases` and `pass_time`, which moves the store's own time on."""

    def test_is_given_to_one_holder_at_a_time(self, leases: Lease) -> None:
        """The second comes too late, whatever name it bears."""
        first = _acquired(leases, "first")

        assert first.name == "control"
        assert leases.acquire("control", holder="second", ttl=_TTL) is None
        assert leases.acquire("control", holder="first", ttl=_TTL) is None

    def test_lapses(self, leases: Lease, pass_time: Callable[[timedelta], None]) -> None:
        """A holder that died keeps nobody out for longer than the lease runs."""
        first = _acquired(leases, "first")
        pass_time(_TTL)

        second = _acquired(leases, "second")

        assert second.token == first.token + 1

    def test_runs_for_as_long_as_it_was_asked_for(
        self, leases: Lease, pass_time: Callable[[timedelta], None]
    ) -> None:
        """It is not given away early."""
        _acquired(leases, "first")
        pass_time(_TTL - timedelta(seconds=1))

        assert leases.acquire("control", holder="second", ttl=_TTL) is None

    def test_can_be_prolonged(self, leases: Lease, pass_time: Callable[[timedelta], None]) -> None:
        """A renewed lease runs from the renewal on."""
        first = _acquired(leases, "first")
        pass_time(_TTL * 0.9)
        leases.renew(first, ttl=_TTL)
        pass_time(_TTL * 0.9)

        assert leases.acquire("control", holder="second", ttl=_TTL) is None

    def test_can_be_prolonged_after_it_lapsed_unnoticed(
        self, leases: Lease, pass_time: Callable[[timedelta], None]
    ) -> None:
        """Nobody took it over, so nothing can have gone wrong."""
        first = _acquired(leases, "first")
        pass_time(_TTL * 2)

        leases.renew(first, ttl=_TTL)

        assert leases.acquire("control", holder="second", ttl=_TTL) is None

    def test_refuses_to_prolong_what_was_taken_over(
        self, leases: Lease, pass_time: Callable[[timedelta], None]
    ) -> None:
        """A holder that slept past its lease learns it at its next word."""
        first = _acquired(leases, "first")
        pass_time(_TTL)
        _acquired(leases, "second")

        with pytest.raises(LeaseLostError) as lost:
            leases.renew(first, ttl=_TTL)

        assert (lost.value.name, lost.value.token) == ("control", first.token)

    def test_can_be_given_back(self, leases: Lease) -> None:
        """The next holder need not wait; the token grows all the same."""
        first = _acquired(leases, "first")
        leases.release(first)

        second = _acquired(leases, "second")

        assert second.token == first.token + 1
        with pytest.raises(LeaseLostError):
            leases.renew(first, ttl=_TTL)

    def test_refuses_to_prolong_what_was_given_back(self, leases: Lease) -> None:
        """Who gave a lease back must acquire it anew."""
        first = _acquired(leases, "first")
        leases.release(first)

        with pytest.raises(LeaseLostError):
            leases.renew(first, ttl=_TTL)

    def test_giving_back_a_lost_lease_leaves_the_new_holder_alone(
        self, leases: Lease, pass_time: Callable[[timedelta], None]
    ) -> None:
        """It is harmless, also twice."""
        first = _acquired(leases, "first")
        pass_time(_TTL)
        second = _acquired(leases, "second")

        leases.release(first)
        leases.release(first)

        leases.renew(second, ttl=_TTL)
        assert leases.acquire("control", holder="third", ttl=_TTL) is None

    def test_keeps_names_apart(self, leases: Lease) -> None:
        """Training and control are leased independently."""
        _acquired(leases, "first")

        assert leases.acquire("training", holder="second", ttl=_TTL) is not None


def _acquired(leases: Lease, holder: str) -> Fence:
    fence = leases.acquire("control", holder=holder, ttl=_TTL)
    assert fence is not None
    return fence
