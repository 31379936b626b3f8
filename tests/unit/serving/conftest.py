"""A server over fakes: its deployment, its log and its faults are a test's to choose."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from holdfast.domain.errors import (
    RequestConflictError,
    StoreUnavailableError,
    UnknownPredictionError,
)
from holdfast.domain.predictions import LabelCounts, LabelFate, LoggedPrediction
from holdfast.loop.online import OnlinePorts
from holdfast.loop.swap import Champion
from holdfast.ports.views import Status
from holdfast.serving import ServingLimits, create_app
from holdfast.testing.online import DeployedReleases, TinyRuntime, put_tiny_release

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Objects:
    """An object store in a dictionary."""

    def __init__(self):
        self.files = {}

    def put(self, group, files):
        self.files.setdefault(group, dict(files))

    def get(self, group, name):
        try:
            return self.files[group][name]
        except KeyError:
            raise FileNotFoundError(name) from None

    def groups(self):
        return tuple(sorted(self.files))


class Log:
    """A prediction log in a dictionary, with idempotency by the client's id."""

    def __init__(self):
        self.rows = {}
        self.keys = {}
        self.failure = None

    def append(self, contract, requests, predictions):
        if self.failure is not None:
            raise self.failure
        answers = []
        for row, (request, prediction) in enumerate(zip(requests, predictions, strict=True)):
            known = self.keys.get(request.request_id)
            if known is not None and known[0] != request:
                raise RequestConflictError(request.request_id, row=row)
            answers.append(known[1] if known else prediction)
        for request, answer in zip(requests, answers, strict=True):
            if request.request_id is not None:
                self.keys[request.request_id] = (request, answer)
            features = dict(zip(contract.names, request.values, strict=True))
            self.rows[answer.prediction_id] = LoggedPrediction(
                prediction=answer, features=features, entity=request.entity
            )
        return tuple(answers)

    def get(self, prediction_id):
        if prediction_id not in self.rows:
            raise UnknownPredictionError(prediction_id)
        return self.rows[prediction_id]


class Ledger:
    """A label ledger over the fake log: the first label stands."""

    def __init__(self, log):
        self.log = log
        self.labels = []

    def record(self, labels, *, received_at, maturity):
        return LabelCounts.of(tuple(self._fate(label, maturity) for label in labels))

    def _fate(self, label, maturity):
        self.labels.append(label)
        logged = self.log.rows.get(label.prediction_id)
        if logged is None:
            return LabelFate.ORPHAN
        if logged.label is not None:
            same = logged.label == label.positive
            return LabelFate.DUPLICATE if same else LabelFate.CONFLICTING
        self.log.rows[label.prediction_id] = replace(
            logged, label=label.positive, label_observed_at=label.observed_at
        )
        late = label.observed_at - logged.prediction.predicted_at > maturity
        return LabelFate.LATE if late else LabelFate.ACCEPTED


@dataclass
class World:
    """What surrounds the server, in a test's hands; it is the clock and the views as well."""

    objects: Objects = field(default_factory=Objects)
    releases: DeployedReleases = field(default_factory=DeployedReleases)
    log: Log = field(default_factory=Log)
    store_failure: Exception | None = None
    status_changes: dict = field(default_factory=dict)

    def __post_init__(self):
        self.ledger = Ledger(self.log)
        self.champion = Champion(
            releases=self.releases, objects=self.objects, runtime=TinyRuntime(), clock=self
        )

    def now(self):
        return NOW

    def deploy(self, version, **options):
        record = put_tiny_release(self.objects, version, **options)
        self.releases.deploy(record, at=NOW)
        return record

    def check_store(self):
        if self.store_failure is not None:
            raise self.store_failure

    def status(self):
        if isinstance(self.store_failure, StoreUnavailableError):
            raise self.store_failure
        rows = self.log.rows.values()
        status = Status(
            deployment=self.releases.deployment(),
            n_predictions=len(rows),
            n_predictions_by_version=dict(Counter(r.prediction.model_version for r in rows)),
            labels=LabelCounts(),
            last_prediction_at=NOW if rows else None,
            last_window=None,
            last_decision=None,
            open_alerts=(),
            n_effects_pending=0,
        )
        return replace(status, **self.status_changes)

    def app(self, **limits):
        ports = OnlinePorts(
            champion=self.champion,
            predictions=self.log,
            labels=self.ledger,
            views=self,
            releases=self.releases,
            objects=self.objects,
            clock=self,
            label_maturity=timedelta(days=30),
            check_store=self.check_store,
        )
        return create_app(ports, ServingLimits(**{"threads": 2, **limits}))

    def client(self, **limits):
        return TestClient(self.app(**limits), base_url="http://localhost")


@pytest.fixture
def world():
    """A project without a model."""
    return World()


@pytest.fixture
def serving(world):
    """A project whose v1 is in production."""
    world.deploy("v1")
    return world


@pytest.fixture
def client(serving):
    """A client of a running server."""
    with serving.client() as client:
        yield client


@pytest.fixture
def row():
    """A row that fits."""
    return {"tenure": 3, "charges": 70.5, "senior": False, "plan": "monthly"}
