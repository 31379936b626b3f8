"""Which adapter takes in models that were trained elsewhere; apart, for it loads `onnx`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.adapters.runtimes.foreign import OnnxIntake

if TYPE_CHECKING:
    from holdfast.ports.model_intake import ModelIntake

__all__ = ["model_intake"]


def model_intake() -> ModelIntake:
    """Return what fits models of other makers to a contract."""
    return OnnxIntake()
