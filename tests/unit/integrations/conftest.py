"""A project in memory, to be opened inside an application."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from tests.unit.serving.conftest import NOW, World

from holdfast.domain.keys import KeyScope, mint
from holdfast.integrations.embedding import Embedding
from holdfast.serving import ServingLimits

ROW = {"tenure": 3, "charges": 70.5, "senior": False, "plan": "monthly"}


class Project:
    """What would be a folder: counts how often it is opened, and fails if it is told to."""

    def __init__(self) -> None:
        self.world = World()
        self.world.deploy("v1")
        self.n_opened = self.n_closed = 0
        self.failure: Exception | None = None

    @contextmanager
    def open(self):
        """Open the ports as wiring would."""
        if self.failure is not None:
            raise self.failure
        self.n_opened += 1
        try:
            yield self.world.ports
        finally:
            self.n_closed += 1

    def embedding(self, auth="auto", **limits):
        """Return what the integrations are given."""
        return Embedding(
            opening=self.open, limits=ServingLimits(**{"threads": 2, **limits}), auth=auth
        )

    def key(self, *scopes):
        """Make an API key and return its secret."""
        minted = mint(scopes=scopes or (KeyScope.PREDICT,), at=NOW)
        self.world.store.keys.add(minted.key, actor="test")
        return minted.secret


@pytest.fixture
def project():
    """A project whose v1 is in production."""
    return Project()


@pytest.fixture
def row():
    """A row that fits."""
    return ROW
