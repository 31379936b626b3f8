"""Fit challengers on mature rows and have the guard judge the best of them.

Used by the live loop and by replay alike, so that a replay shows what would have happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from holdfast.domain.errors import TrainingFailedError
from holdfast.domain.evidence import GuardReport, Outcome
from holdfast.domain.features import describe
from holdfast.domain.releases import ModelMetrics, Recipe
from holdfast.domain.tables import encode_table
from holdfast.loop.crossfit import OutOfFold, cross_fit
from holdfast.loop.fitness import fitness
from holdfast.loop.train import CalibratedModel, fit_on, refit
from holdfast.performance.importance import permutation_importance
from holdfast.performance.realised import measure
from holdfast.policy.guarding import GuardPolicy, judge
from holdfast.policy.segments import segments_of
from holdfast.policy.thresholds import prices_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.domain.releases import Importances
    from holdfast.policy.thresholds import Aim
    from holdfast.ports.runtime import LoadedModel, Runtime
    from holdfast.ports.trainer import Trainer

__all__ = [
    "Challenge",
    "Challenger",
    "Competition",
    "Entry",
    "LabelledRows",
    "Plan",
    "allot",
    "challenge",
    "compete",
]

_LEAST_TRAIN = 100  # rows below which a training window is not worth a fit
_LEAST_CLASS = 10  # the same for the rarer class


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRows:
    """Mature rows in the order in which they were predicted.

    Attributes:
        features: Conforms to the contract, ``n`` rows.
        labels: Shape ``(n,)``.
    """

    features: pa.Table
    labels: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: NDArray[np.bool_]) -> LabelledRows:
        """Return the chosen rows, in their order; `chosen` has shape ``(n,)``."""
        return LabelledRows(
            features=self.features.filter(pa.array(chosen)), labels=self.labels[chosen]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a retraining uses its rows: ``train | validation | guard``, in time order.

    Attributes:
        onset: First row of the changed world; `recent` trains from here.
        validation: First row of the validation part.
        guard: First row of the guard part.
    """

    onset: int
    validation: int
    guard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenger:
    """An accepted challenger, fitted again on all rows of its training window.

    Metrics and importances belong to the tested model; the contract and the out-of-fold scores
    describe the rows that the refitted one has seen.
    """

    model: CalibratedModel
    contract: Contract
    recipe: Recipe
    metrics: ModelMetrics
    importances: Importances
    rows: LabelledRows
    out_of_fold: OutOfFold


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What came of an attempt: the guard's report and, if accepted, the challenger."""

    report: GuardReport
    trainer: str
    training_window: str
    margins: dict[str, float]
    challenger: Challenger | None


