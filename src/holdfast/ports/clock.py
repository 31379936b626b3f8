"""What time it is, for facts and policies (leases and timeouts never ask it)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Clock"]


class Clock(Protocol):
    """The present moment, aware and in UTC."""

    def now(self) -> datetime:
        """Return the moment; successive calls may go backwards if the system's clock does."""
        ...
