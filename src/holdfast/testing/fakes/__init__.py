"""In memory: stores, a clock that stands still, a trainer that fits nothing; for tests."""

from holdfast.testing.fakes.clock import FakeClock
from holdfast.testing.fakes.events import InMemoryEventLog, InMemoryReleaseStore
from holdfast.testing.fakes.keys import InMemoryKeyStore
from holdfast.testing.fakes.labels import InMemoryLabelLedger
from holdfast.testing.fakes.leases import InMemoryLease
from holdfast.testing.fakes.monitors import InMemoryMonitorStore
from holdfast.testing.fakes.notifier import InMemoryNotifier
from holdfast.testing.fakes.objects import InMemoryObjectStore
from holdfast.testing.fakes.outbox import InMemoryOutbox
from holdfast.testing.fakes.predictions import InMemoryPredictionLog
from holdfast.testing.fakes.profiles import InMemoryProfileStore
from holdfast.testing.fakes.registry import InMemoryModelRegistry
from holdfast.testing.fakes.retention import InMemoryRetention
from holdfast.testing.fakes.store import InMemoryStore
from holdfast.testing.fakes.ticks import InMemoryTickLog
from holdfast.testing.fakes.trainer import OddsModel, OddsTrainer
from holdfast.testing.fakes.tuner import RandomStudy, RandomTuner
from holdfast.testing.fakes.views import InMemoryViews

__all__ = [
    "FakeClock",
    "InMemoryEventLog",
    "InMemoryKeyStore",
    "InMemoryLabelLedger",
    "InMemoryLease",
    "InMemoryModelRegistry",
    "InMemoryMonitorStore",
    "InMemoryNotifier",
    "InMemoryObjectStore",
    "InMemoryOutbox",
    "InMemoryPredictionLog",
    "InMemoryProfileStore",
    "InMemoryReleaseStore",
    "InMemoryRetention",
    "InMemoryStore",
    "InMemoryTickLog",
    "InMemoryViews",
    "OddsModel",
    "OddsTrainer",
    "RandomStudy",
    "RandomTuner",
]
