"""Write a release's model as MLflow loads models: by name, with a signature and an example."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from holdfast import __version__
from holdfast.domain.canonical import canonical_json
from holdfast.domain.contract import FeatureKind
from holdfast.domain.releases import CONTRACT, MODEL

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.domain.contract import Contract, Feature

__all__ = ["LOADER", "prepare", "write_model"]

LOADER = "holdfast.integrations.mlflow_model"
"""The module that MLflow calls to load such a model."""


def prepare() -> None:
    """Import what writing a model needs: it takes seconds.

    Raises:
        ImportError: If MLflow or ONNX is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.pyfunc  # noqa: F401, PLC0415 - takes seconds, and is an extra
        import onnx  # noqa: F401, PLC0415 - the same


def write_model(folder: Path, *, model: bytes, contract: Contract) -> None:
    """Write a folder that `mlflow.pyfunc.load_model` and `mlflow.onnx.load_model` read.

    The former scores tables of features by name, exactly as Holdfast does, and needs
    Holdfast for it; the latter gives the bare ONNX model.

    Args:
        folder: Made here.
        model: ONNX bytes.
        contract: What the model takes and what its answers mean.
    """
    parts = folder.with_name("parts")
    parts.mkdir()
    (parts / MODEL).write_bytes(model)
    (parts / CONTRACT).write_bytes(canonical_json(contract))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's advice on types; the signature says what holds
        _save(folder, parts, contract)


def _save(folder: Path, parts: Path, contract: Contract) -> None:
    import mlflow.pyfunc  # noqa: PLC0415 - takes seconds, and is an extra
    import onnx  # noqa: PLC0415 - the same
    from mlflow.models import Model  # noqa: PLC0415 - the same

    described = Model()
    described.add_flavor("onnx", onnx_version=onnx.__version__, data=f"data/{parts.name}/{MODEL}")
    mlflow.pyfunc.save_model(
        path=folder,
        loader_module=LOADER,
        data_path=str(parts),
        mlflow_model=described,
        signature=_signature(contract),
        input_example=_example(contract),
        pip_requirements=[f"holdfast[train]=={__version__}"],
        metadata={"threshold": contract.threshold, "target": contract.target.name},
    )


def _signature(contract: Contract) -> Any:
    from mlflow.models import ModelSignature  # noqa: PLC0415 - takes seconds, and is an extra
    from mlflow.types.schema import ColSpec, Schema  # noqa: PLC0415 - the same

    features = {feature.name: feature for feature in contract.features}
    inputs = [
        ColSpec(_type_of(features[name]), name, required=not features[name].nullable)
        if name in features
        else ColSpec("datetime", name)
        for name in contract.inputs
    ]
    outputs = [ColSpec("double", "score"), ColSpec("string", "decision")]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def _type_of(feature: Feature) -> Any:
    """Return a type that takes what a file of such values is read as.

    MLflow refuses whole numbers where it expects others, and the reverse. A column that may
    miss whole numbers is read as either, by whether it does.
    """
    from mlflow.types.schema import AnyType  # noqa: PLC0415 - takes seconds, and is an extra

    match feature.kind:
        case FeatureKind.CATEGORICAL:
            return "string"
        case FeatureKind.BOOLEAN:
            return AnyType() if feature.nullable else "boolean"
    if not feature.whole:
        return "double"
    return AnyType() if feature.nullable else "long"


def _example(contract: Contract) -> Any:
    """Return a typical row: no person's."""
    import pandas as pd  # noqa: PLC0415 - MLflow takes examples as data frames

    features = {feature.name: feature for feature in contract.features}
    newest = {one.source: one.origin_at.replace(tzinfo=None) for one in contract.derivations}
    row = {
        name: _typical(features[name]) if name in features else pd.Timestamp(newest[name])
        for name in contract.inputs
    }
    return pd.DataFrame([row])


def _typical(feature: Feature) -> Any:
    if feature.kind is not FeatureKind.NUMERIC:
        return feature.typical
    value = float("nan") if feature.typical is None else float(feature.typical)
    return int(value) if feature.whole and value.is_integer() else value
