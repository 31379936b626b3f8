"""Contract suites: inherit one for an adapter, give it the fixtures it names, run pytest.

class TestMyLease(LeaseSuite):
    @pytest.fixture
    def leases(self): ...
"""

from holdfast.testing.suites.clock import ClockSuite
from holdfast.testing.suites.data_source import DataSourceSuite
from holdfast.testing.suites.engine import ProfileEngineSuite
from holdfast.testing.suites.event_log import EventLogSuite
from holdfast.testing.suites.key_store import KeyStoreSuite
from holdfast.testing.suites.label_ledger import LabelLedgerSuite
from holdfast.testing.suites.lease import LeaseSuite
from holdfast.testing.suites.model_intake import ModelIntakeSuite
from holdfast.testing.suites.model_registry import ModelRegistrySuite
from holdfast.testing.suites.monitor_store import MonitorStoreSuite
from holdfast.testing.suites.notifier import NotifierSuite
from holdfast.testing.suites.object_store import ObjectStoreSuite
from holdfast.testing.suites.outbox import OutboxSuite
from holdfast.testing.suites.prediction_log import PredictionLogSuite
from holdfast.testing.suites.prediction_reads import PredictionReadsSuite
from holdfast.testing.suites.profile_store import ProfileStoreSuite
from holdfast.testing.suites.record_source import RecordSourceSuite
from holdfast.testing.suites.release_store import ReleaseStoreSuite
from holdfast.testing.suites.retention import RetentionSuite
from holdfast.testing.suites.runtime import RuntimeSuite
from holdfast.testing.suites.stream_detector import StreamDetectorSuite
from holdfast.testing.suites.tick_log import TickLogSuite
from holdfast.testing.suites.trainer import TrainerSuite
from holdfast.testing.suites.tuner import TunerSuite
from holdfast.testing.suites.views import ViewsSuite

__all__ = [
    "ClockSuite",
    "DataSourceSuite",
    "EventLogSuite",
    "KeyStoreSuite",
    "LabelLedgerSuite",
    "LeaseSuite",
    "ModelIntakeSuite",
    "ModelRegistrySuite",
    "MonitorStoreSuite",
    "NotifierSuite",
    "ObjectStoreSuite",
    "OutboxSuite",
    "PredictionLogSuite",
    "PredictionReadsSuite",
    "ProfileEngineSuite",
    "ProfileStoreSuite",
    "RecordSourceSuite",
    "ReleaseStoreSuite",
    "RetentionSuite",
    "RuntimeSuite",
    "StreamDetectorSuite",
    "TickLogSuite",
    "TrainerSuite",
    "TunerSuite",
    "ViewsSuite",
]
