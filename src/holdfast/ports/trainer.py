"""How a model is fitted and exported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix

__all__ = ["Calibration", "FittedModel", "Trainer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A monotone map of a model's log-odds: ``p = sigmoid(slope * logit + intercept)``.

    Source:
        Platt (1999), *Probabilistic outputs for support vector machines*.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if self.slope < 0:
            raise ValueError("a calibration with a negative slope would turn the ranking round")


class FittedModel(Protocol):
    """A model that was just fitted, in the trainer's own library."""

    @property
    def parameters(self) -> dict[str, float | int | str | bool]:
        """The settings it was fitted with, for the recipe and the tracking server."""
        ...

    def log_odds(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """Return the uncalibrated log-odds of the positive class, shape ``(n,)``."""
        ...

    def predict(self, rows: FeatureMatrix, calibration: Calibration) -> NDArray[np.float64]:
        """Return calibrated P(y = 1), shape ``(n,)``: what the export must repeat."""
        ...

    def to_onnx(self, calibration: Calibration) -> bytes:
        """Export with the calibration inside.

        Inputs `numeric` (float32, n × k) and `categorical` (text, n × m), each only if
        the contract has such features; output `probabilities` (float32, n × 2).
        """
        ...


class Trainer(Protocol):
    """Fits one family of models; the same rows, labels and seed give the same model."""

    @property
    def name(self) -> str:
        """How settings and records call it, such as ``logistic_regression``."""
        ...

    def fit(
        self,
        rows: FeatureMatrix,
        labels: NDArray[np.bool_],
        *,
        contract: Contract,
        seed: int,
        weights: NDArray[np.float64] | None = None,
    ) -> FittedModel:
        """Fit on the rows.

        Args:
            rows: Training rows, columns in contract order.
            labels: Shape ``(n,)``; both classes occur.
            contract: What the columns are (its threshold is not used).
            seed: Fixes every random choice.
            weights: Optional row weights, shape ``(n,)``.

        Raises:
            TrainingFailedError: If no usable model came out.
        """
        ...
