"""How rows in our two matrices reach the inputs of an ONNX model of another maker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper

from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from onnx import GraphProto, NodeProto, ValueInfoProto

    from holdfast.domain.contract import Contract, Feature

__all__ = ["NEEDED_INPUTS", "Feeding", "feed"]

NEEDED_INPUTS = (
    "A model takes one tensor of numbers, rows × numeric and boolean features, and one of text, "
    "rows × categorical ones, each in the contract's order; or one input a feature, of its name."
)
_WHOLE = {TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL}  # cannot be missing
_NUMBERS = {TensorProto.FLOAT, TensorProto.DOUBLE, *_WHOLE}
_SHAPE = "feed_shape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """The nodes before a model.

    Attributes:
        inputs: What the whole then takes: `numeric`, `categorical`.
        nodes: From these to the model's own inputs.
        constants: What the nodes need, by name.
        words: What was done.
    """

    inputs: list[ValueInfoProto]
    nodes: list[NodeProto]
    constants: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    words: str


def feed(graph: GraphProto, contract: Contract, name: str, *, prefix: str) -> Feeding:
    """Return the nodes that feed a model's inputs from the contract's matrices.

    Args:
        graph: The model's graph, as its maker left it.
        contract: Tells which features there are, and their order.
        name: The file's name, for errors.
        prefix: What goes before the model's own names in the whole.

    Raises:
        ModelFileError: If its inputs are of another form.
    """
    fixed = {tensor.name for tensor in graph.initializer}
    given = [one for one in graph.input if one.name not in fixed]
    if {one.name for one in given} == set(contract.names):
        return _by_feature(given, contract, name, prefix)
    return _by_matrix(given, contract, name, prefix)


def _by_matrix(
    given: Sequence[ValueInfoProto], contract: Contract, name: str, prefix: str
) -> Feeding:
    """One tensor a matrix, whatever its name."""
    wanted = {"numeric": contract.numeric, "categorical": contract.categorical}
    nodes = []
    left = list(given)
    for matrix, features in wanted.items():
        fitting = [one for one in left if _takes(one, matrix, len(features))]
        if features and len(fitting) != 1:
            raise _unfit(given, contract, name)
        if features:
            left.remove(fitting[0])
            kind = fitting[0].type.tensor_type.elem_type
            _refuse_gaps(features, kind, fitting[0].name, name)
            nodes.append(_cast(matrix, prefix + fitting[0].name, kind))
    if left:
        raise _unfit(given, contract, name)
    words = "one tensor a matrix, in the contract's order"
    return Feeding(inputs=_inputs(contract), nodes=nodes, words=words)


def _by_feature(
    given: Sequence[ValueInfoProto], contract: Contract, name: str, prefix: str
) -> Feeding:
    """One input a feature, of its name."""
    by_name = {one.name: one for one in given}
    nodes: list[NodeProto] = []
    constants: dict[str, NDArray[np.int64]] = {_SHAPE: np.array([-1], dtype=np.int64)}
    for matrix, features in (("numeric", contract.numeric), ("categorical", contract.categorical)):
        for i, feature in enumerate(features):
            one = by_name[feature.name]
            kind, rank = one.type.tensor_type.elem_type, len(one.type.tensor_type.shape.dim)
            if not _takes(one, matrix, 1):
                raise _unfit(given, contract, name)
            _refuse_gaps([feature], kind, feature.name, name)
            at, column = f"feed_{matrix}_{i}", f"feed_{matrix}_{i}_column"
            constants[at] = np.array([i], dtype=np.int64)
            nodes.append(helper.make_node("Gather", [matrix, at], [column], axis=1))
            if rank == 1:
                nodes.append(helper.make_node("Reshape", [column, _SHAPE], [f"{column}_flat"]))
                column = f"{column}_flat"
            nodes.append(_cast(column, prefix + one.name, kind))
    return Feeding(
        inputs=_inputs(contract), nodes=nodes, constants=constants, words="one input a feature"
    )


def _takes(one: ValueInfoProto, matrix: str, width: int) -> bool:
    tensor = one.type.tensor_type
    kinds = _NUMBERS if matrix == "numeric" else {TensorProto.STRING}
    if not one.type.HasField("tensor_type") or tensor.elem_type not in kinds:
        return False
    dims = tensor.shape.dim
    if len(dims) == 1 and width == 1:
        return True
    if not tensor.HasField("shape"):
        return True
    return len(dims) == 2 and dims[1].dim_value in {0, width}  # 0: of any length


def _cast(source: str, to: str, kind: int) -> NodeProto:
    if kind in {TensorProto.FLOAT, TensorProto.STRING}:
        return helper.make_node("Identity", [source], [to])
    return helper.make_node("Cast", [source], [to], to=kind)


def _inputs(contract: Contract) -> list[ValueInfoProto]:
    wanted = (
        ("numeric", TensorProto.FLOAT, len(contract.numeric)),
        ("categorical", TensorProto.STRING, len(contract.categorical)),
    )
    return [
        helper.make_tensor_value_info(matrix, kind, ["rows", width])
        for matrix, kind, width in wanted
        if width
    ]


def _refuse_gaps(features: Sequence[Feature], kind: int, own: str, name: str) -> None:
    gaps = [feature.name for feature in features if feature.nullable]
    if kind in _WHOLE and gaps:
        raise ModelFileError(
            name,
            f"its input {own!r} takes {_kind(kind)} values, which cannot be missing, but "
            f"{gaps[0]!r} can be",
            remedy="Export it with float inputs, or say in a full contract that none is missing.",
        )


def _unfit(given: Sequence[ValueInfoProto], contract: Contract, name: str) -> ModelFileError:
    found = ", ".join(_words(one) for one in given) or "nothing"
    n_numbers = sum(f.kind is not FeatureKind.CATEGORICAL for f in contract.features)
    n_words = len(contract.features) - n_numbers
    return ModelFileError(
        name,
        f"it takes {found}; the contract has {n_numbers} numeric or boolean features and "
        f"{n_words} categorical ones",
        remedy=NEEDED_INPUTS,
    )


def _words(one: ValueInfoProto) -> str:
    if not one.type.HasField("tensor_type"):
        return f"{one.name!r} (no tensor)"
    tensor = one.type.tensor_type
    dims = " × ".join(str(dim.dim_value) if dim.dim_value else "any" for dim in tensor.shape.dim)
    return f"{one.name!r} ({_kind(tensor.elem_type)}, {dims or 'any shape'})"


def _kind(kind: int) -> str:
    name: str = TensorProto.DataType.Name(kind)
    return name.lower()
