"""A whole project in memory whose world can change under it, for tests of the loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.contract import Feature, FeatureKind, Target
from holdfast.domain.ids import PredictionId, uuid7
from holdfast.domain.predictions import Label, Prediction, PredictionRequest, Role
from holdfast.domain.releases import PROFILE
from holdfast.domain.survey import Survey
from holdfast.domain.tables import encode_table
from holdfast.drift.profile import ReferenceProfile
from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent, incumbent
from holdfast.loop.cycle import Tick, tick
from holdfast.loop.develop import develop
from holdfast.loop.ingest import TrainingData
from holdfast.loop.promote import promote
from holdfast.loop.register import ReleaseBundle, build_release, register
from holdfast.policy.assessing import MonitorPolicy
from holdfast.policy.deciding import DecisionPolicy
from holdfast.policy.guarding import GuardPolicy
from holdfast.policy.thresholds import FBeta
from holdfast.testing.fakes import FakeClock, InMemoryObjectStore, InMemoryStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.domain.events import Event
    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.releases import ReleaseRecord
    from holdfast.loop.develop import Candidate

__all__ = [
    "DAY",
    "PLAN",
    "QUIET",
    "START",
    "MemoryProject",
    "World",
    "example_bundle",
    "example_candidate",
    "training_data",
    "world_rows",
]

START = datetime(2026, 3, 2, tzinfo=UTC)
"""When a project in memory begins: the first instant of a bucket."""

DAY = timedelta(days=1)

PLAN = ControlPlan(
    model_name="churn",
    aim=FBeta(),
    bucket=DAY,
    window=4 * DAY,
    label_maturity=DAY,
    monitor=MonitorPolicy(),
    decision=DecisionPolicy(cooldown=3 * DAY, cooldown_limit=12 * DAY),
    guard=GuardPolicy(),
)
"""Small windows and fast labels: a story takes days, not months."""

_FEATURES = (
    Feature(name="tenure", kind=FeatureKind.NUMERIC, nullable=True, typical=36.0),
    Feature(name="charges", kind=FeatureKind.NUMERIC, nullable=True, typical=70.0),
    Feature(
        name="plan",
        kind=FeatureKind.CATEGORICAL,
        nullable=True,
        typical="monthly",
        categories=("monthly", "yearly"),
    ),
)
_TARGET = Target(name="left", positive="yes", negative="no")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How rows and their labels come about.

    Attributes:
        reversed_concept: It is the long-standing customers who leave.
        shift: Added to the charges, on which no label depends: drift without harm.
        lost: Share of the rows whose tenure exists, but does not arrive.
    """

    reversed_concept: bool = False
    shift: float = 0.0
    lost: float = 0.0


QUIET = World()
"""The world in which the first release was trained."""


def world_rows(n: int, *, seed: int, world: World = QUIET) -> tuple[pa.Table, NDArray[np.bool_]]:
    """Return rows of customers and who of them leaves, shape ``(n,)``.

    Args:
        n: Rows.
        seed: Fixes them; two worlds share what they do not change.
        world: How they come about.
    """
    rng = np.random.default_rng(seed)
    tenure, monthly = rng.uniform(0, 72, n), rng.random(n) < 0.5
    charges, lost, luck = rng.normal(70, 10, n), rng.random(n), rng.random(n)
    pull = (36 - tenure) / 12 * (-1 if world.reversed_concept else 1)
    labels = luck < 1 / (1 + np.exp(0.5 - pull - monthly))
    table = pa.table(
        {
            "tenure": pa.array(tenure, pa.float64(), mask=lost < world.lost),
            "charges": pa.array(charges + world.shift),
            "plan": pa.array(np.where(monthly, "monthly", "yearly").tolist(), pa.string()),
        }
    )
    return table, labels


def training_data(
    table: pa.Table,
    labels: NDArray[np.bool_],
    *,
    times: NDArray[np.datetime64] | None = None,
) -> TrainingData:
    """Return rows of `world_rows` as `ingest` returns those of a file."""
    return TrainingData(
        features=table,
        labels=labels,
        feature_specs=_FEATURES,
        target=_TARGET,
        entities=None,
        times=times,
        digest="d" * 64,
        survey=Survey(n_rows=table.num_rows, columns=()),
    )


@cache
def example_candidate(seed: int = 0, n: int = 2000) -> Candidate:
    """Return a logistic regression that was trained on `n` rows of the quiet world."""
    data = training_data(*world_rows(n, seed=1000 + seed))
    return develop(
        data.features,
        data.labels,
        feature_specs=data.feature_specs,
        target=data.target,
        data_digest=data.digest,
        trainers=[LogisticRegressionTrainer()],
        aim=PLAN.aim,
        seed=seed,
        ordered=True,
    )


@cache
def example_bundle(seed: int = 0, n: int = 2000, *, on_grid_of: int | None = None) -> ReleaseBundle:
    """Return the release of `example_candidate`; other seeds make other releases.

    Args:
        seed: Of the candidate.
        n: Rows that it is trained on.
        on_grid_of: The seed of the release whose grid it shares; it cuts its own by default.
    """
    table, labels = world_rows(n, seed=1000 + seed)
    shared = None if on_grid_of is None else example_bundle(on_grid_of, n).files[PROFILE]
    return build_release(
        example_candidate(seed, n),
        features=table,
        labels=labels,
        model_name=PLAN.model_name,
        runtime=OnnxRuntime(),
        aim=PLAN.aim,
        grid=None if shared is None else ReferenceProfile.from_bytes(shared).grid,
    )


