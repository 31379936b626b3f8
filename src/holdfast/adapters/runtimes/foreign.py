"""ONNX models of other makers: given the inputs and the output that releases have, and tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no types
from onnx import ModelProto, compose, helper, numpy_helper

from holdfast.adapters.runtimes.external_data import names_external_data
from holdfast.adapters.runtimes.foreign_inputs import NEEDED_INPUTS, feed
from holdfast.adapters.runtimes.foreign_outputs import positive_column, probabilities
from holdfast.adapters.runtimes.onnx import RUN_FAILURES, OnnxRuntime, brief
from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import CorruptReleaseError, InvalidRowsError, ModelFileError
from holdfast.domain.matrix import encode_rows
from holdfast.ports.model_intake import TakenIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onnx import NodeProto, TensorProto

    from holdfast.domain.contract import Contract, Value

__all__ = ["OnnxIntake"]

_OWN = "own_"  # goes before every name inside, so that none meets one of ours
_OPSET = 13  # of our few nodes, where the model uses none of the standard's
_UNSEEN = "\N{SNOWMAN} a category that no training data holds"
_NO_FILE_REMEDY = "Export the model to one .onnx file, its weights inside."


class OnnxIntake:
    """Takes in ONNX models; satisfies `ModelIntake`."""

    def take_in(self, model: bytes, contract: Contract, *, name: str) -> TakenIn:
        """See `ModelIntake.take_in`."""
        foreign = _parsed(model, name)
        if _fits(model, contract) and positive_column(foreign.graph, contract.target, name) == 1:
            taken = TakenIn(model=model, inputs="as releases have them")
        else:
            taken = _fitted(foreign, contract, name)
        _try(taken.model, contract, name)
        return taken


def _parsed(model: bytes, name: str) -> ModelProto:
    try:
        external = names_external_data(model)
        foreign = onnx.load_model_from_string(model)
    except (ValueError, DecodeError) as error:
        raise ModelFileError(name, "it is no ONNX model", remedy=_NO_FILE_REMEDY) from error
    if external:
        found = "its weights lie in other files, which no digest covers"
        raise ModelFileError(name, found, remedy=_NO_FILE_REMEDY)
    if not foreign.graph.node:
        raise ModelFileError(name, "it is no ONNX model", remedy=_NO_FILE_REMEDY)
    return foreign


def _fits(model: bytes, contract: Contract) -> bool:
    try:
        OnnxRuntime().load(model, contract)
    except CorruptReleaseError:
        return False
    return True


def _fitted(foreign: ModelProto, contract: Contract, name: str) -> TakenIn:
    """Put a few nodes before and after the model; what it computes stays what it was."""
    feeding = feed(foreign.graph, contract, name, prefix=_OWN)
    answer = probabilities(foreign.graph, contract.target, name, prefix=_OWN)
    inner = compose.add_prefix(foreign, prefix=_OWN)
    nodes: list[NodeProto] = [
        *feeding.nodes,
        *(node for node in inner.graph.node if not set(node.output) & answer.dropped),
        *answer.nodes,
    ]
    constants: list[TensorProto] = [
        *inner.graph.initializer,
        *(numpy_helper.from_array(array, key) for key, array in feeding.constants.items()),
        *(numpy_helper.from_array(array, key) for key, array in answer.constants.items()),
    ]
    graph = helper.make_graph(
        nodes,
        "brought",
        feeding.inputs,
        [helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["rows", 2])],
        constants,
        sparse_initializer=inner.graph.sparse_initializer,
    )
    opsets = list(inner.opset_import)
    if all(opset.domain not in {"", "ai.onnx"} for opset in opsets):
        opsets.append(helper.make_opsetid("", _OPSET))
    made = helper.make_model(
        graph, opset_imports=opsets, ir_version=inner.ir_version, functions=list(inner.functions)
    )
    return TakenIn(
        model=made.SerializeToString(deterministic=True),
        inputs=f"{feeding.words}; {answer.words}",
    )


def _try(model: bytes, contract: Contract, name: str) -> None:
    """Score what a server may be sent, a few rows at a time as well as one."""
    try:
        loaded = OnnxRuntime().load(model, contract)
    except CorruptReleaseError as error:
        raise ModelFileError(name, error.found, remedy=NEEDED_INPUTS) from error
    for probe in _probes(contract):
        try:
            loaded.score(encode_rows(probe.rows, contract))
        except RUN_FAILURES as error:
            found = f"it fails on {probe.what} ({brief(error)})"
            raise ModelFileError(name, found, remedy=probe.remedy) from error
        except InvalidRowsError as error:
            found = f"it has no probability for {probe.what}"
            raise ModelFileError(name, found, remedy=probe.remedy) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Probe:
    """Rows that a server may be sent."""

    rows: list[list[Value]]
    what: str
    remedy: str


def _probes(contract: Contract) -> Iterator[_Probe]:
    features = contract.features
    typical = [feature.typical for feature in features]
    yield _Probe(
        rows=[typical] * 3,
        what="several rows at once",
        remedy="Export it with a first dimension, that of rows, of any length.",
    )
    if contract.categorical:
        text = FeatureKind.CATEGORICAL
        yield _Probe(
            rows=[[_UNSEEN if f.kind is text else f.typical for f in features]],
            what="categories that it has not seen",
            remedy="Export it so that it lets them pass, as "
            "OneHotEncoder(handle_unknown='ignore') does.",
        )
    if any(feature.nullable for feature in features):
        yield _Probe(
            rows=[[None if f.nullable else f.typical for f in features]],
            what="missing values, which its contract allows",
            remedy="Put the imputation into the model; missing numbers come as NaN, missing "
            "categories as an empty text.",
        )
