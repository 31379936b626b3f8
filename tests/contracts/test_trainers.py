"""Every trainer passes its port's suite."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.contained import ContainedTrainer, Workshop
from holdfast.adapters.trainers.estimator import EstimatorTrainer
from holdfast.adapters.trainers.hist_gradient_boosting import HistGradientBoostingTrainer
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.adapters.trainers.xgboost import XGBoostTrainer
from holdfast.testing.suites.trainer import TrainerSuite


class WithOnnxRuntime(TrainerSuite):
    @pytest.fixture
    def runtime(self) -> OnnxRuntime:
        return OnnxRuntime()


class TestLogisticRegressionTrainer(WithOnnxRuntime):
    @pytest.fixture
    def trainer(self) -> LogisticRegressionTrainer:
        return LogisticRegressionTrainer()


class TestXGBoostTrainer(WithOnnxRuntime):
    @pytest.fixture
    def trainer(self) -> XGBoostTrainer:
        return XGBoostTrainer(n_trees=60)


class TestHistGradientBoostingTrainer(WithOnnxRuntime):
    @pytest.fixture
    def trainer(self) -> HistGradientBoostingTrainer:
        return HistGradientBoostingTrainer(n_trees=60)


class TestEstimatorTrainerOfAForest(WithOnnxRuntime):
    """A forest takes NaN, but not its export; its probabilities reach 0 and 1."""

    @pytest.fixture
    def trainer(self) -> EstimatorTrainer:
        forest = RandomForestClassifier(n_estimators=20, min_samples_leaf=5)
        return EstimatorTrainer(name="forest", estimator=forest)


class TestEstimatorTrainerOfMoreTrees(WithOnnxRuntime):
    """Their thresholds are drawn, and lie anywhere between two values."""

    @pytest.fixture
    def trainer(self) -> EstimatorTrainer:
        trees = ExtraTreesClassifier(n_estimators=20, min_samples_leaf=5)
        return EstimatorTrainer(name="extra_trees", estimator=trees)


@pytest.fixture(name="workshop", scope="module")
def _workshop():
    """To start a process takes a second: one serves all tests."""
    workshop = Workshop(time_limit=timedelta(minutes=2), memory_limit=2 << 30)
    yield workshop
    workshop.close()


@pytest.mark.slow
class TestContainedTrainer(WithOnnxRuntime):
    """What comes back from another process is as good."""

    @pytest.fixture
    def trainer(self, workshop) -> ContainedTrainer:
        return ContainedTrainer(trainer=XGBoostTrainer(n_trees=60), workshop=workshop)
