"""An outbox in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from holdfast.ports.outbox import PendingEffect

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from holdfast.domain.ids import EventId
    from holdfast.ports.outbox import Effect

__all__ = ["InMemoryOutbox"]


class InMemoryOutbox:
    """`Outbox` in memory."""

    def __init__(self) -> None:
        self._pending: dict[int, PendingEffect] = {}
        self._retry_at: dict[int, datetime] = {}
        self._last = 0

    def owe(self, event_id: EventId, effects: Sequence[Effect]) -> None:
        """Take the effects of a new event in."""
        for effect in effects:
            self._last += 1
            self._pending[self._last] = PendingEffect(
                effect_id=self._last, event_id=event_id, effect=effect, attempts=0
            )

    def pending(self, *, due_at: datetime, limit: int = 100) -> tuple[PendingEffect, ...]:
        """See `Outbox.pending`."""
        held: set[str] = set()
        due = []
        for effect_id, pending in self._pending.items():
            channel = pending.effect.channel
            if effect_id in self._retry_at and self._retry_at[effect_id] > due_at:
                held.add(channel)
            if channel not in held:
                due.append(pending)
        return tuple(due[:limit])

    def delivered(self, effect_id: int, *, at: datetime) -> None:  # noqa: ARG002  # the port's
        """See `Outbox.delivered`."""
        self._pending.pop(effect_id, None)

    def failed(self, effect_id: int, *, reason: str, retry_at: datetime) -> None:  # noqa: ARG002  # the port's
        """See `Outbox.failed`."""
        if effect_id in self._pending:
            before = self._pending[effect_id]
            self._pending[effect_id] = replace(before, attempts=before.attempts + 1)
            self._retry_at[effect_id] = retry_at

    def __len__(self) -> int:
        return len(self._pending)
