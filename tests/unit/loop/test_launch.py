"""From a data set to a release, and the first one into production."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.errors import TargetError, TrainingFailedError
from holdfast.domain.releases import PROFILE
from holdfast.loop.fetch_reference import fetch_reference
from holdfast.loop.launch import launch
from holdfast.testing.project import PLAN, MemoryProject, training_data, world_rows


@pytest.fixture(name="project")
def _project():
    return MemoryProject()


def data(seed=1, n=1000, **options):
    return training_data(*world_rows(n, seed=seed), **options)


def started(project, given=None):
    return launch(project.ports, PLAN, data() if given is None else given, actor="cli")


class TestLaunch:
    def test_puts_the_first_release_into_production(self, project):
        """Trained, measured, registered, promoted: a project that serves."""
        launched = started(project)

        assert (launched.version, launched.champion) == ("v1", "v1")
        assert project.kinds == ["release_registered", "champion_promoted"]
        assert project.champion.record.release_id == launched.release_id
        assert project.events[1].body.reason == "the first release"

    def test_leaves_a_champion_that_serves_in_its_place(self, project):
        """A later training registers; promoting it is another decision."""
        first = started(project)

        second = started(project, data(seed=2))

        assert (second.version, second.champion) == ("v2", "v1")
        assert project.champion.record.release_id == first.release_id

    def test_trained_again_on_the_same_rows_it_is_the_same_release(self, project):
        """Also after a crash between registration and promotion."""
        first, again = started(project), started(project)

        assert again.release_id == first.release_id
        assert again.version == "v1"
        assert project.kinds == ["release_registered", "champion_promoted"]

    def test_a_later_release_shares_the_grid(self, project):
        """What was counted before it is promoted stays of use."""
        started(project)
        second = started(project, data(seed=2))

        assert _grid(project, second) == project.champion.reference.grid

    def test_a_champion_that_cannot_be_read_lends_no_grid(self, project):
        """Training is a way out of that, and must not fail of it."""
        first = started(project)
        project.objects._groups[first.release_id][PROFILE] += b"x"

        second = started(project, data(seed=2))

        assert (second.version, second.champion) == ("v2", "v1")

    def test_goes_on_after_a_crash_before_the_promotion(self, project):
        """Run again, it promotes what it registered."""
        promoted = project.store.events.append

        def crash(drafts, **options):
            if "promoted" in str(drafts[0].key):
                raise KeyboardInterrupt
            return promoted(drafts, **options)

        project.store.events.append = crash
        with pytest.raises(KeyboardInterrupt):
            started(project)
        project.store.events.append = promoted

        again = started(project)

        assert (again.version, again.champion) == ("v1", "v1")
        assert project.kinds == ["release_registered", "champion_promoted"]

    def test_splits_by_time_where_the_rows_have_one(self, project):
        """Else at random, stratified; the recipe says which."""
        times = np.datetime64("2026-01-01", "us") + np.arange(1000).astype("timedelta64[h]")

        dated, undated = started(project, data(times=times)), started(project)

        assert _split(project, dated) == "time-ordered"
        assert _split(project, undated) == "stratified"

    def test_knows_how_unlike_days_are_where_the_rows_have_a_time(self, project):
        """The champion's monitors count with it."""
        times = np.datetime64("2026-01-01", "us") + np.arange(1000) * np.timedelta64(1, "h")

        started(project, data(times=times))

        assert {"feature:charges", "label", "harm"} <= set(project.champion.dispersion)
        assert all(1.0 <= each < 2.0 for each in project.champion.dispersion.values())

    def test_tells_what_a_person_asks_first(self, project):
        """As plain JSON values too."""
        found = started(project).to_json()

        assert found["n_rows"] == 1000
        assert found["n_test"] == 200
        assert found["trainer"] == "logistic_regression"
        assert found["aim"] == PLAN.aim.describe()
        assert 0.8 < found["metrics"]["roc_auc"] < 0.95
        assert 0 < found["threshold"] < 1

    def test_refuses_a_target_of_one_class(self, project):
        """Nothing is registered."""
        table, labels = world_rows(500, seed=1)

        with pytest.raises(TargetError):
            started(project, training_data(table, np.zeros_like(labels)))

        assert project.events == []

    def test_leaves_nothing_behind_where_no_trainer_succeeds(self, project, monkeypatch):
        """Neither an event nor files."""

        def fail(*args, **options):
            raise TrainingFailedError("logistic_regression", "out of memory")

        monkeypatch.setattr(LogisticRegressionTrainer, "fit", fail)

        with pytest.raises(TrainingFailedError, match="out of memory"):
            started(project)

        assert project.events == []
        assert project.objects.groups() == ()

    def test_keeps_entities_on_one_side(self, project):
        """With every row of the same two people there is nothing to test on."""
        given = replace(data(), entities=np.array(["Ann", "Bob"] * 500, dtype=object))

        with pytest.raises(TargetError):
            started(project, given)


def _split(project, launched):
    from holdfast.loop.fetch import fetch_manifest  # noqa: PLC0415 - beside its only use

    return fetch_manifest(project.objects, launched.release_id).recipe.split


def _grid(project, launched):
    reference, _ = fetch_reference(project.objects, launched.release_id)
    return reference.grid
