"""Which hyperparameters compete: at a training searched for, at a retraining remembered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.adapters.tuners.optuna import OptunaTuner
from holdfast.loop.fetch import fetch_manifest
from holdfast.loop.launch import launch
from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.loop.search import Budget, SearchPlan
from holdfast.loop.split import split_rows
from holdfast.loop.tune import for_training
from holdfast.testing.fakes.trainer import OddsTrainer
from holdfast.testing.fakes.tuner import RandomTuner
from holdfast.testing.project import PLAN, MemoryProject, World, training_data, world_rows

SEARCH = SearchPlan(budget=Budget(n_trials=3))


def project_of(search=SEARCH, **overrides):
    return MemoryProject(
        plan=replace(PLAN, search=search), overrides={"tuner": RandomTuner(), **overrides}
    )


def started(project, **options):
    data = training_data(*world_rows(1000, seed=1), **options)
    return launch(project.ports, project.plan, data, actor="cli")


def recipe_of(project, version):
    (record,) = [one for one in project.store.releases.releases() if one.version == version]
    return fetch_manifest(project.objects, record.release_id).recipe


def retrained(project):
    return retrain_by_hand(
        project.ports,
        project.plan,
        project.champion,
        world_rows(1500, seed=9, world=World(reversed_concept=True)),
        cause="a person asked for it",
        actor="cli",
        holder="terminal",
    )


class TestTraining:
    def test_writes_down_what_was_found(self):
        """The model's parameters are those, and the number of trials stands beside them."""
        project = project_of(tuner=OptunaTuner())

        launched = started(project)

        recipe = recipe_of(project, "v1")
        found = recipe.search["logistic_regression"]
        assert found.n_trials == 3
        assert recipe.parameters["inverse_penalty"] == found.setting["inverse_penalty"]
        assert launched.search == recipe.search
        assert launched.to_json()["search"]["logistic_regression"]["n_trials"] == 3

    def test_searches_nothing_unless_asked(self):
        """It takes time that nobody offered."""
        project = project_of(search=None)

        started(project)

        assert project.overrides["tuner"].studies == []
        assert recipe_of(project, "v1").search == {}

    @pytest.mark.parametrize("ordered", [True, False])
    def test_looks_at_training_rows_alone(self, ordered):
        """
        Rows that choose, calibrate and test are turned round: the search comes out alike. A
        third of the training rows is, and it does not.
        """
        table, labels = world_rows(1000, seed=1)
        times = np.datetime64("2026-01-01", "us") + np.arange(1000).astype("timedelta64[h]")
        options = {"times": times} if ordered else {}
        data = training_data(table, labels, **options)
        split = split_rows(labels, target=data.target, ordered=ordered, seed=PLAN.seed)

        def found(turned):
            tenure = table.column("tenure").to_numpy().copy()
            tenure[turned] = 72 - tenure[turned]
            poisoned = table.set_column(0, "tenure", [tenure])
            project = project_of()
            return for_training(
                project.ports, project.plan, training_data(poisoned, labels, **options)
            ).tuned

        honest = found([])
        assert found(split.test) == found(split.validation) == honest
        assert found(split.train[::3]) != honest


class TestRetraining:
    def test_takes_what_the_training_found(self):
        """No search again; the challenger's recipe hands it on to the next."""
        project = project_of()
        started(project)
        first = recipe_of(project, "v1").search

        ended = retrained(project)

        assert ended.promoted == "v2"
        assert len(project.overrides["tuner"].studies) == 1
        recipe = recipe_of(project, "v2")
        setting = first["logistic_regression"].setting
        assert recipe.parameters["inverse_penalty"] == setting["inverse_penalty"]
        assert recipe.search == first

    def test_searches_again_if_it_is_told(self):
        """And hands on what it found this time."""
        project = project_of(search=replace(SEARCH, again=True))
        started(project)

        retrained(project)

        assert len(project.overrides["tuner"].studies) == 2
        assert recipe_of(project, "v2").search != recipe_of(project, "v1").search

    def test_goes_on_with_trainers_that_were_not_there(self):
        """A project may name others since; each then has its own values."""
        project = project_of()
        started(project)
        project.overrides["trainers"] = (LogisticRegressionTrainer(), OddsTrainer())

        ended = retrained(project)

        assert ended.failure is None
