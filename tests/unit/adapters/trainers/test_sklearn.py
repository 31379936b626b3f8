"""Tests of holdfast.adapters.trainers.sklearn beyond the trainers' suite."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import TrainingFailedError
from holdfast.domain.matrix import FeatureMatrix
from holdfast.ports.trainer import Calibration
from holdfast.testing.learnable import learnable


def numbers(*columns):
    """Rows of numbers alone, with a contract for them."""
    matrix = np.column_stack(columns).astype(np.float32)
    empty = np.empty((matrix.shape[0], 0), dtype=object)
    features = tuple(
        Feature(name=f"x{i}", kind=FeatureKind.NUMERIC, nullable=True) for i in range(len(columns))
    )
    target = Target(name="y", positive="1", negative="0")
    contract = Contract(features=features, target=target, threshold=0.5, data_digest="")
    return FeatureMatrix(numeric=matrix, categorical=empty), contract


class TestLogisticRegressionTrainer:
    @pytest.mark.parametrize("constant", [np.nan, 7.0, 1e30])
    def test_passes_over_a_column_that_says_nothing(self, constant):
        """Missing throughout, or the same throughout: it adds nothing, and harms nothing."""
        x = np.linspace(-1, 1, 100)
        rows, contract = numbers(x, np.full(100, constant))

        model = LogisticRegressionTrainer().fit(rows, x > 0, contract=contract, seed=0)

        exported = OnnxRuntime().load(model.to_onnx(Calibration()), contract)
        expected = model.predict(rows, Calibration())
        assert ((expected > 0.5) == (x > 0)).all()
        assert np.abs(exported.score(rows) - expected).max() < 1e-6

    def test_takes_a_missing_number_for_the_median(self):
        """The training median, not the mean, which an outlier would move."""
        x = np.append(np.linspace(0, 2, 99), 1e6)
        rows, contract = numbers(x)
        model = LogisticRegressionTrainer().fit(rows, x > 1, contract=contract, seed=0)

        missing, median = numbers([np.nan])[0], numbers([np.median(x.astype(np.float32))])[0]

        assert model.log_odds(missing) == pytest.approx(model.log_odds(median))

    def test_adds_nothing_for_an_unseen_category(self):
        """The log-odds are then the intercept and the other columns."""
        data = learnable(numeric=False)
        model = LogisticRegressionTrainer().fit(
            data.matrix, data.labels, contract=data.contract, seed=0
        )
        unseen = FeatureMatrix(
            numeric=np.empty((1, 0), dtype=np.float32),
            categorical=np.array([["new", "also new"]], dtype=object),
        )

        assert model.log_odds(unseen)[0] == pytest.approx(model.regression.intercept_[0])

    def test_records_that_the_solver_gave_up(self):
        """Not reaching the optimum is a note in the recipe, not noise on the console."""
        data = learnable()
        impatient = LogisticRegressionTrainer(most_iterations=1)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = impatient.fit(data.matrix, data.labels, contract=data.contract, seed=0)

        assert model.parameters["converged"] is False

    def test_fails_by_name_on_infinite_values(self):
        """The library's ValueError is told as a training that failed."""
        rows, contract = numbers(np.append(np.arange(9.0), np.inf))

        with pytest.raises(TrainingFailedError, match=r"'logistic_regression'.*infinity"):
            LogisticRegressionTrainer().fit(rows, np.arange(10) > 4, contract=contract, seed=0)

    def test_fails_by_name_without_features(self):
        """Every column may have been dropped as useless."""
        rows = FeatureMatrix(
            numeric=np.empty((4, 0), dtype=np.float32), categorical=np.empty((4, 0), dtype=object)
        )
        target = Target(name="y", positive="1", negative="0")
        contract = Contract(features=(), target=target, threshold=0.5, data_digest="")

        with pytest.raises(TrainingFailedError, match="no feature"):
            LogisticRegressionTrainer().fit(
                rows, np.array([True, False] * 2), contract=contract, seed=0
            )

    def test_answers_the_base_rate_under_a_flat_calibration(self):
        """Slope 0 is how a model that ranks backwards is released, if at all."""
        data = learnable()
        flat = Calibration(slope=0.0, intercept=-1.0)
        model = LogisticRegressionTrainer().fit(
            data.matrix, data.labels, contract=data.contract, seed=0
        )

        scores = OnnxRuntime().load(model.to_onnx(flat), data.contract).score(data.matrix)

        assert scores == pytest.approx(1 / (1 + np.exp(1.0)))
