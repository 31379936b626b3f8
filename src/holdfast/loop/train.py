"""Fit, calibrate and test models on labelled rows, and keep the best of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.contract import Contract
from holdfast.domain.errors import TooFewLabelsError, TrainingFailedError
from holdfast.domain.releases import ModelMetrics, Recipe
from holdfast.domain.tables import conform, encode_table
from holdfast.loop.split import Split, split_rows
from holdfast.performance.calibration import fit_platt
from holdfast.performance.realised import measure
from holdfast.ports.trainer import Calibration, FittedModel, Trainer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.contract import Feature, Target
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.policy.thresholds import Aim

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

__all__ = ["CalibratedModel", "Candidate", "develop", "fit_on", "refit"]

_UNDECIDED = 0.5  # stands in the contract until the validation part has chosen a threshold


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that was chosen and tested, ready to be built into a release.

    Attributes:
        tested: Fitted on the training part alone; the figures are its own.
        model: The same recipe fitted again on all rows, calibration and threshold frozen:
            the one to release.
        contract: With the chosen threshold.
        recipe: How it was made.
        metrics: On the test part.
        held_out_scores: Of the test part, shape ``(n_test,)``.
        held_out_labels: Of the test part.
        split: Which rows were used for what.
        brier_by_trainer: On the validation part, by which the trainer was chosen.
        failures: Why a trainer produced no model, by trainer.
    """

    tested: CalibratedModel
    model: CalibratedModel
    contract: Contract
    recipe: Recipe
    metrics: ModelMetrics
    held_out_scores: Floats
    held_out_labels: Labels
    split: Split
    brier_by_trainer: dict[str, float]
    failures: dict[str, str] = field(default_factory=dict)


def develop(
    features: pa.Table,
    labels: Labels,
    *,
    feature_specs: Sequence[Feature],
    target: Target,
    data_digest: str,
    trainers: Sequence[Trainer],
    aim: Aim,
    seed: int,
    ordered: bool,
    entities: NDArray[np.object_] | Sequence[str | None] | None = None,
) -> Candidate:
    """Train each trainer on 60% of the rows, choose on 20%, test the chosen one on 20%.

    The test part is looked at once, after everything is chosen.

    Args:
        features: Labelled rows; columns beside the features are passed over.
        labels: True for the positive class, shape ``(n,)``.
        feature_specs: What the columns are.
        target: The two classes in their own words.
        data_digest: SHA-256 of the training data.
        trainers: Who competes; the lowest Brier score on the validation part wins.
        aim: What the threshold serves.
        seed: Fixes every random choice.
        ordered: Whether the rows' order is that of time.
        entities: Whom each row is about, if known.

    Raises:
        ColumnError: If a feature is absent or of another type.
        TargetError: If a part of the split holds too few rows of a class.
        TrainingFailedError: If no trainer produced a model.
    """
    draft = Contract(
        features=tuple(feature_specs), target=target, threshold=_UNDECIDED, data_digest=data_digest
    )
    split = split_rows(labels, target=target, ordered=ordered, seed=seed, entities=entities)
    rows = encode_table(conform(features, draft), draft)
    models, failures = _fit_all(
        rows, labels, split=split, trainers=trainers, contract=draft, seed=seed
    )
    held, truth = rows.take(split.validation), labels[split.validation]
    brier = {name: _brier(truth, model.predict(held)) for name, model in models.items()}
    model = models[min(brier, key=lambda name: brier[name])]
    threshold = aim.choose(truth, model.predict(held))
    scores, outcomes = model.predict(rows.take(split.test)), labels[split.test]
    return Candidate(
        tested=model,
        model=refit(model, rows, labels),
        contract=replace(draft, threshold=threshold),
        recipe=_recipe(model, split),
        metrics=measure(outcomes, scores, threshold=threshold),
        held_out_scores=scores,
        held_out_labels=outcomes,
        split=split,
        brier_by_trainer=brier,
        failures=failures,
    )


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


def _fit_all(
    rows: FeatureMatrix,
    labels: Labels,
    *,
    split: Split,
    trainers: Sequence[Trainer],
    contract: Contract,
    seed: int,
) -> tuple[dict[str, CalibratedModel], dict[str, str]]:
    models: dict[str, CalibratedModel] = {}
    failures: dict[str, str] = {}
    for trainer in trainers:
        try:
            models[trainer.name] = fit_on(
                rows,
                labels,
                train=split.train,
                validation=split.validation,
                trainer=trainer,
                contract=contract,
                seed=seed,
            )
        except TrainingFailedError as error:
            failures[trainer.name] = error.found
    if not models:
        found = "; ".join(f"{name}: {why}" for name, why in failures.items())
        raise TrainingFailedError(", ".join(failures), found or "no trainer was given")
    return models, failures


def _recipe(model: CalibratedModel, split: Split) -> Recipe:
    return Recipe(
        trainer=model.trainer.name,
        parameters=model.fitted.parameters,
        seed=model.seed,
        training_window="all",
        n_train=split.train.size,
        n_validation=split.validation.size,
        n_test=split.test.size,
        split=split.words,
    )


def _brier(labels: Labels, scores: Floats) -> float:
    return float(np.mean((scores - labels) ** 2))


def _require_both(labels: Labels, what: str) -> None:
    n_positive = int(labels.sum())
    if not 0 < n_positive < labels.size:
        raise TooFewLabelsError(found=0, required=1, what=what)
