"""Everything a store serves, in memory; the same attributes as the SQL store."""

from __future__ import annotations

from holdfast.testing.fakes.events import InMemoryEventLog, InMemoryReleaseStore
from holdfast.testing.fakes.keys import InMemoryKeyStore
from holdfast.testing.fakes.labels import InMemoryLabelLedger, Ledger
from holdfast.testing.fakes.leases import InMemoryLease
from holdfast.testing.fakes.monitors import InMemoryMonitorStore
from holdfast.testing.fakes.outbox import InMemoryOutbox
from holdfast.testing.fakes.predictions import InMemoryPredictionLog
from holdfast.testing.fakes.profiles import InMemoryProfileStore
from holdfast.testing.fakes.retention import InMemoryRetention
from holdfast.testing.fakes.ticks import InMemoryTickLog
from holdfast.testing.fakes.views import InMemoryViews

__all__ = ["InMemoryStore"]


class InMemoryStore:
    """One store in memory.

    Attributes:
        events: The event log.
        releases: The release projections.
        predictions: The prediction log.
        labels: The label ledger.
        profiles: Profiles by bucket.
        monitors: The state of the monitors that watch over time.
        outbox: Effects that wait for delivery.
        leases: Who may act.
        ticks: When the loop acted last, and will again.
        keys: Who may ask.
        retention: How old rows leave, and how a person is erased.
        views: Read-only questions.
    """

    def __init__(self) -> None:
        ledger = Ledger()
        self.leases = InMemoryLease()
        self.ticks = InMemoryTickLog(self.leases)
        self.outbox = InMemoryOutbox()
        self.events = InMemoryEventLog(self.leases, self.outbox)
        self.releases = InMemoryReleaseStore(self.events)
        self.keys = InMemoryKeyStore(self.events)
        self.predictions = InMemoryPredictionLog(ledger)
        self.labels = InMemoryLabelLedger(ledger)
        self.retention = InMemoryRetention(self.predictions, ledger, self.leases)
        self.profiles = InMemoryProfileStore(self.leases)
        self.monitors = InMemoryMonitorStore(self.leases)
        self.views = InMemoryViews(
            events=self.events,
            releases=self.releases,
            labels=self.labels,
            ledger=ledger,
            outbox=self.outbox,
            leases=self.leases,
            ticks=self.ticks,
        )

    def close(self) -> None:
        """Close nothing: memory goes with the process."""
