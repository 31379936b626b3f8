"""One attempt at a better model: by the loop or by hand, the same guard and the same record."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest
from tests.by_hand import REVERSED, body_of, by_hand

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import (
    LeaseLostError,
    ParityError,
    TooFewLabelsError,
    TrainingFailedError,
)
from holdfast.domain.releases import DISPERSION, MANIFEST, Dispersed, manifest_files
from holdfast.drift.profile import profile
from holdfast.loop import retrain as retraining
from holdfast.loop.fetch_reference import fetch_dispersion
from holdfast.loop.gather import schooling_from_file, schooling_from_log
from holdfast.loop.hold import LEASE
from holdfast.loop.retrain import retrain
from holdfast.policy.transitions import fold
from holdfast.testing.project import DAY, START, MemoryProject, World, example_bundle, world_rows


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


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
        assert set(judged.margins) == {
            "logistic_regression/recent",
            "logistic_regression/all",
            "logistic_regression/decayed",
        }
        assert judged.calibration == "sigmoid"
        assert judged.failures == {}
        assert judged.training_window == "recent"
        assert judged.guard_until == START
        assert {event.actor for event in project.events[2:]} == {"cli"}

    def test_only_windows_that_the_project_names_compete(self, project):
        """The others take no time."""
        project.plan = replace(project.plan, windows=("recent",))

        by_hand(project)

        assert set(body_of(project, "challenger_judged").margins) == {"logistic_regression/recent"}

    def test_the_promotions_reason_is_the_guards(self, project):
        """With the number of rows that it judged on."""
        ended = by_hand(project)

        promoted = project.events[-2].body
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


class TestUnlikeDays:
    KNOWN: ClassVar = {"feature:charges": Dispersed(value=7.5, n_buckets=30, rows=80.0)}

    def test_are_measured_on_the_rows_since_the_onset(self, project):
        """And never across it: the drift would count as unrest, and make monitors blind."""
        for _ in range(17):
            project.day(world=World(reversed_concept=True, shift=40.0), n=100)

        by_hand(project, log=True)

        kept = fetch_dispersion(project.objects, project.champion.record.release_id)
        assert project.champion.record.version == "v2"
        assert kept["feature:charges"].n_buckets == 16  # the last day's labels are too young
        assert kept["feature:charges"].rows == 100.0
        assert kept["feature:charges"].value < 2.0

    def test_leave_out_what_was_learnt_from_before_the_onset(self, project):
        """A window that spans the drift is learnt from as a whole, and measured in part."""
        for shift in [60.0] * 4 + [0.0] * 17:
            project.day(world=World(reversed_concept=True, shift=shift), n=100)
        plan, champion = replace(project.plan, windows=("decayed",)), project.champion
        now, state = project.clock.now(), fold(project.events)
        schooling = schooling_from_log(
            project.ports, plan, champion, state, now=now, onset_at=START + 4 * DAY
        )

        retrain(
            project.ports,
            plan,
            champion,
            schooling,
            cause="a test",
            alarmed=True,
            actor="cli",
            now=now,
        )

        kept = fetch_dispersion(project.objects, project.champion.record.release_id)
        assert kept["feature:charges"].n_buckets == 16
        assert kept["feature:charges"].value < 2.0

    @pytest.mark.parametrize("log", [True, False], ids=["few days", "no times"])
    def test_are_taken_from_the_champion_where_too_few_days_tell(self, log):
        """It knew the world before; if it knew nothing, nothing is known."""
        project = MemoryProject()
        project.deploy(knowing(self.KNOWN))
        for _ in range(4):
            project.day(world=REVERSED)

        by_hand(project, log=log)

        assert project.champion.record.version == "v2"
        assert project.champion.dispersion == {"feature:charges": 7.5}

    def test_are_unknown_where_the_champion_knew_nothing(self, project):
        """Rows of a file, and a champion whose reference bore no times."""
        by_hand(project)

        assert project.champion.record.version == "v2"
        assert project.champion.dispersion == {}


def knowing(dispersion):
    """Return the example's release with what it knows of its days."""
    bundle = example_bundle()
    files = {name: data for name, data in bundle.files.items() if name != MANIFEST}
    files[DISPERSION] = canonical_json(dispersion)
    manifest = replace(bundle.manifest, files=manifest_files(files))
    return replace(bundle, files={**files, MANIFEST: manifest.to_bytes()}, manifest=manifest)


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
        assert str(error).split(": ")[-1].split(".")[0] in ended.failure
        assert body_of(project, "retraining_failed").reason == ended.failure
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

    def test_a_model_that_was_made_before_is_not_put_forward_again(self, project, monkeypatch):
        """Whoever has had a trial, or serves, would be tried for ever."""
        monkeypatch.setattr(retraining, "build_release", lambda *_, **__: example_bundle())

        ended = by_hand(project)

        assert ended.failure.startswith("it came to v1 once more, byte for byte")
        assert project.kinds[-2:] == ["challenger_judged", "retraining_failed"]
        assert (fold(project.events).open_attempt, fold(project.events).refusals) == (None, 1)

    def test_a_candidate_that_never_had_its_turn_has_it_now(self, project, monkeypatch):
        """As an attempt leaves it that broke off before its release was put forward."""
        left = project.register(example_bundle(1))
        monkeypatch.setattr(retraining, "build_release", lambda *_, **__: example_bundle(1))

        ended = by_hand(project)

        assert ended.promoted == left.version == project.champion.record.version
        assert len(project.store.releases.releases()) == 2

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
