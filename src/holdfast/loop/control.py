"""What the control plane is given: its ports, its plan, and the champion it looks after."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.domain.canonical import digest
from holdfast.domain.errors import NoChampionError
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.fetch_reference import fetch_dispersion, fetch_importances, fetch_reference
from holdfast.loop.history import History
from holdfast.policy.monitoring import SequentialPolicy
from holdfast.policy.probation import ProbationPolicy
from holdfast.policy.row_choice import RowPolicy
from holdfast.policy.thresholds import Costs
from holdfast.policy.training_windows import WINDOWS
from holdfast.policy.trying import TrialPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from holdfast.domain.contract import Contract
    from holdfast.domain.releases import Importances, ModelMetrics, ReleaseRecord
    from holdfast.drift.profile import ReferenceProfile
    from holdfast.loop.archive import Keeping
    from holdfast.loop.search import SearchPlan
    from holdfast.policy.assessing import MonitorPolicy
    from holdfast.policy.deciding import DecisionPolicy
    from holdfast.policy.guarding import GuardPolicy
    from holdfast.policy.thresholds import Aim
    from holdfast.ports.clock import Clock
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.label_ledger import LabelLedger
    from holdfast.ports.lease import Lease
    from holdfast.ports.model_registry import ModelRegistry
    from holdfast.ports.monitor_store import MonitorStore
    from holdfast.ports.notifier import Notifier
    from holdfast.ports.object_store import ObjectStore
    from holdfast.ports.outbox import Outbox
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.ports.profile_store import ProfileStore
    from holdfast.ports.release_store import ReleaseStore
    from holdfast.ports.runtime import LoadedModel, Runtime
    from holdfast.ports.tick_log import TickLog
    from holdfast.ports.trainer import Trainer
    from holdfast.ports.tuner import Tuner
    from holdfast.ports.views import Views

__all__ = ["ControlPlan", "ControlPorts", "Incumbent", "incumbent", "incumbent_of"]


def _daily() -> SequentialPolicy:
    return SequentialPolicy(buckets_per_year=365.25)


def _by_rows() -> SequentialPolicy:
    return SequentialPolicy(buckets_per_year=100, alarms_per_year=1.0, critical_per_year=0.0125)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlan:
    """What a project wants of the loop; every bound is in one of the named policies."""

    model_name: str
    aim: Aim
    seed: int = 0
    windows: tuple[str, ...] = WINDOWS  # those from which a retraining may learn
    bucket: timedelta = timedelta(days=1)
    window: timedelta = timedelta(days=7)
    label_maturity: timedelta = timedelta(days=30)
    missing_is_negative: bool = False  # of a row that is mature and has no label
    monitor: MonitorPolicy
    sequential: SequentialPolicy = field(default_factory=_daily)
    sequential_by_rows: SequentialPolicy = field(default_factory=_by_rows)
    decision: DecisionPolicy
    rows: RowPolicy = field(default_factory=RowPolicy)
    guard: GuardPolicy
    trial: TrialPolicy = field(default_factory=TrialPolicy)
    search: SearchPlan | None = None  # None: trainers compete with their own hyperparameters
    probation: ProbationPolicy = field(default_factory=ProbationPolicy)

    @property
    def prices(self) -> tuple[float, float] | None:
        """What a false positive and a false negative cost, if the aim says so."""
        if not isinstance(self.aim, Costs):
            return None
        return self.aim.false_positive, self.aim.false_negative

    def negative_before(self, now: datetime) -> datetime | None:
        """Return before when a prediction without a label counts as negative; None if never."""
        return now - self.label_maturity if self.missing_is_negative else None

    @property
    def policy_digest(self) -> str:
        """Identifies the policies under which a decision was made.

        Methods count by the names of those that decide, which are among the bounds.
        """
        bounds = {
            each.name: getattr(self.monitor, each.name)
            for each in fields(self.monitor)
            if each.name != "methods"
        }
        budget = {
            each.name: getattr(self.sequential, each.name)
            for each in fields(self.sequential)
            if each.name != "weights"
        }
        weights = {what.value: share for what, share in self.sequential.weights.items()}
        return digest([bounds, budget, weights, self.decision, self.rows, self.guard])


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPorts:
    """Everything the control plane reads and acts through; wiring makes it."""

    predictions: PredictionLog
    labels: LabelLedger
    events: EventLog
    releases: ReleaseStore
    profiles: ProfileStore
    outbox: Outbox
    lease: Lease
    views: Views
    ticks: TickLog
    monitors: MonitorStore
    objects: ObjectStore
    runtime: Runtime
    trainers: Sequence[Trainer]
    registry: ModelRegistry | None
    notifiers: Sequence[Notifier]
    clock: Clock
    keeping: Keeping | None = None  # None: rows stay in the log for ever
    tuner: Tuner | None = None  # needed by a plan that searches
    history: History = field(default_factory=History)  # of a process that ticks again and again


@dataclass(frozen=True, slots=True, kw_only=True)
class Incumbent:
    """The model in production, with all that judging it needs."""

    record: ReleaseRecord
    contract: Contract
    model: LoadedModel
    reference: ReferenceProfile
    baseline: ModelMetrics
    importances: Importances | None = None  # None: of a release that does not keep them
    dispersion: Mapping[str, float] = field(default_factory=dict)  # by monitor; {}: not known

    @property
    def weights(self) -> dict[str, float] | None:
        """How much each feature weighs in a share of drifted features, if that is known."""
        return None if self.importances is None else self.importances.weights


def incumbent(ports: ControlPorts) -> Incumbent:
    """Load the champion as the control plane needs it.

    Raises:
        NoChampionError: If nothing is in production yet.
        CorruptReleaseError: If its files are not what was released.
    """
    deployment = ports.releases.deployment()
    if deployment is None:
        raise NoChampionError
    return incumbent_of(ports, deployment.champion)


def incumbent_of(ports: ControlPorts, record: ReleaseRecord) -> Incumbent:
    """Load a release as the control plane needs it, in production or not.

    Raises:
        CorruptReleaseError: If its files are not what was released.
    """
    contract, model = fetch_for_serving(ports.objects, record)
    reference, baseline = fetch_reference(ports.objects, record.release_id)
    dispersion = fetch_dispersion(ports.objects, record.release_id)
    return Incumbent(
        record=record,
        contract=contract,
        model=ports.runtime.load(model, contract),
        reference=reference,
        baseline=baseline,
        importances=fetch_importances(ports.objects, record.release_id),
        dispersion={name: known.value for name, known in dispersion.items()},
    )
