"""Who may act: at most one control loop at a time, also across machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["Fence", "Lease"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Proof of holding a lease; writes carry it and are refused once it is outdated."""

    name: str
    token: int  # grows by one with every acquisition


class Lease(Protocol):
    """A named, expiring, fenced lock in the store; time is the store's own, never `Clock`."""

    def acquire(self, name: str, *, holder: str, ttl: timedelta) -> Fence | None:
        """Take the lease if it is free or has lapsed; None if another holds it."""
        ...

    def renew(self, fence: Fence, *, ttl: timedelta) -> None:
        """Prolong a lease.

        Raises:
            LeaseLostError: If it lapsed and was taken over.
        """
        ...

    def release(self, fence: Fence) -> None:
        """Give the lease back; harmless if it was lost."""
        ...
