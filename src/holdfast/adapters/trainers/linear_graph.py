"""How a linear model over scaled numbers and weighted categories is written as ONNX.

The graph calculates in double precision: it repeats the trained model to the last digit of
its float32 answer, and no finite input, however extreme, makes it overflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["LinearModel", "linear_graph"]

_OPSETS = {"": 21, "ai.onnx.ml": 4}  # 4 brought LabelEncoder's double values
_IR_VERSION = 10  # the one that belongs to opset 21
_ML = "ai.onnx.ml"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearModel:
    """Log-odds as a sum: numbers by weight, categories by table, and an intercept.

    Attributes:
        fill: What stands in for a missing number, shape ``(k,)``.
        centre: Subtracted from each number, shape ``(k,)``.
        scale: Divides it then, shape ``(k,)``.
        weights: One for each number, shape ``(k,)``.
        tables: For each categorical column the log-odds that a category adds; an unseen
            one adds nothing.
        intercept: Added to the sum.
    """

    fill: Floats
    centre: Floats
    scale: Floats
    weights: Floats
    tables: tuple[dict[str, float], ...]
    intercept: float


def linear_graph(model: LinearModel) -> bytes:
    """Return the ONNX bytes of a linear model; equal models give equal bytes.

    Inputs and output are those that `FittedModel.to_onnx` promises.
    """
    nodes: list[NodeProto] = []
    constants: list[TensorProto] = []
    inputs = []
    terms: list[str] = []
    if model.weights.size:
        inputs.append(_input("numeric", TensorProto.FLOAT, model.weights.size))
        nodes += _numeric_nodes(model, constants)
        terms.append("numeric_part")
    if model.tables:
        inputs.append(_input("categorical", TensorProto.STRING, len(model.tables)))
        nodes += _categorical_nodes(model)
        terms += [f"category_{j}" for j in range(len(model.tables))]
    nodes += _answer_nodes(terms, model.intercept, constants)
    graph = helper.make_graph(
        nodes,
        "holdfast_linear",
        inputs,
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 2])],
        constants,
    )
    onnx_model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(domain, v) for domain, v in _OPSETS.items()],
        ir_version=_IR_VERSION,
        producer_name="holdfast",
    )
    written: bytes = onnx_model.SerializeToString(deterministic=True)
    return written


def _numeric_nodes(model: LinearModel, constants: list[TensorProto]) -> list[NodeProto]:
    constants += [
        _constant("fill", model.fill),
        _constant("centre", model.centre),
        _constant("scale", model.scale),
        _constant("weights", model.weights.reshape(-1, 1)),
    ]
    return [
        helper.make_node("Cast", ["numeric"], ["wide"], to=TensorProto.DOUBLE),
        helper.make_node("IsNaN", ["wide"], ["missing"]),
        helper.make_node("Where", ["missing", "fill", "wide"], ["filled"]),
        helper.make_node("Sub", ["filled", "centre"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["scaled"]),
        helper.make_node("MatMul", ["scaled", "weights"], ["numeric_part"]),
    ]


def _categorical_nodes(model: LinearModel) -> list[NodeProto]:
    columns = [f"column_{j}" for j in range(len(model.tables))]
    nodes = [helper.make_node("Split", ["categorical"], columns, axis=1, num_outputs=len(columns))]
    for j, table in enumerate(model.tables):
        keys = list(table)
        added = np.array(list(table.values()), dtype=np.float64)
        nodes.append(
            helper.make_node(
                "LabelEncoder",
                [columns[j]],
                [f"category_{j}"],
                domain=_ML,
                keys_tensor=_texts("keys", keys),
                values_tensor=_constant("values", added),
                default_tensor=_constant("unseen", np.zeros(1)),
            )
        )
    return nodes


def _answer_nodes(
    terms: list[str], intercept: float, constants: list[TensorProto]
) -> list[NodeProto]:
    constants += [_constant("intercept", np.array([intercept])), _constant("one", np.ones(1))]
    return [
        helper.make_node("Sum", [*terms, "intercept"], ["log_odds"]),
        helper.make_node("Sigmoid", ["log_odds"], ["positive"]),
        helper.make_node("Sub", ["one", "positive"], ["negative"]),
        helper.make_node("Concat", ["negative", "positive"], ["both"], axis=1),
        helper.make_node("Cast", ["both"], ["probabilities"], to=TensorProto.FLOAT),
    ]


def _input(name: str, kind: int, width: int) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["rows", width])


def _texts(name: str, values: list[str]) -> TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=object), name)


def _constant(name: str, values: Floats) -> TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float64), name)
