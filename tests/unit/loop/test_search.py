"""Searching hyperparameters: the folds, the budget, and what is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.adapters.trainers.xgboost import XGBoostTrainer
from holdfast.adapters.tuners.optuna import OptunaTuner
from holdfast.domain.errors import TrainingFailedError
from holdfast.domain.releases import Tuned
from holdfast.loop.search import Budget, folds_of, search, with_found
from holdfast.ports.tuner import Span
from holdfast.testing.fakes.trainer import OddsModel, OddsTrainer
from holdfast.testing.fakes.tuner import RandomTuner
from holdfast.testing.learnable import learnable


@dataclass(frozen=True)
class Dial:
    """A trainer with one value, too much of which breaks it; each fit takes a second."""

    value: float = 0.0
    name: str = "dial"
    clock: Any = None
    breaks_above: float = 0.5
    spans = {"value": Span(low=-1.0, high=1.0)}  # noqa: RUF012 - a frozen class of a test

    @property
    def setting(self):
        return {"value": self.value}

    def with_setting(self, setting):
        return replace(self, **setting)

    def fit(self, rows, labels, *, contract, seed, weights=None):
        if self.clock is not None:
            self.clock.now += 1.0
        if self.value > self.breaks_above:
            raise TrainingFailedError(self.name, "it broke")
        return OddsModel(self.value)


class Stopwatch:
    """Seconds that pass only where something is done."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(name="data")
def _data():
    return learnable(300, seed=3)


def searched(data, *trainers, tuner=None, budget=None, **options):
    folds = folds_of(data.labels, ordered=False, seed=0)
    return search(
        trainers,
        data.matrix,
        data.labels,
        folds,
        contract=data.contract,
        seed=5,
        tuner=RandomTuner() if tuner is None else tuner,
        budget=Budget(n_trials=6) if budget is None else budget,
        **options,
    )


class TestSearch:
    def test_finds_the_same_by_the_same_number_of_trials(self, data):
        """Real trainers and Optuna: settings, scores and all, to the last digit."""
        trainers = LogisticRegressionTrainer(), XGBoostTrainer(n_trees=60)

        first, again = (
            searched(data, *trainers, tuner=OptunaTuner(), budget=Budget(n_trials=4))
            for _ in range(2)
        )

        assert first == again
        assert {name: one.n_trials for name, one in first.tuned.items()} == {
            "logistic_regression": 4,
            "xgboost": 4,
        }
        assert [one.setting for one in first.trainers] == [
            first.tuned[one.name].setting for one in trainers
        ]

    def test_ends_when_its_time_is_over(self, data):
        """Each trainer has its share; of a trial that time cut short nothing is believed."""
        clock = Stopwatch()
        first, second = (
            Dial(name=name, clock=clock, breaks_above=1.0) for name in ("first", "second")
        )

        found = searched(
            data, first, second, budget=Budget(time=timedelta(seconds=20)), stopwatch=clock
        )

        assert clock.now == pytest.approx(20, abs=1)
        # Ten seconds each, three fits to a trial: the tenth is of a trial that is not finished.
        assert {name: one.n_trials for name, one in found.tuned.items()} == {
            "first": 3,
            "second": 3,
        }

    def test_leaves_a_trainer_as_it_is_where_time_sufficed_for_nothing(self, data):
        """Half a measurement would be none."""
        clock = Stopwatch()
        dial = Dial(value=0.1, clock=clock)

        found = searched(data, dial, budget=Budget(time=timedelta(seconds=2)), stopwatch=clock)

        assert found.tuned == {}
        assert found.trainers == (dial,)

    def test_is_never_worse_than_what_was_there(self, data):
        """A trainer's own values are tried first; here no others come near them."""
        good = Dial(value=-0.05)

        found = searched(data, good, budget=Budget(n_trials=1))

        assert found.tuned["dial"].setting == {"value": -0.05}
        assert found.trainers == (good,)

    def test_goes_on_after_settings_that_fail(self, data):
        """They count as trials, and the tuner hears that they had no score."""
        tuner = RandomTuner()

        found = searched(data, Dial(value=0.9), tuner=tuner, budget=Budget(n_trials=8))

        (study,) = tuner.studies
        failed = [at["value"] > 0.5 for at in study.asked]
        assert failed[0]
        assert [loss is None for loss in study.told] == failed
        assert found.tuned["dial"].n_trials == 8
        assert found.tuned["dial"].setting["value"] <= 0.5

    def test_finds_nothing_where_all_fail(self, data):
        """The competition then says why."""
        found = searched(data, Dial(value=0.9), budget=Budget(n_trials=1))

        assert found.tuned == {}

    def test_passes_over_who_has_nothing_to_vary(self, data):
        """A user's own trainer competes as it is."""
        own = OddsTrainer()

        found = searched(data, own)

        assert found.trainers == (own,)
        assert own.asked == []

    def test_tells_how_far_it_is(self, data):
        """The trainer, its trials, and the best so far: never rising."""
        told = []

        searched(data, Dial(), progress=lambda *one: told.append(one), budget=Budget(n_trials=4))

        assert {name for name, _, _ in told} == {"dial"}
        best = [score for _, _, score in told]
        assert best == sorted(best, reverse=True)

    def test_measures_calibrated_scores(self, data):
        """Log-odds that are right but for a factor score as well as the right ones."""
        scores = [
            searched(data, Dial(value=value), budget=Budget(n_trials=1)).tuned["dial"].brier
            for value in (-0.05, -0.5)
        ]

        assert scores[0] == pytest.approx(scores[1], abs=1e-5)


