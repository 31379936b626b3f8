"""What the control plane is given: its ports, its plan, and the champion it looks after."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.domain.canonical import digest
from holdfast.domain.errors import NoChampionError
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.fetch_reference import fetch_importances, fetch_reference
from holdfast.policy.probation import ProbationPolicy
from holdfast.policy.training_windows import WINDOWS
from holdfast.policy.trying import TrialPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    from holdfast.ports.notifier import Notifier
    from holdfast.ports.object_store import ObjectStore
    from holdfast.ports.outbox import Outbox
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.ports.profile_store import ProfileStore
    from holdfast.ports.release_store import ReleaseStore
    from holdfast.ports.runtime import LoadedModel, Runtime
    from holdfast.ports.trainer import Trainer
    from holdfast.ports.tuner import Tuner
    from holdfast.ports.views import Views

__all__ = ["ControlPlan", "ControlPorts", "Incumbent", "incumbent", "incumbent_of"]


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
    monitor: MonitorPolicy
    decision: DecisionPolicy
    guard: GuardPolicy
    trial: TrialPolicy = field(default_factory=TrialPolicy)
    search: SearchPlan | None = None  # None: trainers compete with their own hyperparameters
    probation: ProbationPolicy = field(default_factory=ProbationPolicy)

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
        return digest([bounds, self.decision, self.guard])


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
    objects: ObjectStore
    runtime: Runtime
    trainers: Sequence[Trainer]
    registry: ModelRegistry | None
    notifiers: Sequence[Notifier]
    clock: Clock
    keeping: Keeping | None = None  # None: rows stay in the log for ever
    tuner: Tuner | None = None  # needed by a plan that searches


@dataclass(frozen=True, slots=True, kw_only=True)
class Incumbent:
    """The model in production, with all that judging it needs."""

    record: ReleaseRecord
    contract: Contract
    model: LoadedModel
    reference: ReferenceProfile
    baseline: ModelMetrics
    importances: Importances | None = None  # None: of a release that does not keep them

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
    return Incumbent(
        record=record,
        contract=contract,
        model=ports.runtime.load(model, contract),
        reference=reference,
        baseline=baseline,
        importances=fetch_importances(ports.objects, record.release_id),
    )
