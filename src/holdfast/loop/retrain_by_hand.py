"""Retrain because a person asks for it: no cooldown, the same guard and the same record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors import StateError
from holdfast.loop.deliver import deliver
from holdfast.loop.gather import schooling_from_file, schooling_from_log
from holdfast.loop.hold import held
from holdfast.loop.resume import resume
from holdfast.loop.retrain import retrain
from holdfast.policy.alerting import harm_is_open
from holdfast.policy.transitions import fold

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.loop.retrain import Retraining
    from holdfast.ports.lease import Fence

__all__ = ["retrain_by_hand"]


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

    One that broke off is ended first; if it comes to a judgement, that is the answer.

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
        now, events = ports.clock.now(), list(ports.events.events())
        state = fold(events)
        ended = resume(ports, plan, state, events, actor=actor, now=now, fence=fence)
        if ended is None or ended.report is None:
            ended = _begun(
                ports, plan, champion, rows, cause=cause, actor=actor, now=now, fence=fence
            )
    deliver(ports, now=ports.clock.now())
    return ended


def _begun(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    rows: tuple[pa.Table, NDArray[np.bool_] | None] | None,
    *,
    cause: str,
    actor: str,
    now: datetime,
    fence: Fence,
) -> Retraining:
    state = fold(ports.events.events())
    schooling = (
        schooling_from_log(ports, plan, champion, state, now=now, onset_at=state.drift_since)
        if rows is None
        else schooling_from_file(ports, champion, *rows, now=now)
    )
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
