"""Tests of holdfast.adapters.trainers.tree_graph."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.encoding import Encoding
from holdfast.adapters.trainers.tree_graph import Tree, float32_below, tree_graph
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.matrix import FeatureMatrix
from holdfast.ports.trainer import Calibration

CONTRACT = Contract(
    features=(Feature(name="x", kind=FeatureKind.NUMERIC, nullable=True, typical=0.0),),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)


def stump(threshold, *, missing_left=False):
    """Log-odds of -2 on the left, 2 on the right."""
    return Tree(
        feature=np.array([0, 0, 0]),
        threshold=np.array([threshold, 0, 0], dtype=np.float32),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        missing_left=np.array([missing_left, False, False]),
        value=np.array([0, -2, 2], dtype=np.float32),
    )


def leaf(value):
    none = np.array([-1])
    return Tree(
        feature=np.array([0]), threshold=np.zeros(1, np.float32), left=none, right=none,
        missing_left=np.array([False]), value=np.array([value], dtype=np.float32),
    )  # fmt: skip


def goes_left(trees, numbers, *, comparison="BRANCH_LT", baseline=0.0):
    model = tree_graph(
        trees,
        comparison=comparison,
        baseline=baseline,
        encoding=Encoding(n_numeric=1, categorical=()),
        calibration=Calibration(),
    )
    rows = FeatureMatrix(
        numeric=np.array(numbers, dtype=np.float32).reshape(-1, 1),
        categorical=np.empty((len(numbers), 0), dtype=object),
    )
    return (OnnxRuntime().load(model, CONTRACT).score(rows) < 0.5).tolist()


class TestTreeGraph:
    @pytest.mark.parametrize(("comparison", "on_it"), [("BRANCH_LT", False), ("BRANCH_LEQ", True)])
    def test_sends_a_value_on_the_threshold_where_the_library_does(self, comparison, on_it):
        """XGBoost sends it right, scikit-learn left; its neighbours leave no doubt."""
        at = np.float32(0.1)
        below, above = np.nextafter(at, np.array([-1, 1], dtype=np.float32))

        assert goes_left([stump(at)], [below, at, above], comparison=comparison) == [
            True, on_it, False
        ]  # fmt: skip

    @pytest.mark.parametrize("missing_left", [True, False])
    @pytest.mark.parametrize("comparison", ["BRANCH_LT", "BRANCH_LEQ"])
    def test_sends_a_missing_value_where_training_did(self, comparison, missing_left):
        """NaN compares false with everything: without a word it would go right."""
        tree = stump(0.0, missing_left=missing_left)

        assert goes_left([tree], [np.nan], comparison=comparison) == [missing_left]

    @pytest.mark.parametrize("smallest", [0.0, -0.0, 1e-45])
    def test_tells_zeros_and_the_smallest_numbers_apart(self, smallest):
        """Some processors are set to take the smallest numbers for zero."""
        assert goes_left([stump(smallest)], [-1e-45, -0.0, 0.0, 1e-45]) == [
            True, smallest > 0, smallest > 0, False
        ]  # fmt: skip

    def test_takes_a_tree_that_asks_nothing(self):
        """As training makes them, when no split helps."""
        assert goes_left([leaf(-1.0), stump(0.0)], [5.0, -5.0]) == [False, True]

    def test_adds_the_baseline(self):
        """What the library adds to its leaves beside them."""
        assert goes_left([leaf(1.0)], [0.0], baseline=-1.5) == [True]


class TestFloat32Below:
    @pytest.mark.parametrize("seed", range(5))
    def test_parts_float32_values_as_the_double_does(self, seed):
        """The nearest float32 of a threshold lies above it half of the time."""
        rng = np.random.default_rng(seed)
        values = rng.normal(size=2_000).astype(np.float32)
        thresholds = values.astype(np.float64) + rng.normal(scale=1e-9, size=2_000)

        rounded = float32_below(thresholds)

        assert (rounded <= thresholds).all()
        for x in (
            values,
            np.nextafter(values, np.float32(9)),
            np.nextafter(values, np.float32(-9)),
        ):
            assert ((x <= rounded) == (x.astype(np.float64) <= thresholds)).all()

    def test_lets_every_finite_value_pass_an_infinite_one(self):
        """scikit-learn parts missing from other values by a threshold of infinity."""
        largest = np.finfo(np.float32).max

        assert float32_below(np.array([np.inf, 1e300])).tolist() == [largest, largest]