def allot(n: int, *, n_window: int, onset: int, least_guard: int, spent: int = 0) -> Plan:
    """Divide mature rows: half a window for the guard, a quarter for validation.

    Where fewer rows than a window stem from the changed world, their share is halved in
    the same way, so that some are left to learn from; but the guard gets what it needs,
    also where a whole window holds fewer rows.

    Args:
        n: Mature rows.
        n_window: How many of them a window holds.
        onset: First row of the changed world.
        least_guard: Rows below which the guard does not judge.
        spent: Rows before this have judged an earlier challenger of the same champion.

    >>> allot(5000, n_window=1000, onset=0, least_guard=500)
    Plan(onset=0, validation=4250, guard=4500)
    >>> allot(5000, n_window=1000, onset=4100, least_guard=500)
    Plan(onset=4100, validation=4300, guard=4500)
    >>> allot(5000, n_window=400, onset=0, least_guard=500)
    Plan(onset=0, validation=4400, guard=4500)
    """
    n_guard = max(min(n_window, n - onset) // 2, least_guard)
    guard = max(n - n_guard, spent, 0)
    fresh = guard - onset
    n_validation = n_window // 4 if fresh <= 0 else min(n_window // 4, fresh // 2)
    validation = max(guard - n_validation, 0)
    return Plan(onset=min(onset, validation), validation=validation, guard=guard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One competitor: a trainer on a training window, calibrated and measured."""

    model: CalibratedModel
    window: str  # "recent", "all"
    start: int  # first row it was fitted on
    brier: float  # on the validation rows

    @property
    def name(self) -> str:
        """How records call it."""
        return f"{self.model.trainer.name}/{self.window}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Competition:
    """All competitors; the lowest Brier score on the validation rows wins.

    `failures` says why a trainer gave no model, by trainer and training window.
    """

    entries: tuple[Entry, ...]
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def best(self) -> Entry:
        """The winner."""
        return min(self.entries, key=lambda entry: entry.brier)

    @property
    def margins(self) -> dict[str, float]:
        """The score of each, as records have it."""
        return {entry.name: round(entry.brier, 6) for entry in self.entries}


def compete(
    matrix: FeatureMatrix,
    labels: NDArray[np.bool_],
    contract: Contract,
    plan: Plan,
    *,
    trainers: Sequence[Trainer],
    seed: int,
) -> Competition:
    """Fit every trainer on every training window and measure each by validation.

    Args:
        matrix: Mature rows in time order.
        labels: Theirs, shape ``(n,)``.
        contract: What the columns are.
        plan: Which rows serve for what; those of the guard are not touched.
        trainers: Who competes.
        seed: Fixes every random choice.

    Raises:
        TooFewLabelsError: If a part holds one class only.
        TrainingFailedError: If no trainer produced a usable model.
    """
    validation = np.arange(plan.validation, plan.guard)
    held, truth = matrix.take(validation), labels[validation]
    entries, failures = [], {}
    for window, start in _training_windows(labels, plan):
        for trainer in trainers:
            try:
                model = fit_on(
                    matrix,
                    labels,
                    train=np.arange(start, plan.validation),
                    validation=validation,
                    trainer=trainer,
                    contract=contract,
                    seed=seed,
                )
            except TrainingFailedError as error:
                failures[f"{trainer.name}/{window}"] = error.found
                continue
            brier = float(np.mean((model.predict(held) - truth) ** 2))
            entries.append(Entry(model=model, window=window, start=start, brier=brier))
    if not entries:
        found = "; ".join(f"{name}: {why}" for name, why in failures.items())
        raise TrainingFailedError(", ".join(failures), found or "no trainer was given")
    return Competition(entries=tuple(entries), failures=failures)


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
        runtime: Executes the challenger's export, whose scores and speed are then checked;
            a replay, which serves nobody, does without.

    Raises:
        TooFewLabelsError: If a part of the plan holds one class only.
        TrainingFailedError: If a trainer produced no usable model, or the best one cannot
            tell rows apart.
    """
    matrix = encode_table(rows.features, contract)
    competition = compete(matrix, rows.labels, contract, plan, trainers=trainers, seed=seed)
    best = competition.best
    if best.model.calibration.slope == 0.0:
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
        accepted = _accepted(competition, rows, matrix, contract, plan, aim=aim, tested=tested)
    return Challenge(
        report=report,
        trainer=best.model.trainer.name,
        training_window=best.window,
        margins=competition.margins,
        challenger=accepted,
    )


def _training_windows(labels: NDArray[np.bool_], plan: Plan) -> list[tuple[str, int]]:
    everything = [("all", 0)]
    recent = labels[plan.onset : plan.validation]
    rarer = min(int(recent.sum()), int((~recent).sum()))
    if plan.onset == 0 or len(recent) < _LEAST_TRAIN or rarer < _LEAST_CLASS:
        return everything
    return [("recent", plan.onset), *everything]


def _accepted(
    competition: Competition,
    rows: LabelledRows,
    matrix: FeatureMatrix,
    contract: Contract,
    plan: Plan,
    *,
    aim: Aim,
    tested: NDArray[np.float64],
) -> Challenger:
    """Fit the winner again on all rows of its window; calibration and threshold are frozen."""
    best = competition.best
    validation = slice(plan.validation, plan.guard)
    threshold = aim.choose(rows.labels[validation], best.model.predict(matrix.take(validation)))
    kept = LabelledRows(features=rows.features.slice(best.start), labels=rows.labels[best.start :])
    seen = replace(contract, features=describe(kept.features, contract), threshold=threshold)
    seen_rows = matrix.take(slice(best.start, None))
    refitted = refit(best.model, seen_rows, kept.labels)
    return Challenger(
        model=refitted,
        contract=seen,
        recipe=Recipe(
            trainer=best.model.trainer.name,
            parameters=refitted.fitted.parameters,
            seed=best.model.seed,
            training_window=best.window,
            n_train=plan.validation - best.start,
            n_validation=plan.guard - plan.validation,
            n_test=len(rows) - plan.guard,
            split="time-ordered",
            competition=competition.margins,
            failures=competition.failures,
        ),
        metrics=measure(
            rows.labels[plan.guard :], tested, threshold=threshold, prices=prices_of(aim)
        ),
        importances=permutation_importance(
            best.model.predict,
            matrix.take(slice(plan.guard, None)),
            rows.labels[plan.guard :],
            contract=contract,
            seed=best.model.seed,
        ),
        rows=kept,
        out_of_fold=cross_fit(refitted, seen_rows, kept.labels, threshold=threshold, ordered=True),
    )
