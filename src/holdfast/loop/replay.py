"""Play a labelled history through the loop, window by window, beside simpler policies.

A replay never reads a label before it would have been known: the labels of window k become
known immediately before window k + delay is scored, and a retraining takes effect from the
next row that is scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

from holdfast.domain.errors import InputError
from holdfast.domain.tables import encode_table
from holdfast.loop.develop import develop
from holdfast.loop.rehearse import EveryWindow, History, Never
from holdfast.loop.rehearse_project import Project
from holdfast.performance.realised import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.releases import ModelMetrics
    from holdfast.loop.control import ControlPlan
    from holdfast.loop.ingest import TrainingData
    from holdfast.loop.rehearse import Rehearsal, Step
    from holdfast.ports.runtime import Runtime
    from holdfast.ports.trainer import Trainer

__all__ = ["PolicyRun", "Replay", "Schedule", "WindowResult", "replay", "schedule"]

SCHEMA_VERSION = 1
_LEAST_WINDOWS_OF_WARM_UP = 3
_SHARE_OF_WARM_UP = 0.2
_WINDOWS_LEARNT_FROM = 5  # by `every_window`, or the warm-up if that is longer
_MEANS = ("roc_auc", "brier", "log_loss", "accuracy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Which rows are warm-up, which are windows, and when labels become known.

    Attributes:
        warm_up: Rows that train the first model and are not scored.
        window: Rows of a window.
        n_windows: Whole windows after the warm-up; a rest is dropped.
        label_delay: Windows after which a window's labels are known; at least 1.
    """

    warm_up: int
    window: int
    n_windows: int
    label_delay: int

    def bounds(self, index: int) -> tuple[int, int]:
        """Return the first row of a window and the row after its last."""
        start = self.warm_up + index * self.window
        return start, start + self.window

    def known(self, index: int) -> int:
        """Return before which row labels are known when window `index` has closed."""
        return self.bounds(index)[1] - (self.label_delay - 1) * self.window


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowResult:
    """One window under one policy: how its rows were scored, and what followed."""

    start: int
    end: int
    metrics: ModelMetrics
    model_version: ModelVersion  # that made the scores
    step: Step  # taken after them
    start_at: datetime | None = None
    end_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the window as plain JSON values."""
        figures = self.metrics.figures
        times = {}
        if self.start_at is not None and self.end_at is not None:
            times = {
                "start_time": self.start_at.isoformat(),
                "end_time": self.end_at.isoformat(),
            }
        return {
            "start": self.start,
            "end": self.end,
            **times,
            "n": self.end - self.start,
            **{name: figures.get(name) for name in _MEANS},
            "model_version": self.model_version,
            "alerts": [
                {
                    "trigger": alert.trigger.value,
                    "severity": alert.severity.value,
                    "subject": alert.subject,
                    "message": alert.message,
                }
                for alert in self.step.alerts
            ],
            "decision": self.step.decision.action.value,
            "reasons": list(self.step.decision.reasons),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRun:
    """A policy over the whole history."""

    name: str
    windows: tuple[WindowResult, ...]

    def summary(self) -> dict[str, Any]:
        """Return the policy's means and counts; a mean is null where nothing defines it."""
        means = {}
        for name in _MEANS:
            # A window of one class has no AUC; it is left out for every policy alike.
            found = [w.metrics.figures[name] for w in self.windows if name in w.metrics.figures]
            means[f"mean_{name}"] = fmean(found) if found else None
        return {
            **means,
            "retrains": sum(window.step.attempted for window in self.windows),
            "promotions": sum(window.step.promoted for window in self.windows),
            "alerts": sum(len(window.step.alerts) for window in self.windows),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The project's policy on a history, and others beside it."""

    schedule: Schedule
    project: PolicyRun
    others: tuple[PolicyRun, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the replay as plain, strict JSON values; other tools read these keys."""
        runs = (self.project, *self.others)
        return {
            "schema_version": SCHEMA_VERSION,
            "windows": [window.to_json() for window in self.project.windows],
            "summary": {
                **self.project.summary(),
                "policies": {run.name: run.summary() for run in runs},
            },
        }


def schedule(n: int, *, window: int, label_delay: int) -> Schedule:
    """Divide `n` rows into warm-up and windows.

    Args:
        n: Rows of the history.
        window: Rows of a window.
        label_delay: Windows after which labels are known.

    Raises:
        InputError: If a number makes no sense, or nothing is left after the warm-up.

    >>> schedule(18_159, window=1_000, label_delay=1)
    Schedule(warm_up=3000, window=1000, n_windows=15, label_delay=1)
    """
    if window < 1 or label_delay < 1:
        raise InputError(
            f"--window and --label-delay must be at least 1; found {window} and {label_delay}."
        )
    whole = int(_SHARE_OF_WARM_UP * n / window) * window
    warm_up = max(_LEAST_WINDOWS_OF_WARM_UP * window, whole)
    n_windows = (n - warm_up) // window
    if n_windows < 1:
        raise InputError(
            f"{n} rows are too few for windows of {window}: {warm_up} train the first model "
            "and at least one window must follow. Choose a smaller --window."
        )
    return Schedule(warm_up=warm_up, window=window, n_windows=n_windows, label_delay=label_delay)


def replay(
    data: TrainingData,
    timing: Schedule,
    *,
    plan: ControlPlan,
    trainers: Sequence[Trainer],
    runtime: Runtime,
    progress: Callable[[str, int], None] | None = None,
) -> Replay:
    """Play a history through the project's policy, and through simpler ones beside it.

    Args:
        data: Labelled rows in the order of prediction.
        timing: Warm-up, windows and delay.
        plan: What the project wants of the loop; its window of time stands for
            `timing.window` rows.
        trainers: Who competes, also for the first model of every policy.
        runtime: Executes the exported models.
        progress: Told the policy's name and the windows done.

    Raises:
        TargetError: If the warm-up holds too few rows of a class.
        TrainingFailedError: If no trainer produced a first model.
    """
    warm_up = timing.warm_up
    first = develop(
        data.features.slice(0, warm_up),
        data.labels[:warm_up],
        feature_specs=data.feature_specs,
        target=data.target,
        data_digest=data.digest,
        trainers=trainers,
        aim=plan.aim,
        seed=plan.seed,
        ordered=True,
    )
    history = History(
        features=data.features,
        matrix=encode_table(data.features, first.contract),
        labels=data.labels,
    )
    every_window = partial(
        EveryWindow,
        history,
        first.model,
        first.contract,
        horizon=max(warm_up, _WINDOWS_LEARNT_FROM * timing.window),
        window=timing.window,
        seed=plan.seed,
    )
    project = Project(
        history,
        first,
        warm_up=warm_up,
        window=timing.window,
        plan=plan,
        trainers=trainers,
        runtime=runtime,
    )
    others: dict[str, Rehearsal] = {
        "never": Never(first.model, first.contract),
        "every_window": every_window(),
        "every_window_competing": every_window(competing=trainers),
    }
    runs = [
        _run(name, policy, history, data, timing, progress=progress)
        for name, policy in {plan.decision.name: project, **others}.items()
    ]
    return Replay(schedule=timing, project=runs[0], others=tuple(runs[1:]))


def _run(
    name: str,
    policy: Rehearsal,
    history: History,
    data: TrainingData,
    timing: Schedule,
    *,
    progress: Callable[[str, int], None] | None,
) -> PolicyRun:
    windows = []
    for index in range(timing.n_windows):
        start, end = timing.bounds(index)
        version, threshold = policy.version, policy.threshold
        scores = policy.score(history.matrix.take(slice(start, end)))
        step = policy.close(start, end, known=timing.known(index))
        windows.append(
            WindowResult(
                start=start,
                end=end,
                # The score of the replay itself: no policy sees these figures.
                metrics=measure(data.labels[start:end], scores, threshold=threshold),
                model_version=version,
                step=step,
                start_at=_time(data.times, start),
                end_at=_time(data.times, end - 1),
            )
        )
        if progress is not None:
            progress(name, index + 1)
    return PolicyRun(name=name, windows=tuple(windows))


def _time(times: NDArray[np.datetime64] | None, row: int) -> datetime | None:
    if times is None:
        return None
    moment: datetime = times[row].astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)
