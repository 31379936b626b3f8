"""Watch a new champion beside the one before it; go back by itself if it does worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import structlog

from holdfast.domain.errors import CorruptReleaseError, InvalidRowsError
from holdfast.domain.events import ProbationJudged
from holdfast.domain.evidence import Outcome
from holdfast.domain.predictions import Role
from holdfast.domain.stages import Ending, Stage
from holdfast.domain.tables import conform, encode_table
from holdfast.loop.choose import compared_on
from holdfast.loop.control import incumbent
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.promote import roll_back
from holdfast.loop.stage import ended
from holdfast.loop.window_rows import labels_of, learnable_rows, mature_window, scores_of
from holdfast.policy.probation import (
    Answered,
    Followed,
    Ruling,
    compare,
    refused,
    rule,
    serves,
)
from holdfast.policy.transitions import fold
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.contract import Contract
    from holdfast.domain.evidence import GuardReport
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.policy.transitions import ControlState, Staged
    from holdfast.ports.lease import Fence
    from holdfast.ports.release_store import Deployment, StagedRelease

__all__ = ["watch"]

_log = structlog.get_logger(__name__)


def watch(
    ports: ControlPorts, plan: ControlPlan, *, actor: str, now: datetime, fence: Fence
) -> Ruling | None:
    """Judge the probation that is under way, and do what follows.

    Servers are heard at every tick; labelled rows are compared once a bucket, as that is when
    more of them have become mature, and the comparison is kept as an event, or in the rollback.

    Args:
        ports: The control plane's ports.
        plan: The probation's policy, and when labels are mature.
        actor: Who runs the tick.
        now: The tick's moment.
        fence: The lease under which this runs.

    Returns:
        What was judged; None if no champion is on probation.
    """
    deployment = ports.releases.deployment()
    beside = None if deployment is None else deployment.challenger
    if deployment is None or beside is None or beside.stage is not Stage.PROBATION:
        return None
    state = fold(ports.events.events())
    staged = state.staged
    assert staged is not None, "events and projections are written together"
    ruling = _judged(ports, plan, deployment, state, staged, actor=actor, now=now, fence=fence)
    return _followed(ports, beside, ruling, actor=actor, now=now, fence=fence)


def _judged(
    ports: ControlPorts,
    plan: ControlPlan,
    deployment: Deployment,
    state: ControlState,
    staged: Staged,
    *,
    actor: str,
    now: datetime,
    fence: Fence,
) -> Ruling:
    version, compared = deployment.champion.version, None
    try:
        champion = incumbent(ports)
    except CorruptReleaseError as error:
        serving = refused(str(error))
        return rule(staged, version, serving=serving, compared=None, now=now)
    serving = _serving(ports, plan, state, staged)
    until = mature_window(now, plan).end_at
    # Before the first rows since the promotion are mature there is nothing to read.
    if until > (staged.judged_until or staged.since):
        try:
            compared = _compared(ports, plan, champion, state, staged, now=now)
        except (CorruptReleaseError, InvalidRowsError) as error:
            return Ruling(
                next=Followed.WITHDRAW,
                reason=f"{staged.version} can no longer take over: {error}",
            )
    # One that shows harm stands in the rollback itself: a tick that dies before it looks again.
    if compared is not None and compared.outcome is not Outcome.REFUSE:
        body = ProbationJudged(
            champion=version, previous=staged.version, report=compared, judged_until=until
        )
        key = f"probation/{staged.seq}/{until.isoformat()}"
        ports.events.append([Draft(body=body, actor=actor, key=key)], at=now, fence=fence)
    return rule(staged, version, serving=serving, compared=compared, now=now)


def _serving(
    ports: ControlPorts, plan: ControlPlan, state: ControlState, staged: Staged
) -> GuardReport:
    """Judge by what servers said of the champion."""
    assert state.champion is not None, "somebody stands beside it"
    if state.champion_failure is not None:
        return refused(state.champion_failure)
    scored = ports.views.status().n_by_role.get(Role.CHAMPION, {})
    champion, before = (
        Answered(n_scored=scored.get(version, 0), n_failed=state.unscored.get(version, 0))
        for version in (state.champion, staged.version)
    )
    return serves(champion, before, policy=plan.probation)


def _compared(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    staged: Staged,
    *,
    now: datetime,
) -> GuardReport | None:
    """Compare both on the mature labelled rows that the champion answered; None without any.

    The one before is asked anew, for what it said in shadow lacks the rows that were dropped.
    """
    rows, used = learnable_rows(ports, plan, champion, state, now=now, since=state.champion_since)
    rows = rows.filter(pc.equal(rows.column("model_version"), champion.record.version))
    contract, model = fetch_for_serving(ports.objects, ports.releases.release(staged.version))
    before = ports.runtime.load(model, contract)
    rows = _taken(rows, contract)
    if rows.num_rows == 0:
        return None
    report = compare(
        labels_of(rows),
        before.score(encode_table(conform(rows, contract), contract)),
        scores_of(rows),
        policy=plan.probation,
    )
    return compared_on(report, used)


def _taken(rows: pa.Table, contract: Contract) -> pa.Table:
    """Return the rows that lack no value which a model cannot do without."""
    needed = [feature.name for feature in contract.features if not feature.nullable]
    for name in needed:
        rows = rows.filter(pc.is_valid(rows.column(name)))
    return rows


def _followed(
    ports: ControlPorts,
    beside: StagedRelease,
    ruling: Ruling,
    *,
    actor: str,
    now: datetime,
    fence: Fence,
) -> Ruling:
    """Do what was ruled; return what was done."""
    ending = Ending.PASSED if ruling.next is Followed.KEEP else Ending.WITHDRAWN
    match ruling.next:
        case Followed.WAIT:
            return ruling
        case Followed.ROLL_BACK:
            try:
                roll_back(
                    ports,
                    to=beside.record.version,
                    reason=ruling.reason,
                    actor=actor,
                    report=ruling.report,
                    fence=fence,
                )
            except CorruptReleaseError as error:
                why = f"{beside.record.version} can no longer take over: {error}"
                ruling = Ruling(next=Followed.WITHDRAW, reason=f"{why} ({ruling.reason})")
                _log.error("rollback_failed", problem=str(error))
            else:
                return ruling
    draft = ended(beside, ending, ruling.reason, actor)
    ports.events.append([draft], at=now, fence=fence)
    return ruling
