"""Which output of an ONNX model of another maker is the probability, and of which class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper

from holdfast.domain.errors import ModelFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import GraphProto, NodeProto, ValueInfoProto

    from holdfast.domain.contract import Target

__all__ = ["Answer", "positive_column", "probabilities"]

_FLOATS = {TensorProto.FLOAT, TensorProto.DOUBLE}
_USUAL = ("probabilities", "output_probability", "probability")
_NEEDED = (
    "A model gives the probabilities of its two classes (float, rows × 2), or of the positive one "
    "(rows × 1). For scikit-learn: skl2onnx.to_onnx(model, X, options={'zipmap': False})."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The nodes after a model.

    Attributes:
        nodes: From its own output to `probabilities`.
        constants: What they need, by name.
        dropped: Outputs of nodes that are left out.
        words: What was done.
    """

    nodes: list[NodeProto]
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    dropped: frozenset[str]
    words: str


def probabilities(graph: GraphProto, target: Target, name: str, *, prefix: str) -> Answer:
    """Return the nodes that make `probabilities` of a model's output.

    The second column is the positive class's, as scikit-learn sorts classes, unless the graph
    names its classes and says otherwise.

    Args:
        graph: The model's graph, as its maker left it.
        target: Tells the positive word.
        name: The file's name, for errors.
        prefix: What goes before the model's own names in the whole.

    Raises:
        ModelFileError: If no output can be the probability, or the classes are other words.
    """
    zipped = {node.output[0]: node for node in graph.node if node.op_type == "ZipMap"}
    own = _chosen(graph, set(zipped), name)
    source = prefix + (zipped[own.name].input[0] if own.name in zipped else own.name)
    dropped = frozenset(prefix + output for output in zipped)
    if own.name not in zipped and _width(own) == 1:
        words = f"output {own.name!r} is the probability of {target.positive!r}"
        nodes, constants = _of_one(source)
        return Answer(nodes=nodes, constants=constants, dropped=dropped, words=words)
    column = positive_column(graph, target, name)
    words = f"column {column + 1} of output {own.name!r} is the probability of {target.positive!r}"
    order = np.array([1 - column, column], dtype=np.int64)
    nodes = [
        helper.make_node("Gather", [source, "answer_order"], ["answer_both"], axis=1),
        helper.make_node("Cast", ["answer_both"], ["probabilities"], to=TensorProto.FLOAT),
    ]
    return Answer(nodes=nodes, constants={"answer_order": order}, dropped=dropped, words=words)


def _chosen(graph: GraphProto, zipped: set[str], name: str) -> ValueInfoProto:
    possible: list[ValueInfoProto] = [
        one for one in graph.output if one.name in zipped or _width(one) in {1, 2}
    ]
    usual = [one for one in possible if one.name in _USUAL]
    chosen = usual or [one for one in possible if one.name in zipped or _width(one) == 2]
    chosen = chosen or possible
    if len(chosen) != 1:
        found = ", ".join(repr(one.name) for one in graph.output)
        which = "none" if not chosen else "not one alone"
        raise ModelFileError(
            name, f"of its outputs {found} {which} can be the probability", remedy=_NEEDED
        )
    return chosen[0]


def _width(one: ValueInfoProto) -> int | None:
    """Return how many columns of floats an output has; two where it does not say."""
    tensor = one.type.tensor_type
    if not one.type.HasField("tensor_type") or tensor.elem_type not in _FLOATS:
        return None
    dims = tensor.shape.dim
    if len(dims) == 1:
        return 1
    if len(dims) == 2 or not tensor.HasField("shape"):
        return (dims[1].dim_value if len(dims) == 2 else 0) or 2
    return None


def _of_one(source: str) -> tuple[list[NodeProto], dict[str, NDArray[Any]]]:
    constants: dict[str, NDArray[Any]] = {
        "answer_column": np.array([-1, 1], dtype=np.int64),
        "answer_one": np.ones(1, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Reshape", [source, "answer_column"], ["answer_flat"]),
        helper.make_node("Cast", ["answer_flat"], ["answer_positive"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["answer_one", "answer_positive"], ["answer_negative"]),
        helper.make_node("Concat", ["answer_negative", "answer_positive"], ["probabilities"],
                         axis=1),
    ]  # fmt: skip
    return nodes, constants


def positive_column(graph: GraphProto, target: Target, name: str) -> int:
    """Return where the positive class stands; second, where the graph names no classes.

    Raises:
        ModelFileError: If the classes that it names are other words than the target's.
    """
    classes = _classes(graph)
    if classes is None:
        return 1
    said = [word.casefold() for word in classes]
    words = [target.negative.casefold(), target.positive.casefold()]
    if said == words[::-1]:
        return 0
    if said in (words, ["0", "1"], ["false", "true"]):
        return 1
    raise ModelFileError(
        name,
        f"its classes are {', '.join(map(repr, classes))}, the target's words are "
        f"{target.positive!r} and {target.negative!r}",
        remedy="Give a reference in the words that the model was trained on.",
    )


def _classes(graph: GraphProto) -> list[str] | None:
    """Return the classes in the order of the probabilities, as the last node that knows says."""
    for node in reversed(graph.node):
        for attribute in node.attribute:
            if attribute.name == "classlabels_strings" and attribute.strings:
                return [word.decode() for word in attribute.strings]
            if attribute.name in {"classlabels_int64s", "classlabels_ints"} and attribute.ints:
                return [str(number) for number in attribute.ints]
    return None
