"""What simple policies would have done: each scores the next rows and learns from known labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from holdfast.domain.errors import TooFewLabelsError, TrainingFailedError
from holdfast.domain.evidence import Action, Decision
from holdfast.domain.ids import ModelVersion
from holdfast.loop.challenge import LabelledRows
from holdfast.loop.compete import compete
from holdfast.loop.train import fit_on, refit
from holdfast.policy.training_windows import Past, training_windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.evidence import Alert
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.loop.train import CalibratedModel
    from holdfast.ports.trainer import Trainer

__all__ = ["EveryWindow", "History", "Never", "Periodic", "Rehearsal", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A labelled stream. Labels leave it only through `known`, up to a row.

    Attributes:
        features: All rows, conforming to the contract.
        matrix: The same rows as models take them.
        labels: Ground truth, shape ``(n,)``; read it through `known`.
        arrives: Of each row, the end of the first window at whose close its label is known,
            where labels have times of their own, shape ``(n,)``; None: with its window's age.
    """

    features: pa.Table
    matrix: FeatureMatrix
    labels: NDArray[np.bool_]
    arrives: NDArray[np.int64] | None = None

    def arrived(self, until: int, *, by: int) -> NDArray[np.bool_]:
        """Return which of the rows before `until` are labelled, shape ``(until,)``.

        Args:
            until: Rows from here on are too young.
            by: The end of the window that closes now.
        """
        if self.arrives is None:
            return np.ones(until, dtype=np.bool_)
        arrived: NDArray[np.bool_] = self.arrives[:until] <= by
        return arrived

    def known(self, start: int, until: int) -> LabelledRows:
        """Return the rows ``[start, until)`` with their labels."""
        return LabelledRows(
            features=self.features.slice(start, until - start), labels=self.labels[start:until]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a policy did when a window closed.

    Attributes:
        decision: What it decided, with its reasons.
        alerts: What it raised.
        attempted: Whether a retraining began.
        promoted: Whether another model scores from the next row on.
    """

    decision: Decision
    alerts: tuple[Alert, ...] = ()
    attempted: bool = False
    promoted: bool = False


class Rehearsal(Protocol):
    """A policy at work on a history."""

    @property
    def version(self) -> ModelVersion:
        """Which model scores now."""
        ...

    @property
    def threshold(self) -> float:
        """At and above which score its decision is positive."""
        ...

    def score(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """Return P(y = 1) of the rows by the model in production, shape ``(n,)``."""
        ...

    def close(self, start: int, end: int, *, known: int) -> Step:
        """Judge the window ``[start, end)``, which was just scored.

        Args:
            start: Its first row.
            end: The row after its last.
            known: Labels of rows before this one may be read.
        """
        ...


class Never:
    """Keeps the first model for good."""

    version = ModelVersion("v1")

    def __init__(self, first: CalibratedModel, contract: Contract) -> None:
        self._model = first
        self.threshold = contract.threshold

    def score(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """See `Rehearsal.score`."""
        return self._model.predict(rows)

    def close(self, start: int, end: int, *, known: int) -> Step:  # noqa: ARG002 - it looks at nothing
        """See `Rehearsal.close`."""
        return Step(
            decision=Decision(action=Action.KEEP, policy="never", reasons=("never retrains",))
        )


class EveryWindow:
    """Fits anew at each close on the newest mature rows, without any guard.

    Args:
        history: The stream.
        first: The first model.
        contract: With the first threshold, which is kept.
        horizon: How many of the newest mature rows it learns from.
        competing: With (trainer × training window) chosen by validation, as the project
            does, instead of the first model's trainer on the whole horizon.
        window: Rows of a window.
        trainers: Who competes.
        seed: Fixes every random choice.
    """

    def __init__(
        self,
        history: History,
        first: CalibratedModel,
        contract: Contract,
        *,
        horizon: int,
        window: int,
        competing: Sequence[Trainer] = (),
        seed: int = 0,
    ) -> None:
        self._history, self._model, self._contract = history, first, contract
        self._horizon, self._window, self._competing = horizon, window, competing
        self._seed, self._fits = seed, 0
        self.threshold = contract.threshold

    @property
    def version(self) -> ModelVersion:
        """See `Rehearsal.version`."""
        return ModelVersion(f"v{self._fits + 1}")

    def score(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """See `Rehearsal.score`."""
        return self._model.predict(rows)

    def close(self, start: int, end: int, *, known: int) -> Step:  # noqa: ARG002 - only labels count
        """See `Rehearsal.close`."""
        name = "every_window_competing" if self._competing else "every_window"
        rows = np.flatnonzero(self._history.arrived(known, by=end))
        try:
            self._model = self._refitted(rows, known)
        except (TooFewLabelsError, TrainingFailedError) as error:
            reasons = (f"kept the model: {error}",)
            decision = Decision(action=Action.KEEP, policy=name, reasons=reasons)
            return Step(decision=decision, attempted=True)
        self._fits += 1
        decision = Decision(
            action=Action.RETRAIN, policy=name, reasons=("retrains at every close",)
        )
        return Step(decision=decision, attempted=True, promoted=True)

    def _refitted(self, rows: NDArray[np.intp], known: int) -> CalibratedModel:
        if rows.size == 0:
            raise TooFewLabelsError(found=0, required=2)
        return self._competed(rows, known) if self._competing else self._fitted(rows, known)

    def _fitted(self, rows: NDArray[np.intp], known: int) -> CalibratedModel:
        newest = rows[-self._horizon :]
        # Calibrated on the rows themselves: all of them are to be learnt from, none is
        # held out, and for a linear model this only undoes the class weights.
        return fit_on(
            self._history.matrix,
            self._history.labels[:known],
            train=newest,
            validation=newest,
            trainer=self._model.trainer,
            contract=self._contract,
            seed=self._seed,
            isotonic=False,
        )

    def _competed(self, arrived: NDArray[np.intp], known: int) -> CalibratedModel:
        labels = self._history.labels[:known][arrived]
        matrix = self._history.matrix.take(arrived)
        n = arrived.size
        past = Past(onset=max(0, n - self._window), half_life=self._window)
        validation = max(0, n - self._window // 4)
        entry = compete(
            matrix,
            labels,
            self._contract,
            windows=training_windows(labels, past, until=validation),
            validation=np.arange(validation, n),
            trainers=self._competing,
            seed=self._seed,
        ).best
        window = past.window(entry.window.name, n)
        return refit(
            entry.model,
            matrix.take(window.rows),
            labels[window.rows],
            weights=window.weights,
        )


class Periodic:
    """Refits as `EveryWindow` does, but only when so many windows have closed; unguarded.

    Args:
        learner: Who refits.
        every: How many windows lie between two fits; 1 is every window.
    """

    def __init__(self, learner: EveryWindow, *, every: int) -> None:
        self._learner, self._every, self._n_closed = learner, every, 0

    @property
    def version(self) -> ModelVersion:
        """See `Rehearsal.version`."""
        return self._learner.version

    @property
    def threshold(self) -> float:
        """See `Rehearsal.threshold`."""
        return self._learner.threshold

    def score(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """See `Rehearsal.score`."""
        return self._learner.score(rows)

    def close(self, start: int, end: int, *, known: int) -> Step:
        """See `Rehearsal.close`."""
        self._n_closed += 1
        name, rest = f"periodic:{self._every}", self._every - self._n_closed % self._every
        if rest < self._every:
            then = "at the next close" if rest == 1 else f"in {rest} closes"
            reasons = (f"retrains at a fixed pace: again {then}",)
            return Step(decision=Decision(action=Action.KEEP, policy=name, reasons=reasons))
        step = self._learner.close(start, end, known=known)
        return replace(step, decision=replace(step.decision, policy=name))
