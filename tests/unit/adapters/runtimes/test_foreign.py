"""Models of other makers, as scikit-learn's exporter and others write them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import (
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from holdfast.adapters.runtimes.foreign import OnnxIntake
from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import ModelFileError
from holdfast.testing.learnable import learnable

DATA = learnable()
NUMBERS, WORDS = ["tenure", "senior"], ["plan", "paid"]
ONE = Contract(
    features=(Feature(name="x", kind=FeatureKind.NUMERIC, nullable=False, typical=1.0),),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)


def frame():
    """The learnable rows as scikit-learn is given them."""
    numbers = pd.DataFrame(DATA.matrix.numeric, columns=NUMBERS)
    words = pd.DataFrame(DATA.matrix.categorical, columns=WORDS)
    return pd.concat([numbers, words], axis=1)


def pipeline(*, by=str, unknown="ignore"):
    """A pipeline as its owner would fit it; `by` names or numbers the columns."""
    numeric, text = (NUMBERS, WORDS) if by is str else ([0, 1], [2, 3])
    prepared = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numeric),
            ("words", OneHotEncoder(handle_unknown=unknown), text),
        ]
    )
    labels = np.where(DATA.labels, "yes", "no")
    return make_pipeline(prepared, LogisticRegression()).fit(frame(), labels)


def column_types():
    return [
        *((name, FloatTensorType([None, 1])) for name in NUMBERS),
        *((name, StringTensorType([None, 1])) for name in WORDS),
    ]


def exported(model, types, **options):
    return to_onnx(model, initial_types=types, options=options or None).SerializeToString()


def scores(model, contract=DATA.contract):
    """What a server would answer with the model once it was taken in."""
    taken = OnnxIntake().take_in(model, contract, name="model.onnx")
    return OnnxRuntime().load(taken.model, contract).score(DATA.matrix), taken.inputs


def refused(model, contract=DATA.contract):
    with pytest.raises(ModelFileError) as refusal:
        OnnxIntake().take_in(model, contract, name="model.onnx")
    return str(refusal.value)


@pytest.fixture(scope="module", name="fitted")
def _fitted():
    return pipeline()


class TestAPipelineOfScikitLearn:
    def test_with_an_input_a_column_and_zipped_probabilities_is_fed(self, fitted):
        """That is what the exporter writes if nobody asks for anything else."""
        found, inputs = scores(exported(fitted, column_types()))

        expected = fitted.predict_proba(frame())[:, 1]
        assert found == pytest.approx(expected, abs=1e-5)
        assert "one input a feature" in inputs
        assert "column 2" in inputs

    def test_with_plain_probabilities_is_fed(self, fitted):
        """With the option that asks for a tensor."""
        found, _ = scores(exported(fitted, column_types(), zipmap=False))

        assert found == pytest.approx(fitted.predict_proba(frame())[:, 1], abs=1e-5)

    def test_answers_for_the_class_that_the_contract_calls_positive(self, fitted):
        """Classes are sorted by their words, whichever one is meant."""
        target = DATA.contract.target
        turned = replace(target, positive=target.negative, negative=target.positive)

        found, inputs = scores(
            exported(fitted, column_types()), replace(DATA.contract, target=turned)
        )

        assert found == pytest.approx(fitted.predict_proba(frame())[:, 0], abs=1e-5)
        assert "column 1" in inputs

    def test_with_other_classes_is_refused(self, fitted):
        """Its probabilities would be of something else."""
        target = Target(name="left", positive="gone", negative="here")

        said = refused(exported(fitted, column_types()), replace(DATA.contract, target=target))

        assert "its classes are 'no', 'yes', the target's words are 'gone' and 'here'" in said

    def test_that_stumbles_over_unseen_words_is_refused(self):
        """A server promises an answer for them."""
        said = refused(exported(pipeline(unknown="error"), column_types(), zipmap=False))

        assert "fails on categories that it has not seen" in said
        assert "handle_unknown='ignore'" in said

    def test_gives_the_same_bytes_each_time(self, fitted):
        """A release's id depends on them."""
        model = exported(fitted, column_types())

        first, again = (
            OnnxIntake().take_in(model, DATA.contract, name="m").model for _ in range(2)
        )

        assert first == again


