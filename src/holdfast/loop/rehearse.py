"""What a policy would have done: each one scores the next rows and learns from known labels."""

from __future__ import annotations

from dataclasses import dataclass
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

__all__ = ["EveryWindow", "History", "Never", "Rehearsal", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A labelled stream. Labels leave it only through `known`, up to a row.

    Attributes:
        features: All rows, conforming to the contract.
        matrix: The same rows as models take them.
        labels: Ground truth, shape ``(n,)``; read it through `known`.
    """

    features: pa.Table
    matrix: FeatureMatrix
    labels: NDArray[np.bool_]

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
        first = max(0, known - self._horizon)
        try:
            self._model = self._competed(known) if self._competing else self._fitted(first, known)
        except (TooFewLabelsError, TrainingFailedError) as error:
            reasons = (f"kept the model: {error}",)
            decision = Decision(action=Action.KEEP, policy=name, reasons=reasons)
            return Step(decision=decision, attempted=True)
        self._fits += 1
        decision = Decision(
            action=Action.RETRAIN, policy=name, reasons=("retrains at every close",)
        )
        return Step(decision=decision, attempted=True, promoted=True)

    def _fitted(self, first: int, known: int) -> CalibratedModel:
        matrix, labels = self._history.matrix, self._history.labels[:known]
        rows = np.arange(first, known)
        # Calibrated on the rows themselves: all of them are to be learnt from, none is
        # held out, and for a linear model this only undoes the class weights.
        return fit_on(
            matrix,
            labels,
            train=rows,
            validation=rows,
            trainer=self._model.trainer,
            contract=self._contract,
            seed=self._seed,
            isotonic=False,
        )

    def _competed(self, known: int) -> CalibratedModel:
        rows = self._history.known(0, known)
        matrix = self._history.matrix.take(slice(0, known))
        past = Past(onset=known - self._window, half_life=self._window)
        validation = known - self._window // 4
        entry = compete(
            matrix,
            rows.labels,
            self._contract,
            windows=training_windows(rows.labels, past, until=validation),
            validation=np.arange(validation, known),
            trainers=self._competing,
            seed=self._seed,
        ).best
        window = past.window(entry.window.name, known)
        return refit(
            entry.model,
            matrix.take(window.rows),
            rows.labels[window.rows],
            weights=window.weights,
        )
