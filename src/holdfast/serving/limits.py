"""How much one server takes on: sizes, rows, waiting requests, time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, Self

__all__ = ["ConnectionLimits", "LimitsAsked", "ServingLimits"]


class LimitsAsked(Protocol):
    """What a project says about its server's limits, in whichever way it says it."""

    @property
    def max_body_bytes(self) -> int:
        """See `ServingLimits`."""

    @property
    def max_rows(self) -> int:
        """See `ServingLimits`."""

    @property
    def unknown_features(self) -> Literal["refuse", "ignore"]:
        """See `ServingLimits`."""


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
    poll_seconds: float = 0.25  # between two looks for another champion
    unknown_features: Literal["refuse", "ignore"] = "refuse"

    def __post_init__(self) -> None:
        for name in ("max_body_bytes", "max_rows", "max_explained_rows", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; found {getattr(self, name)}")

    @classmethod
    def of(cls, asked: LimitsAsked) -> Self:
        """Return the limits that a project asks for; the rest as it is by default."""
        return cls(
            max_body_bytes=asked.max_body_bytes,
            max_rows=asked.max_rows,
            unknown_features=asked.unknown_features,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What a connection may send before the application hears of it, and how slowly.

    >>> ConnectionLimits(head_seconds=1).max_headers
    100
    """

    head_seconds: float = 10.0  # in which a request's head must have arrived
    linger_seconds: float = 5.0  # to send the rest of a body that is refused already
    answer_seconds: float = 60.0  # in which a client must have read what is waiting for it
    max_url_bytes: int = 8 * 1024
    max_head_bytes: int = 32 * 1024  # of names and values
    max_headers: int = 100
    max_ahead: int = 100  # requests sent before the answer to the first
    max_connections: int = 800  # at a time; many systems let a process open 1,024 files
    max_intake_bytes: int = 256 * 1024 * 1024  # of all bodies that are held at a time
