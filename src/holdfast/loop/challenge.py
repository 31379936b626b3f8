"""Fit challengers on mature rows and have the guard judge the best of them.

Used by the live loop and by replay alike, so that a replay shows what would have happened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from holdfast.domain.errors import TrainingFailedError
from holdfast.domain.evidence import GuardReport, Outcome
from holdfast.domain.features import describe
from holdfast.domain.releases import ModelMetrics, Recipe
from holdfast.domain.tables import encode_table
from holdfast.loop.compete import Competition, compete, exportable
from holdfast.loop.crossfit import OutOfFold, cross_fit
from holdfast.loop.fitness import fitness
from holdfast.loop.train import CalibratedModel, refit
from holdfast.performance.curves import trace
from holdfast.performance.importance import permutation_importance
from holdfast.performance.realised import measure
from holdfast.policy.guarding import GuardPolicy, judge
from holdfast.policy.segments import segments_of
from holdfast.policy.thresholds import prices_of
from holdfast.policy.training_windows import WINDOWS, Past, training_windows

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.curves import Curves
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.domain.releases import Importances
    from holdfast.policy.allotting import Plan
    from holdfast.policy.thresholds import Aim
    from holdfast.policy.training_windows import TrainingWindow
    from holdfast.ports.runtime import LoadedModel, Runtime
    from holdfast.ports.trainer import Trainer

__all__ = [
    "Challenge",
    "Challenger",
    "LabelledRows",
    "challenge",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRows:
    """Mature rows in the order in which they were predicted.

    Attributes:
        features: Conforms to the contract, ``n`` rows.
        labels: Shape ``(n,)``.
        reference: Which of them the champion has learnt from, shape ``(n,)``; None if that is
            not known.
    """

    features: pa.Table
    labels: NDArray[np.bool_]
    reference: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: NDArray[np.bool_]) -> LabelledRows:
        """Return the chosen rows, in their order; `chosen` has shape ``(n,)``."""
        return LabelledRows(
            features=self.features.filter(pa.array(chosen)),
            labels=self.labels[chosen],
            reference=None if self.reference is None else self.reference[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenger:
    """An accepted challenger, fitted again on all rows of its training window.

    Metrics, curves and importances belong to the tested model; the contract and the
    out-of-fold scores describe the rows that the refitted one has seen, whose indices among
    all are `chosen`.
    """

    model: CalibratedModel
    contract: Contract
    recipe: Recipe
    metrics: ModelMetrics
    curves: Curves
    importances: Importances
    rows: LabelledRows
    chosen: NDArray[np.intp]
    out_of_fold: OutOfFold


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What came of an attempt: the guard's report and, if accepted, the challenger.

    Attributes:
        report: Of the guard.
        trainer: Whose model was judged.
        training_window: On which it was fitted.
        calibration: Its kind.
        margins: The Brier score on the validation rows of each competitor.
        failures: Why a competitor gave no model, or one that cannot be released.
        challenger: What to release, if the guard accepted it.
    """

    report: GuardReport
    trainer: str
    training_window: str
    calibration: str
    margins: dict[str, float]
    failures: dict[str, str]
    challenger: Challenger | None