class TestBudget:
    def test_is_of_time_or_trials(self):
        """A search without an end is refused before it begins."""
        with pytest.raises(ValueError, match="never end"):
            Budget()


class TestFolds:
    def test_hold_each_row_once_and_both_classes(self):
        """Without an order each row is measured by a model that did not see it."""
        labels = np.arange(300) % 10 == 0

        folds = folds_of(labels, ordered=False, seed=1)

        assert np.sort(np.concatenate([fold.held for fold in folds])).tolist() == list(range(300))
        assert [int(labels[fold.held].sum()) for fold in folds] == [10, 10, 10]
        assert all(set(fold.train).isdisjoint(fold.held) for fold in folds)

    def test_of_ordered_rows_learn_from_the_past_alone(self):
        """As the model will."""
        folds = folds_of(np.ones(600, dtype=bool), ordered=True, seed=1)

        assert [fold.train.tolist() for fold in folds] == [list(range(n)) for n in (300, 400, 500)]
        assert all(fold.held.min() > fold.train.max() for fold in folds)

    @pytest.mark.parametrize("ordered", [True, False])
    def test_keep_an_entity_on_one_side(self, ordered):
        """Else a model would be measured on people whom it knows."""
        entities = np.array([f"c{i % 40}" for i in range(238)] + [None, None], dtype=object)
        labels = np.arange(240) % 3 == 0

        folds = folds_of(labels, ordered=ordered, seed=1, entities=entities)

        for fold in folds:
            assert (set(entities[fold.train]) & set(entities[fold.held])) <= {None}


class TestWithFound:
    def test_puts_in_what_an_earlier_search_found(self):
        """By the trainer's name; what it no longer lets vary is passed over."""
        found = {
            "logistic_regression": Tuned(
                setting={"inverse_penalty": 0.1, "gone": 3}, n_trials=9, brier=0.1
            ),
            "not_here": Tuned(setting={"x": 1.0}, n_trials=9, brier=0.1),
        }
        own = OddsTrainer()

        trainers = with_found([LogisticRegressionTrainer(), own], found)

        assert trainers == (LogisticRegressionTrainer(inverse_penalty=0.1), own)
