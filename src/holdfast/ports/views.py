"""Read-only questions that people ask of a project: status, counts, history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from holdfast.domain.events import DecisionMade
from holdfast.ports.tick_log import LoopTimes

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.events import Event
    from holdfast.domain.evidence import Alert
    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.predictions import LabelCounts, Role
    from holdfast.ports.release_store import Deployment

__all__ = ["Status", "Views"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is in production and how the loop stands.

    Attributes:
        deployment: The champion, and who stands beside it.
        n_predictions: Rows that were answered, by a champion or a canary.
        n_predictions_by_version: The same by version.
        labels: How many labels met which fate.
        last_prediction_at: Of those that were answered.
        last_window: The event of the window judged last.
        last_decision: The event of the last decision.
        n_effects_pending: What is owed to the outside.
        n_dropped: Older predictions that stand in the archive only.
        n_by_role: Logged rows by role and version, shadows' among them.
        n_shadow_dropped: Rows that a version should have scored in shadow and did not.
        loop: When the loop last ticked, and when it will begin the next tick.
    """

    deployment: Deployment | None
    n_predictions: int
    n_predictions_by_version: dict[ModelVersion, int]
    labels: LabelCounts
    last_prediction_at: datetime | None
    last_window: Event | None
    last_decision: Event | None
    n_effects_pending: int
    n_dropped: int = 0
    n_by_role: dict[Role, dict[ModelVersion, int]] = field(default_factory=dict)
    n_shadow_dropped: dict[ModelVersion, int] = field(default_factory=dict)
    loop: LoopTimes = field(default_factory=LoopTimes)

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

    def loop_times(self) -> LoopTimes:
        """Return when the loop last ticked, and when it will begin the next tick."""
        ...

    def last_held_at(self, lease: str) -> datetime | None:
        """Return when a lease was last taken or renewed, on the store's own time.

        None if nobody ever held it.
        """
        ...
