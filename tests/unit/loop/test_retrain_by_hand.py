"""A person asks for a retraining: no cooldown, the same guard and the same record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.by_hand import REVERSED, body_of, by_hand

from holdfast.domain.errors import StateError, TargetError, TooFewLabelsError
from holdfast.domain.evidence import Outcome
from holdfast.loop.hold import LEASE
from holdfast.testing.project import DAY, QUIET, MemoryProject, world_rows


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


class TestRetrainByHand:
    def test_promotes_what_the_guard_lets_pass(self, project):
        """Without any cooldown or alarm: a person is in a hurry, the guard is not."""
        ended = by_hand(project)

        assert ended.promoted == "v2"
        assert ended.report.outcome is Outcome.ACCEPT
        assert project.champion.record.version == "v2"
        assert project.kinds[2:] == [
            "retraining_started",
            "challenger_judged",
            "release_registered",
            "champion_promoted",
            "challenger_staged",  # the champion before it, for the probation
        ]

    def test_keeps_the_champion_where_nothing_is_gained(self, project):
        """And says in words what was missing."""
        ended = by_hand(project, world=QUIET, seed=10)

        assert ended.promoted is None
        assert ended.report.outcome is Outcome.REFUSE
        assert project.champion.record.version == "v1"
        assert project.kinds[-1] == "challenger_judged"

    def test_takes_the_logs_mature_rows_if_no_file_is_named(self, project):
        """All of them, since the first promotion."""
        for _ in range(4):
            project.day(world=REVERSED)

        ended = by_hand(project, log=True)

        assert ended.promoted == "v2"
        assert body_of(project, "retraining_started").n_rows == 2000 + 3 * 400

    def test_says_that_too_few_labels_are_there(self, project):
        """Nothing is begun, so no cooldown runs."""
        with pytest.raises(TooFewLabelsError, match="Only 0 of the 500"):
            by_hand(project, log=True)

        assert project.kinds[2:] == []
        assert project.tick().decision is not None  # the lease was given back

    def test_needs_labels_in_the_file(self, project):
        """It is told before anything is begun."""
        with pytest.raises(TargetError, match="Labelled rows are needed to retrain"):
            by_hand(project, rows=(world_rows(100, seed=0)[0], None))

        assert project.kinds[2:] == []

    def test_waits_for_a_loop_that_is_at_work(self, project):
        """Two attempts at once would judge on the same rows."""
        project.store.leases.acquire(LEASE, holder="loop", ttl=DAY)

        with pytest.raises(StateError, match="A control loop is at work now"):
            by_hand(project)

    def test_asked_twice_it_does_not_judge_twice_on_the_same_rows(self, project):
        """The guard finds no rows left, and defers."""
        project.plan = replace(
            project.plan, guard=replace(project.plan.guard, rule="no_worse", margin=-1.0)
        )
        for _ in range(5):
            project.day()

        first, second = by_hand(project, log=True), by_hand(project, log=True)

        assert first.report.outcome is Outcome.REFUSE
        assert second.report.outcome is Outcome.DEFER
        assert second.report.n == 0

    def test_rows_on_which_the_guard_deferred_may_judge_later(self, project):
        """It looked at no label of theirs."""
        project.plan = replace(
            project.plan,
            decision=replace(project.plan.decision, min_labels=200),
            guard=replace(project.plan.guard, rule="no_worse"),
        )
        for _ in range(2):
            project.day(n=300)

        first = by_hand(project, log=True)
        project.day(n=300)
        second = by_hand(project, log=True)

        assert first.report.outcome is Outcome.DEFER
        assert first.report.n == 300
        assert second.report.n == 500  # 200 of them were before the guard already
