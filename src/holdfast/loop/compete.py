"""Let trainers and training windows compete on validation rows, and find who can be exported."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from holdfast.domain.errors import (
    CorruptReleaseError,
    ParityError,
    TrainingFailedError,
    TrainingTooLongError,
)
from holdfast.loop.parity import check_parity
from holdfast.loop.train import CalibratedModel, fit_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.policy.training_windows import TrainingWindow
    from holdfast.ports.runtime import Runtime
    from holdfast.ports.trainer import Trainer

__all__ = ["Competition", "Entry", "compete", "exportable"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """One competitor: a trainer on a training window, calibrated and measured."""

    model: CalibratedModel
    window: TrainingWindow

    @property
    def name(self) -> str:
        """How records call it, such as ``xgboost/recent``."""
        return f"{self.model.trainer.name}/{self.window.name}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Competition:
    """All competitors; the lowest Brier score on the validation rows wins.

    Attributes:
        entries: Those that were measured, at least one of whom is not among the failures.
        failures: Why there is no model by a name, or why it cannot be released.
    """

    entries: tuple[Entry, ...]
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def best(self) -> Entry:
        """The winner; among equals, who began first."""
        able = (entry for entry in self.entries if entry.name not in self.failures)
        return min(able, key=lambda entry: entry.model.brier)

    @property
    def margins(self) -> dict[str, float]:
        """The score of each, as records have it."""
        return {entry.name: round(entry.model.brier, 6) for entry in self.entries}


def compete(
    matrix: FeatureMatrix,
    labels: NDArray[np.bool_],
    contract: Contract,
    *,
    windows: Sequence[TrainingWindow],
    validation: NDArray[np.intp],
    trainers: Sequence[Trainer],
    seed: int,
) -> Competition:
    """Fit every trainer on every training window and measure each by validation.

    One that took too long on a window is not asked again: each time would cost as much.

    Args:
        matrix: All rows.
        labels: Theirs, shape ``(n,)``.
        contract: What the columns are.
        windows: What to fit on.
        validation: Indices of the rows that calibrate and measure; in no window.
        trainers: Who competes.
        seed: Fixes every random choice.

    Raises:
        TooFewLabelsError: If a part holds one class only.
        TrainingFailedError: If no trainer produced a usable model.
    """
    entries, failures = [], {}
    too_long: dict[str, str] = {}
    for window in windows:
        for trainer in trainers:
            if trainer.name in too_long:
                failures[f"{trainer.name}/{window.name}"] = too_long[trainer.name]
                continue
            try:
                model = fit_on(
                    matrix,
                    labels,
                    train=window.rows,
                    validation=validation,
                    trainer=trainer,
                    contract=contract,
                    seed=seed,
                    weights=window.weights,
                )
            except TrainingFailedError as error:
                failures[f"{trainer.name}/{window.name}"] = error.found
                if isinstance(error, TrainingTooLongError):
                    too_long[trainer.name] = f"{error.found}, on the window {window.name!r}"
                continue
            entries.append(Entry(model=model, window=window))
    if not entries:
        raise _nobody(failures)
    return Competition(entries=tuple(entries), failures=failures)


def exportable(
    competition: Competition, rows: FeatureMatrix, contract: Contract, runtime: Runtime
) -> Competition:
    """Return the competition without those better than the first whose export is faithful.

    Args:
        competition: Who was measured.
        rows: Rows on which trained model and export are compared; none of them judges.
        contract: What the columns are.
        runtime: Executes exports, as serving will.

    Raises:
        TrainingFailedError: If nobody can be exported.
    """
    failures = dict(competition.failures)
    for entry in sorted(competition.entries, key=lambda entry: entry.model.brier):
        try:
            exported = runtime.load(entry.model.to_onnx(), contract)
            check_parity(entry.model, exported, rows, contract, seed=entry.model.seed)
        except (ParityError, CorruptReleaseError, TrainingFailedError) as error:
            failures[entry.name] = _said(error)
        else:
            return replace(competition, failures=failures)
    raise _nobody(failures)


def _said(error: ParityError | CorruptReleaseError | TrainingFailedError) -> str:
    return error.found if isinstance(error, TrainingFailedError) else str(error).rstrip(".")


def _nobody(failures: Mapping[str, str]) -> TrainingFailedError:
    """Return the error that says why none is left; a trainer's one reason is said once."""
    by_trainer: dict[str, dict[str, str]] = {}
    for name, why in failures.items():
        by_trainer.setdefault(name.rpartition("/")[0], {})[name] = why
    said: dict[str, str] = {}
    for trainer, reasons in by_trainer.items():
        alike = set(reasons.values())
        said |= {trainer: alike.pop()} if len(alike) == 1 else reasons
    if len(said) == 1:
        return TrainingFailedError(*said.popitem())
    found = "; ".join(f"{name}: {why}" for name, why in said.items())
    return TrainingFailedError(", ".join(by_trainer), found or "no trainer was given")
