"""Views over a store in memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from holdfast.domain.events import DecisionMade, WindowJudged
from holdfast.domain.predictions import Role
from holdfast.ports.views import Status

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.events import Event
    from holdfast.ports.tick_log import LoopTimes
    from holdfast.testing.fakes.events import InMemoryEventLog, InMemoryReleaseStore
    from holdfast.testing.fakes.labels import InMemoryLabelLedger, Ledger
    from holdfast.testing.fakes.leases import InMemoryLease
    from holdfast.testing.fakes.outbox import InMemoryOutbox
    from holdfast.testing.fakes.ticks import InMemoryTickLog

__all__ = ["InMemoryViews"]


class InMemoryViews:
    """`Views` in memory."""

    def __init__(
        self,
        *,
        events: InMemoryEventLog,
        releases: InMemoryReleaseStore,
        labels: InMemoryLabelLedger,
        ledger: Ledger,
        outbox: InMemoryOutbox,
        leases: InMemoryLease,
        ticks: InMemoryTickLog,
    ) -> None:
        self._events, self._releases, self._labels = events, releases, labels
        self._ledger, self._outbox, self._leases = ledger, outbox, leases
        self._ticks = ticks

    def status(self) -> Status:
        """See `Views.status`."""
        rows = [row.prediction for row in self._ledger.rows.values()]
        answers = [row for row in rows if row.role.answers]
        return Status(
            deployment=self._releases.deployment(),
            n_predictions=len(answers),
            n_predictions_by_version=dict(Counter(answer.model_version for answer in answers)),
            labels=self._labels.totals(),
            last_prediction_at=max((answer.predicted_at for answer in answers), default=None),
            last_window=self._newest(WindowJudged),
            last_decision=self._newest(DecisionMade),
            n_effects_pending=len(self._outbox),
            n_dropped=sum(day.removed.n_predictions for day in self._ledger.dropped.values()),
            n_by_role={
                role: dict(Counter(row.model_version for row in rows if row.role is role))
                for role in Role
            },
            n_shadow_dropped=dict(self._ledger.n_shadow_dropped),
            loop=self.loop_times(),
        )

    def recent_events(self, *, limit: int) -> tuple[Event, ...]:
        """See `Views.recent_events`."""
        return tuple(reversed(tuple(self._events.events())))[:limit]

    def loop_times(self) -> LoopTimes:
        """See `Views.loop_times`."""
        return self._ticks.times()

    def last_held_at(self, lease: str) -> datetime | None:
        """See `Views.last_held_at`."""
        return self._leases.last_held_at(lease)

    def _newest(self, kind: type[WindowJudged | DecisionMade]) -> Event | None:
        found = [event for event in self._events.events() if isinstance(event.body, kind)]
        return found[-1] if found else None
