"""Where what happened is written down, with the effects it owes to the outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from holdfast.domain.events import Event, EventBody
    from holdfast.domain.ids import EventId
    from holdfast.ports.lease import Fence
    from holdfast.ports.outbox import Effect

__all__ = ["Draft", "EventLog"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event to append, with the effects that must follow it.

    Drafts with a `key` are appended at most once: a step that is run again after a crash
    finds its event there.
    """

    body: EventBody
    actor: str
    key: str | None = None
    effects: tuple[Effect, ...] = ()


class EventLog(Protocol):
    """An append-only, hash-chained log; releases and deployments are projections of it."""

    def append(
        self, drafts: Sequence[Draft], *, at: datetime, fence: Fence | None = None
    ) -> tuple[Event, ...]:
        """Append in one transaction: events, their projections and their effects.

        Appending is serialised on the chain's head. A draft whose `key` is already in
        the log writes nothing; the event that bears the key is returned in its place.

        Args:
            drafts: What happened, in order.
            at: When.
            fence: The lease this writer believes to hold; checked inside the transaction.

        Raises:
            LeaseLostError: If the fence's token is not the lease's current one.
            UnknownReleaseError: If a release goes into production that is not registered.
            VersionTakenError: If a version is registered that another release bears.
            StoreUnavailableError: If the transaction could not be committed.
        """
        ...

    def events(self, *, after: int = 0) -> Iterator[Event]:
        """Yield the events with a sequence number above `after`, in order."""
        ...

    def get(self, event_id: EventId) -> Event:
        """Return one event by its id, or by a prefix of it that is unique.

        Raises:
            UnknownEventError: If none, or more than one, matches.
        """
        ...
