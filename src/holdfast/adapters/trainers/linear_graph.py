"""How a linear model over scaled numbers and weighted categories is written as ONNX.

The graph calculates in double precision: it repeats the trained model to the last digit of
its float32 answer, and no finite input, however extreme, makes it overflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, numpy_helper

from holdfast.adapters.trainers.encoding_graph import ML, Parts, answer_nodes, graph_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.ports.trainer import Calibration

    Floats = NDArray[np.float64]

__all__ = ["LinearModel", "linear_graph"]


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


def linear_graph(model: LinearModel, calibration: Calibration) -> bytes:
    """Return the ONNX bytes of a linear model; equal models give equal bytes.

    Inputs and output are those that `FittedModel.to_onnx` promises.
    """
    parts = Parts()
    terms: list[str] = []
    if model.weights.size:
        parts.input("numeric", TensorProto.FLOAT, model.weights.size)
        terms.append(_numeric_nodes(model, parts))
    if model.tables:
        parts.input("categorical", TensorProto.STRING, len(model.tables))
        terms += _categorical_nodes(model, parts)
    base = parts.constant("base", np.array([model.intercept]))
    parts.node("Sum", [*terms, base], ["log_odds"])
    answer_nodes("log_odds", calibration, parts)
    return graph_bytes("holdfast_linear", parts)


def _numeric_nodes(model: LinearModel, parts: Parts) -> str:
    fill, centre, scale, weights = (
        parts.constant(name, values)
        for name, values in (
            ("fill", model.fill),
            ("centre", model.centre),
            ("scale", model.scale),
            ("weights", model.weights.reshape(-1, 1)),
        )
    )
    parts.node("Cast", ["numeric"], ["wide"], to=TensorProto.DOUBLE)
    parts.node("IsNaN", ["wide"], ["missing"])
    parts.node("Where", ["missing", fill, "wide"], ["filled"])
    parts.node("Sub", ["filled", centre], ["centred"])
    parts.node("Div", ["centred", scale], ["scaled"])
    parts.node("MatMul", ["scaled", weights], ["numeric_part"])
    return "numeric_part"


def _categorical_nodes(model: LinearModel, parts: Parts) -> list[str]:
    n = len(model.tables)
    columns, terms = ([f"{what}_{j}" for j in range(n)] for what in ("column", "category"))
    parts.node("Split", ["categorical"], columns, axis=1, num_outputs=n)
    for column, term, table in zip(columns, terms, model.tables, strict=True):
        added = np.array(list(table.values()), dtype=np.float64)
        parts.node(
            "LabelEncoder",
            [column],
            [term],
            domain=ML,
            keys_tensor=numpy_helper.from_array(np.array(list(table), dtype=object), "keys"),
            values_tensor=numpy_helper.from_array(added, "values"),
            default_tensor=numpy_helper.from_array(np.zeros(1), "unseen"),
        )
    return terms
