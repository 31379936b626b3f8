"""Where the sequential monitors' state waits from one tick to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from holdfast.ports.lease import Fence

__all__ = ["MonitorStore"]


class MonitorStore(Protocol):
    """The state of the monitors that watch the champion; there is one champion, and one state."""

    def load(self, key: str) -> bytes | None:
        """Return the state that was saved last, or None if it was saved under another key.

        Args:
            key: Names the champion, since when it serves, and what is watched: monitors that
                restart, or watch something else, do not take over what others had gathered.
        """
        ...

    def save(self, key: str, data: bytes, *, fence: Fence | None = None) -> None:
        """Keep a state, and forget those of every other key: their champions are retired.

        Args:
            key: As `load` takes it.
            data: The state.
            fence: The lease under which this runs.

        Raises:
            LeaseLostError: If the fence is outdated; then nothing is changed.
        """
        ...
