"""How much one server takes on: sizes, rows, waiting requests, time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ServingLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingLimits:
    """The bounds of a server, and what it does about features that it does not know.

    >>> ServingLimits(max_rows=100).max_waiting
    256
    """

    max_body_bytes: int = 8 * 1024 * 1024
    max_rows: int = 10_000  # in one request
    max_explained_rows: int = 100  # each is scored once for each feature
    max_lane_bytes: int = 16 * 1024  # up to here requests are worked on together
    max_waiting: int = 256  # requests that wait for a thread; one more is a 503
    threads: int = 16  # writers commit in groups, so more threads than cores pay
    body_seconds: float = 10.0  # in which a body must have arrived
    poll_seconds: float = 0.5  # between two looks for another champion
    unknown_features: Literal["refuse", "ignore"] = "refuse"

    def __post_init__(self) -> None:
        for name in ("max_body_bytes", "max_rows", "max_explained_rows", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; found {getattr(self, name)}")
