"""What every `TickLog` must do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import LeaseLostError
from holdfast.ports.tick_log import LoopTimes
from holdfast.testing.examples import START

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.ports.lease import Lease
    from holdfast.ports.tick_log import TickLog

__all__ = ["TickLogSuite"]

_HOUR = timedelta(hours=1)
_TTL = timedelta(seconds=30)


class TickLogSuite:
    """Needs `ticks` and `leases`, empty and of one store, and `pass_time` as `LeaseSuite`."""

    def test_knows_nothing_before_the_first_tick(self, ticks: TickLog) -> None:
        """That is not a tick of long ago."""
        assert ticks.times() == LoopTimes()

    def test_keeps_the_newest_tick_alone(
        self, ticks: TickLog, pass_time: Callable[[timedelta], None]
    ) -> None:
        """By the store's own time, whatever clock a project goes by."""
        ticks.ticked()
        first = ticks.times().last_tick_at
        pass_time(_HOUR)

        ticks.ticked()

        last = ticks.times().last_tick_at
        assert first is not None
        assert last is not None
        assert last - first >= _HOUR

    def test_keeps_the_moment_that_was_answered(self, ticks: TickLog) -> None:
        """A tick that somebody ran by hand, for no moment, leaves it."""
        ticks.ticked(answered=START)
        ticks.ticked(answered=START + _HOUR)

        ticks.ticked()

        assert ticks.times().answered == START + _HOUR

    def test_keeps_when_the_next_one_is_to_begin(self, ticks: TickLog) -> None:
        """The last word counts, whoever said it."""
        ticks.announce(START, holder="one/1")

        ticks.announce(START + _HOUR, holder="two/2")

        assert ticks.times() == LoopTimes(next_tick_at=START + _HOUR)

    def test_a_loop_that_stops_takes_back_its_own_word(self, ticks: TickLog) -> None:
        """And no other's, also not of one whose name ends alike."""
        ticks.announce(START, holder="big_one/1")

        ticks.announce(None, holder="one/1")
        of_another = ticks.times().next_tick_at
        ticks.announce(None, holder="big_one/1")

        assert of_another == START
        assert ticks.times().next_tick_at is None

    def test_refuses_who_lost_the_lease(
        self, ticks: TickLog, leases: Lease, pass_time: Callable[[timedelta], None]
    ) -> None:
        """A loop that slept past its lease has not ticked last."""
        fence = leases.acquire("control", holder="asleep", ttl=_TTL)
        pass_time(_TTL)
        leases.acquire("control", holder="awake", ttl=_TTL)

        with pytest.raises(LeaseLostError):
            ticks.ticked(answered=START, fence=fence)

        assert ticks.times() == LoopTimes()
