"""Tests of holdfast.loop.compete: who wins, who falls out, and who can be released."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.estimator import EstimatorTrainer
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.errors import TrainingFailedError, TrainingTooLongError
from holdfast.loop.compete import compete, exportable
from holdfast.policy.training_windows import TrainingWindow
from holdfast.testing.fakes import OddsTrainer
from holdfast.testing.learnable import learnable

DATA = learnable(1200)
TRAIN, VALIDATION = np.arange(900), np.arange(900, 1200)
ALL = TrainingWindow(name="all", rows=TRAIN)
DECAYED = TrainingWindow(name="decayed", rows=TRAIN, weights=0.5 ** (TRAIN[::-1] / 300))


class Deaf(LogisticRegressionTrainer):
    """Its export says what another model would: it was fitted to the opposite labels."""

    name = "deaf"

    def fit(self, rows, labels, **options):
        fitted = super().fit(rows, labels, **options)
        wrong = super().fit(rows, ~labels, **options)

        class Model:
            parameters, log_odds, predict = fitted.parameters, fitted.log_odds, fitted.predict
            to_onnx = wrong.to_onnx

        return Model()


class Mute(LogisticRegressionTrainer):
    """Its exporter refuses."""

    name = "mute"

    def fit(self, rows, labels, **options):
        fitted = super().fit(rows, labels, **options)

        class Model:
            parameters, log_odds, predict = fitted.parameters, fitted.log_odds, fitted.predict

            def to_onnx(self, calibration):
                raise TrainingFailedError("mute", "no converter knows it")

        return Model()


def competed(*trainers, windows=(ALL,)):
    return compete(
        DATA.matrix,
        DATA.labels,
        DATA.contract,
        windows=windows,
        validation=VALIDATION,
        trainers=trainers,
        seed=0,
    )


def able(competition):
    rows = DATA.matrix.take(np.arange(1200))
    return exportable(competition, rows, DATA.contract, OnnxRuntime())


class TestCompete:
    def test_the_lowest_brier_score_wins(self):
        """Over all trainers and windows."""
        competition = competed(OddsTrainer(), LogisticRegressionTrainer(), windows=(ALL, DECAYED))

        assert len(competition.entries) == 4
        assert competition.margins[competition.best.name] == min(competition.margins.values())

    def test_the_first_wins_a_tie(self):
        """Not whatever order a dictionary has."""
        competition = competed(OddsTrainer("b"), OddsTrainer("a"))

        assert competition.best.name == "b/all"

    def test_weighs_rows_where_the_window_says_so(self):
        """The model of decayed weights is another than that of all rows alike."""
        trainer = LogisticRegressionTrainer()
        competition = competed(trainer, windows=(ALL, DECAYED))

        alike, decayed = (entry.model.to_onnx() for entry in competition.entries)
        alone = trainer.fit(
            DATA.matrix.take(TRAIN),
            DATA.labels[TRAIN],
            contract=DATA.contract,
            seed=0,
            weights=DECAYED.weights,
        )
        assert alike != decayed
        assert decayed == alone.to_onnx(competition.entries[1].model.calibration)

    def test_goes_on_without_one_that_takes_no_weights(self):
        """A user's own: it competes where rows weigh alike, and the record says the rest."""
        own = EstimatorTrainer(name="own", estimator=KNeighborsClassifier())

        competition = competed(own, windows=(ALL, DECAYED))

        assert set(competition.margins) == {"own/all"}
        assert competition.failures == {"own/decayed": "its fit takes no sample_weight"}

    def test_does_not_wait_again_for_one_that_took_too_long(self):
        """A trainer that hangs would cost its time limit on every window."""

        class Hanging(OddsTrainer):
            def fit(self, rows, labels, **options):
                super().fit(rows, labels, **options)
                raise TrainingTooLongError("hanging", "it was not done within 1h")

        hanging = Hanging("hanging")

        competition = competed(hanging, LogisticRegressionTrainer(), windows=(ALL, DECAYED))

        assert len(hanging.asked) == 1
        assert competition.failures == {
            "hanging/all": "it was not done within 1h",
            "hanging/decayed": "it was not done within 1h, on the window 'all'",
        }

    def test_says_a_trainers_one_reason_once(self):
        """However many windows it failed on."""
        with pytest.raises(TrainingFailedError) as caught:
            competed(OddsTrainer("a", np.nan), windows=(ALL, DECAYED))

        assert (caught.value.trainer, caught.value.found) == ("a", "it broke")

    def test_names_each_trainer_that_failed(self):
        """With its reason."""
        with pytest.raises(TrainingFailedError, match=r"'a, b' failed: a: it broke; b: it broke"):
            competed(OddsTrainer("a", np.nan), OddsTrainer("b", np.nan), windows=(ALL, DECAYED))

    def test_needs_somebody(self):
        """A project without trainers says so."""
        with pytest.raises(TrainingFailedError, match="no trainer was given"):
            competed()


class TestExportable:
    def test_leaves_a_faithful_winner_alone(self):
        """Nobody else is exported."""
        competition = competed(LogisticRegressionTrainer(), Mute(inverse_penalty=1e-6))

        assert able(competition).failures == {}
        assert able(competition).best.name == "logistic_regression/all"

    @pytest.mark.parametrize(
        ("first", "why"), [(Deaf(), "differs from the trained one"), (Mute(), "no converter")]
    )
    def test_takes_the_second_best_where_the_winner_cannot_be_released(self, first, why):
        """Its score stays in the record, beside the reason."""
        competition = competed(
            first, OddsTrainer(), LogisticRegressionTrainer(inverse_penalty=0.01)
        )

        left = able(competition)

        assert competition.best.name == f"{first.name}/all"
        assert left.best.name == "logistic_regression/all"
        assert why in left.failures[f"{first.name}/all"]
        assert left.margins == competition.margins

    def test_keeps_what_failed_before(self):
        """One record of all that fell out."""
        competition = competed(OddsTrainer("broken", np.nan), LogisticRegressionTrainer())

        assert able(competition).failures == {"broken/all": "it broke"}

    def test_fails_where_nobody_is_left(self):
        """The champion stays; the reason of each is told."""
        with pytest.raises(TrainingFailedError, match=r"deaf: The exported model.*mute: no conv"):
            able(competed(Deaf(), Mute()))

    def test_takes_a_file_that_the_runtime_refuses_for_a_failure(self):
        """The export of this trainer is no ONNX at all."""
        competition = competed(OddsTrainer(), LogisticRegressionTrainer(inverse_penalty=1e-6))
        first = replace(competition, entries=competition.entries[:1])

        with pytest.raises(TrainingFailedError, match="'odds' failed"):
            able(first)
