"""Tests of holdfast.adapters.trainers.estimator: classifiers that users bring."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers import estimator_graph
from holdfast.adapters.trainers.estimator import EstimatorTrainer
from holdfast.adapters.trainers.hist_gradient_boosting import HistGradientBoostingTrainer
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.adapters.trainers.xgboost import XGBoostTrainer
from holdfast.domain.errors import ParityError, TrainingFailedError
from holdfast.loop.parity import check_parity, made_up_rows
from holdfast.loop.train import CalibratedModel
from holdfast.ports.trainer import Calibration
from holdfast.testing.learnable import learnable

DATA = learnable()


class Own(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # sklearn ships no types
    """A classifier that no converter knows."""

    def __init__(self, answer=0.3, columns=2):
        self.answer, self.columns = answer, columns

    def fit(self, X, y):  # noqa: N803 - scikit-learn's name
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):  # noqa: N803 - the same
        return np.full((len(X), self.columns), self.answer)


class Failing(Own):
    def fit(self, X, y):  # noqa: N803 - scikit-learn's name
        raise ZeroDivisionError("in the\nmiddle")


def fitted(estimator, **options):
    trainer = EstimatorTrainer(name="own", estimator=estimator)
    return trainer.fit(DATA.matrix, DATA.labels, contract=DATA.contract, seed=0, **options)


def gate(model):
    """Return what the parity check says of a model."""
    calibrated = CalibratedModel(
        fitted=model, calibration=Calibration(), brier=0.2, contract=DATA.contract, seed=0,
        trainer=EstimatorTrainer(name="own", estimator=0),
    )  # fmt: skip
    exported = OnnxRuntime().load(model.to_onnx(Calibration()), DATA.contract)
    return check_parity(calibrated, exported, DATA.matrix, DATA.contract, seed=0)


class TestEstimatorTrainer:
    @pytest.mark.parametrize(
        "estimator",
        [
            LogisticRegression(),
            make_pipeline(StandardScaler(), LogisticRegression()),
            GradientBoostingClassifier(n_estimators=15),
            RandomForestClassifier(n_estimators=15, max_depth=6),
        ],
        ids=lambda one: type(one).__name__,
    )
    def test_takes_what_skl2onnx_converts(self, estimator):
        """Numbers that are missing are filled in for those that do not take NaN."""
        model = fitted(estimator)

        assert np.isfinite(model.log_odds(DATA.matrix)).all()
        drawn = DATA.matrix
        exported = OnnxRuntime().load(model.to_onnx(Calibration()), DATA.contract)
        gap = np.abs(exported.score(drawn) - model.predict(drawn, Calibration()))
        assert gap.max() <= 1e-5

    def test_is_held_to_the_parity_check(self):
        """A forest passes it as it is."""
        assert gate(fitted(RandomForestClassifier(n_estimators=15, max_depth=6))) <= 1e-5

    def test_repeats_trees_behind_a_scaler_or_refuses_them(self):
        """
        A scaler that multiplies by its reciprocal sends rows elsewhere: with the converter's
        defaults that was a difference of 0.1, unnoticed. Exact division mends nearly all;
        what is left the parity check refuses.
        """
        model = fitted(
            make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=15, max_depth=6))
        )

        exported = OnnxRuntime().load(model.to_onnx(Calibration()), DATA.contract)

        gap = np.abs(exported.score(DATA.matrix) - model.predict(DATA.matrix, Calibration()))
        assert gap.max() <= 1e-5

    def test_seeds_every_step(self):
        """The same seed gives the same bytes, also from inside a pipeline."""
        forest = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=5))

        first, second = (fitted(forest).to_onnx(Calibration()) for _ in range(2))

        assert first == second
        assert fitted(forest).estimator[-1].random_state == 0

    def test_leaves_the_given_classifier_as_it_was(self):
        """Each fit is of a copy: folds and windows do not share what they learnt."""
        given = LogisticRegression()

        fitted(given)

        assert not hasattr(given, "coef_")

    def test_writes_down_the_settings(self):
        """Plain values as they are, others in words."""
        parameters = fitted(RandomForestClassifier(n_estimators=5, class_weight={0: 1, 1: 2}))

        assert parameters.parameters["estimator"] == "RandomForestClassifier"
        assert parameters.parameters["n_estimators"] == 5
        assert parameters.parameters["class_weight"] == "{0: 1, 1: 2}"

    def test_says_what_was_raised(self):
        """The kind of error, its words, in one line."""
        with pytest.raises(
            TrainingFailedError, match="'own' failed: ZeroDivisionError: in the mid"
        ):
            fitted(Failing())

    def test_refuses_answers_of_another_shape(self):
        """At once, and not first when rows are scored."""
        with pytest.raises(TrainingFailedError, match=r"shape \(2, 3\) for 2 rows, not \(2, 2\)"):
            fitted(Own(columns=3))

    def test_refuses_weights_that_would_be_dropped(self):
        """A window with decayed weights must not silently become one without."""
        with pytest.raises(TrainingFailedError, match="its fit takes no sample_weight"):
            fitted(KNeighborsClassifier(), weights=np.ones(len(DATA.labels)))

    def test_says_that_there_is_no_converter(self):
        """And what to use instead."""
        with pytest.raises(TrainingFailedError, match=r"skl2onnx cannot convert Own \(.*Use a"):
            fitted(Own()).to_onnx(Calibration())

    def test_says_that_the_converter_is_not_installed(self, monkeypatch):
        """With the command that mends it."""
        model = fitted(LogisticRegression())
        monkeypatch.setitem(sys.modules, "skl2onnx", None)

        with pytest.raises(TrainingFailedError, match=r"needs skl2onnx.*pip install"):
            model.to_onnx(Calibration())

    def test_is_refused_where_the_export_overflows(self):
        """Float32 squares of the largest numbers are infinite: the gate names the row."""
        with pytest.raises(ParityError):
            gate(fitted(GaussianNB()))

    def test_gives_a_network_an_export(self):
        """Multiplied in float32; whether it passes is for the parity check to say."""
        network = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=400, tol=1e-2))

        model = fitted(network)

        exported = OnnxRuntime().load(model.to_onnx(Calibration()), DATA.contract)
        gap = np.abs(exported.score(DATA.matrix) - model.predict(DATA.matrix, Calibration()))
        assert gap.max() <= 1e-5


def widest_gap(estimator):
    """Return the largest difference on 10,000 rows next to those of training."""
    model = fitted(estimator)
    exported = OnnxRuntime().load(model.to_onnx(Calibration()), DATA.contract)
    rows = made_up_rows(DATA.matrix, seed=0)
    return np.abs(exported.score(rows) - model.predict(rows, Calibration())).max()


# skl2onnx gives booleans for whole numbers, of which protobuf 6 only warns.
@pytest.mark.filterwarnings("ignore:Field onnx.AttributeProto.ints:DeprecationWarning")
class TestPitfallsOfConverters:
    """Each was met with some version, and passed unnoticed there."""

    def test_histogram_trees_can_be_written(self):
        """protobuf 7 refuses what skl2onnx gives it; the dependencies keep it out."""
        assert gate(fitted(HistGradientBoostingClassifier(max_iter=20))) <= 1e-5

    def test_native_categorical_splits_are_refused(self):
        """The converter takes them for splits by number: differences of a half and more."""
        trees = HistGradientBoostingClassifier(max_iter=20, categorical_features=[0, 1])

        with pytest.raises(ParityError, match=r"differs from the trained one by 0\.\d"):
            gate(fitted(trees))

    def test_a_scaler_before_trees_divides(self, monkeypatch):
        """Multiplied by its reciprocal, values next to a split go the other way."""
        forest = make_pipeline(StandardScaler(), RandomForestClassifier(15, max_depth=6))

        exact = widest_gap(forest)
        monkeypatch.setattr(estimator_graph, "StandardScaler", object)  # the converter's default

        assert exact < widest_gap(forest)

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_a_booster_without_a_converter_is_named(self, wrapped):
        """skl2onnx knows XGBoost's classifier only with another package's converter."""
        booster = XGBClassifier(n_estimators=3, n_jobs=1)
        own = make_pipeline(StandardScaler(), booster) if wrapped else booster

        with pytest.raises(TrainingFailedError, match=r"cannot convert .*Use a classifier that it"):
            fitted(own).to_onnx(Calibration())

    @pytest.mark.parametrize(
        "trainer",
        [
            LogisticRegressionTrainer(),
            XGBoostTrainer(n_trees=3),
            HistGradientBoostingTrainer(n_trees=3),
            EstimatorTrainer(name="own", estimator=LogisticRegression()),
        ],
        ids=lambda one: one.name,
    )
    def test_no_input_is_double(self, trainer):
        """Those of skl2onnx fail when they run; requests are float32 and text."""
        model = trainer.fit(DATA.matrix, DATA.labels, contract=DATA.contract, seed=0)

        graph = onnx.load_from_string(model.to_onnx(Calibration())).graph

        kinds = {one.name: one.type.tensor_type.elem_type for one in graph.input}
        text, single = onnx.TensorProto.STRING, onnx.TensorProto.FLOAT
        assert kinds == {"numeric": single, "categorical": text}

    def test_a_forest_meets_missing_values_as_it_did_in_training(self):
        """Converted, it sends them elsewhere than scikit-learn does: it is given medians."""
        holes = replace(DATA.matrix, numeric=np.full_like(DATA.matrix.numeric, np.nan))
        model = fitted(RandomForestClassifier(15, max_depth=6))

        exported = OnnxRuntime().load(model.to_onnx(Calibration()), DATA.contract)

        gap = np.abs(exported.score(holes) - model.predict(holes, Calibration()))
        assert gap.max() <= 1e-5
