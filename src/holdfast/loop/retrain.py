"""Train challengers on mature rows, have them guarded, and release the one that passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.errors import (
    ParityError,
    StateError,
    TooFewLabelsError,
    TrainingFailedError,
)
from holdfast.domain.events import ChallengerJudged, RetrainingFailed, RetrainingStarted
from holdfast.domain.ids import uuid7
from holdfast.domain.stages import Stage
from holdfast.drift.fitting import grid_to_keep
from holdfast.loop.challenge import Challenge, allot, challenge
from holdfast.loop.deliver import deliver
from holdfast.loop.gather import Schooling, schooling_from_file, schooling_from_log
from holdfast.loop.hold import held
from holdfast.loop.promote import promote
from holdfast.loop.register import build_release, register
from holdfast.loop.stage import stage
from holdfast.policy.alerting import harm_is_open
from holdfast.policy.transitions import fold
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.events import EventBody
    from holdfast.domain.evidence import GuardReport
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.challenge import Challenger
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.ports.lease import Fence

__all__ = ["Retraining", "retrain", "retrain_by_hand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """How an attempt ended.

    Attributes:
        attempt_id: Under which the events of the attempt stand.
        report: The guard's report, or None if no challenger came out.
        promoted: The version that went into production, if the challenger passed.
        staged: The version that is tried beside the champion first, if the project asks so.
        failure: Why no challenger came out, if none did.
    """

    attempt_id: str
    report: GuardReport | None = None
    promoted: ModelVersion | None = None
    staged: ModelVersion | None = None
    failure: str | None = None


def retrain(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    schooling: Schooling,
    *,
    cause: str,
    alarmed: bool,
    actor: str,
    now: datetime,
    fence: Fence | None = None,
) -> Retraining:
    """Make one attempt: train, judge, and promote what passes, or let it be tried first.

    Args:
        ports: The control plane's ports.
        plan: The aim, the seed and the guard's policy.
        champion: Whom to beat.
        schooling: Rows to learn from and to be judged on.
        cause: Why, in words, for the audit.
        alarmed: Whether a harm, concept or performance alarm is open.
        actor: Who asked for it.
        now: The moment of the attempt.
        fence: The lease under which this runs.
    """
    attempt_id = uuid7(now)
    started = RetrainingStarted(
        attempt_id=attempt_id,
        champion=champion.record.version,
        cause=cause,
        n_rows=len(schooling.rows),
    )
    _append(ports, started, actor=actor, now=now, fence=fence)
    try:
        outcome = _challenge(ports, plan, champion, schooling, alarmed=alarmed)
        released = None
        _append(
            ports,
            _judged(outcome, attempt_id, champion, schooling),
            actor=actor,
            now=now,
            fence=fence,
        )
        if outcome.challenger is not None:
            released = _release(
                ports, plan, champion, outcome.challenger, outcome.report,
                attempt_id=attempt_id, actor=actor, fence=fence,
            )  # fmt: skip
    except (TrainingFailedError, ParityError, TooFewLabelsError) as error:
        failed = RetrainingFailed(
            attempt_id=attempt_id, champion=champion.record.version, reason=str(error)
        )
        _append(ports, failed, actor=actor, now=now, fence=fence)
        return Retraining(attempt_id=attempt_id, failure=str(error))
    tried = plan.trial.path == "canary"
    return Retraining(
        attempt_id=attempt_id,
        report=outcome.report,
        promoted=None if tried else released,
        staged=released if tried else None,
    )


def retrain_by_hand(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    rows: tuple[pa.Table, NDArray[np.bool_] | None] | None,
    *,
    cause: str,
    actor: str,
    holder: str,
) -> Retraining:
    """Make one attempt because a person asks for it: no cooldown, the same guard.

    Args:
        ports: The control plane's ports.
        plan: The aim, the seed and the guard's policy.
        champion: Whom to beat.
        rows: Rows of a file with their labels; None takes the log's mature rows.
        cause: Why, in words, for the audit.
        actor: Who asked for it.
        holder: Names this process to others that ask for the lease.

    Raises:
        StateError: If a control loop is at work.
        TargetError: If the file has no labels.
        TooFewLabelsError: If too few mature rows are there.
    """
    with held(ports.lease, holder=holder) as fence:
        if fence is None:
            raise StateError("A control loop is at work now. Try again when its tick is done.")
        now, state = ports.clock.now(), fold(ports.events.events())
        schooling = (
            schooling_from_log(ports, plan, champion, state, now=now, onset_at=state.drift_since)
            if rows is None
            else schooling_from_file(ports, champion, *rows, now=now)
        )
        ended = retrain(
            ports,
            plan,
            champion,
            schooling,
            cause=cause,
            alarmed=harm_is_open(state.alerts),
            actor=actor,
            now=now,
            fence=fence,
        )
    deliver(ports, now=ports.clock.now())
    return ended


def _challenge(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    schooling: Schooling,
    *,
    alarmed: bool,
) -> Challenge:
    return challenge(
        schooling.rows,
        champion.model,
        champion.contract,
        allot(
            len(schooling.rows),
            n_window=schooling.n_window,
            onset=schooling.onset,
            spent=schooling.spent,
            least_guard=plan.guard.min_rows,
        ),
        trainers=ports.trainers,
        aim=plan.aim,
        policy=plan.guard,
        alarmed=alarmed,
        seed=plan.seed,
        runtime=ports.runtime,
    )


def _judged(
    outcome: Challenge, attempt_id: str, champion: Incumbent, schooling: Schooling
) -> ChallengerJudged:
    return ChallengerJudged(
        attempt_id=attempt_id,
        champion=champion.record.version,
        report=outcome.report,
        guard_until=schooling.until,
        trainer=outcome.trainer,
        training_window=outcome.training_window,
        margins=outcome.margins,
    )


def _release(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    challenger: Challenger,
    report: GuardReport,
    *,
    attempt_id: str,
    actor: str,
    fence: Fence | None,
) -> ModelVersion:
    rows, grid = challenger.rows, champion.reference.grid
    bundle = build_release(
        challenger,
        features=rows.features,
        labels=rows.labels,
        model_name=plan.model_name,
        runtime=ports.runtime,
        aim=plan.aim,
        grid=grid_to_keep(grid, rows.features, challenger.contract),
    )
    record = register(
        bundle,
        objects=ports.objects,
        events=ports.events,
        predictions=ports.predictions,
        releases=ports.releases,
        clock=ports.clock,
        actor=actor,
        origin="retrain",
        attempt_id=attempt_id,
        fence=fence,
    )
    reason = f"{report.reason}, on {report.n:,} rows that neither model had seen"
    if plan.trial.path == "canary":
        key = f"{attempt_id}/staged"
        stage(ports, record.version, Stage.SHADOW, reason=reason, actor=actor, key=key, fence=fence)
    else:
        key = f"{attempt_id}/promoted"
        promote(ports, record.version, reason=reason, actor=actor, key=key, fence=fence)
    return record.version


def _append(
    ports: ControlPorts, body: EventBody, *, actor: str, now: datetime, fence: Fence | None
) -> None:
    ports.events.append([Draft(body=body, actor=actor)], at=now, fence=fence)
