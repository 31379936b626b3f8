"""One attempt at a better model: by the loop or by hand, the same guard and the same record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.errors import (
    LeaseLostError,
    ParityError,
    StateError,
    TargetError,
    TooFewLabelsError,
    TrainingFailedError,
)
from holdfast.domain.evidence import Outcome
from holdfast.drift.profile import profile
from holdfast.loop import retrain as retraining
from holdfast.loop.gather import schooling_from_file
from holdfast.loop.hold import LEASE
from holdfast.loop.retrain import retrain, retrain_by_hand
from holdfast.policy.transitions import fold
from holdfast.testing.project import DAY, QUIET, START, MemoryProject, World, world_rows

REVERSED = World(reversed_concept=True)


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def by_hand(project, *, world=REVERSED, seed=9, rows=None, log=False):
    if rows is None and not log:
        rows = world_rows(1500, seed=seed, world=world)
    return retrain_by_hand(
        project.ports,
        project.plan,
        project.champion,
        rows,
        cause="a person asked for it",
        actor="cli",
        holder="terminal",
    )


def body_of(project, kind):
    (event,) = [event for event in project.events if event.kind == kind]
    return event.body


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


class TestTheRecord:
    def test_tells_cause_rule_candidates_and_rows(self, project):
        """What a person needs who asks, a year later, why."""
        by_hand(project)

        started, judged = (
            body_of(project, "retraining_started"),
            body_of(project, "challenger_judged"),
        )
        assert started.cause == "a person asked for it"
        assert started.n_rows == 2000 + 1500
        assert judged.attempt_id == started.attempt_id
        assert set(judged.margins) == {"logistic_regression/recent", "logistic_regression/all"}
        assert judged.training_window == "recent"
        assert judged.guard_until == START
        assert {event.actor for event in project.events[2:]} == {"cli"}

    def test_the_promotions_reason_is_the_guards(self, project):
        """With the number of rows that it judged on."""
        ended = by_hand(project)

        promoted = project.events[-1].body
        assert promoted.reason == f"{ended.report.reason}, on 750 rows that neither model had seen"

    def test_the_release_is_of_the_attempt(self, project):
        """And its figures are those of the tested model, on the guard's rows."""
        ended = by_hand(project)

        registered = [e.body for e in project.events if e.kind == "release_registered"][-1]
        assert registered.attempt_id == ended.attempt_id
        assert registered.origin == "retrain"
        assert registered.metrics["roc_auc"] > 0.8

    def test_knows_until_when_the_new_champion_has_learnt(self, project):
        """So that its own challengers do not learn the same rows again."""
        for _ in range(4):
            project.day(world=REVERSED)
        by_hand(project, log=True)

        state = fold(project.events)

        assert state.learnt_until == START + 3 * DAY
        assert state.guard_until == START + 3 * DAY


