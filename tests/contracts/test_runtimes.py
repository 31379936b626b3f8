"""Every runtime passes its port's suite."""

from __future__ import annotations

import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.ports.trainer import Calibration
from holdfast.testing.learnable import learnable
from holdfast.testing.suites.runtime import RuntimeSuite


class TestOnnxRuntime(RuntimeSuite):
    @pytest.fixture
    def runtime(self) -> OnnxRuntime:
        return OnnxRuntime()

    @pytest.fixture
    def model(self) -> bytes:
        data = learnable()
        fitted = LogisticRegressionTrainer().fit(
            data.matrix, data.labels, contract=data.contract, seed=0
        )
        return fitted.to_onnx(Calibration())
