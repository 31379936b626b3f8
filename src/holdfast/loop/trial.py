"""Lead a challenger that is tried on to its next stage, or take it back (`path = "canary"`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from holdfast.domain.stages import Stage
from holdfast.domain.tables import conform, encode_table
from holdfast.domain.windows import Window
from holdfast.loop.choose import compared_on
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.promote import promote
from holdfast.loop.stage import stage, withdraw
from holdfast.loop.window_rows import labels_of, learnable_rows
from holdfast.policy.guarding import harm_of
from holdfast.policy.transitions import fold
from holdfast.policy.trying import Next, Step, ends_at, next_step

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.evidence import GuardReport
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.policy.transitions import ControlState, Staged
    from holdfast.ports.lease import Fence

__all__ = ["go_on"]


def go_on(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    *,
    actor: str,
    now: datetime,
    fence: Fence,
) -> Step | None:
    """Judge the trial that is under way, and do what follows.

    Args:
        ports: The control plane's ports.
        plan: The policy of the trial, and the guard's levels.
        champion: Beside whom the challenger stands.
        actor: Who asked for it.
        now: The tick's moment.
        fence: The lease under which this runs.

    Returns:
        What was judged; None if nobody is tried, or the project promotes directly.
    """
    if plan.trial.path == "direct":
        return None
    state = fold(ports.events.events())  # as it is after what this tick has done
    staged = state.staged
    if staged is None or staged.stage is Stage.PROBATION:  # that is no trial of its own
        return None
    if state.champion != champion.record.version:
        return None
    step = next_step(
        staged,
        plan.trial,
        works=now < ends_at(staged, plan.trial) or _works(ports, champion, staged, plan, now),
        compared=_compared(ports, plan, champion, state, staged=staged, now=now),
        now=now,
    )
    _do(ports, plan, staged, step, actor=actor, fence=fence)
    return step


def _do(
    ports: ControlPorts,
    plan: ControlPlan,
    staged: Staged,
    step: Step,
    *,
    actor: str,
    fence: Fence,
) -> None:
    version, key = staged.version, f"trial/{staged.seq}"
    match step.next:
        case Next.CANARY:
            stage(
                ports,
                version,
                Stage.CANARY,
                share=plan.trial.share,
                reason=step.reason,
                actor=actor,
                key=key,
                fence=fence,
            )
        case Next.PROMOTE:
            promote(
                ports,
                version,
                reason=step.reason,
                actor=actor,
                key=key,
                fence=fence,
                probation=plan.probation,
            )
        case Next.WITHDRAW:
            withdraw(ports, reason=step.reason, actor=actor, key=key, fence=fence)
        case Next.WAIT:
            pass


def _works(
    ports: ControlPorts, champion: Incumbent, staged: Staged, plan: ControlPlan, now: datetime
) -> bool:
    """Return whether it scored rows in its stage, within a bucket's length before now."""
    lately = Window(start_at=max(staged.since, now - plan.bucket), end_at=now)
    shadow = staged.version if staged.stage is Stage.SHADOW else None
    rows = ports.predictions.window(champion.contract, lately, shadow=shadow)
    return staged.version in pc.unique(rows.column("model_version")).to_pylist()


def _compared(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    staged: Staged,
    now: datetime,
) -> GuardReport | None:
    """Compare both models on the mature labelled rows that came since the trial began."""
    rows, used = learnable_rows(ports, plan, champion, state, now=now, since=staged.begun)
    if rows.num_rows == 0:
        return None
    record = ports.releases.release(staged.version)
    contract, model = fetch_for_serving(ports.objects, record)
    challenger = ports.runtime.load(model, contract)
    report = harm_of(
        labels_of(rows),
        champion.model.score(encode_table(conform(rows, champion.contract), champion.contract)),
        challenger.score(encode_table(conform(rows, contract), contract)),
        policy=plan.guard,
    )
    return compared_on(report, used)
