"""Read-only questions that people ask of a project: status, counts, history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from holdfast.domain.events import DecisionMade

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.events import Event
    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.predictions import LabelCounts
    from holdfast.ports.release_store import Deployment

__all__ = ["Status", "Views"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is in production and how the loop stands."""

    deployment: Deployment | None
    n_predictions: int
    n_predictions_by_version: dict[ModelVersion, int]
    labels: LabelCounts
    last_prediction_at: datetime | None
    last_window: Event | None
    last_decision: Event | None
    n_effects_pending: int
    n_dropped: int = 0  # older predictions that stand in the archive only

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        """What was alarmed at the last decision; a promotion or rollback since closes it.

        An alert is raised as an event once, when it is new; it stays open until a decision
        no longer names it.
        """
        decision, deployment = self.last_decision, self.deployment
        if decision is None or (deployment is not None and deployment.seq > decision.seq):
            return ()
        return decision.body.alerts if isinstance(decision.body, DecisionMade) else ()


class Views(Protocol):
    """Questions over the whole store; none of them writes."""

    def status(self) -> Status:
        """Return how the project stands now."""
        ...

    def recent_events(self, *, limit: int) -> tuple[Event, ...]:
        """Return the newest events, newest first."""
        ...

    def last_held_at(self, lease: str) -> datetime | None:
        """Return when a lease was last taken or renewed, on the store's own time.

        None if nobody ever held it.
        """
        ...