class TestAModelOfNumbers:
    contract = learnable(categorical=False).contract

    def fitted(self):
        data = learnable(categorical=False)
        model = make_pipeline(SimpleImputer(), LogisticRegression())
        return model.fit(data.matrix.numeric, data.labels), data

    def test_with_one_tensor_of_any_name_is_fed(self):
        """`X` and `float_input` are what exporters call it."""
        model, data = self.fitted()
        written = exported(model, [("X", FloatTensorType([None, 2]))])

        taken = OnnxIntake().take_in(written, self.contract, name="m")

        found = OnnxRuntime().load(taken.model, self.contract).score(data.matrix)
        assert found == pytest.approx(model.predict_proba(data.matrix.numeric)[:, 1], abs=1e-5)
        assert "one tensor a matrix" in taken.inputs

    def test_of_another_width_is_refused(self):
        """With what was found, and what is needed."""
        model, _ = self.fitted()
        written = exported(model, [("X", FloatTensorType([None, 2]))])

        said = refused(written)

        assert "it takes 'X' (float, any × 2)" in said
        assert "2 numeric or boolean features and 2 categorical ones" in said
        assert "one input a feature, of its name" in said

    def test_that_takes_whole_numbers_cannot_have_gaps(self):
        """A missing number would become an absurd one, in silence."""
        model = LogisticRegression().fit(np.array([[1], [2], [3]]), [False, False, True])
        written = exported(model, [("x", Int64TensorType([None, 1]))])
        gaps = replace(ONE, features=(replace(ONE.features[0], nullable=True),))

        taken = OnnxIntake().take_in(written, ONE, name="m")
        said = refused(written, gaps)

        assert "one input a feature" in taken.inputs
        assert "takes int64 values, which cannot be missing, but 'x' can be" in said


def graph_of(*nodes, output, shape, kind=TensorProto.FLOAT, rows="n"):
    """A model of one float input `x` and one output, made by hand."""
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 1])],
        [helper.make_tensor_value_info(output, kind, shape)],
        [numpy_helper.from_array(np.ones((1, 2), dtype=np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


class TestOtherModels:
    @pytest.mark.parametrize("shape", [["n", 1], ["n"]], ids=["column", "flat"])
    def test_with_the_positive_probability_alone_are_fed(self, shape):
        """As neural networks end in a sigmoid."""
        nodes = [helper.make_node("Sigmoid", ["x"], ["s"])]
        if len(shape) == 1:
            nodes.append(helper.make_node("Squeeze", ["s", "axis"], ["p"]))
            nodes.insert(0, constant("axis", np.array([1], dtype=np.int64)))
        else:
            nodes.append(helper.make_node("Identity", ["s"], ["p"]))

        taken = OnnxIntake().take_in(graph_of(*nodes, output="p", shape=shape), ONE, name="m")

        assert "is the probability of '1'" in taken.inputs

    def test_that_answer_with_log_odds_are_refused(self):
        """They are no probabilities, whatever the output is called."""
        node = helper.make_node("Mul", ["x", "x2"], ["p"])
        written = graph_of(
            constant("x2", np.array([9.0], dtype=np.float32)), node, output="p", shape=["n", 1]
        )

        assert "does not score a typical row" in refused(written, ONE)

    def test_without_a_probability_are_refused(self):
        """A label alone can be neither calibrated nor ranked."""
        node = helper.make_node("Cast", ["x"], ["label"], to=TensorProto.INT64)
        written = graph_of(node, output="label", shape=["n", 1], kind=TensorProto.INT64)

        said = refused(written, ONE)

        assert "of its outputs 'label' none can be the probability" in said
        assert "zipmap" in said

    def test_whose_weights_lie_elsewhere_are_refused(self):
        """No digest covers them."""
        tensor = numpy_helper.from_array(np.ones((1, 2), dtype=np.float32), "w")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "weights.bin"
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["probabilities"])],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
            [tensor],
        )

        said = refused(helper.make_model(graph).SerializeToString(), ONE)

        assert "its weights lie in other files" in said

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\x00" * 40])
    def test_that_are_none_are_refused(self, content):
        """Whatever the bytes are."""
        assert "it is no ONNX model" in refused(content, ONE)


def constant(name, values):
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values))
