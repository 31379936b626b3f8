"""Train challengers on mature rows, have them guarded, and release the one that passes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.errors import (
    ParityError,
    StateError,
    TargetError,
    TooFewLabelsError,
    TrainingFailedError,
)
from holdfast.domain.events import ChallengerJudged, RetrainingFailed, RetrainingStarted
from holdfast.domain.ids import uuid7
from holdfast.domain.tables import conform
from holdfast.drift.fitting import fits
from holdfast.drift.profile import profile
from holdfast.loop.challenge import Challenge, LabelledRows, allot, challenge
from holdfast.loop.control import LEASE, LEASE_TTL
from holdfast.loop.deliver import deliver
from holdfast.loop.detect import labels_of, mature_rows, mature_window
from holdfast.loop.fetch_reference import fetch_reference_rows
from holdfast.loop.promote import promote
from holdfast.loop.register import build_release, register
from holdfast.policy.alerting import harm_is_open
from holdfast.policy.transitions import ControlState, fold
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.events import EventBody
    from holdfast.domain.evidence import GuardReport
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.challenge import Challenger
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.ports.lease import Fence

__all__ = [
    "Retraining",
    "Schooling",
    "retrain",
    "retrain_by_hand",
    "schooling_from_file",
    "schooling_from_log",
]

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schooling:
    """The rows of a retraining: the champion's own reference first, then fresh ones.

    Attributes:
        rows: In time order.
        n_window: How many fresh rows a window holds; sets the guard's share.
        onset: Index of the first row of the changed world.
        spent: Index before which rows have judged a challenger of this champion.
        until: Rows predicted before this are among them.
    """

    rows: LabelledRows
    n_window: int
    onset: int
    spent: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """How an attempt ended.

    Attributes:
        attempt_id: Under which the events of the attempt stand.
        report: The guard's report, or None if no challenger came out.
        promoted: The version that went into production, if the challenger passed.
        failure: Why no challenger came out, if none did.
    """

    attempt_id: str
    report: GuardReport | None = None
    promoted: ModelVersion | None = None
    failure: str | None = None


def schooling_from_log(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    now: datetime,
    onset_at: datetime | None,
) -> Schooling:
    """Collect the rows of a retraining from the champion's reference and the log.

    Of the log only rows that the reference cannot hold: a row that stood among both would
    weigh twice, and could be learnt from and validated on at once.

    Raises:
        TooFewLabelsError: If fewer mature rows than the policy asks for are there.
    """
    since = state.learnt_until or _EARLIEST
    fresh = mature_rows(ports, plan, champion, state, now=now, since=since)
    if fresh.num_rows < plan.decision.min_labels:
        raise TooFewLabelsError(
            found=fresh.num_rows,
            required=plan.decision.min_labels,
            what="mature labelled rows",
        )
    window = mature_window(now, plan)
    reference, labels = fetch_reference_rows(ports.objects, champion.record.release_id)
    in_window = pc.sum(pc.greater_equal(fresh.column("predicted_at"), window.start_at)).as_py()
    return Schooling(
        rows=_joined(reference, labels, fresh, labels_of(fresh), champion),
        n_window=int(in_window or fresh.num_rows),
        onset=reference.num_rows + _rows_before(fresh, onset_at),
        spent=reference.num_rows + _rows_before(fresh, state.guard_until),
        until=window.end_at,
    )


def schooling_from_file(
    ports: ControlPorts,
    champion: Incumbent,
    rows: pa.Table,
    labels: NDArray[np.bool_],
    *,
    now: datetime,
) -> Schooling:
    """Take the rows of a retraining from a labelled file, which counts as one window."""
    reference, reference_labels = fetch_reference_rows(ports.objects, champion.record.release_id)
    return Schooling(
        rows=_joined(reference, reference_labels, rows, labels, champion),
        n_window=rows.num_rows,
        onset=reference.num_rows,
        spent=reference.num_rows,
        until=now,
    )


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
    """Make one attempt: train, judge, and promote what passes.

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
        promoted = None
        _append(
            ports,
            _judged(outcome, attempt_id, champion, schooling),
            actor=actor,
            now=now,
            fence=fence,
        )
        if outcome.challenger is not None:
            promoted = _release(
                ports, plan, champion, outcome.challenger, outcome.report,
                attempt_id=attempt_id, actor=actor, fence=fence,
            )  # fmt: skip
    except (TrainingFailedError, ParityError, TooFewLabelsError) as error:
        failed = RetrainingFailed(
            attempt_id=attempt_id, champion=champion.record.version, reason=str(error)
        )
        _append(ports, failed, actor=actor, now=now, fence=fence)
        return Retraining(attempt_id=attempt_id, failure=str(error))
    return Retraining(attempt_id=attempt_id, report=outcome.report, promoted=promoted)


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
        StateError: If a control loop is at work, or the file has no labels.
        TooFewLabelsError: If too few mature rows are there.
    """
    fence = ports.lease.acquire(LEASE, holder=holder, ttl=LEASE_TTL)
    if fence is None:
        raise StateError("A control loop is at work now. Try again when its tick is done.")
    try:
        now, state = ports.clock.now(), fold(ports.events.events())
        if rows is None:
            schooling = schooling_from_log(
                ports, plan, champion, state, now=now, onset_at=state.drift_since
            )
        else:
            table, labels = rows
            if labels is None:
                raise TargetError(
                    champion.contract.target.name,
                    "is not in the file",
                    remedy="Labelled rows are needed to retrain.",
                )
            schooling = schooling_from_file(ports, champion, table, labels, now=now)
        return retrain(
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
    finally:
        ports.lease.release(fence)
        deliver(ports, now=ports.clock.now())


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
        grid=grid if fits(profile(rows.features, grid)) else None,
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
    promote(
        ports,
        record.version,
        reason=f"{report.reason}, on {report.n:,} rows that neither model had seen",
        actor=actor,
        key=f"{attempt_id}/promoted",
        fence=fence,
    )
    return record.version


def _append(
    ports: ControlPorts, body: EventBody, *, actor: str, now: datetime, fence: Fence | None
) -> None:
    ports.events.append([Draft(body=body, actor=actor)], at=now, fence=fence)


def _joined(
    reference: pa.Table,
    reference_labels: NDArray[np.bool_],
    fresh: pa.Table,
    fresh_labels: NDArray[np.bool_],
    champion: Incumbent,
) -> LabelledRows:
    return LabelledRows(
        features=pa.concat_tables([reference, conform(fresh, champion.contract)]),
        labels=np.concatenate([reference_labels, fresh_labels]),
    )


def _rows_before(rows: pa.Table, moment: datetime | None) -> int:
    """Return how many rows were predicted before a moment; 0 if there is none."""
    if moment is None:
        return 0
    return int(pc.sum(pc.less(rows.column("predicted_at"), moment)).as_py() or 0)
