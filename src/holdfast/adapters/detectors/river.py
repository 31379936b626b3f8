"""River's ADWIN and Page–Hinkley, for who wants them beside Holdfast's own monitors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.domain.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from holdfast.ports.stream_detector import StreamDetector

__all__ = ["DETECTORS", "Adwin", "PageHinkley", "RiverWatch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adwin:
    """Compares the older with the newer part of a window that it keeps as long as it can.

    Satisfies `StreamDetector`. It finds a mean that rises or falls, and learns what is normal
    from the stream itself.

    Attributes:
        delta: Chance of a false cut, as its authors bound it for each value; River's default.

    Source:
        Bifet and Gavaldà (2007), *Learning from time-changing data with adaptive windowing*.
    """

    delta: float = 0.002

    @property
    def name(self) -> str:
        """See `StreamDetector.name`."""
        return "adwin"

    def watch(self) -> RiverWatch:
        """See `StreamDetector.watch`."""
        return RiverWatch(_river().ADWIN(delta=self.delta))


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHinkley:
    """Adds up how far values lie from their mean, and signals when the sum has come far.

    Satisfies `StreamDetector`. The threshold is in the unit of the values: River's default
    suits 0/1 losses, and fires all the time on amounts of money.

    Attributes:
        drift: By how much the mean may move without being counted, in the values' unit.
        threshold: How far the sum may come.

    Source:
        Page (1954), *Continuous inspection schemes*; Mouss et al. (2004) for the form.
    """

    drift: float = 0.005
    threshold: float = 50.0

    @property
    def name(self) -> str:
        """See `StreamDetector.name`."""
        return "page_hinkley"

    def watch(self) -> RiverWatch:
        """See `StreamDetector.watch`."""
        return RiverWatch(_river().PageHinkley(delta=self.drift, threshold=self.threshold))


DETECTORS: Mapping[str, Callable[[], StreamDetector]] = {
    "adwin": Adwin,
    "page_hinkley": PageHinkley,
}
"""By the name that `holdfast.toml` gives; each with River's own settings."""


class RiverWatch:
    """A stream under one of River's detectors; satisfies `StreamWatch`.

    Args:
        detector: River's, new.
    """

    def __init__(self, detector: Any) -> None:
        self._detector = detector
        self._n_seen = 0

    def take(self, values: NDArray[np.float64]) -> tuple[int, ...]:
        """See `StreamWatch.take`."""
        if not np.isfinite(values).all():
            raise ValueError("a detector takes finite values; leave out missing ones")
        signalled = []
        for position, value in enumerate(values.tolist(), start=self._n_seen):
            self._detector.update(value)
            if self._detector.drift_detected:
                signalled.append(position)
        self._n_seen += values.size
        return tuple(signalled)


def _river() -> Any:
    try:
        from river import drift  # noqa: PLC0415 - an extra, and a second of imports
    except ImportError as error:
        raise MissingExtraError(needs="River", extra="river") from error
    return drift
