"""A simulated telecom's months through the real loop, on ports in memory and a clock of ours."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.sources import TableSource
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.events import AlertRaised, AlertResolved, AlertUpdated
from holdfast.domain.ids import PredictionId, uuid7
from holdfast.domain.predictions import Label, Prediction, PredictionRequest, Role
from holdfast.domain.tables import conform, encode_table
from holdfast.domain.windows import Window
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.profile import profile
from holdfast.drift.report import DriftPolicy
from holdfast.drift.scores import score_profile
from holdfast.loop.control import ControlPlan
from holdfast.loop.develop import develop
from holdfast.loop.history import History
from holdfast.loop.ingest import DataSpec, ingest
from holdfast.loop.register import build_release
from holdfast.policy.assessing import MonitorPolicy
from holdfast.policy.deciding import DecisionPolicy
from holdfast.policy.guarding import GuardPolicy
from holdfast.policy.monitoring import Monitors, SequentialPolicy
from holdfast.policy.thresholds import FBeta
from holdfast.scenarios.telecom import Telecom
from holdfast.scenarios.telecom.schema import ENTITY, POSITIVE, TARGET
from holdfast.testing.fakes import FakeClock
from holdfast.testing.project import MemoryProject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from holdfast.adapters.stores.sql import SqlStore
    from holdfast.domain.evidence import Alert, Trigger
    from holdfast.drift.sequential import Alarm
    from holdfast.loop.control import Incumbent
    from holdfast.loop.cycle import Tick
    from holdfast.loop.register import ReleaseBundle
    from holdfast.scenarios.telecom import LabelArrival, MonthTraffic
    from holdfast.testing.fakes import InMemoryStore

__all__ = ["DAY", "Life", "Said", "first_model", "lived", "telecom_plan", "watched"]

DAY = timedelta(days=1)
_BUCKETS_PER_YEAR = 365.25
_TRAINING_ROWS = 8_000


def telecom_plan(label_maturity: timedelta) -> ControlPlan:
    """Return the plan that a project has with the default settings and daily buckets."""
    budget = SequentialPolicy(buckets_per_year=_BUCKETS_PER_YEAR)
    return ControlPlan(
        model_name="telecom",
        aim=FBeta(),
        bucket=DAY,
        window=7 * DAY,
        label_maturity=label_maturity,
        monitor=replace(
            MonitorPolicy.within(
                alarms_per_year=budget.alarms_per_year,
                ticks_per_year=_BUCKETS_PER_YEAR,
                weight=budget.window_test_weight,
            ),
            methods={name: METHODS[name] for name in DriftPolicy().decisive},
        ),
        sequential=budget,
        decision=DecisionPolicy(
            cooldown=7 * DAY, cooldown_limit=label_maturity, label_maturity=label_maturity
        ),
        guard=GuardPolicy(),
    )


@cache
def telecom_bundle(seed: int) -> ReleaseBundle:
    """Return the first release, trained on the customers from before the first month."""
    columns = Telecom(seed=seed).training_set(_TRAINING_ROWS).columns
    data = ingest(
        TableSource(pa.table(columns)),
        DataSpec(target=TARGET, positive=POSITIVE, entity=ENTITY),
    )
    aim = FBeta()
    candidate = develop(
        data.features,
        data.labels,
        feature_specs=data.feature_specs,
        target=data.target,
        data_digest=data.digest,
        trainers=[LogisticRegressionTrainer()],
        aim=aim,
        seed=0,
        ordered=True,
    )
    return build_release(
        candidate,
        features=data.features,
        labels=data.labels,
        model_name="telecom",
        runtime=OnnxRuntime(),
        aim=aim,
    )


@dataclass(frozen=True, kw_only=True)
class Said:
    """One thing that the loop said about an incident."""

    on: date  # the last whole day that the tick knew
    alert: Alert
    kind: str  # alert_raised, alert_updated, alert_resolved

    @property
    def trigger(self) -> Trigger:
        """What it is about."""
        return self.alert.trigger


@dataclass
class Life:
    """What the loop said and did while a telecom went through its story."""

    telecom: Telecom
    project: MemoryProject
    champion: Incumbent
    ticks: list[tuple[date, Tick]] = field(default_factory=list)
    ids: dict[str, PredictionId] = field(default_factory=dict)  # by customer

    def tick(self, on: date) -> None:
        """Run a tick at the end of a day; whoever is in production then answers from now on."""
        ticked = self.project.tick()
        self.ticks.append((on, ticked))
        if ticked.retraining is not None and ticked.retraining.promoted is not None:
            self.champion = self.project.champion

    @property
    def said(self) -> list[Said]:
        """Everything about incidents, in the order in which it was written down."""
        told = []
        for event in self.project.events:
            body = event.body
            if isinstance(body, (AlertRaised, AlertUpdated, AlertResolved)):
                on = event.at.date() - DAY
                told.append(Said(on=on, alert=body.alert, kind=event.kind))
        return told

    @property
    def raised(self) -> list[Said]:
        """The first word of each incident."""
        return [one for one in self.said if one.kind == "alert_raised"]

    @property
    def attempts(self) -> list[date]:
        """The days on which a retraining began."""
        return [
            event.at.date() - DAY
            for event in self.project.events
            if event.kind == "retraining_started"
        ]


def lived(telecom: Telecom, store: SqlStore, *, label_maturity: timedelta, every: int = 1) -> Life:
    """Let a telecom's story happen to a project with one model; a tick ends a day.

    Args:
        telecom: Its traffic is seen day by day, its labels on the day they become known.
        store: A new one.
        label_maturity: What the project is told about its labels.
        every: Days between two ticks.
    """
    clock = FakeClock(_midnight(telecom.start))
    project = MemoryProject(clock=clock, plan=telecom_plan(label_maturity))
    project.store = cast("InMemoryStore", store)  # of the same attributes
    project.overrides["history"] = History()  # one process ticks all the time
    project.deploy(telecom_bundle(telecom.seed))
    life = Life(telecom=telecom, project=project, champion=project.champion)
    pending: defaultdict[date, list[LabelArrival]] = defaultdict(list)
    for number in range(1, telecom.n_months + 1):
        traffic = telecom.month(number)
        for label in traffic.labels:
            pending[label.known_at.date()].append(label)
        for on, first, last in _days(traffic):
            _answer(life, traffic, first, last)
            clock.advance(_midnight(on) + DAY - clock.now())
            _hear(life, pending.pop(on, []))
            if on.toordinal() % every == 0:
                life.tick(on)
    return life


@cache
def first_model(seed: int) -> Incumbent:
    """Return the first model, in production in a project of its own."""
    project = MemoryProject(plan=telecom_plan(DAY))
    project.deploy(telecom_bundle(seed))
    return project.champion


def watched(
    telecom: Telecom, *, labels_after: timedelta, model: Incumbent | None = None
) -> tuple[Alarm, ...]:
    """Show each day's counts to the monitors of one model, which is never retrained.

    Args:
        telecom: Whose days.
        labels_after: How long after a day its labels are taken, as far as they have come.
        model: The first one of this telecom by default.

    Returns:
        All alarms, those of rows before those of labels.
    """
    model = model or first_model(telecom.seed)
    monitors = Monitors.of(model.reference, model.baseline, policy=telecom_plan(DAY).sequential)
    state = monitors.start(_midnight(telecom.start))
    of_rows: list[Alarm] = []
    of_labels: list[Alarm] = []
    for number in range(1, telecom.n_months + 1):
        traffic = telecom.month(number)
        table, scores = _scored(model, traffic)
        known = _known(traffic, labels_after)
        for on, first, last in _days(traffic):
            bucket = Window(start_at=_midnight(on), end_at=_midnight(on) + DAY)
            told = [i for i in range(first, last) if traffic.rows[i].customer_id in known]
            outcomes = np.array([known[traffic.rows[i].customer_id] for i in told], dtype=np.bool_)
            cells = model.reference.score_grid
            assert cells is not None
            counts = profile(
                table.slice(first, last - first),
                model.reference.grid,
                scores=score_profile(scores[first:last], cells),
            )
            state, alarms = monitors.see(state, bucket, counts)
            of_rows.extend(alarms)
            state, alarms = monitors.learn(
                state, bucket, score_profile(scores[told], cells, outcomes)
            )
            of_labels.extend(alarms)
    return *of_rows, *of_labels


def _scored(model: Incumbent, traffic: MonthTraffic) -> tuple[pa.Table, NDArray[np.float64]]:
    names = model.contract.names
    columns = {name: [row.features[name] for row in traffic.rows] for name in names}
    table = conform(pa.table(columns), model.contract)
    return table, model.model.score(encode_table(table, model.contract))


def _known(traffic: MonthTraffic, age: timedelta) -> Mapping[str, bool]:
    """Return the first label of each customer whose day was an age ago when it was known."""
    known: dict[str, bool] = {}
    for label in traffic.labels:
        if label.known_at < _midnight(label.predicted_at.date()) + DAY + age:
            known.setdefault(label.customer_id, label.label == POSITIVE)
    return known


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), UTC)


def _days(traffic: MonthTraffic) -> Iterator[tuple[date, int, int]]:
    """Yield each day of a month that has rows, with the first and the end of its rows."""
    first, rows = 0, traffic.rows
    for i in range(1, len(rows) + 1):
        if i == len(rows) or rows[i].at.date() != rows[first].at.date():
            yield rows[first].at.date(), first, i
            first = i


def _answer(life: Life, traffic: MonthTraffic, first: int, last: int) -> None:
    """Have the champion answer a day's rows, and log the answers."""
    champion = life.champion
    contract, rows = champion.contract, traffic.rows[first:last]
    table = conform(
        pa.table({name: [row.features[name] for row in rows] for name in contract.names}), contract
    )
    scores = champion.model.score(encode_table(table, contract))
    answers = [
        Prediction(
            prediction_id=PredictionId(uuid7(row.at)),
            model_version=champion.record.version,
            score=float(score),
            positive=bool(score >= contract.threshold),
            threshold=contract.threshold,
            predicted_at=row.at,
            role=Role.CHAMPION,
        )
        for row, score in zip(rows, scores, strict=True)
    ]
    requests = [
        PredictionRequest(values=values, entity=row.customer_id)
        for row, values in zip(
            rows,
            zip(*(table.column(name).to_pylist() for name in contract.names), strict=True),
            strict=True,
        )
    ]
    life.project.store.predictions.append(contract, requests, answers)
    for row, answer in zip(rows, answers, strict=True):
        life.ids[row.customer_id] = answer.prediction_id


def _hear(life: Life, arrivals: list[LabelArrival]) -> None:
    """Have the labels come in that became known on a day."""
    project = life.project
    labels = [
        Label(
            positive=label.label == POSITIVE,
            observed_at=label.known_at,
            prediction_id=life.ids[label.customer_id],
        )
        for label in sorted(arrivals, key=lambda label: label.known_at)
    ]
    project.store.labels.record(
        labels, received_at=project.clock.now(), maturity=project.plan.label_maturity
    )
