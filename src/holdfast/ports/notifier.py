"""How people hear of an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import EventId

__all__ = ["Notifier"]


class Notifier(Protocol):
    """Delivers alerts; may repeat one after a crash, always under the same event id."""

    def notify(self, alert: Alert, *, event_id: EventId) -> None:
        """Deliver one alert; raise an exception if it was not taken."""
        ...
