"""Tests of holdfast.adapters.runtimes.onnx beyond the runtimes' suite."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from holdfast.adapters.runtimes.external_data import names_external_data
from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import CorruptReleaseError, InvalidRowsError
from holdfast.domain.matrix import FeatureMatrix
from holdfast.ports.trainer import Calibration
from holdfast.testing.learnable import learnable

CONTRACT = Contract(
    features=(Feature(name="x", kind=FeatureKind.NUMERIC, nullable=False, typical=1.0),),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)


def model_of(*nodes, initializers=(), output="probabilities", width=1):
    """A model of one float input and one output, made of the nodes."""
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", 2])],
        list(initializers),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def weights(name="w", *, external=False):
    """Weights that repeat the input in two columns, inside the model or in a file."""
    tensor = numpy_helper.from_array(np.ones((1, 2), dtype=np.float32), name)
    if external:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "weights.bin"
    return tensor


def repeat(output="probabilities"):
    return helper.make_node("MatMul", ["numeric", "w"], [output])


def row(value):
    return FeatureMatrix(
        numeric=np.array([[value]], dtype=np.float32), categorical=np.empty((1, 0), dtype=object)
    )


def in_initializer():
    return model_of(repeat(), initializers=[weights(external=True)])


def in_attribute():
    constant = helper.make_node("Constant", [], ["w"], value=weights(external=True))
    return model_of(constant, repeat())


def in_subgraph():
    inner = helper.make_graph(
        [helper.make_node("Identity", ["inner"], ["out"])],
        "branch",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 2])],
        [weights("inner", external=True)],
    )
    yes = helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True)))
    choice = helper.make_node("If", ["yes"], ["w"], then_branch=inner, else_branch=inner)
    return model_of(yes, choice, repeat())


def in_function():
    constant = helper.make_node("Constant", [], ["w"], value=weights(external=True))
    opset = [helper.make_opsetid("", 21)]
    function = helper.make_function("own", "F", ["numeric"], ["y"], [constant, repeat("y")], opset)
    model = model_of(helper.make_node("F", ["numeric"], ["probabilities"], domain="own"))
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("own", 1))
    return model


def in_sparse():
    model = model_of(repeat())
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(weights(external=True))
    return model


HIDING_PLACES = [in_initializer, in_attribute, in_subgraph, in_function, in_sparse]


class TestExternalData:
    @pytest.mark.parametrize("hidden", HIDING_PLACES)
    def test_is_refused_wherever_it_hides(self, hidden, tmp_path, monkeypatch):
        """
        Even where the file lies ready: no digest covers it, and a path that a model
        names could be any file of the machine.
        """
        (tmp_path / "weights.bin").write_bytes(np.ones(2, dtype=np.float32).tobytes())
        monkeypatch.chdir(tmp_path)

        with pytest.raises(CorruptReleaseError, match="other files"):
            OnnxRuntime().load(hidden().SerializeToString(), CONTRACT)

    def test_is_not_seen_where_a_word_merely_looks_like_it(self):
        """A model may well speak of a location without keeping data elsewhere."""
        model = model_of(repeat(), initializers=[weights()])
        model.doc_string = "location of the customer"
        model.metadata_props.add(key="location", value="weights.bin")

        assert not names_external_data(model.SerializeToString())
        assert OnnxRuntime().load(model.SerializeToString(), CONTRACT)

    def test_is_searched_for_in_models_of_the_trainer(self):
        """A whole walk over an honest model ends without a find."""
        data = learnable()
        fitted = LogisticRegressionTrainer().fit(
            data.matrix, data.labels, contract=data.contract, seed=0
        )
        model = onnx.load_from_string(fitted.to_onnx(Calibration()))
        model.doc_string = "location"  # makes the search walk

        assert not names_external_data(model.SerializeToString())

    @pytest.mark.parametrize(
        "torn", [b"\x0alocation", b"\x0b location", b"location\xff", b"\xff" * 12 + b"location"]
    )
    def test_is_a_plain_error_where_bytes_are_torn(self, torn):
        """Never an IndexError, never an endless loop."""
        with pytest.raises(CorruptReleaseError, match="no ONNX model"):
            OnnxRuntime().load(torn, CONTRACT)


class TestOnnxRuntime:
    def test_refuses_a_model_without_the_output(self):
        """Another tool may name its output otherwise; better found now than at a request."""
        model = model_of(repeat("scores"), initializers=[weights()], output="scores")

        with pytest.raises(CorruptReleaseError, match="no output 'probabilities'"):
            OnnxRuntime().load(model.SerializeToString(), CONTRACT)

    def test_refuses_a_model_of_another_width(self):
        """The error tells what the model takes and what the contract has."""
        wide = numpy_helper.from_array(np.ones((3, 2), dtype=np.float32), "w")
        model = model_of(repeat(), initializers=[wide], width=3)

        with pytest.raises(CorruptReleaseError, match=r"of width 3, but the contract .* width 1"):
            OnnxRuntime().load(model.SerializeToString(), CONTRACT)

    def test_refuses_a_model_that_gives_no_probability(self):
        """A score of 2 for the typical row shows at loading, not in production."""
        double = numpy_helper.from_array(np.full((1, 2), 2, dtype=np.float32), "w")
        model = model_of(repeat(), initializers=[double])

        with pytest.raises(CorruptReleaseError, match="typical row"):
            OnnxRuntime().load(model.SerializeToString(), CONTRACT)

    def test_refuses_a_model_with_one_column(self):
        """Probabilities of one class alone are not what the runtime reads."""
        narrow = numpy_helper.from_array(np.ones((1, 1), dtype=np.float32), "w")
        graph = model_of(repeat(), initializers=[narrow])
        graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1

        with pytest.raises(CorruptReleaseError, match="typical row"):
            OnnxRuntime().load(graph.SerializeToString(), CONTRACT)

    @pytest.mark.parametrize("value", [np.nan, 3e38, -3e38])
    def test_names_the_row_that_has_no_answer(self, value):
        """A NaN score must be neither logged nor answered."""
        model = model_of(repeat(), initializers=[weights()])
        loaded = OnnxRuntime().load(model.SerializeToString(), CONTRACT)
        rows = FeatureMatrix(
            numeric=np.array([[0.5], [value]], dtype=np.float32),
            categorical=np.empty((2, 0), dtype=object),
        )

        with pytest.raises(InvalidRowsError) as refused:
            loaded.score(rows)

        assert [issue.row for issue in refused.value.issues] == [1]

    def test_takes_rounding_past_one_for_one(self):
        """Float32 may answer 1.0000001; a probability it is nevertheless."""
        model = model_of(repeat(), initializers=[weights()])

        loaded = OnnxRuntime().load(model.SerializeToString(), CONTRACT)

        assert loaded.score(row(1.000001)).tolist() == [1.0]

    def test_says_nothing_on_the_console(self, capfd):
        """ONNX Runtime's own warnings are for its developers."""
        unused = numpy_helper.from_array(np.ones(3, dtype=np.float32), "unused")
        model = model_of(repeat(), initializers=[weights(), unused])

        OnnxRuntime().load(model.SerializeToString(), CONTRACT).score(row(0.5))

        assert capfd.readouterr() == ("", "")


