"""Tests of holdfast.adapters.trainers.contained: trainers that go wrong, in a child process."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from holdfast.adapters.trainers.contained import ContainedTrainer, Workshop
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.errors import TrainingFailedError, TrainingTooLongError
from holdfast.testing.fakes import OddsTrainer
from holdfast.testing.learnable import learnable

pytestmark = pytest.mark.slow

DATA = learnable(60)
BAD_TRAINERS = """
import ctypes, os, signal, sys, time
import numpy as np
from holdfast.testing.fakes import OddsTrainer

class Bad:
    def __init__(self, name="bad"):
        self.name = name

class Hanging(Bad):
    def fit(self, *_, **__):
        while True:
            time.sleep(0.01)

class Greedy(Bad):
    def fit(self, *_, **__):
        kept = []
        while True:
            kept.append(np.ones(1 << 23))  # 64 MiB, touched

class Aborting(Bad):
    def fit(self, *_, **__):
        os.abort()

class Crashing(Bad):
    def fit(self, *_, **__):
        ctypes.string_at(0)

class Killed(Bad):
    def fit(self, *_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

class Leaving(Bad):
    def fit(self, *_, **__):
        os._exit(3)

class Exiting(Bad):
    def fit(self, *_, **__):
        sys.exit(5)

class Raising(Bad):
    def fit(self, *_, **__):
        raise ZeroDivisionError("halfway")

class Secretive(Bad):
    def fit(self, *_, **__):
        model = OddsTrainer().fit(*_, **__)
        model.secret = lambda: 1
        return model

class Talking(Bad):
    def fit(self, *_, **__):
        print("a word on standard output")
        return OddsTrainer(factor=float(os.getpid())).fit(*_, **__)
"""


@pytest.fixture(name="bad")
def _bad(tmp_path, monkeypatch):
    """The module of trainers that go wrong, where child processes find it too."""
    (tmp_path / "bad_trainers.py").write_text(BAD_TRAINERS)
    monkeypatch.syspath_prepend(str(tmp_path))

    yield importlib.import_module("bad_trainers")

    del sys.modules["bad_trainers"]


@pytest.fixture(name="workshop")
def _workshop():
    workshop = Workshop(time_limit=timedelta(seconds=60), memory_limit=512 << 20)
    yield workshop
    workshop.close()


def fit(trainer, workshop):
    contained = ContainedTrainer(trainer=trainer, workshop=workshop)
    return contained.fit(DATA.matrix, DATA.labels, contract=DATA.contract, seed=0)


class TestContainedTrainer:
    @pytest.mark.parametrize(
        ("name", "found"),
        [
            ("Aborting", r"its process crashed \(SIGABRT\)"),
            ("Crashing", r"its process crashed \(SIGSEGV\)"),
            ("Killed", "killed, as a system does that is out of memory"),
            ("Leaving", r"its process ended by itself \(exit code 3\)"),
            ("Exiting", r"its process ended by itself \(exit code 5\)"),
            ("Raising", "ZeroDivisionError: halfway"),
            ("Greedy", r"it ran out of memory \(\[train\] memory_limit_mb = 512\)"),
            ("Secretive", "its fitted model cannot be passed on: "),
        ],
    )
    def test_survives_a_trainer_that(self, bad, workshop, name, found):
        """Whatever it does there, it has failed here, by name; and the next one works."""
        with pytest.raises(TrainingFailedError, match=f"'bad' failed: .*{found}"):
            fit(getattr(bad, name)(), workshop)

        assert fit(OddsTrainer(), workshop).parameters == {"factor": -0.05}

    def test_ends_a_trainer_that_hangs(self, bad):
        """In the time that the settings allow; its process is gone."""
        workshop = Workshop(time_limit=timedelta(seconds=3))
        began = time.monotonic()

        with pytest.raises(TrainingTooLongError, match=r"within \[train\] time_limit = 3s"):
            fit(bad.Hanging(), workshop)

        assert time.monotonic() - began < 30
        assert children_of(os.getpid()) == []

    def test_uses_one_process_for_many_fits(self, bad, workshop):
        """To start one takes a second; a training fits seven times and more."""
        first, second = (fit(bad.Talking(), workshop).factor for _ in range(2))

        assert first == second != os.getpid()

    def test_keeps_standard_output_for_the_command(self, bad, workshop, capfd):
        """What a trainer prints must not end up in the middle of a command's JSON."""
        fit(bad.Talking(), workshop)

        said = capfd.readouterr()
        assert said.out == ""
        assert "a word on standard output" in said.err

    def test_refuses_a_trainer_that_cannot_be_sent(self, workshop):
        """A function in a function has no name by which the child could find it."""
        trainer = OddsTrainer()
        trainer.secret = lambda: 1  # type: ignore[attr-defined] # what a user may do

        with pytest.raises(TrainingFailedError, match="cannot be passed to the process"):
            fit(trainer, workshop)

    def test_starts_another_process_if_the_first_has_gone(self, bad, workshop):
        """It leaves when it has been idle, or somebody ends it."""
        first = fit(bad.Talking(), workshop).factor
        os.kill(int(first), signal.SIGKILL)
        os.waitid(os.P_PID, int(first), os.WEXITED | os.WNOWAIT)

        assert fit(bad.Talking(), workshop).factor != first

    def test_leaves_no_process_behind(self, bad, workshop):
        """Also if nobody closes it."""
        fit(OddsTrainer(), workshop)
        assert len(children_of(os.getpid())) == 1

        workshop.close()

        assert children_of(os.getpid()) == []

    def test_goes_with_its_parent(self, tmp_path, bad):
        """A control loop that is killed leaves no hanging training behind."""
        script = (
            "from tests.unit.adapters.trainers.test_contained import *; import bad_trainers\n"
            "fit(bad_trainers.Hanging(), Workshop(time_limit=timedelta(minutes=5)))"
        )
        parent = subprocess.Popen(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        )
        child = wait_for(lambda: children_of(parent.pid))[0]

        parent.kill()
        parent.wait(10)

        assert wait_for(lambda: not is_alive(child))

    def test_can_be_tuned_as_the_trainer_in_it(self, workshop):
        """Other values, the same workshop; one that lets nothing vary says so."""
        inside = LogisticRegressionTrainer()
        tunable = ContainedTrainer(trainer=inside, workshop=workshop)
        fixed = ContainedTrainer(trainer=OddsTrainer(), workshop=workshop)

        tuned = tunable.with_setting({"inverse_penalty": 0.5})

        assert tunable.spans == inside.spans
        assert tuned.setting == {"inverse_penalty": 0.5}
        assert tuned.workshop is workshop
        assert (fixed.spans, fixed.setting) == ({}, {})
        assert fixed.with_setting({}) is fixed


def children_of(parent):
    """Return the process ids of the children in which trainers work."""
    done = subprocess.run(
        ["pgrep", "-P", str(parent), "-f", "adapters.trainers.child"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [int(pid) for pid in done.stdout.split()]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(what, *, patience=30.0):
    """Return what is true in the end."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")
