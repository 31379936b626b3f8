"""How a classifier that skl2onnx converts becomes part of an exported graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto, compose
from sklearn.preprocessing import StandardScaler

from holdfast.adapters.trainers.encoding_graph import (
    ML,
    OPSETS,
    Parts,
    answer_nodes,
    encoding_nodes,
    graph_bytes,
)
from holdfast.domain.errors import TrainingFailedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.adapters.trainers.encoding import Encoding
    from holdfast.ports.trainer import Calibration

__all__ = ["CLOSEST", "estimator_graph"]

CLOSEST = 1e-6
"""How near to 0 and 1 a classifier's probability counts; nearer ones have no log-odds."""

_PREFIX = "own_"
_INPUT, _OUTPUT = "design", "probabilities"


def estimator_graph(
    estimator: Any,
    *,
    name: str,
    encoding: Encoding,
    fill: NDArray[np.float32],
    calibration: Calibration,
) -> bytes:
    """Return the ONNX bytes of a fitted classifier over encoded rows.

    Inputs and output are those that `FittedModel.to_onnx` promises.

    Args:
        estimator: The fitted classifier.
        name: How the trainer is called, for its errors.
        encoding: How rows become the matrix that it takes.
        fill: What stands in that matrix for missing, shape ``(width,)``.
        calibration: Goes over its log-odds.

    Raises:
        TrainingFailedError: If skl2onnx is not installed or cannot convert it.
    """
    parts = Parts()
    encoding_nodes(encoding, parts)
    parts.node("IsNaN", ["design"], ["missing"])
    parts.node("Where", ["missing", parts.constant("fill", fill), "design"], ["filled"])
    _append(_converted(estimator, name, encoding.width), parts)
    _log_odds_nodes(parts)
    answer_nodes("log_odds", calibration, parts)
    return graph_bytes("holdfast_estimator", parts)


def _converted(estimator: Any, name: str, width: int) -> GraphProto:
    try:
        from skl2onnx import convert_sklearn  # noqa: PLC0415 - only a user's own model needs it
        from skl2onnx.common.data_types import FloatTensorType  # noqa: PLC0415 - the same
    except ImportError as error:
        found = f"its export needs skl2onnx ({error}). Get it with: pip install 'holdfast[train]'"
        raise TrainingFailedError(name, found) from error
    try:
        model: ModelProto = convert_sklearn(
            estimator,
            initial_types=[(_INPUT, FloatTensorType([None, width]))],
            # By default the converter multiplies by the reciprocal, and rounds twice.
            options={id(estimator): {"zipmap": False}, StandardScaler: {"div": "div"}},
            target_opset={"": OPSETS[""], ML: 3},
        )
    except Exception as error:  # it raises whatever the estimator's converter does
        said = " ".join(str(error).split()) or type(error).__name__
        found = (
            f"skl2onnx cannot convert {type(estimator).__qualname__} ({said[:300]}). "
            "Use a classifier that it knows, or write a trainer with an export of its own"
        )
        raise TrainingFailedError(name, found) from error
    return compose.add_prefix(model, _PREFIX).graph


def _append(converted: GraphProto, parts: Parts) -> None:
    """Take over what the probabilities need; the predicted class, say, is not wanted."""
    wanted = {_PREFIX + _OUTPUT}
    kept = []
    for node in reversed(converted.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
            kept.append(node)
    parts.node("Identity", ["filled"], [_PREFIX + _INPUT])
    parts.nodes.extend(reversed(kept))
    parts.constants.extend(one for one in converted.initializer if one.name in wanted)


def _log_odds_nodes(parts: Parts) -> None:
    at = parts.constant("second", np.array([1], dtype=np.int64))
    low = parts.constant("low", np.array(CLOSEST))
    high = parts.constant("high", np.array(1 - CLOSEST))
    whole = parts.constant("whole", np.ones(1))
    parts.node("Gather", [_PREFIX + _OUTPUT, at], ["own_positive"], axis=1)
    parts.node("Cast", ["own_positive"], ["wide"], to=TensorProto.DOUBLE)
    parts.node("Clip", ["wide", low, high], ["inside"])
    parts.node("Sub", [whole, "inside"], ["rest"])
    parts.node("Div", ["inside", "rest"], ["odds"])
    parts.node("Log", ["odds"], ["log_odds"])
