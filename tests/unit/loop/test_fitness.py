"""Tests of whether a challenger's export can be served."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import numpy as np
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.errors import CorruptReleaseError
from holdfast.domain.tables import encode_table
from holdfast.loop.fitness import fitness
from holdfast.policy.guarding import GuardPolicy
from holdfast.testing.project import example_candidate, world_rows

CANDIDATE = example_candidate()
RUNTIME = OnnxRuntime()
CHAMPION = RUNTIME.load(CANDIDATE.model.to_onnx(), CANDIDATE.contract)
ROWS = encode_table(world_rows(300, seed=3)[0], CANDIDATE.contract)


def checked(*, rows=ROWS, runtime=RUNTIME, policy=None, seconds=0.00125):
    ticks = count()
    return fitness(
        CANDIDATE.tested,
        CHAMPION,
        rows,
        policy or GuardPolicy(),
        runtime,
        stopwatch=lambda: next(ticks) * seconds,
    )


class Skewed:
    """A runtime whose models say a little more than was trained."""

    def load(self, model, contract):
        loaded = RUNTIME.load(model, contract)

        class Model:
            def score(self, rows):
                return np.minimum(loaded.score(rows) + 0.01, 1.0)

        return Model()


class Broken:
    """A runtime that can load nothing."""

    def load(self, model, contract):
        raise CorruptReleaseError("r1", "is no model")


class TestFitness:
    def test_a_faithful_and_quick_export_passes(self):
        """Each line with its figure."""
        parity, latency = checked()

        assert (parity.name, latency.name) == ("parity", "latency")
        assert parity.passed
        assert latency.passed
        assert parity.estimate < 1e-5
        assert latency.estimate == pytest.approx(1.25)
        assert latency.reason == (
            "one row is scored in under 2 ms, by the champion in under 2 ms; 10 ms are allowed"
        )
        assert parity.reason.startswith("the export repeats the model's scores to within 1e-0")

    def test_an_export_that_says_something_else_fails(self):
        """The worst row is named; how fast it is does not matter any more."""
        (parity,) = checked(runtime=Skewed())

        assert not parity.passed
        assert "row" in parity.reason

    def test_an_export_that_does_not_load_fails(self):
        """And says so in the report, not in a traceback."""
        (parity,) = checked(runtime=Broken())

        assert not parity.passed
        assert "is no model" in parity.reason

    def test_a_slow_one_fails(self):
        """By the project's own limit."""
        policy = replace(GuardPolicy(), max_latency=timedelta(microseconds=500))

        _, latency = checked(policy=policy)

        assert not latency.passed

    def test_a_single_pause_of_the_machine_does_not_count(self):
        """It is the middle of a hundred rows that is looked at."""
        ticks = count()

        def stopwatch():
            tick = next(ticks)
            return tick * 0.001 + (5.0 if tick > 30 else 0.0)

        _, latency = fitness(
            CANDIDATE.tested, CHAMPION, ROWS, GuardPolicy(), RUNTIME, stopwatch=stopwatch
        )

        assert latency.estimate == pytest.approx(1.0)

    def test_without_rows_nothing_is_checked(self):
        """The guard defers then."""
        assert checked(rows=ROWS.take(slice(0))) == ()
