"""The parts that exported graphs share: inputs, encoding, calibration, answer, bytes.

Models whose encoding is `Encoding` put their own nodes between `encoding_nodes`, which
gives ``design``, and `answer_nodes`, which takes their log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.adapters.trainers.encoding import Encoding
    from holdfast.ports.trainer import Calibration

__all__ = ["ML", "Parts", "answer_nodes", "encoding_nodes", "graph_bytes"]

ML = "ai.onnx.ml"
OPSETS = {"": 21, ML: 4}  # 4 is the last one before tree ensembles took another form
_IR_VERSION = 10  # the one that belongs to opset 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a graph is made of, while it is written."""

    inputs: list[ValueInfoProto] = field(default_factory=list)
    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def input(self, name: str, kind: int, width: int) -> str:
        """Add an input of so many columns; return its name."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, ["rows", width]))
        return name

    def node(self, kind: str, takes: list[str], gives: list[str], **attributes: Any) -> None:
        """Add a node."""
        self.nodes.append(helper.make_node(kind, takes, gives, **attributes))

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """Add a constant; return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def encoding_nodes(encoding: Encoding, parts: Parts) -> None:
    """Write the inputs and what makes the float32 matrix ``design`` of them."""
    columns: list[str] = []
    if encoding.n_numeric:
        parts.input("numeric", TensorProto.FLOAT, encoding.n_numeric)
        columns.append("numeric")
    n_words = len(encoding.categorical)
    if n_words:
        parts.input("categorical", TensorProto.STRING, n_words)
        words = [f"words_{j}" for j in range(n_words)]
        parts.node("Split", ["categorical"], words, axis=1, num_outputs=n_words)
        columns += [_codes(encoding, j, parts) for j in range(n_words)]
    parts.node("Concat", columns, ["design"], axis=1)


def _codes(encoding: Encoding, j: int, parts: Parts) -> str:
    codes = encoding.categorical[j]
    places = np.arange(len(codes.known), dtype=np.float32)
    parts.node(
        "LabelEncoder",
        [f"words_{j}"],
        [f"places_{j}"],
        domain=ML,
        keys_tensor=numpy_helper.from_array(np.array(codes.known, dtype=object), "keys"),
        values_tensor=numpy_helper.from_array(places, "values"),
        default_tensor=numpy_helper.from_array(
            np.array([len(codes.known)], dtype=np.float32), "unseen"
        ),
    )
    if not codes.spread:
        return f"places_{j}"
    known = parts.constant(f"known_{j}", places.reshape(1, -1))
    parts.node("Equal", [f"places_{j}", known], [f"is_{j}"])
    parts.node("Cast", [f"is_{j}"], [f"codes_{j}"], to=TensorProto.FLOAT)
    return f"codes_{j}"


def answer_nodes(log_odds: str, calibration: Calibration, parts: Parts) -> None:
    """Write what makes calibrated probabilities of double log-odds, shape ``(n, 1)``."""
    slope = parts.constant("slope", np.array([calibration.slope]))
    intercept = parts.constant("intercept", np.array([calibration.intercept]))
    one = parts.constant("one", np.ones(1))
    parts.node("Mul", [log_odds, slope], ["sloped"])
    parts.node("Add", ["sloped", intercept], ["straight"])
    parts.node("Sigmoid", [_bent(log_odds, "straight", calibration, parts)], ["positive"])
    parts.node("Sub", [one, "positive"], ["negative"])
    parts.node("Concat", ["negative", "positive"], ["both"], axis=1)
    parts.node("Cast", ["both"], ["probabilities"], to=TensorProto.FLOAT)


def _bent(log_odds: str, straight: str, calibration: Calibration, parts: Parts) -> str:
    """Write what adds the bends to the straight line; return where their sum is."""
    if not calibration.bends:
        return straight
    at, change = np.array(calibration.bends).T
    parts.node("Sub", [log_odds, parts.constant("bends", at.reshape(1, -1))], ["beyond"])
    parts.node("Relu", ["beyond"], ["so_far_beyond"])
    changes = parts.constant("changes", change.reshape(-1, 1))
    parts.node("MatMul", ["so_far_beyond", changes], ["bent"])
    parts.node("Add", [straight, "bent"], ["calibrated"])
    return "calibrated"


def graph_bytes(name: str, parts: Parts) -> bytes:
    """Return the ONNX bytes; equal parts give equal bytes."""
    graph = helper.make_graph(
        parts.nodes,
        name,
        parts.inputs,
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 2])],
        parts.constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(domain, v) for domain, v in OPSETS.items()],
        ir_version=_IR_VERSION,
        producer_name="holdfast",
    )
    written: bytes = model.SerializeToString(deterministic=True)
    return written