class TestTheGrid:
    def test_outlives_the_promotion_where_it_fits(self, project):
        """What was counted before stays comparable."""
        grid = project.champion.reference.grid

        by_hand(project)

        assert project.champion.record.version == "v2"
        assert project.champion.reference.grid == grid
        assert project.champion.reference.grid.digest == grid.digest

    def test_that_is_kept_keeps_what_was_counted(self, project):
        """After the promotion no row is read again: the next tick counts the new ones."""
        project.days(2, world=REVERSED)
        before = counted(project)
        by_hand(project, world=World(reversed_concept=True, shift=8.0))
        project.log(30)

        tick = project.tick()

        assert project.champion.record.version == "v2"
        assert tick.n_counted == 30
        assert counted(project) == before | {START + 2 * DAY: 30}

    def test_that_is_cut_anew_has_the_open_windows_counted_once_more(self, project):
        """The champion that is judged by them is another; the old counts are left alone."""
        project.days(2, world=REVERSED)
        old, before = project.champion.reference.grid, counted(project)
        by_hand(project, world=World(reversed_concept=True, shift=200.0))

        ticks = [project.tick().n_counted for _ in range(2)]

        assert project.champion.reference.grid.digest != old.digest
        assert ticks == [800, 0]
        assert counted(project) == before
        assert counted(project, old) == before

    def test_is_cut_anew_where_the_new_rows_would_crowd_a_cell(self, project):
        """Charges three times as high lie beyond the last edge: nothing could be told apart."""
        old = project.champion.reference.grid
        rows, labels = world_rows(1500, seed=9, world=World(reversed_concept=True, shift=200.0))

        by_hand(project, rows=(rows, labels))

        new = project.champion.reference.grid
        assert new != old
        assert profile(rows, new).rows_outside < profile(rows, old).rows_outside

    @pytest.mark.parametrize(("n_beyond", "is_kept"), [(75, True), (76, False)])
    def test_is_kept_up_to_a_twentieth_in_one_cell(self, project, n_beyond, is_kept):
        """
        Of the 1,500 rows that the new release learns from, 5% beyond the last edge are
        borne, and one more is not.
        """
        old = project.champion.reference.grid
        rows, labels = world_rows(1500, seed=9, world=REVERSED)
        (edges,) = (cells.edges for cells in old.features if cells.name == "charges")
        charges = np.clip(rows["charges"].to_numpy(), edges[0], edges[-1])
        charges[:n_beyond] = 500.0 + np.arange(n_beyond)
        at = rows.column_names.index("charges")

        by_hand(project, rows=(rows.set_column(at, "charges", pa.array(charges)), labels))

        assert body_of(project, "challenger_judged").training_window == "recent"
        assert project.champion.reference.profile.n_rows == 1500
        assert (project.champion.reference.grid == old) is is_kept


def counted(project, grid=None):
    """Return the rows of each bucket, on the champion's grid by default."""
    digest = (grid or project.champion.reference.grid).digest
    return project.store.profiles.row_counts(digest, start_at=START - DAY, end_at=START + 9 * DAY)


class TestFailure:
    @pytest.mark.parametrize(
        "error",
        [
            TrainingFailedError("logistic_regression", "out of memory"),
            TooFewLabelsError(found=0, required=1, what="validation rows of each class"),
        ],
    )
    def test_ends_the_attempt_with_its_reason(self, project, monkeypatch, error):
        """It counts as one: the cooldown runs, and the champion stays."""

        def fail(*args, **options):
            raise error

        monkeypatch.setattr(LogisticRegressionTrainer, "fit", fail)

        ended = by_hand(project)

        assert ended.promoted is None
        assert ended.report is None
        assert ended.failure == str(error)
        assert body_of(project, "retraining_failed").reason == str(error)
        assert fold(project.events).refusals == 1
        assert project.champion.record.version == "v1"

    def test_a_faulty_export_is_never_released(self, project, monkeypatch):
        """The guard accepted the model, but not what would serve."""

        def fail(*args, **options):
            raise ParityError(worst=0.2, tolerance=1e-5, row="tenure=3")

        monkeypatch.setattr(retraining, "build_release", fail)

        ended = by_hand(project)

        assert "tenure=3" in ended.failure
        assert project.kinds[-2:] == ["challenger_judged", "retraining_failed"]
        assert len(project.store.releases.releases()) == 1

    def test_one_that_lost_its_lease_writes_nothing_more(self, project):
        """Another loop has taken over: its fence is newer."""
        leases = project.store.leases
        outdated = leases.acquire(LEASE, holder="slow", ttl=DAY)
        leases.pass_time(2 * DAY)
        leases.acquire(LEASE, holder="fast", ttl=DAY)
        champion = project.champion
        schooling = schooling_from_file(
            project.ports, champion, *world_rows(1500, seed=9, world=REVERSED), now=START
        )

        with pytest.raises(LeaseLostError):
            retrain(
                project.ports,
                project.plan,
                champion,
                schooling,
                cause="…",
                alarmed=False,
                actor="control",
                now=START,
                fence=outdated,
            )

        assert project.kinds[2:] == []
