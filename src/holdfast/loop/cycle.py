"""One control tick: count, detect, decide, act; run again after a crash, it goes on."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from holdfast.domain.canonical import digest
from holdfast.domain.errors import ArchiveError
from holdfast.domain.events import AlertRaised, DecisionMade, kind_of
from holdfast.domain.evidence import Action, Decision
from holdfast.domain.windows import bucket_start
from holdfast.loop.announce import announced, owed_of
from holdfast.loop.control import incumbent
from holdfast.loop.deliver import deliver
from holdfast.loop.detect import Finding, detect, detect_in_file
from holdfast.loop.gather import schooling_from_file, schooling_from_log
from holdfast.loop.heed import heed, notice
from holdfast.loop.hold import held
from holdfast.loop.keep import keep
from holdfast.loop.observe import observe, remember
from holdfast.loop.probation import watch
from holdfast.loop.profile import profile_new
from holdfast.loop.resume import resume
from holdfast.loop.retrain import Retraining, retrain
from holdfast.loop.revise import revise, settled
from holdfast.loop.trial import go_on
from holdfast.loop.window_rows import mature_window
from holdfast.policy.alerting import harm_is_open
from holdfast.policy.deciding import decide
from holdfast.ports.event_log import Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.events import Event, WindowJudged
    from holdfast.domain.evidence import Alert
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.loop.gather import Schooling
    from holdfast.loop.keep import Kept
    from holdfast.loop.observe import Observation
    from holdfast.policy.probation import Ruling
    from holdfast.policy.transitions import ControlState
    from holdfast.policy.trying import Step
    from holdfast.ports.lease import Fence

__all__ = ["Tick", "tick", "tick_on_file"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one tick saw and did."""

    finding: Finding
    decision: Decision
    new_alerts: tuple[Alert, ...]
    n_counted: int  # predictions counted for the first time
    retraining: Retraining | None  # begun by this tick, or broken off before and ended by it
    n_revised: int = 0  # judged windows to which late rows came
    trial: Step | None = None  # None: nobody is tried beside the champion
    probation: Ruling | None = None  # None: no champion is on probation
    kept: Kept | None = None  # None: no retention is set, or it failed, which the log says
    observed: Observation | None = None  # None of a file, whose rows have no time
    judged: WindowJudged | None = None  # what was written down of the window; None: it is empty


def tick(
    ports: ControlPorts,
    plan: ControlPlan,
    *,
    actor: str,
    holder: str,
    slot: datetime | None = None,
) -> Tick | None:
    """Run one control tick on what the store holds.

    Args:
        ports: The control plane's ports.
        plan: What the project wants of the loop.
        actor: Who runs it, for the audit: "control" or "cli".
        holder: Names this process to others that ask for the lease.
        slot: The scheduled moment that it answers, if there is one.

    Returns:
        What was seen and done, or None if another control loop holds the lease.

    Raises:
        NoChampionError: If nothing is in production yet.
    """
    now = ports.clock.now()
    wish = notice(ports, now=now)  # a slow registry must not keep the lease busy
    with _delivering(ports), held(ports.lease, holder=holder) as fence:
        if fence is None:
            return None
        if wish is not None:
            heed(ports, plan, wish, now=now, fence=fence)
        done = _tick(ports, plan, actor=actor, fence=fence)
        ports.ticks.ticked(answered=slot, fence=fence)
        return done


def tick_on_file(
    ports: ControlPorts,
    plan: ControlPlan,
    rows: pa.Table,
    labels: NDArray[np.bool_] | None,
    *,
    actor: str,
    holder: str,
) -> Tick | None:
    """Run one control tick with a file as the current window.

    Args:
        ports: The control plane's ports.
        plan: What the project wants of the loop.
        rows: Conforms to the champion's contract.
        labels: Ground truth of the rows, if the file has it: it counts as mature.
        actor: Who runs it, for the audit.
        holder: Names this process to others that ask for the lease.

    Returns:
        What was seen and done, or None if another control loop holds the lease.
    """
    with _delivering(ports), held(ports.lease, holder=holder) as fence:
        if fence is None:
            return None
        now = ports.clock.now()
        _, state, resumed = _caught_up(ports, plan, actor=actor, now=now, fence=fence)
        champion = incumbent(ports)
        done = _act(
            ports,
            plan,
            champion,
            state,
            finding=detect_in_file(rows, labels, champion, plan, now=now),
            schooling=lambda _: schooling_from_file(ports, champion, rows, labels, now=now),
            actor=actor,
            now=now,
            fence=fence,
        )
        return replace(done, retraining=done.retraining or resumed)


@contextmanager
def _delivering(ports: ControlPorts) -> Iterator[None]:
    """Deliver what is owed to the outside once the lease is given back."""
    try:
        yield
    finally:
        deliver(ports, now=ports.clock.now())


def _tick(ports: ControlPorts, plan: ControlPlan, *, actor: str, fence: Fence) -> Tick:
    now = ports.clock.now()
    # First, and before the champion is loaded: what follows is about whoever serves then.
    probation = watch(ports, plan, actor=actor, now=now, fence=fence)
    events, state, resumed = _caught_up(ports, plan, actor=actor, now=now, fence=fence)
    champion = incumbent(ports)
    n_counted = profile_new(
        ports.predictions,
        ports.profiles,
        champion,
        bucket=plan.bucket,
        since=_oldest_open(plan, state, now),
        fence=fence,
    )
    observed = observe(ports, plan, champion, state, now=now)
    finding = detect(ports, plan, champion, state, now=now, alarms=observed.alarms)
    n_revised = revise(ports, plan, champion, events, actor=actor, now=now, fence=fence)
    until = bucket_start(now, plan.bucket)
    done = _act(
        ports,
        plan,
        champion,
        state,
        finding=finding,
        schooling=lambda decision: schooling_from_log(
            ports, plan, champion, state, now=now, onset_at=decision.onset_at
        ),
        actor=actor,
        now=now,
        fence=fence,
        n_counted=n_counted,
        observed=observed,
        settled_until=until,
        n_settled=settled(ports, champion, finding.window, until=until),
    )
    trial = go_on(ports, plan, champion, actor=actor, now=now, fence=fence)
    kept = _kept(ports, champion, actor=actor, now=now, fence=fence)
    return replace(
        done,
        n_revised=n_revised,
        kept=kept,
        trial=trial,
        probation=probation,
        retraining=done.retraining or resumed,
    )


