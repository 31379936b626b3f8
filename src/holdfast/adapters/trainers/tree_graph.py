"""How an ensemble of trees over encoded rows is written as ONNX.

Written from the library's own trees rather than by a converter: a converter rounds
thresholds to the nearest float32, by which a value that lies on one goes the other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from onnx import TensorProto

from holdfast.adapters.trainers.encoding_graph import (
    ML,
    Parts,
    answer_nodes,
    encoding_nodes,
    graph_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.adapters.trainers.encoding import Encoding
    from holdfast.ports.trainer import Calibration

__all__ = ["Comparison", "Tree", "float32_below", "tree_graph"]

Comparison = Literal["BRANCH_LT", "BRANCH_LEQ"]
"""Which values go left: those below a threshold, or also the one that equals it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """One tree; node 0 is its root, and each array has one entry a node.

    Attributes:
        feature: The column of the encoded matrix that a node asks for.
        threshold: With what it is compared.
        left: Where rows go that compare true; below 0 in a leaf.
        right: Where the others go.
        missing_left: Whether a missing value goes left.
        value: What a leaf adds to the log-odds.
    """

    feature: NDArray[np.intp]
    threshold: NDArray[np.float32]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float32]


def float32_below(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 that is not above each threshold.

    Of float32 values exactly the same ones are at most this and at most the threshold;
    the nearest float32 may be one too many.

    >>> bool(float32_below(np.array([16777216.75]))[0] <= 16777216.75)
    True
    """
    limit = float(np.finfo(np.float32).max)  # an infinite one: every finite value goes left
    near = np.clip(thresholds, -limit, limit).astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > thresholds, below, near).astype(np.float32)


def tree_graph(
    trees: Sequence[Tree],
    *,
    comparison: Comparison,
    baseline: float,
    encoding: Encoding,
    calibration: Calibration,
) -> bytes:
    """Return the ONNX bytes of an ensemble; equal models give equal bytes.

    Inputs and output are those that `FittedModel.to_onnx` promises.

    Args:
        trees: Whose leaves are summed, in this order.
        comparison: Which values go left.
        baseline: What is added to the sum.
        encoding: How rows become the matrix that the trees ask.
        calibration: Goes over the sum.
    """
    parts = Parts()
    encoding_nodes(encoding, parts)
    parts.node(
        "TreeEnsembleRegressor", ["design"], ["leaves"], domain=ML, **_attributes(trees, comparison)
    )
    parts.node("Cast", ["leaves"], ["wide"], to=TensorProto.DOUBLE)
    parts.node("Add", ["wide", parts.constant("baseline", np.array([baseline]))], ["log_odds"])
    answer_nodes("log_odds", calibration, parts)
    return graph_bytes("holdfast_trees", parts)


def _attributes(trees: Sequence[Tree], comparison: Comparison) -> dict[str, object]:
    is_leaf = np.concatenate([tree.left for tree in trees]) < 0
    of_tree = np.concatenate([np.full(tree.left.size, i) for i, tree in enumerate(trees)])
    of_node = np.concatenate([np.arange(tree.left.size) for tree in trees])

    def asked(values: list[NDArray[np.generic]]) -> list[object]:
        """Return what nodes ask; leaves ask nothing, and say 0."""
        joined = np.concatenate(values)
        return list(np.where(is_leaf, joined.dtype.type(0), joined).tolist())

    return {
        "n_targets": 1,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "nodes_treeids": of_tree.tolist(),
        "nodes_nodeids": of_node.tolist(),
        "nodes_featureids": asked([tree.feature for tree in trees]),
        "nodes_values": asked([tree.threshold for tree in trees]),
        "nodes_modes": np.where(is_leaf, "LEAF", comparison).tolist(),
        "nodes_truenodeids": asked([tree.left for tree in trees]),
        "nodes_falsenodeids": asked([tree.right for tree in trees]),
        "nodes_missing_value_tracks_true": [
            int(bool(left)) for left in asked([tree.missing_left for tree in trees])
        ],
        "target_treeids": of_tree[is_leaf].tolist(),
        "target_nodeids": of_node[is_leaf].tolist(),
        "target_ids": [0] * int(is_leaf.sum()),
        "target_weights": np.concatenate([tree.value for tree in trees])[is_leaf].tolist(),
    }
