"""Bring a retraining that broke off to its end, under its own id and never judged twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors import IntegrityError, StateError
from holdfast.domain.events import RetrainingResumed
from holdfast.loop.control import incumbent
from holdfast.loop.gather import digest_of, schooling_from_log
from holdfast.loop.retrain import carry_out, close, put_forward
from holdfast.policy.resuming import Course, resumption
from holdfast.policy.transitions import fold
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from holdfast.domain.events import Event
    from holdfast.loop.control import ControlPlan, ControlPorts
    from holdfast.loop.retrain import Retraining
    from holdfast.policy.transitions import Attempt, ControlState
    from holdfast.ports.lease import Fence

__all__ = ["resume"]


def resume(
    ports: ControlPorts,
    plan: ControlPlan,
    state: ControlState,
    events: Sequence[Event],
    *,
    actor: str,
    now: datetime,
    fence: Fence,
) -> Retraining | None:
    """End the attempt that has no end yet, if there is one.

    Whoever holds the lease is alone: an attempt without an end is nobody's work any more.

    Args:
        ports: The control plane's ports.
        plan: What the project wants of the loop.
        state: The fold of the event log.
        events: All that happened so far: what the state is the fold of.
        actor: Who asked for it.
        now: The tick's moment.
        fence: The lease under which this runs.

    Returns:
        How the attempt ended; None if there was nothing to go on with.
    """
    attempt = state.open_attempt
    if attempt is None:
        return None
    judged = resumption(attempt, stale_after=plan.window, now=now)
    if judged.course is Course.CLOSE:
        return close(
            ports,
            attempt,
            judged.reason,
            interrupted=judged.interrupted,
            actor=actor,
            fence=fence,
        )
    resumed = RetrainingResumed(
        attempt_id=attempt.attempt_id,
        champion=attempt.started.champion,
        n_tries=attempt.n_tries + 1,
        reason=judged.reason,
    )
    ports.events.append([Draft(body=resumed, actor=actor)], at=now, fence=fence)
    try:
        if judged.course is Course.RELEASE:
            return _put_forward(ports, plan, attempt, actor=actor, fence=fence)
        return _made_again(ports, plan, attempt, events, actor=actor, now=now, fence=fence)
    except (IntegrityError, StateError) as error:
        return close(ports, attempt, str(error), interrupted=True, actor=actor, fence=fence)


def _put_forward(
    ports: ControlPorts, plan: ControlPlan, attempt: Attempt, *, actor: str, fence: Fence
) -> Retraining:
    """Promote what is registered, or let it be tried."""
    # A release is registered only of a challenger that was accepted.
    assert attempt.version is not None
    assert attempt.judgement is not None
    return put_forward(ports, plan, attempt.judgement, attempt.version, actor=actor, fence=fence)


def _made_again(
    ports: ControlPorts,
    plan: ControlPlan,
    attempt: Attempt,
    events: Sequence[Event],
    *,
    actor: str,
    now: datetime,
    fence: Fence,
) -> Retraining:
    """Make the attempt again from the rows that it began with."""
    champion = incumbent(ports)
    before = fold(event for event in events if event.seq < attempt.seq)
    schooling = schooling_from_log(
        ports, plan, champion, before, now=attempt.at, onset_at=attempt.started.onset_at
    )
    if digest_of(schooling, champion.contract) != attempt.started.rows_digest:
        reason = "the rows that it began with are no longer what they were"
        return close(ports, attempt, reason, interrupted=True, actor=actor, fence=fence)
    return carry_out(ports, plan, champion, schooling, attempt, actor=actor, now=now, fence=fence)