def challenge(
    rows: LabelledRows,
    champion: LoadedModel,
    contract: Contract,
    plan: Plan,
    *,
    trainers: Sequence[Trainer],
    aim: Aim,
    policy: GuardPolicy,
    alarmed: bool,
    seed: int,
    runtime: Runtime | None = None,
    windows: Collection[str] = WINDOWS,
) -> Challenge:
    """Let trainers and training windows compete, and have the guard judge the winner.

    Args:
        rows: Mature rows.
        champion: The model in production, scored anew on the guard's rows.
        contract: The champion's.
        plan: Which rows serve for what.
        trainers: Who competes.
        aim: What the new threshold serves.
        policy: The guard's rule.
        alarmed: Whether a harm, concept or performance alarm is open.
        seed: Fixes every random choice.
        runtime: Executes exports: the best whose export repeats it is judged, its scores and
            its speed too; a replay, which serves nobody, does without.
        windows: The training windows that may compete.

    Raises:
        TooFewLabelsError: If a part of the plan holds one class only.
        TrainingFailedError: If no trainer produced a usable model, none can be exported, or
            the best one cannot tell rows apart.
    """
    matrix = encode_table(rows.features, contract)
    past = Past(onset=plan.onset, half_life=plan.half_life, reference=rows.reference)
    competition = compete(
        matrix,
        rows.labels,
        contract,
        windows=training_windows(rows.labels, past, until=plan.validation, names=windows),
        validation=np.arange(plan.validation, plan.guard),
        trainers=trainers,
        seed=seed,
    )
    if runtime is not None:
        competition = exportable(competition, matrix.take(slice(plan.guard)), contract, runtime)
    best = competition.best
    if best.model.calibration.is_flat:
        # One score for all rows beats a champion that has it upside down, and helps no one.
        found = "on the validation rows it ranks no better than chance"
        raise TrainingFailedError(best.model.trainer.name, found)
    guard = matrix.take(slice(plan.guard, None))
    tested = best.model.predict(guard)
    report = judge(
        rows.labels[plan.guard :],
        champion.score(guard),
        tested,
        champion_threshold=contract.threshold,
        policy=policy,
        alarmed=alarmed,
        seed=seed,
        segments=segments_of(guard, contract),
        measured=() if runtime is None else fitness(best.model, champion, guard, policy, runtime),
    )
    accepted = None
    if report.outcome is Outcome.ACCEPT:
        window = past.window(best.window.name, len(rows))
        accepted = _accepted(
            competition, rows, matrix, contract, plan, window=window, aim=aim, tested=tested
        )
    return Challenge(
        report=report,
        trainer=best.model.trainer.name,
        training_window=best.window.name,
        calibration=best.model.calibration.kind,
        margins=competition.margins,
        failures=competition.failures,
        challenger=accepted,
    )


def _accepted(
    competition: Competition,
    rows: LabelledRows,
    matrix: FeatureMatrix,
    contract: Contract,
    plan: Plan,
    *,
    window: TrainingWindow,
    aim: Aim,
    tested: NDArray[np.float64],
) -> Challenger:
    """Fit the winner again on all rows of its window; calibration and threshold are frozen."""
    best = competition.best
    validation = slice(plan.validation, plan.guard)
    threshold = aim.choose(rows.labels[validation], best.model.predict(matrix.take(validation)))
    kept = LabelledRows(
        features=rows.features.take(pa.array(window.rows)), labels=rows.labels[window.rows]
    )
    seen = replace(contract, features=describe(kept.features, contract), threshold=threshold)
    seen_rows = matrix.take(window.rows)
    refitted = refit(best.model, seen_rows, kept.labels, weights=window.weights)
    return Challenger(
        model=refitted,
        contract=seen,
        recipe=Recipe(
            trainer=best.model.trainer.name,
            parameters=refitted.fitted.parameters,
            seed=best.model.seed,
            training_window=window.name,
            half_life=None if window.weights is None else plan.half_life,
            calibration=best.model.calibration.kind,
            n_train=best.window.rows.size,
            n_validation=plan.guard - plan.validation,
            n_test=len(rows) - plan.guard,
            split="time-ordered",
            competition=competition.margins,
            failures=competition.failures,
        ),
        metrics=measure(
            rows.labels[plan.guard :], tested, threshold=threshold, prices=prices_of(aim)
        ),
        curves=trace(rows.labels[plan.guard :], tested, threshold=threshold),
        importances=permutation_importance(
            best.model.predict,
            matrix.take(slice(plan.guard, None)),
            rows.labels[plan.guard :],
            contract=contract,
            seed=best.model.seed,
        ),
        rows=kept,
        chosen=window.rows,
        out_of_fold=cross_fit(
            refitted,
            seen_rows,
            kept.labels,
            threshold=threshold,
            ordered=True,
            weights=window.weights,
        ),
    )
