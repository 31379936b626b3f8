"""Which policies stand side by side, and that each is what its name says."""

from __future__ import annotations

import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.tables import encode_table
from holdfast.loop.contenders import STANDARD, Contender, Kind, Stage, beside_standard
from holdfast.loop.rehearse import EveryWindow, History, Never, Periodic
from holdfast.loop.rehearse_project import Project
from holdfast.loop.timetable import schedule
from holdfast.testing.project import PLAN, example_candidate, world_rows


def stage():
    first = example_candidate()
    table, labels = world_rows(2500, seed=3)
    matrix = encode_table(table, first.contract)
    return Stage(
        history=History(features=table, matrix=matrix, labels=labels),
        first=first,
        timing=schedule(2500, window=500, label_delay=1),
        trainers=[LogisticRegressionTrainer()],
        runtime=OnnxRuntime(),
        seed=0,
    )


class TestContender:
    @pytest.mark.parametrize(
        ("contender", "kind"),
        [
            (Contender(name="harm", plan=PLAN), Project),
            (Contender(name="never", kind=Kind.NEVER), Never),
            (Contender(name="every_window", kind=Kind.EVERY_WINDOW), EveryWindow),
            (Contender(name="periodic:3", kind=Kind.PERIODIC, every=3), Periodic),
        ],
    )
    def test_is_ready_with_the_first_model(self, contender, kind):
        """All begin alike."""
        policy = contender.ready(stage())

        assert isinstance(policy, kind)
        assert policy.version == "v1"
        assert policy.threshold == example_candidate().contract.threshold

    def test_needs_a_plan_where_the_loop_judges_and_only_there(self):
        """Without one it could not; elsewhere it would be passed over in silence."""
        for wrong in ({"kind": Kind.LOOP}, {"kind": Kind.NEVER, "plan": PLAN}):
            with pytest.raises(ValueError, match="has a plan if, and only if"):
                Contender(name="x", **wrong)

    def test_a_pace_of_nothing_is_refused(self):
        """It would divide by zero."""
        with pytest.raises(ValueError, match="at least one window"):
            Contender(name="periodic:0", kind=Kind.PERIODIC, every=0)


class TestBesideStandard:
    def test_adds_what_every_replay_is_measured_against(self):
        """After those that were asked for, and none of them twice."""
        own = Contender(name="harm", plan=PLAN)

        found = beside_standard([own, STANDARD[1]])

        assert [each.name for each in found] == [
            "harm", "every_window", "never", "every_window_competing",
        ]  # fmt: skip
