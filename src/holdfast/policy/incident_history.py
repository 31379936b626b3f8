"""All incidents that ever were: how long each was open, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.events import AlertResolved
from holdfast.policy.transitions import ControlState, fold

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from holdfast.domain.events import Event
    from holdfast.policy.incidents import Incident

__all__ = ["Told", "history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An incident, and how it ended if it did."""

    incident: Incident
    over_at: datetime | None = None
    why: str = ""


def history(events: Iterable[Event]) -> tuple[Told, ...]:
    """Return every incident in the order in which they began.

    Args:
        events: From the first on, in order of their sequence.
    """
    state, ended = ControlState(), list[Told]()
    for event in events:
        before, state = state, fold([event], state)
        match event.body:
            case AlertResolved(incident_id=incident_id, reason=why):
                ended += [
                    Told(incident=one, over_at=event.at, why=why)
                    for one in before.incidents
                    if one.incident_id == incident_id
                ]
    everything = [*ended, *(Told(incident=one) for one in state.incidents)]
    return tuple(sorted(everything, key=lambda one: one.incident.opened_at))
