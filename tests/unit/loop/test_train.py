"""Tests of holdfast.loop.train."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.errors import TooFewLabelsError, TrainingFailedError
from holdfast.loop.train import CalibratedModel, fit_on, refit
from holdfast.ports.trainer import Calibration
from holdfast.testing.fakes import OddsModel, OddsTrainer
from holdfast.testing.learnable import learnable


class TestFitOn:
    def test_fits_and_calibrates_on_the_rows_it_is_told(self):
        """Training rows go to the trainer, validation rows to the calibration only."""
        data, trainer = learnable(), OddsTrainer()
        train, validation = np.arange(100, 300), np.arange(300, 500)

        model = fit_on(
            data.matrix,
            data.labels,
            train=train,
            validation=validation,
            trainer=trainer,
            contract=data.contract,
            seed=9,
        )

        ((n, labels, seed),) = trainer.asked
        assert (n, seed) == (200, 9)
        assert (labels == data.labels[train]).all()
        scores = model.predict(data.matrix.take(validation))
        assert scores.mean() == pytest.approx(data.labels[validation].mean(), abs=0.02)

    def test_does_not_turn_a_backward_model_round(self):
        """It gets the base rate for every row, and loses against any model with skill."""
        data = learnable()

        model = fit_on(
            data.matrix,
            data.labels,
            train=np.arange(300),
            validation=np.arange(300, 600),
            trainer=OddsTrainer(factor=0.05),
            contract=data.contract,
            seed=0,
        )

        assert np.unique(model.predict(data.matrix)) == pytest.approx([data.labels[300:].mean()])

    @pytest.mark.parametrize("part", ["training", "validation"])
    def test_names_the_part_with_a_single_class(self, part):
        """One class teaches nothing and calibrates nothing."""
        data = learnable()
        labels = data.labels.copy()
        labels[:300] = False
        halves = (np.arange(300), np.arange(300, 600))
        train, validation = halves if part == "training" else halves[::-1]

        with pytest.raises(TooFewLabelsError, match=f"{part} rows of each class"):
            fit_on(
                data.matrix,
                labels,
                train=train,
                validation=validation,
                trainer=OddsTrainer(),
                contract=data.contract,
                seed=0,
            )

    def test_fails_by_name_where_a_model_has_no_finite_answer(self):
        """A plug-in may return NaN without raising; its model must not be calibrated."""

        class Absent(OddsTrainer):
            def fit(self, rows, labels, **_):
                return OddsModel(np.nan)

        data = learnable()

        with pytest.raises(TrainingFailedError, match=r"'odds'.*not finite"):
            fit_on(
                data.matrix,
                data.labels,
                train=np.arange(300),
                validation=np.arange(300, 600),
                trainer=Absent(),
                contract=data.contract,
                seed=0,
            )

    def test_a_plug_in_that_raises_fails_by_name(self):
        """Whatever it raises, and wherever: the loop records it and goes on."""

        class Odd(OddsModel):
            def log_odds(self, rows):
                raise ZeroDivisionError("in the\nmiddle")

        class Broken(OddsTrainer):
            def fit(self, rows, labels, **_):
                return Odd(1.0)

        data = learnable()

        with pytest.raises(
            TrainingFailedError, match=r"'odds'.*score: ZeroDivisionError: in the m"
        ):
            fit_on(
                data.matrix,
                data.labels,
                train=np.arange(300),
                validation=np.arange(300, 600),
                trainer=Broken(),
                contract=data.contract,
                seed=0,
            )


class TestCalibratedModel:
    @pytest.mark.parametrize(("asked", "what"), [("predict", "score"), ("to_onnx", "be exported")])
    def test_a_plug_in_that_raises_fails_by_name(self, asked, what):
        """An export is asked for by the loop, outside the process in which trainers fit."""

        class Odd(OddsModel):
            def predict(self, rows, calibration):
                raise KeyError

            def to_onnx(self, calibration):
                raise KeyError

        data = learnable()
        model = CalibratedModel(
            fitted=Odd(1.0), calibration=Calibration(), brier=0.2, trainer=OddsTrainer(),
            contract=data.contract, seed=0,
        )  # fmt: skip

        with pytest.raises(TrainingFailedError, match=f"'odds'.*cannot {what}: KeyError"):
            getattr(model, asked)(*[data.matrix] * (asked == "predict"))


class TestRefit:
    def test_fits_anew_with_seed_and_calibration_as_they_were(self):
        """Only the rows are others: what was tested is what is made again."""
        data = learnable(1000)
        half = np.arange(500)
        first = fit_on(
            data.matrix,
            data.labels,
            train=half,
            validation=half + 500,
            trainer=LogisticRegressionTrainer(),
            contract=data.contract,
            seed=0,
        )

        second = refit(first, data.matrix, data.labels)

        assert second.calibration == first.calibration
        assert (second.seed, second.trainer) == (first.seed, first.trainer)
        assert second.to_onnx() != first.to_onnx()
