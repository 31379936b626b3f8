"""Every trainer passes its port's suite."""

from __future__ import annotations

import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.testing.suites.trainer import TrainerSuite


class TestLogisticRegressionTrainer(TrainerSuite):
    @pytest.fixture
    def trainer(self) -> LogisticRegressionTrainer:
        return LogisticRegressionTrainer()

    @pytest.fixture
    def runtime(self) -> OnnxRuntime:
        return OnnxRuntime()
