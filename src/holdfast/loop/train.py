"""Fit a model on some rows, calibrate it on others, and fit the same recipe again."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import HoldfastError, TooFewLabelsError, TrainingFailedError
from holdfast.loop.calibrate import calibrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.ports.trainer import Calibration, FittedModel, Trainer

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
        brier: On the validation part, each row by a calibration that was not fitted on it.
        trainer: Who fitted it, and can do so again.
        contract: What the columns are.
        seed: With which it was fitted.
    """

    fitted: FittedModel
    calibration: Calibration
    brier: float
    trainer: Trainer
    contract: Contract
    seed: int

    def predict(self, rows: FeatureMatrix) -> Floats:
        """Return calibrated P(y = 1), shape ``(n,)``.

        Raises:
            TrainingFailedError: If the model raises.
        """
        with _blaming(self.trainer, "its model cannot score"):
            return self.fitted.predict(rows, self.calibration)

    def to_onnx(self) -> bytes:
        """Export the model with its calibration inside.

        Raises:
            TrainingFailedError: If it cannot be exported.
        """
        with _blaming(self.trainer, "its model cannot be exported"):
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
    weights: Floats | None = None,
    isotonic: bool = True,
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
        weights: What each training row weighs, in the order of `train`; None weighs all alike.
        isotonic: Whether the calibration may be isotonic; see `calibrate`.

    Raises:
        TooFewLabelsError: If a part holds one class only.
        TrainingFailedError: If no usable model came out.
    """
    _require_both(labels[train], "training rows of each class")
    _require_both(labels[validation], "validation rows of each class")
    fitted = trainer.fit(
        rows.take(train), labels[train], contract=contract, seed=seed, weights=weights
    )
    with _blaming(trainer, "its model cannot score"):
        log_odds = fitted.log_odds(rows.take(validation))
    if not np.isfinite(log_odds).all():
        raise TrainingFailedError(trainer.name, "its log-odds of validation rows are not finite")
    found = calibrate(labels[validation], log_odds, isotonic=isotonic)
    return CalibratedModel(
        fitted=fitted,
        calibration=found.calibration,
        brier=found.brier,
        trainer=trainer,
        contract=contract,
        seed=seed,
    )


def refit(
    model: CalibratedModel,
    rows: FeatureMatrix,
    labels: Labels,
    *,
    weights: Floats | None = None,
) -> CalibratedModel:
    """Fit the same recipe again on other, usually more, rows; the calibration is frozen.

    Args:
        model: Tells trainer, seed and calibration.
        rows: Rows to fit on, columns in the order of the model's contract.
        labels: Theirs, shape ``(n,)``.
        weights: What each row weighs, shape ``(n,)``; None weighs all alike.

    Raises:
        TooFewLabelsError: If the rows hold one class only.
        TrainingFailedError: If no usable model came out.
    """
    _require_both(labels, "training rows of each class")
    fitted = model.trainer.fit(
        rows, labels, contract=model.contract, seed=model.seed, weights=weights
    )
    return replace(model, fitted=fitted)


@contextmanager
def _blaming(trainer: Trainer, what: str) -> Iterator[None]:
    """Make a trainer's failure of whatever its model raises, which may be a plug-in's.

    Else it would end the control loop instead of the attempt.
    """
    try:
        yield
    except HoldfastError:
        raise
    except Exception as error:  # foreign code may raise anything
        words = " ".join(str(error).split())
        found = f"{what}: {type(error).__name__}" + (f": {words}" if words else "")
        raise TrainingFailedError(trainer.name, found) from error


def _require_both(labels: Labels, what: str) -> None:
    n_positive = int(labels.sum())
    if not 0 < n_positive < labels.size:
        raise TooFewLabelsError(found=0, required=1, what=what)
