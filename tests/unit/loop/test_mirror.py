"""What people find of a training: where it comes from, what it reached, and why."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from holdfast.domain.errors import TrainingFailedError
from holdfast.domain.ids import EventId
from holdfast.domain.releases import METRICS
from holdfast.loop.deliver import deliver
from holdfast.loop.mirror import SHOWN, origin_of
from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.testing.fakes import InMemoryModelRegistry
from holdfast.testing.project import QUIET, MemoryProject, World, example_bundle, world_rows

REVERSED = World(reversed_concept=True)


class Broken:
    """A trainer that cannot."""

    name = "broken"

    def fit(self, *given, **options):
        raise TrainingFailedError("broken", "out of memory")


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.overrides = {"registry": InMemoryModelRegistry()}
    project.deploy()
    return project


def by_hand(project, world, *, seed=10):
    return retrain_by_hand(
        project.ports,
        project.plan,
        project.champion,
        world_rows(1500, seed=seed, world=world),
        cause="a person asked for it",
        actor="cli",
        holder="terminal",
    )


def retrained_by_decision(project):
    """Let the world turn until the loop has retrained."""
    for _ in range(12):
        project.day(world=REVERSED)
        project.tick()
        if project.champion.record.version != "v1":
            return
    raise AssertionError("the loop never retrained")


def runs(project):
    deliver(project.ports, now=project.clock.now())
    return {run.name: run for run in project.ports.registry.runs.values()}


class TestReleaseRun:
    def test_has_parameters_and_figures_with_their_bounds(self, project):
        """A metric's interval stands beside it under its own name."""
        metrics = json.loads(example_bundle().files[METRICS])

        run = runs(project)["v1"]

        assert run.params["trainer"] == "logistic_regression"
        assert run.params["n_train"] == "1200"
        assert run.params["threshold"] == str(example_bundle().contract.threshold)
        assert run.figures["roc_auc"] == metrics["figures"]["roc_auc"]
        assert [run.figures["roc_auc.low"], run.figures["roc_auc.high"]] == (
            metrics["intervals"]["roc_auc"]
        )
        assert run.figures["validation_brier.logistic_regression"] > 0

    def test_says_where_it_comes_from(self, project):
        """Data, code, release, who asked; of a first training no more is known."""
        run = runs(project)["v1"]

        assert run.tags == {
            "holdfast.actor": "cli",
            "holdfast.origin": "train",
            "holdfast.release_id": example_bundle().manifest.release_id,
            "holdfast.data_digest": "d" * 64,
            "holdfast.code_version": example_bundle().manifest.software,
        }

    def test_has_the_card_with_its_pictures_beside_it(self, project):
        """So that the card's links are found."""
        run = runs(project)["v1"]

        assert set(run.files) == {f"release/{name}" for name in SHOWN}
        assert b"![ROC curve](roc.svg)" in run.files["release/model_card.md"]
        assert "ROC AUC 0." in run.note

    def test_of_a_retraining_names_its_decision_and_the_guards_verdict(self, project):
        """From the release back to what asked for it, in one look."""
        retrained_by_decision(project)

        run = runs(project)[project.champion.record.version]

        decision = next(e for e in project.events if e.event_id == run.tags["holdfast.decision_id"])
        assert decision.body.decision.action == "retrain"
        assert run.tags["holdfast.against"] == "v1"
        assert run.tags["holdfast.guard"] == "accept"
        assert run.tags["holdfast.cause"] == "; ".join(decision.body.decision.reasons)
        assert any(name.startswith("guard.") and name.endswith(".low") for name in run.figures)
        assert b"# Guard: accept" in run.files["guard/report.md"]


class TestAttemptRun:
    def test_a_refused_challenger_is_a_run_with_the_guards_report(self, project):
        """And no version: it never became a release."""
        ended = by_hand(project, QUIET)

        found = runs(project)

        (name,) = found.keys() - {"v1"}
        run = found[name]
        assert ended.attempt_id.endswith(name.removeprefix("attempt "))
        assert run.tags["holdfast.guard"] == ended.report.outcome
        assert ended.report.reason in run.note
        assert run.params["n_rows"] == "3500"
        assert json.loads(run.files["guard/report.json"])["rule"] == ended.report.rule
        assert "holdfast.decision_id" not in run.tags
        assert run.failed is False
        assert project.ports.registry.versions == ["v1"]

    def test_a_failed_training_is_a_failed_run(self, project):
        """With its reason; there is no report."""
        project.overrides["trainers"] = (Broken(),)
        by_hand(project, QUIET)

        found = runs(project)

        (name,) = found.keys() - {"v1"}
        assert found[name].failed is True
        assert "out of memory" in found[name].tags["holdfast.failure"]
        assert found[name].files == {}

    def test_an_outage_loses_no_refusal(self, project):
        """It is delivered when the registry is back, once."""
        project.ports.registry.down = -1
        by_hand(project, QUIET)
        by_hand(project, QUIET)
        project.ports.registry.down = 0
        project.clock.advance(timedelta(hours=7))

        assert len(runs(project)) == 3
        assert next(iter(project.ports.registry.runs.values())).name == "v1"


class TestOriginOf:
    def test_asks_for_an_event_that_is_there(self, project):
        """An effect may be older than a log that somebody put back."""
        with pytest.raises(LookupError, match="no event e9"):
            origin_of(EventId("e9"), project.events)

    def test_a_person_who_asks_after_a_decision_is_still_a_person(self, project):
        """The decision before it has nothing to do with it."""
        retrained_by_decision(project)

        ended = by_hand(project, QUIET)

        (by_a_person,) = [
            run
            for run in runs(project).values()
            if run.tags.get("holdfast.attempt_id") == ended.attempt_id
        ]
        assert by_a_person.tags["holdfast.cause"] == "a person asked for it"
        assert "holdfast.decision_id" not in by_a_person.tags
