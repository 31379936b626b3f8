"""A server over stores in memory: its deployments and its faults are a test's to choose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from holdfast.domain.treatments import HoldOut
from holdfast.loop.online import OnlinePorts
from holdfast.loop.swap import Champion
from holdfast.serving import ServingLimits, create_app
from holdfast.testing.fakes import FakeClock, InMemoryObjectStore, InMemoryStore
from holdfast.testing.online import TinyRuntime, deploy, put_tiny_release

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class World:
    """What surrounds the server, in a test's hands."""

    def __init__(self) -> None:
        self.store = InMemoryStore()
        self.objects = InMemoryObjectStore()
        self.clock = FakeClock(NOW)
        self.holdout = HoldOut()
        self.store_failure: Exception | None = None
        self.champion = Champion(
            releases=self.store.releases,
            objects=self.objects,
            runtime=TinyRuntime(),
            clock=self.clock,
        )

    @property
    def n_logged(self) -> int:
        """How many rows the log holds."""
        return self.store.views.status().n_predictions

    def deploy(self, version, **options):
        """Put a release into production."""
        record = put_tiny_release(self.objects, version, **options)
        deploy(self.store.events, record, at=NOW)
        return record

    def hang(self):
        """Do not, unless a test replaces this."""

    def check_store(self):
        """Hang or fail as the test wants it."""
        self.hang()
        if self.store_failure is not None:
            raise self.store_failure

    @property
    def ports(self):
        """What a server of this world is given."""
        return OnlinePorts(
            champion=self.champion,
            predictions=self.store.predictions,
            labels=self.store.labels,
            views=self.store.views,
            releases=self.store.releases,
            objects=self.objects,
            clock=self.clock,
            keys=self.store.keys,
            label_maturity=timedelta(days=30),
            check_store=self.check_store,
            holdout=self.holdout,
        )

    def client(self, *, access=None, **limits):
        """Return a client of a server with these limits."""
        app = create_app(self.ports, ServingLimits(**{"threads": 2, **limits}), access)
        return TestClient(app, base_url="http://localhost")


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


@pytest.fixture
def failing(monkeypatch):
    """Let a method of a port fail."""

    def fail(port, method, error):
        def failing_method(*_args, **_kwargs):
            raise error

        monkeypatch.setattr(port, method, failing_method)

    return fail
