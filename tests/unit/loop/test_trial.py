"""A challenger that the loop accepted goes its way over days; or is taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.events import AlertRaised, ChallengerStaged, StageEnded
from holdfast.domain.evidence import Alert, Outcome, Severity, Trigger
from holdfast.domain.ids import ModelVersion, PredictionId, uuid7
from holdfast.domain.predictions import Role
from holdfast.domain.stages import Stage
from holdfast.loop.develop import develop
from holdfast.loop.register import build_release
from holdfast.loop.stage import stage
from holdfast.policy.trying import Next, TrialPolicy
from holdfast.ports.event_log import Draft
from holdfast.testing.project import (
    DAY,
    PLAN,
    QUIET,
    MemoryProject,
    World,
    example_bundle,
    training_data,
    world_rows,
)

if TYPE_CHECKING:
    from holdfast.loop.cycle import Tick

V1, V2 = ModelVersion("v1"), ModelVersion("v2")
REVERSED = World(reversed_concept=True)
TRIED = replace(PLAN, trial=TrialPolicy(path="canary", shadow_for=DAY, canary_for=2 * DAY))


@pytest.fixture(name="project")
def _project():
    """v1 in production, v2, as good as it, in shadow beside it since now."""
    project = MemoryProject(plan=TRIED)
    project.deploy()
    project.register(example_bundle(seed=1))
    stage(project.ports, V2, Stage.SHADOW, reason="accepted", actor="control")
    return project


def let_a_day_pass(project, *, world=QUIET, n=400):
    """Rows are answered, and v2 scores them in shadow or answers some; labels arrive."""
    challenger = project.store.releases.deployment().challenger
    ids = project.log(n, world=world)
    if challenger is not None and challenger.stage is Stage.CANARY:
        project.label(project.log(20, world=world, role=Role.CANARY, version=V2))
    if challenger is not None and challenger.stage is Stage.SHADOW:
        shadow(project, ids[:20])
    project.clock.advance(DAY)
    project.label(ids)


def shadow(project, ids):
    """Log what v2 scores of these rows."""
    log = project.store.predictions._ledger.rows
    rows = [log[i] for i in ids]
    scored = [
        replace(
            row.prediction,
            prediction_id=PredictionId(uuid7(row.prediction.predicted_at)),
            model_version=V2,
            role=Role.SHADOW,
            answered_id=row.prediction.prediction_id,
        )
        for row in rows
    ]
    project.store.predictions.append(
        project.champion.contract, [row.request for row in rows], scored
    )


def tick_by_tick(project, days, **world):
    steps = []
    for _ in range(days):
        let_a_day_pass(project, **world)
        trial = project.tick().trial
        steps.append(None if trial is None else trial.next)
    return steps


def refuse(project, version=V2):
    """Have a server say that it could not load a release."""
    alert = Alert(
        trigger=Trigger.SERVING, severity=Severity.CRITICAL, subject=version, message="it is torn"
    )
    draft = Draft(body=AlertRaised(alert=alert, model_version=version), actor="server")
    project.store.events.append([draft], at=project.clock.now())


def in_production(project):
    return project.store.releases.deployment().champion.version


class TestGoOn:
    def test_leads_from_shadow_over_canary_to_champion(self, project):
        """By the tick after each stage has lasted; every step is an event with its reason."""
        steps = tick_by_tick(project, 4)

        assert steps == [Next.CANARY, Next.WAIT, Next.PROMOTE, None]
        assert in_production(project) == V2
        _, canary, beside = [e.body for e in project.events if isinstance(e.body, ChallengerStaged)]
        assert (beside.version, beside.stage) == (V1, Stage.PROBATION)
        assert (canary.stage, canary.share) == (Stage.CANARY, 0.1)
        assert "its shadow stage went without a failure" in canary.reason

    def test_waits_for_traffic(self, project):
        """A shadow that saw no row has shown nothing."""
        project.clock.advance(2 * DAY)

        assert project.tick().trial.next is Next.WAIT
        assert in_production(project) == V1

    def test_takes_back_what_a_server_could_not_load(self, project):
        """At the next tick, in the server's words."""
        let_a_day_pass(project)
        refuse(project)

        project.tick()

        ended = [event.body for event in project.events if isinstance(event.body, StageEnded)]
        assert [(body.version, body.reason) for body in ended] == [(V2, "it is torn")]
        assert project.store.releases.deployment().challenger is None

    def test_takes_back_what_labels_show_to_be_worse(self, project):
        """Here v2 knows the world the wrong way round."""
        worse = example_of(REVERSED)
        record = project.register(worse)
        stage(project.ports, record.version, Stage.CANARY, share=0.5, reason="forced", actor="cli")
        for _ in range(3):
            let_a_day_pass(project)

        step = project.tick().trial

        assert step.next is Next.WITHDRAW
        assert "significantly worse than the champion" in step.reason
        assert in_production(project) == V1

    def test_leaves_a_trial_to_the_person_who_began_it_where_the_path_is_direct(self, project):
        """Nobody asked the loop to."""
        project.plan = PLAN

        assert tick_by_tick(project, 2) == [None, None]
        assert project.store.releases.deployment().challenger is not None


class TestRetraining:
    def test_lets_what_the_guard_accepts_be_tried_first(self):
        """The champion stays until the trial has ended well."""
        project = MemoryProject(plan=TRIED)
        project.deploy()
        project.days(4)
        ticks: list[Tick] = []
        while not any(done.retraining and done.retraining.staged for done in ticks):
            ticks += project.days(1, world=REVERSED)
            assert len(ticks) < 12

        retraining = ticks[-1].retraining

        assert retraining is not None
        assert retraining.report is not None
        assert retraining.report.outcome is Outcome.ACCEPT
        assert retraining.promoted is None
        assert in_production(project) == V1
        deployment = project.store.releases.deployment()
        assert deployment is not None
        challenger = deployment.challenger
        assert challenger is not None
        assert (challenger.record.version, challenger.stage) == (
            retraining.staged,
            Stage.SHADOW,
        )


def example_of(world):
    """Return a release trained in another world."""
    table, labels = world_rows(2000, seed=77, world=world)
    data = training_data(table, labels)
    candidate = develop(
        data.features,
        data.labels,
        feature_specs=data.feature_specs,
        target=data.target,
        data_digest=data.digest,
        trainers=[LogisticRegressionTrainer()],
        aim=PLAN.aim,
        seed=0,
        ordered=True,
    )
    return build_release(
        candidate, features=table, labels=labels, model_name="churn", runtime=OnnxRuntime()
    )
