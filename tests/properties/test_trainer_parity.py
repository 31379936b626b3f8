"""Whatever table trees are fitted on, their export repeats them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.hist_gradient_boosting import HistGradientBoostingTrainer
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.adapters.trainers.xgboost import XGBoostTrainer
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.matrix import FeatureMatrix
from holdfast.loop.parity import edge_rows, made_up_rows
from holdfast.ports.trainer import Calibration

TRAINERS = [
    XGBoostTrainer(n_trees=8, least_weight=0.1),
    HistGradientBoostingTrainer(n_trees=8, least_rows=2),
    LogisticRegressionTrainer(),
]
LARGEST = float(np.finfo(np.float32).max)
NUMBERS = st.one_of(
    st.floats(-LARGEST, LARGEST, width=32),
    st.sampled_from([np.nan, 0.0, -0.0, 0.1, 1.0, 1e-45, -1e-38, 1e38]),
    st.integers(-3, 3).map(float),
)
WORDS = st.one_of(st.sampled_from(["", "a", "b", "A"]), st.text(max_size=3))


@st.composite
def tables(draw):
    """Rows, labels of both classes, and the contract of the columns."""
    n = draw(st.integers(8, 60))
    k, m = draw(st.sampled_from([(1, 0), (0, 1), (2, 1), (1, 2)]))
    numeric = draw(arrays.arrays(np.float32, (n, k), elements=NUMBERS))
    categorical = draw(arrays.arrays(object, (n, m), elements=WORDS, fill=st.just("a")))
    labels = draw(arrays.arrays(bool, n))
    labels[:2] = [True, False]
    features = tuple(
        Feature(name=f"x{i}", kind=FeatureKind.NUMERIC, nullable=True, typical=0.0)
        for i in range(k)
    ) + tuple(
        Feature(name=f"w{j}", kind=FeatureKind.CATEGORICAL, nullable=True, typical="a")
        for j in range(m)
    )
    contract = Contract(
        features=features,
        target=Target(name="y", positive="1", negative="0"),
        threshold=0.5,
        data_digest="",
    )
    return FeatureMatrix(numeric=numeric, categorical=categorical), labels, contract


@st.composite
def calibrations(draw):
    """One line, or several pieces as steep as may be."""
    slope, intercept = draw(st.floats(0, 5)), draw(st.floats(-5, 5))
    at = np.sort(draw(arrays.arrays(float, draw(st.integers(0, 6)), elements=st.floats(-8, 8))))
    if at.size < 2 or np.diff(at).min() < 1e-3 or slope < 0.01:
        return Calibration(slope=slope, intercept=intercept)
    slopes = draw(arrays.arrays(float, at.size - 1, elements=st.floats(0.01, 5)))
    calibrated = intercept + np.cumsum([0.0, *slopes * np.diff(at)])
    return Calibration.through(at, calibrated, slope=slope)


@pytest.mark.parametrize("trainer", TRAINERS, ids=lambda one: one.name)
class TestParity:
    @given(table=tables(), calibration=calibrations())
    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_holds_on_any_table(self, trainer, table, calibration):
        """Also where values are missing, extreme, next to each other, or words nobody knows."""
        rows, labels, contract = table
        model = trainer.fit(rows, labels, contract=contract, seed=0)

        exported = OnnxRuntime().load(model.to_onnx(calibration), contract)

        asked = [rows, made_up_rows(rows, seed=0, n=200), *edge_rows(contract).values()]
        for some in asked:
            assert np.abs(exported.score(some) - model.predict(some, calibration)).max() <= 1e-5
