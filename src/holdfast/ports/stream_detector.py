"""How one stream of numbers is watched by a detector that others have made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["StreamDetector", "StreamWatch"]


class StreamWatch(Protocol):
    """One stream, from its first value on."""

    def take(self, values: NDArray[np.float64]) -> tuple[int, ...]:
        """Take the next values, and say at which of them a change was signalled.

        However a stream is cut into pieces, the same values give the same signals. After one
        the detector goes on by itself: what came before it no longer counts.

        Args:
            values: In their order, finite, shape ``(n,)``; may be empty.

        Returns:
            Positions in the whole stream, ascending; its first value is 0.

        Raises:
            ValueError: If a value is not finite; none of them is then taken.
        """
        ...


class StreamDetector(Protocol):
    """A named way to watch a stream for a change of its mean.

    It promises no false-alarm rate over a year: that is what Holdfast's own monitors are for.
    A watch keeps its state in memory only. Who comes back later begins a new one and gives it
    the stream from the start again, which ends in the same state.
    """

    @property
    def name(self) -> str:
        """As `holdfast.toml` names it."""
        ...

    def watch(self) -> StreamWatch:
        """Begin to watch a stream.

        Raises:
            MissingExtraError: If the library behind it is not installed.
        """
        ...
