"""Tests of holdfast.loop.develop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.sources.csv import CsvSource
from holdfast.adapters.trainers.hist_gradient_boosting import HistGradientBoostingTrainer
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.adapters.trainers.xgboost import XGBoostTrainer
from holdfast.domain.errors import TrainingFailedError
from holdfast.loop.develop import develop
from holdfast.loop.ingest import DataSpec, ingest
from holdfast.loop.parity import check_parity
from holdfast.loop.train import refit
from holdfast.performance.realised import measure
from holdfast.policy.thresholds import Fixed, RecallAtLeast
from holdfast.testing.fakes import OddsTrainer
from holdfast.testing.learnable import learnable


def developed(data, *trainers, **overrides):
    asked = {
        "feature_specs": data.contract.features,
        "target": data.contract.target,
        "data_digest": "d" * 64,
        "trainers": trainers or [LogisticRegressionTrainer()],
        "aim": RecallAtLeast(recall=0.8),
        "seed": 0,
        "ordered": False,
    }
    return develop(data.table, data.labels, **(asked | overrides))


class TestDevelop:
    def test_tests_on_rows_that_nothing_was_chosen_on(self):
        """The figures are those of the test part, by the model that never saw it."""
        data = learnable(2000)

        candidate = developed(data)

        rows = data.matrix.take(candidate.split.test)
        truth = data.labels[candidate.split.test]
        again = measure(
            truth, candidate.tested.predict(rows), threshold=candidate.contract.threshold
        )
        assert candidate.metrics == again
        assert candidate.metrics.n == 400
        assert candidate.metrics.figures["roc_auc"] > 0.7

    def test_never_shows_the_test_labels_to_anyone(self):
        """Turning the test labels round changes the figures, and nothing else."""
        data = learnable(2000)
        honest = developed(data, ordered=True)
        poisoned = data.labels.copy()
        poisoned[1600:] = ~poisoned[1600:]

        other = develop(
            data.table,
            poisoned,
            feature_specs=data.contract.features,
            target=data.contract.target,
            data_digest="d" * 64,
            trainers=[LogisticRegressionTrainer()],
            aim=RecallAtLeast(recall=0.8),
            seed=0,
            ordered=True,
        )

        assert other.contract == honest.contract
        assert other.tested.to_onnx() == honest.tested.to_onnx()
        assert other.metrics != honest.metrics

    def test_chooses_the_threshold_for_the_aim(self):
        """On the validation part it is reached exactly, so about so on the test part."""
        candidate = developed(learnable(4000))

        assert candidate.metrics.figures["recall"] == pytest.approx(0.8, abs=0.06)
        assert 0.0 < candidate.contract.threshold < 1.0

    def test_calibrates_what_balanced_classes_bent(self):
        """The mean score is the share of positives again."""
        candidate = developed(learnable(8000))

        gap = candidate.out_of_fold.scores.mean() - candidate.out_of_fold.labels.mean()
        assert abs(gap) < 0.03

    def test_chooses_the_trainer_by_its_brier_score(self):
        """The one that ranks well beats the one that knows nothing."""
        data = learnable(1000)

        candidate = developed(data, OddsTrainer("blind", 0.0), OddsTrainer("seeing", -0.05))

        assert candidate.recipe.trainer == "seeing"
        assert candidate.brier_by_trainer["seeing"] < candidate.brier_by_trainer["blind"]
        assert candidate.recipe.competition.keys() == {"seeing", "blind"}

    def test_goes_on_without_a_trainer_that_fails(self):
        """One broken library does not keep the others from training; the failure is kept."""
        candidate = developed(learnable(), OddsTrainer("broken", np.nan), OddsTrainer())

        assert candidate.recipe.trainer == "odds"
        assert candidate.failures == {"broken": "it broke"}
        assert candidate.recipe.failures == {"broken": "it broke"}

    @pytest.mark.parametrize(
        "trainer", [XGBoostTrainer(n_trees=20), HistGradientBoostingTrainer(n_trees=20)]
    )
    def test_works_with_trees_throughout(self, trainer):
        """Importance and the out-of-fold baseline ask nothing of the kind of model."""
        candidate = developed(learnable(1500), trainer)

        assert candidate.recipe.trainer == trainer.name
        assert candidate.importances.drops["tenure"] > 0.05
        assert candidate.out_of_fold.metrics.figures["roc_auc"] > 0.7

    def test_takes_the_second_best_where_the_winner_has_no_faithful_export(self):
        """The record says why; without a runtime nobody looks."""

        class Guessing(LogisticRegressionTrainer):
            def fit(self, rows, labels, **options):
                return super().fit(rows, np.random.default_rng(0).permutation(labels), **options)

        trainers = OddsTrainer(), Guessing()

        unseen = developed(learnable(), *trainers)
        candidate = developed(learnable(), *trainers, runtime=OnnxRuntime())

        assert unseen.recipe.trainer == "odds"
        assert candidate.recipe.trainer == "logistic_regression"
        assert list(candidate.failures) == ["odds"]
        assert candidate.recipe.failures == candidate.failures
        assert candidate.recipe.competition.keys() == {"odds", "logistic_regression"}

    def test_writes_down_which_calibration_it_took(self):
        """A step in the truth, which no line follows: what is released has the pieces inside."""
        data = learnable(6000)
        early = np.nan_to_num(data.table["tenure"].to_numpy(), nan=36.0) < 20
        stepped = np.random.default_rng(1).random(6000) < np.where(early, 0.9, 0.1)
        trainer = LogisticRegressionTrainer()

        line, pieces = (developed(replace(data, labels=y), trainer) for y in (data.labels, stepped))

        assert line.recipe.calibration == "sigmoid"
        assert pieces.recipe.calibration == pieces.model.calibration.kind == "isotonic"
        exported = OnnxRuntime().load(pieces.model.to_onnx(), data.contract)
        assert check_parity(pieces.model, exported, data.matrix, data.contract, seed=0) <= 1e-5

    def test_fails_if_every_trainer_does(self):
        """The error names each with its reason."""
        with pytest.raises(TrainingFailedError, match=r"a: it broke; b: it broke"):
            developed(learnable(), OddsTrainer("a", np.nan), OddsTrainer("b", np.nan))

    def test_writes_down_how_it_was_made(self):
        """Sizes, seed and kind of split are enough to do it again."""
        recipe = developed(learnable(1000), seed=5, ordered=True).recipe

        assert (recipe.n_train, recipe.n_validation, recipe.n_test) == (600, 200, 200)
        assert (recipe.seed, recipe.split) == (5, "time-ordered")

    def test_takes_a_set_threshold(self):
        """A fixed aim ends in the contract as it was given."""
        assert developed(learnable(), aim=Fixed(threshold=0.4)).contract.threshold == 0.4

    def test_releases_the_recipe_fitted_on_all_rows(self):
        """What is released has learnt from every row; threshold and calibration are frozen."""
        data = learnable(2000)

        candidate = developed(data)

        everything = refit(candidate.tested, data.matrix, data.labels)
        assert candidate.model.to_onnx() == everything.to_onnx()
        assert candidate.model.calibration == candidate.tested.calibration


class TestTelco:
    @pytest.mark.parametrize("ordered", [False, True])
    def test_reaches_what_the_data_allow(self, data_folder, ordered):
        """Published logistic regressions on these 7,043 customers reach a ROC AUC of .84."""
        path = data_folder / "telco_ibm" / "Telco-Customer-Churn.csv"
        data = ingest(CsvSource(path), DataSpec(target="Churn", entity="customerID"))

        candidate = develop(
            data.features,
            data.labels,
            feature_specs=data.feature_specs,
            target=data.target,
            data_digest=data.digest,
            trainers=[LogisticRegressionTrainer()],
            aim=RecallAtLeast(recall=0.8),
            seed=0,
            ordered=ordered,
            entities=data.entities,
        )

        assert candidate.metrics.figures["roc_auc"] >= 0.83
        assert candidate.metrics.figures["brier"] <= 0.145
