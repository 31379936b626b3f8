"""Effects owed to the outside, kept in the store until they are delivered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.ids import EventId

__all__ = ["Effect", "Outbox", "PendingEffect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something to do outside: which channel, and what it needs to know."""

    channel: str  # "registry", "notifier"
    payload: dict[str, Any]  # JSON-like


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEffect:
    """An effect that is not delivered yet."""

    effect_id: int
    event_id: EventId  # idempotency key for the receiver
    effect: Effect
    attempts: int


class Outbox(Protocol):
    """Reads and settles effects; `EventLog.append` is what writes them."""

    def pending(self, *, due_at: datetime, limit: int = 100) -> tuple[PendingEffect, ...]:
        """Return undelivered effects that are due, oldest first.

        Effects of one channel are returned in order; one that waits for its retry holds
        back the later ones of its channel.
        """
        ...

    def delivered(self, effect_id: int, *, at: datetime) -> None:
        """Mark an effect as done; doing so twice is harmless."""
        ...

    def failed(self, effect_id: int, *, reason: str, retry_at: datetime) -> None:
        """Count a failed attempt and say when to try again."""
        ...
