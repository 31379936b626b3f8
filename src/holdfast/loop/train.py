"""Fit a model on some rows, calibrate it on others, and fit the same recipe again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import TooFewLabelsError, TrainingFailedError
from holdfast.performance.calibration import fit_platt
from holdfast.ports.trainer import Calibration, FittedModel, Trainer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

__all__ = ["CalibratedModel", "fit_on", "refit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedModel:
    """A fitted model with the calibration that goes before its scores.

    Attributes:
        fitted: The model in its trainer's library.
        calibration: From the validation part.
        trainer: Who fitted it, and can do so again.
        contract: What the columns are.
        seed: With which it was fitted.
    """

    fitted: FittedModel
    calibration: Calibration
    trainer: Trainer
    contract: Contract
    seed: int

    def predict(self, rows: FeatureMatrix) -> Floats:
        """Return calibrated P(y = 1), shape ``(n,)``."""
        return self.fitted.predict(rows, self.calibration)

    def to_onnx(self) -> bytes:
        """Export the model with its calibration inside."""
        return self.fitted.to_onnx(self.calibration)


def fit_on(
    rows: FeatureMatrix,
    labels: Labels,
    *,
    train: Rows,
    validation: Rows,
    trainer: Trainer,
    contract: Contract,
    seed: int,
) -> CalibratedModel:
    """Fit on one part of the rows and calibrate on another.

    Args:
        rows: All rows, columns in contract order.
        labels: Theirs, shape ``(n,)``.
        train: Indices to fit on.
        validation: Indices to calibrate on, disjoint from `train`.
        trainer: Who fits.
        contract: What the columns are (its threshold is not used).
        seed: Fixes every random choice.

    Raises:
        TooFewLabelsError: If a part holds one class only.
        TrainingFailedError: If no usable model came out.
    """
    _require_both(labels[train], "training rows of each class")
    _require_both(labels[validation], "validation rows of each class")
    fitted = trainer.fit(rows.take(train), labels[train], contract=contract, seed=seed)
    log_odds = fitted.log_odds(rows.take(validation))
    if not np.isfinite(log_odds).all():
        raise TrainingFailedError(trainer.name, "its log-odds of validation rows are not finite")
    slope, intercept = fit_platt(labels[validation], log_odds)
    return CalibratedModel(
        fitted=fitted,
        calibration=Calibration(slope=slope, intercept=intercept),
        trainer=trainer,
        contract=contract,
        seed=seed,
    )


def refit(model: CalibratedModel, rows: FeatureMatrix, labels: Labels) -> CalibratedModel:
    """Fit the same recipe again on other, usually more, rows; the calibration is frozen.

    Args:
        model: Tells trainer, seed and calibration.
        rows: Rows to fit on, columns in the order of the model's contract.
        labels: Theirs, shape ``(n,)``.

    Raises:
        TooFewLabelsError: If the rows hold one class only.
        TrainingFailedError: If no usable model came out.
    """
    _require_both(labels, "training rows of each class")
    fitted = model.trainer.fit(rows, labels, contract=model.contract, seed=model.seed)
    return replace(model, fitted=fitted)


def _require_both(labels: Labels, what: str) -> None:
    n_positive = int(labels.sum())
    if not 0 < n_positive < labels.size:
        raise TooFewLabelsError(found=0, required=1, what=what)
