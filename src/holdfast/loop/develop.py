"""Train every trainer on labelled rows, choose one, test it, and fit it for release."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.contract import Contract
from holdfast.domain.releases import ModelMetrics, Recipe
from holdfast.domain.tables import conform, encode_table
from holdfast.loop.compete import compete, exportable
from holdfast.loop.crossfit import OutOfFold, cross_fit
from holdfast.loop.split import Split, split_rows
from holdfast.loop.train import CalibratedModel, refit
from holdfast.performance.curves import trace
from holdfast.performance.importance import permutation_importance
from holdfast.performance.realised import measure
from holdfast.policy.thresholds import prices_of
from holdfast.policy.training_windows import TrainingWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.contract import Feature, Target
    from holdfast.domain.curves import Curves
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.domain.releases import Importances
    from holdfast.policy.thresholds import Aim
    from holdfast.ports.runtime import Runtime
    from holdfast.ports.trainer import Trainer

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["Candidate", "develop"]

_UNDECIDED = 0.5  # stands in the contract until the validation part has chosen a threshold


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
        curves: On the test part, at every threshold.
        importances: Of the features to the tested model, on the test part.
        out_of_fold: Scores of all rows by models that had not seen them.
        split: Which rows were used for what.
        brier_by_trainer: On the validation part, by which the trainer was chosen.
        failures: Why a trainer produced no model, or one that cannot be released, by trainer.
    """

    tested: CalibratedModel
    model: CalibratedModel
    contract: Contract
    recipe: Recipe
    metrics: ModelMetrics
    curves: Curves
    importances: Importances
    out_of_fold: OutOfFold
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
    runtime: Runtime | None = None,
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
        runtime: Executes exports: the best whose export repeats it is chosen; None chooses
            the best, be it exportable or not.

    Raises:
        ColumnError: If a feature is absent or of another type.
        TargetError: If a part of the split holds too few rows of a class.
        TrainingFailedError: If no trainer produced a model, or none can be exported.
    """
    draft = Contract(
        features=tuple(feature_specs), target=target, threshold=_UNDECIDED, data_digest=data_digest
    )
    split = split_rows(labels, target=target, ordered=ordered, seed=seed, entities=entities)
    rows = encode_table(conform(features, draft), draft)
    model, brier, failures = _competed(
        rows,
        labels,
        split=split,
        trainers=trainers,
        contract=draft,
        seed=seed,
        runtime=runtime,
    )
    held, truth = rows.take(split.validation), labels[split.validation]
    threshold = aim.choose(truth, model.predict(held))
    test_rows, test_labels = rows.take(split.test), labels[split.test]
    tested = model.predict(test_rows)
    released = refit(model, rows, labels)
    return Candidate(
        tested=model,
        model=released,
        contract=replace(draft, threshold=threshold),
        recipe=_recipe(model, split, competition=brier, failures=failures),
        metrics=measure(
            test_labels,
            tested,
            threshold=threshold,
            prices=prices_of(aim),
        ),
        curves=trace(test_labels, tested, threshold=threshold),
        importances=permutation_importance(
            model.predict, test_rows, test_labels, contract=draft, seed=seed
        ),
        out_of_fold=cross_fit(
            released, rows, labels, threshold=threshold, ordered=ordered, entities=entities
        ),
        split=split,
        brier_by_trainer=brier,
        failures=failures,
    )


def _competed(
    rows: FeatureMatrix,
    labels: Labels,
    *,
    split: Split,
    trainers: Sequence[Trainer],
    contract: Contract,
    seed: int,
    runtime: Runtime | None,
) -> tuple[CalibratedModel, dict[str, float], dict[str, str]]:
    """Return the winner, and by trainer the Brier scores and the failures."""
    window = TrainingWindow(name="all", rows=split.train)
    competition = compete(
        rows,
        labels,
        contract,
        windows=[window],
        validation=split.validation,
        trainers=trainers,
        seed=seed,
    )
    if runtime is not None:
        looked_at = np.sort(np.concatenate([split.train, split.validation]))
        competition = exportable(competition, rows.take(looked_at), contract, runtime)
    brier = {entry.model.trainer.name: entry.model.brier for entry in competition.entries}
    failures = {
        name.removesuffix(f"/{window.name}"): why for name, why in competition.failures.items()
    }
    return competition.best.model, brier, failures


def _recipe(
    model: CalibratedModel,
    split: Split,
    *,
    competition: dict[str, float],
    failures: dict[str, str],
) -> Recipe:
    return Recipe(
        trainer=model.trainer.name,
        parameters=model.fitted.parameters,
        seed=model.seed,
        training_window="all",
        calibration=model.calibration.kind,
        n_train=split.train.size,
        n_validation=split.validation.size,
        n_test=split.test.size,
        split=split.words,
        competition={name: round(brier, 6) for name, brier in competition.items()},
        failures=failures,
    )