class TestARow:
    @pytest.mark.parametrize(
        "model",
        [
            LogisticRegression(),
            MLPClassifier((8,), max_iter=5),
            GradientBoostingClassifier(n_estimators=5),
        ],
        ids=lambda model: type(model).__name__,
    )
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_has_the_same_score_whoever_asks_at_the_same_moment(self, model):
        """
        Requests of several clients are scored together. Without `_TWICE` in
        `OnnxModel.score` a third of the single rows of a float32 regression scored
        otherwise in their last digit.
        """
        width = 20
        rng = np.random.default_rng(3)
        rows = rng.normal(size=(300, width)).astype(np.float32)
        fitted = model.fit(rows, rows[:, 0] + rows[:, 1] > rng.normal(size=300))
        exported = to_onnx(
            fitted,
            initial_types=[("numeric", FloatTensorType([None, width]))],
            options={"zipmap": False},
            target_opset={"": 21, "ai.onnx.ml": 3},
        )
        feature = CONTRACT.features[0]
        wide = replace(
            CONTRACT, features=tuple(replace(feature, name=f"x{i}") for i in range(width))
        )
        loaded = OnnxRuntime().load(exported.SerializeToString(), wide)
        matrix = FeatureMatrix(numeric=rows, categorical=np.empty((300, 0), dtype=object))

        together = loaded.score(matrix).tolist()

        for size in (1, 2, 3, 7, 16):
            parts = [loaded.score(matrix.take(slice(i, i + size))) for i in range(0, 300, size)]
            assert np.concatenate(parts).tolist() == together, size


@pytest.mark.slow
class TestPrivacy:
    def test_nobody_is_told_that_a_model_is_loaded(self, tmp_path):
        """
        ONNX Runtime's telemetry would leave an id of the machine and a queue of messages in
        the home folder; what never comes to be cannot be sent.
        """
        program = "import holdfast.adapters.runtimes.onnx"

        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            timeout=60,
            env={k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
            | {"HOME": str(tmp_path)},
        )

        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
