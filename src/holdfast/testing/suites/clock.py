"""What every `Clock` must do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.ports.clock import Clock

__all__ = ["ClockSuite"]


class ClockSuite:
    """Needs the fixture `clock`."""

    def test_tells_an_aware_moment_in_utc(self, clock: Clock) -> None:
        """A naive moment would mean another time on each machine."""
        moment = clock.now()

        assert moment.utcoffset() == timedelta(0)