@dataclass
class MemoryProject:
    """A project with a real model, on a store, a release folder and a clock in memory.

    Attributes:
        store: Everything that a store serves.
        objects: The releases' files.
        clock: Stands still until `day`, or a test, moves it.
        plan: What the project wants of the loop.
        overrides: Ports that a test puts in place of the usual ones.
        truths: The label of each prediction, in the order of prediction.
    """

    store: InMemoryStore = field(default_factory=InMemoryStore)
    objects: InMemoryObjectStore = field(default_factory=InMemoryObjectStore)
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    plan: ControlPlan = PLAN
    overrides: dict[str, Any] = field(default_factory=dict)
    truths: dict[PredictionId, bool] = field(default_factory=dict)
    n_logged: int = 0

    @property
    def ports(self) -> ControlPorts:
        """The ports, made anew at each call, as another process would make them."""
        usual: dict[str, Any] = {
            "predictions": self.store.predictions,
            "labels": self.store.labels,
            "events": self.store.events,
            "releases": self.store.releases,
            "profiles": self.store.profiles,
            "outbox": self.store.outbox,
            "lease": self.store.leases,
            "views": self.store.views,
            "ticks": self.store.ticks,
            "monitors": self.store.monitors,
            "objects": self.objects,
            "runtime": OnnxRuntime(),
            "trainers": (LogisticRegressionTrainer(),),
            "registry": None,
            "notifiers": (),
            "clock": self.clock,
        }
        return ControlPorts(**(usual | self.overrides))

    @property
    def events(self) -> list[Event]:
        """Everything that happened."""
        return list(self.store.events.events())

    @property
    def kinds(self) -> list[str]:
        """The kinds of everything that happened, in order."""
        return [event.kind for event in self.events]

    @property
    def champion(self) -> Incumbent:
        """The model in production."""
        return incumbent(self.ports)

    def register(self, bundle: ReleaseBundle) -> ReleaseRecord:
        """Register a release."""
        return register(
            bundle,
            objects=self.objects,
            events=self.store.events,
            predictions=self.store.predictions,
            releases=self.store.releases,
            clock=self.clock,
            actor="cli",
            origin="train",
        )

    def deploy(self, bundle: ReleaseBundle | None = None) -> ReleaseRecord:
        """Register a release, the first example by default, and put it into production."""
        record = self.register(bundle or example_bundle())
        promote(self.ports, record.version, reason="a test", actor="cli", contract_change=True)
        return record

    def log(
        self,
        n: int,
        *,
        world: World = QUIET,
        at: datetime | None = None,
        over: timedelta = DAY,
        role: Role = Role.CHAMPION,
        version: ModelVersion | None = None,
    ) -> list[PredictionId]:
        """Have the champion score `n` rows of a world and log the answers.

        Args:
            n: Rows; never the same ones twice.
            world: How they come about.
            at: When the first is answered; now by default.
            over: They are answered at even distances over this stretch.
            role: In which capacity.
            version: Under which version they are logged; the champion's by default.
        """
        champion, begin = self.champion, at or self.clock.now()
        table, labels = world_rows(n, seed=self.n_logged, world=world)
        scores = champion.model.score(encode_table(table, champion.contract))
        moments = [begin + i * over / n for i in range(n)]
        columns = (table.column(name).to_pylist() for name in champion.contract.names)
        answers = [
            Prediction(
                prediction_id=PredictionId(uuid7(moment)),
                model_version=version or champion.record.version,
                score=float(score),
                positive=bool(score >= champion.contract.threshold),
                threshold=champion.contract.threshold,
                predicted_at=moment,
                role=role,
            )
            for moment, score in zip(moments, scores, strict=True)
        ]
        requests = [PredictionRequest(values=row) for row in zip(*columns, strict=True)]
        self.store.predictions.append(champion.contract, requests, answers)
        self.n_logged += n
        ids = [answer.prediction_id for answer in answers]
        self.truths |= dict(zip(ids, labels.tolist(), strict=True))
        return ids

    def label(self, ids: Sequence[PredictionId]) -> None:
        """Have the true labels of these predictions arrive now."""
        now = self.clock.now()
        labels = [Label(positive=self.truths[i], observed_at=now, prediction_id=i) for i in ids]
        self.store.labels.record(labels, received_at=now, maturity=self.plan.label_maturity)

    def try_tick(self, *, holder: str = "one") -> Tick | None:
        """Run one control tick now, if nobody else holds the lease."""
        return tick(self.ports, self.plan, actor="control", holder=holder)

    def tick(self, *, holder: str = "one") -> Tick:
        """Run one control tick now.

        Raises:
            RuntimeError: If somebody else holds the lease.
        """
        done = self.try_tick(holder=holder)
        if done is None:
            raise RuntimeError("somebody else holds the lease")
        return done

    def day(self, *, n: int = 400, world: World = QUIET, labelled: bool = True) -> None:
        """Let a day pass: its rows are logged, and labelled by its end."""
        ids = self.log(n, world=world)
        self.clock.advance(DAY)
        if labelled:
            self.label(ids)

    def days(self, count: int, *, n: int = 400, world: World = QUIET) -> list[Tick]:
        """Let days pass, with a tick at the end of each."""
        ticks = []
        for _ in range(count):
            self.day(n=n, world=world)
            ticks.append(self.tick())
        return ticks
