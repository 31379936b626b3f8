"""How a loop hears that it was asked to stop, at whatever moment that comes."""

from __future__ import annotations

import select
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["StopSignals", "heard_stop_signals"]


class StopSignals:
    """Whether SIGINT or SIGTERM has come, and how to wait for one.

    Not a `threading.Event`: its handler would run in the waiting thread, and if it ran while
    that thread holds the event's own lock, both would wait for ever.

    Args:
        wakes: What becomes readable once a signal has come.
    """

    def __init__(self, wakes: socket.socket) -> None:
        self._wakes = wakes

    def is_set(self) -> bool:
        """Return whether a signal has come."""
        return bool(select.select([self._wakes], [], [], 0)[0])

    def wait(self, seconds: float | None = None) -> None:
        """Return once a signal has come, or after so many seconds if any are given."""
        select.select([self._wakes], [], [], seconds)


@contextmanager
def heard_stop_signals() -> Iterator[StopSignals]:
    """Let SIGINT and SIGTERM be heard and do nothing else, while the body runs.

    The interpreter itself writes down that one came, whichever thread the system gave it to.

    Yields:
        What the body asks.
    """

    def do_nothing(_number: int, _frame: FrameType | None) -> None:
        """Only so that the signal does not end the process."""

    numbers = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C under `up` sends the one and the other
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        woken = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, do_nothing) for number in numbers}
        try:
            yield StopSignals(ours)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(woken)
