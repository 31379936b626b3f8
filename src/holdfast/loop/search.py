"""Look for better hyperparameters of the trainers, by cross-validation on training rows.

The rows that models are later chosen, calibrated and tested on have no part in it.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import TrainingFailedError
from holdfast.domain.releases import Tuned
from holdfast.performance.calibration import fit_platt, sigmoid
from holdfast.ports.tuner import TunableTrainer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.ports.trainer import Trainer
    from holdfast.ports.tuner import Setting, Tuner

    Labels = NDArray[np.bool_]
    Rows = NDArray[np.intp]

__all__ = ["Budget", "Fold", "SearchPlan", "Searched", "folds_of", "search", "with_found"]

_FOLDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """When a search ends: after so much time, so many trials, or whichever comes first.

    Attributes:
        time: For all trainers together, each in its turn with an equal share of what is left.
        n_trials: For each trainer. With it alone the search always ends alike.
    """

    time: timedelta | None = None
    n_trials: int | None = None

    def __post_init__(self) -> None:
        if self.time is None and self.n_trials is None:
            raise ValueError("a search without a budget would never end")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """What a project wants of the search.

    Attributes:
        budget: For one search.
        again: Whether a retraining searches anew, and does not take what the champion's
            training found.
    """

    budget: Budget
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Row indices to fit on, and disjoint ones to be measured on."""

    train: Rows
    held: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The trainers with what was found for them.

    Attributes:
        trainers: In the order given; one for which nothing was found is as it was.
        tuned: What was found, by the trainer's name.
    """

    trainers: tuple[Trainer, ...]
    tuned: dict[str, Tuned]


def folds_of(
    labels: Labels,
    *,
    ordered: bool,
    seed: int,
    entities: Sequence[str | None] | NDArray[np.object_] | None = None,
) -> list[Fold]:
    """Cut rows into three folds, as the split of training and test rows is made.

    Ordered rows are always measured on later ones than were fitted on; all rows of an
    entity lie on one side.

    Args:
        labels: True for the positive class, shape ``(n,)``.
        ordered: Whether row order is that of time.
        seed: Fixes the draw of rows without an order.
        entities: Whom each row is about; None in it is nobody known.

    >>> [fold.held.tolist() for fold in folds_of(np.ones(6, bool), ordered=True, seed=0)]
    [[3], [4], [5]]
    """
    n = len(labels)
    if ordered:
        part = np.maximum(np.arange(n) * 2 * _FOLDS // max(n, 1) - _FOLDS, -1)
        drawn = [np.flatnonzero(part == number) for number in range(_FOLDS)]
        return [_without(entities, Fold(train=np.arange(held[0]), held=held)) for held in drawn]
    fold = _dealt(labels, seed=seed)
    if entities is not None:
        # By a checksum, so that an entity's rows share a fold wherever they stand.
        known = [None if e is None else zlib.crc32(f"{seed}/{e}".encode()) for e in entities]
        fold = np.array([f if c is None else c % _FOLDS for f, c in zip(fold, known, strict=True)])
    return [
        Fold(train=np.flatnonzero(fold != number), held=np.flatnonzero(fold == number))
        for number in range(_FOLDS)
    ]


def search(
    trainers: Sequence[Trainer],
    rows: FeatureMatrix,
    labels: Labels,
    folds: Sequence[Fold],
    *,
    contract: Contract,
    seed: int,
    tuner: Tuner,
    budget: Budget,
    progress: Callable[[str, int, float], None] | None = None,
    stopwatch: Callable[[], float] = time.monotonic,
) -> Searched:
    """Give each trainer the hyperparameters with the lowest Brier score over the folds.

    A trainer's own values are the first that are tried: what comes out is no worse by the
    folds. What is measured is calibrated before, over all folds, as it will be in use.

    Args:
        trainers: Those with nothing to vary are passed over.
        rows: Training rows, columns in contract order.
        labels: Theirs, shape ``(n,)``.
        folds: Parts of these rows.
        contract: What the columns are.
        seed: Fixes every random choice.
        tuner: Who proposes.
        budget: When to end; a fit that has begun is waited for.
        progress: Told the trainer, its trials so far, and the best Brier score.
        stopwatch: Seconds, never going back.
    """
    tunable = [one for one in trainers if isinstance(one, TunableTrainer) and one.spans]
    end = None if budget.time is None else stopwatch() + budget.time.total_seconds()
    found: dict[str, Tuned] = {}
    for place, trainer in enumerate(tunable):
        now = stopwatch()
        until = None if end is None else now + (end - now) / (len(tunable) - place)
        trial = _Trial(trainer, rows, labels, folds, contract, seed, until, stopwatch)
        tuned = _tuned(trial, tuner, budget, progress or _say_nothing)
        if tuned is not None:
            found[trainer.name] = tuned
    return Searched(trainers=with_found(trainers, found), tuned=found)


def with_found(trainers: Sequence[Trainer], found: Mapping[str, Tuned]) -> tuple[Trainer, ...]:
    """Return the trainers with what was found for them, in an earlier training perhaps.

    What a trainer no longer lets vary is passed over.
    """
    return tuple(
        one.with_setting(
            {name: value for name, value in found[one.name].setting.items() if name in one.spans}
        )
        if isinstance(one, TunableTrainer) and one.name in found
        else one
        for one in trainers
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    """What one setting of a trainer is worth."""

    trainer: TunableTrainer
    rows: FeatureMatrix
    labels: Labels
    folds: Sequence[Fold]
    contract: Contract
    seed: int
    until: float | None
    stopwatch: Callable[[], float]

    @property
    def out_of_time(self) -> bool:
        return self.until is not None and self.stopwatch() >= self.until

    def brier(self, setting: Setting) -> float | None:
        """Return the Brier score over the folds; None if the time ends before the last.

        Raises:
            TrainingFailedError: If there is no model of these.
        """
        trainer, odds = self.trainer.with_setting(setting), []
        for fold in self.folds:
            if self.out_of_time:
                return None
            model = trainer.fit(
                self.rows.take(fold.train),
                self.labels[fold.train],
                contract=self.contract,
                seed=self.seed,
            )
            odds.append(model.log_odds(self.rows.take(fold.held)))
        log_odds = np.concatenate(odds)
        if not np.isfinite(log_odds).all():
            raise TrainingFailedError(trainer.name, "its log-odds are not finite")
        truth = np.concatenate([self.labels[fold.held] for fold in self.folds])
        slope, intercept = fit_platt(truth, log_odds)
        return float(np.mean((sigmoid(slope * log_odds + intercept) - truth) ** 2))


def _tuned(
    trial: _Trial, tuner: Tuner, budget: Budget, progress: Callable[[str, int, float], None]
) -> Tuned | None:
    trainer = trial.trainer
    study = tuner.study(trainer.spans, first=trainer.setting, seed=trial.seed)
    scores: list[tuple[float, Setting]] = []
    n_trials = 0
    while not trial.out_of_time and (budget.n_trials is None or n_trials < budget.n_trials):
        setting = study.ask()
        try:
            brier = trial.brier(setting)
        except TrainingFailedError:
            study.tell(None)
            n_trials += 1
            continue
        if brier is None:
            break
        study.tell(brier)
        scores.append((brier, setting))
        n_trials += 1
        progress(trainer.name, n_trials, min(score for score, _ in scores))
    if not scores:
        return None
    best, setting = min(scores, key=lambda one: one[0])
    return Tuned(setting=setting, n_trials=n_trials, brier=round(best, 6))


def _without(entities: Sequence[str | None] | NDArray[np.object_] | None, fold: Fold) -> Fold:
    """Return a fold in which nobody is measured on who was fitted on."""
    if entities is None:
        return fold
    named = list(entities)
    seen = {named[row] for row in fold.train} - {None}
    fresh = [row for row in fold.held if named[row] not in seen]
    return Fold(train=fold.train, held=np.array(fresh, dtype=np.intp))


def _dealt(labels: Labels, *, seed: int) -> Rows:
    fold = np.empty(len(labels), dtype=np.intp)
    rng = np.random.default_rng(seed)
    for positive in (False, True):
        members = rng.permutation(np.flatnonzero(labels == positive))
        fold[members] = np.arange(members.size) % _FOLDS
    return fold


def _say_nothing(_trainer: str, _n_trials: int, _best: float) -> None:
    """Take the place of a progress display that nobody asked for."""
