"""Play a labelled history through the loop, window by window, several policies side by side.

A replay never reads a label before it would have been known: the labels of window k become
known immediately before window k + delay is scored, and a retraining takes effect from the
next row that is scored.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Protocol

from holdfast.domain.evidence import Action, Decision
from holdfast.domain.tables import encode_table
from holdfast.loop.contenders import Contender, Stage, beside_standard
from holdfast.loop.develop import develop
from holdfast.loop.rehearse import History, Step
from holdfast.loop.replayed import PolicyRun, Replay, WindowResult
from holdfast.loop.tally import Tally
from holdfast.performance.realised import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.contract import Feature, Target
    from holdfast.loop.control import ControlPlan
    from holdfast.loop.rehearse import Rehearsal
    from holdfast.loop.timetable import Schedule
    from holdfast.ports.runtime import Runtime
    from holdfast.ports.trainer import Trainer

__all__ = ["LabelledStream", "replay"]


class LabelledStream(Protocol):
    """Labelled rows in the order of prediction; `TrainingData` is one."""

    @property
    def features(self) -> pa.Table:
        """One column a feature."""
        ...

    @property
    def labels(self) -> NDArray[np.bool_]:
        """True where positive, shape ``(n,)``."""
        ...

    @property
    def feature_specs(self) -> tuple[Feature, ...]:
        """What a contract says of each feature."""
        ...

    @property
    def target(self) -> Target:
        """The predicted column and its two words."""
        ...

    @property
    def times(self) -> NDArray[np.datetime64] | None:
        """When each row was, UTC, shape ``(n,)``; None if that is not known."""
        ...

    @property
    def digest(self) -> str:
        """Identifies the rows."""
        ...


def replay(
    data: LabelledStream,
    timing: Schedule,
    *,
    plan: ControlPlan,
    trainers: Sequence[Trainer],
    runtime: Runtime,
    contenders: Sequence[Contender] | None = None,
    arrives: NDArray[np.int64] | None = None,
    progress: Callable[[str, int], None] | None = None,
    cpu: Callable[[], float] | None = None,
) -> Replay:
    """Play a history through several policies: one that is told of in full, others beside it.

    Args:
        data: Labelled rows in the order of prediction.
        timing: Warm-up, windows and delay.
        plan: What the project wants of the loop; its window of time stands for
            `timing.window` rows.
        trainers: Who competes, also for the first model of every policy.
        runtime: Executes the exported models.
        contenders: The policies, the one to be told of in full first; None: the project's,
            and what is always measured beside it.
        arrives: Of each row, the end of the first window at whose close its label is known;
            None: the delay says it.
        progress: Told the policy's name and the windows done.
        cpu: Returns the CPU seconds used so far; None if nobody wants to know.

    Raises:
        TargetError: If the warm-up holds too few rows of a class.
        TrainingFailedError: If no trainer produced a first model.
    """
    tally = Tally(cpu)
    watched = tally.watched(trainers)
    first = develop(
        data.features.slice(0, timing.warm_up),
        data.labels[: timing.warm_up],
        feature_specs=data.feature_specs,
        target=data.target,
        data_digest=data.digest,
        trainers=watched,
        aim=plan.aim,
        seed=plan.seed,
        ordered=True,
    )
    stage = Stage(
        history=History(
            features=data.features,
            matrix=encode_table(data.features, first.contract),
            labels=data.labels,
            arrives=arrives,
        ),
        first=first,
        timing=timing,
        trainers=watched,
        runtime=runtime,
        seed=plan.seed,
    )
    if contenders is None:
        contenders = beside_standard([Contender(name=plan.decision.name, plan=plan)])
    runs = []
    for contender in contenders:
        tally.begin()
        windows = _played(contender, stage, data, progress)
        runs.append(PolicyRun(name=contender.name, windows=windows, cost=tally.cost))
    return Replay(schedule=timing, project=runs[0], others=tuple(runs[1:]))


def _played(
    contender: Contender,
    stage: Stage,
    data: LabelledStream,
    progress: Callable[[str, int], None] | None,
) -> tuple[WindowResult, ...]:
    policy, windows = contender.ready(stage), []
    for index in range(stage.timing.n_windows):
        windows.append(_window(policy, contender.name, index, stage, data))
        if progress is not None:
            progress(contender.name, index + 1)
    return tuple(windows)


def _window(
    policy: Rehearsal, name: str, index: int, stage: Stage, data: LabelledStream
) -> WindowResult:
    timing = stage.timing
    start, end = timing.bounds(index)
    period = timing.period(index) or _period(data.times, start, end)
    version, threshold = policy.version, policy.threshold
    if start == end:
        metrics, step = None, _nothing_to_judge(name)
    else:
        scores = policy.score(stage.history.matrix.take(slice(start, end)))
        # The score of the replay itself: no policy sees these figures.
        metrics = measure(data.labels[start:end], scores, threshold=threshold)
        step = policy.close(start, end, known=timing.known(index))
    return WindowResult(
        start=start,
        end=end,
        metrics=metrics,
        model_version=version,
        step=step,
        start_at=None if period is None else period[0],
        end_at=None if period is None else period[1],
    )


def _nothing_to_judge(name: str) -> Step:
    """Return what every policy does in a window without rows."""
    reasons = ("no predictions in the window, nothing to judge",)
    return Step(decision=Decision(action=Action.KEEP, policy=name, reasons=reasons))


def _period(
    times: NDArray[np.datetime64] | None, start: int, end: int
) -> tuple[datetime, datetime] | None:
    return None if times is None else (_time(times, start), _time(times, end - 1))


def _time(times: NDArray[np.datetime64], row: int) -> datetime:
    moment: datetime = times[row].astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)
