"""Every intake of foreign models passes its port's suite."""

from __future__ import annotations

from functools import cache

import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from holdfast.adapters.runtimes.foreign import OnnxIntake
from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.testing.learnable import learnable
from holdfast.testing.suites import ModelIntakeSuite


@cache
def _pipeline():
    """A pipeline of scikit-learn on the learnable rows, as its own exporter writes it."""
    import pandas as pd  # noqa: PLC0415 - takes a while, and only this needs it

    data = learnable()
    numbers = pd.DataFrame(data.matrix.numeric, columns=["tenure", "senior"])
    words = pd.DataFrame(data.matrix.categorical, columns=["plan", "paid"])
    prepared = ColumnTransformer(
        [
            ("numbers", SimpleImputer(), ["tenure", "senior"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["plan", "paid"]),
        ]
    )
    fitted = make_pipeline(prepared, LogisticRegression(max_iter=1000))
    fitted.fit(pd.concat([numbers, words], axis=1), data.labels)
    types = [
        *((name, FloatTensorType([None, 1])) for name in numbers.columns),
        *((name, StringTensorType([None, 1])) for name in words.columns),
    ]
    return to_onnx(fitted, initial_types=types).SerializeToString()


class TestOnnxIntake(ModelIntakeSuite):
    @pytest.fixture
    def intake(self) -> OnnxIntake:
        return OnnxIntake()

    @pytest.fixture
    def runtime(self) -> OnnxRuntime:
        return OnnxRuntime()

    @pytest.fixture
    def foreign(self) -> bytes:
        made: bytes = _pipeline()
        return made
