"""What the process-level fault tests begin with: a small project with two releases."""

from __future__ import annotations

import random
from contextlib import contextmanager

import pytest
from tests.harness import NO_MIRROR, Project

from holdfast.cli.opening import training_data
from holdfast.loop.launch import launch
from holdfast.settings import load_settings
from holdfast.wiring.control import open_control, plan_of

CONFIG = """\
[data]
path = "customers.csv"
target = "left"
positive = "yes"
"""


@pytest.fixture(scope="session")
def _two_releases(tmp_path_factory):
    """v1 is in production, v2 learnt from more rows and waits: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("two-releases")
    project = Project(folder, dict(NO_MIRROR))
    project.config.write_text(CONFIG)
    for n_rows in (600, 900):
        write_customers(folder / "customers.csv", n_rows)
        with control_of(project) as (settings, ports):
            launch(ports, plan_of(settings), training_data(settings, None), actor="test")
    return project


@pytest.fixture
def project(_two_releases, tmp_path):
    """A project of the test's own."""
    return _two_releases.copied_to(tmp_path / "p")


@pytest.fixture(scope="session")
def control():
    """Opens a project's control plane in this process, which has imported it already."""
    return control_of


@contextmanager
def control_of(project):
    settings = load_settings(project.folder, environment=project.variables)
    with open_control(settings, create=True) as ports:
        yield settings, ports


def write_customers(path, n):
    """The older leave."""
    rng = random.Random(n)
    lines = ["age,plan,left"]
    for _ in range(n):
        age = rng.uniform(20, 80)
        leaves = rng.random() < (age - 20) / 60
        lines.append(f"{age:.1f},{rng.choice(['basic', 'plus'])},{'yes' if leaves else 'no'}")
    path.write_text("\n".join(lines) + "\n")