def _caught_up(
    ports: ControlPorts, plan: ControlPlan, *, actor: str, now: datetime, fence: Fence
) -> tuple[list[Event], ControlState, Retraining | None]:
    """Bring a retraining that broke off to its end.

    Returns:
        All that happened, its fold, and how that retraining ended; None if there was none.
    """
    events, state = ports.history.up_to_date(ports.events)
    resumed = resume(ports, plan, state, events, actor=actor, now=now, fence=fence)
    if resumed is None:
        return events, state, None
    return *ports.history.up_to_date(ports.events), resumed


def _kept(
    ports: ControlPorts, champion: Incumbent, *, actor: str, now: datetime, fence: Fence
) -> Kept | None:
    """Let old rows go; a full disk under the archive must not stop the loop."""
    try:
        return keep(ports, champion, actor=actor, now=now, fence=fence)
    except ArchiveError as error:
        _log.error("retention_failed", problem=str(error))
        return None


def _oldest_open(plan: ControlPlan, state: ControlState, now: datetime) -> datetime:
    """Return where the oldest window begins that the champion is, or was, judged on."""
    in_production = min(now, state.champion_since or now)
    return mature_window(in_production, plan).start_at - plan.window


def _act(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    finding: Finding,
    schooling: Callable[[Decision], Schooling],
    actor: str,
    now: datetime,
    fence: Fence,
    n_counted: int = 0,
    observed: Observation | None = None,
    settled_until: datetime | None = None,
    n_settled: int | None = None,
) -> Tick:
    """Decide, write down why, and do it."""
    decision = decide(finding.evidence, plan.decision, state, now=now)
    judged = _judged(champion, finding, settled_until, n_settled)
    told = _told(ports, champion, state, finding, actor=actor, now=now)
    drafts = _drafts(plan, champion, finding, decision, told, judged=judged, actor=actor)
    ports.events.append(drafts, at=now, fence=fence)
    if observed is not None:
        # After the events: a tick that breaks off in between finds the same alarms again.
        remember(ports, observed, fence=fence)
    retraining = None
    if decision.action is Action.RETRAIN:
        retraining = retrain(
            ports,
            plan,
            champion,
            schooling(decision),
            cause="; ".join(decision.reasons),
            alarmed=harm_is_open(finding.evidence.alerts),
            actor=actor,
            now=now,
            fence=fence,
        )
    return Tick(
        finding=finding,
        decision=decision,
        new_alerts=tuple(draft.body.alert for draft in told if isinstance(draft.body, AlertRaised)),
        n_counted=n_counted,
        retraining=retraining,
        observed=observed,
        judged=judged,
    )


def _judged(
    champion: Incumbent, finding: Finding, settled_until: datetime | None, n_settled: int | None
) -> WindowJudged | None:
    """Return the event on the window, with the rows that only late ones can be added to."""
    if finding.assessment is None:
        return None
    judged = finding.assessment.judged(
        finding.window, champion.record.version, from_file=finding.from_file
    )
    return replace(judged, settled_until=settled_until, n_settled=n_settled)


def _told(
    ports: ControlPorts,
    champion: Incumbent,
    state: ControlState,
    finding: Finding,
    *,
    actor: str,
    now: datetime,
) -> list[Draft]:
    """Return the events about alerts; what a file says opens no incident, and is said once."""
    channels = tuple(notifier.channel for notifier in ports.notifiers)
    if finding.alarmed is not None:
        return announced(finding.alarmed.bodies, state, channels, actor=actor, now=now)
    known = {(alert.trigger, alert.subject) for alert in state.alerts}
    return [
        Draft(
            body=AlertRaised(alert=alert, model_version=champion.record.version),
            actor=actor,
            effects=owed_of(ports.events, alert, channels, at=now),
        )
        for alert in finding.evidence.alerts
        if (alert.trigger, alert.subject) not in known
    ]


def _drafts(
    plan: ControlPlan,
    champion: Incumbent,
    finding: Finding,
    decision: Decision,
    told: Sequence[Draft],
    *,
    judged: WindowJudged | None,
    actor: str,
) -> list[Draft]:
    """Return the tick's events; their keys make a tick that is run again write nothing."""
    version = champion.record.version
    evidence = finding.evidence
    key = digest([version, plan.policy_digest, finding.window, evidence, decision])
    # Which incidents are open tells what is new of them: one that is over may come again, of
    # the same window and evidence, and must then be written again.
    alerts = (
        told
        if finding.alarmed is not None
        else [
            replace(draft, key=f"{key}/{kind_of(draft.body)}/{i}") for i, draft in enumerate(told)
        ]
    )
    made = DecisionMade(
        decision=decision,
        model_version=version,
        alerts=evidence.alerts,
        n_labels=evidence.n_labels,
        policy_digest=plan.policy_digest,
    )
    return [
        *([] if judged is None else [Draft(body=judged, actor=actor, key=f"{key}/window")]),
        *alerts,
        Draft(body=made, actor=actor, key=f"{key}/decision"),
    ]
