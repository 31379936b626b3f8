"""Put a release into production, or go back to the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors import NoChampionError, StateError, UnknownReleaseError
from holdfast.domain.events import AlertRaised, ChampionPromoted, ChampionRolledBack
from holdfast.domain.evidence import Alert, Outcome, Severity, Trigger
from holdfast.domain.stages import Ending, Stage
from holdfast.domain.tables import conform, encode_table
from holdfast.loop.announce import owed_of
from holdfast.loop.choose import compared_on
from holdfast.loop.control import incumbent
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.stage import begun_probation, ended, stage, withdraw
from holdfast.loop.window_rows import labels_of, learnable_rows, mature_window
from holdfast.policy.alerting import harm_is_open
from holdfast.policy.guarding import judge
from holdfast.policy.segments import segments_of
from holdfast.policy.transitions import fold
from holdfast.ports.event_log import Draft
from holdfast.ports.outbox import Effect

if TYPE_CHECKING:
    from holdfast.domain.events import ChallengerStaged, StageEnded
    from holdfast.domain.evidence import GuardReport
    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.releases import ReleaseRecord
    from holdfast.loop.control import ControlPlan, ControlPorts
    from holdfast.policy.probation import ProbationPolicy
    from holdfast.ports.lease import Fence
    from holdfast.ports.release_store import Deployment

__all__ = ["promote", "promote_guarded", "roll_back", "stage_guarded"]


def promote(
    ports: ControlPorts,
    version: ModelVersion,
    *,
    reason: str,
    actor: str,
    key: str | None = None,
    contract_change: bool = False,
    fence: Fence | None = None,
    probation: ProbationPolicy | None = None,
) -> ChampionPromoted:
    """Make a release the champion; servers swap within their polling time.

    The stage of a challenger ends with it: its own as promoted, another's as withdrawn. The
    champion before goes on scoring beside it for a probation, which begins in the same
    transaction; unless it takes other features, so that it cannot score the same rows.

    Args:
        ports: The control plane's ports.
        version: Which release.
        reason: Why, in words, for the audit.
        actor: Who decided: "control", or a person by way of "cli".
        key: Makes the step idempotent, so that a tick that crashed can be run again.
        contract_change: Allow a release that requires features the champion's does not.
        fence: The lease under which this runs.
        probation: For how long it is on probation; None for not at all.

    Raises:
        UnknownReleaseError: If there is no such release.
        CorruptReleaseError: If its files are not what was registered: nothing changes.
        StateError: If it serves already, or its contract asks for more than clients send.
    """
    record = ports.releases.release(version)
    deployment = ports.releases.deployment()
    contract, _ = fetch_for_serving(ports.objects, record)
    previous = None
    if deployment is not None and key is None:
        _check_new(deployment.champion, record)
    if deployment is not None:
        previous = deployment.champion.version
        served, _ = fetch_for_serving(ports.objects, deployment.champion)
        added = [name for name in contract.names if name not in served.names]
        if added and not contract_change:
            raise StateError(
                f"{version} requires features that clients do not send yet: {', '.join(added)}. "
                "Have them sent, then promote with --contract-change"
            )
    body = ChampionPromoted(
        version=version, release_id=record.release_id, previous=previous, reason=reason
    )
    now, effects = ports.clock.now(), (_aliases(version, previous),)
    drafts = [Draft(body=body, actor=actor, key=key, effects=effects)]
    if deployment is not None and previous != version:  # else a crashed tick is run again
        drafts = [
            *_endings(deployment, version, actor=actor, key=key),
            *drafts,
            *begun_probation(deployment.champion, record, probation, at=now, actor=actor, key=key),
        ]
    written = ports.events.append(drafts, at=now, fence=fence)
    return next(event.body for event in written if isinstance(event.body, ChampionPromoted))


def promote_guarded(
    ports: ControlPorts,
    plan: ControlPlan,
    version: ModelVersion,
    *,
    reason: str,
    actor: str,
    contract_change: bool,
    fence: Fence | None = None,
) -> ChampionPromoted:
    """Make a release the champion if the guard finds it fit, on the newest mature rows.

    Rows that either of the two may have learnt from do not count.

    Raises:
        StateError: If the guard refuses it, or cannot judge yet; nothing changes.
        UnknownReleaseError: If there is no such release.
        CorruptReleaseError: If its files are not what was registered.
    """
    report = _judged(ports, plan, version, force=f"holdfast promote {version} --force")
    return promote(
        ports,
        version,
        reason=f"{reason}; {report.reason}",
        actor=actor,
        contract_change=contract_change,
        fence=fence,
        probation=plan.probation,
    )


def stage_guarded(
    ports: ControlPorts,
    plan: ControlPlan,
    version: ModelVersion,
    *,
    share: float,
    reason: str,
    actor: str,
    fence: Fence | None = None,
) -> ChallengerStaged:
    """Let a release answer a share of the requests if the guard finds it fit, as to promote it.

    Raises:
        StateError: If the guard refuses it, or cannot judge yet; nothing changes.
        UnknownReleaseError: If there is no such release.
        CorruptReleaseError: If its files are not what was registered.
    """
    force = f"holdfast promote {version} --as canary --share {share:g} --force"
    report = _judged(ports, plan, version, force=force)
    why = f"{reason}; {report.reason}"
    return stage(ports, version, Stage.CANARY, share=share, reason=why, actor=actor, fence=fence)


def _judged(
    ports: ControlPorts, plan: ControlPlan, version: ModelVersion, *, force: str
) -> GuardReport:
    """Return the guard's report on a release that it accepts."""
    champion, state = incumbent(ports), fold(ports.events.events())
    record = ports.releases.release(version)
    _check_new(champion.record, record)
    contract, model = fetch_for_serving(ports.objects, record)
    now = ports.clock.now()
    seen = [state.learnt[v] for v in (champion.record.version, version) if v in state.learnt]
    since = max([mature_window(now, plan).start_at, *seen])
    rows, used = learnable_rows(ports, plan, champion, state, now=now, since=since)
    seen_by_champion = encode_table(conform(rows, champion.contract), champion.contract)
    report = judge(
        labels_of(rows),
        champion.model.score(seen_by_champion),
        ports.runtime.load(model, contract).score(encode_table(conform(rows, contract), contract)),
        champion_threshold=champion.contract.threshold,
        policy=plan.guard,
        alarmed=harm_is_open(state.alerts),
        seed=plan.seed,
        segments=segments_of(seen_by_champion, champion.contract),
    )
    if report.outcome is not Outcome.ACCEPT:
        raise StateError(
            f"The guard does not let {version} pass: {report.reason}. To promote it all the "
            f"same: {force}"
        )
    return compared_on(report, used)


def roll_back(
    ports: ControlPorts,
    *,
    to: ModelVersion | None = None,
    reason: str,
    actor: str,
    report: GuardReport | None = None,
    fence: Fence | None = None,
) -> ChampionRolledBack | StageEnded:
    """Return production to how it was before, byte for byte.

    While a canary answers a share, that is the champion alone: the canary is withdrawn. Else,
    or if a release is named, it is an earlier release; who stands beside the champion goes
    with it.

    Args:
        ports: The control plane's ports.
        to: Which release; the one that served before, if not given.
        reason: Why, in words, for the audit.
        actor: Who decided.
        report: What a probation showed, if that is why: then people are alerted as well.
        fence: The lease under which this runs.

    Raises:
        NoChampionError: If nothing is in production.
        StateError: If there is nothing to go back to, or it serves already.
        UnknownReleaseError: If there is no such release.
        CorruptReleaseError: If its files are not what was registered: nothing changes.
    """
    deployment = ports.releases.deployment()
    if deployment is None:
        raise NoChampionError
    if to is None and deployment.challenger and deployment.challenger.stage is Stage.CANARY:
        return withdraw(ports, reason=reason, actor=actor, fence=fence)
    if to is None and deployment.previous is None:
        raise StateError(
            f"{deployment.champion.version} is the first release in production; there is none "
            "to go back to. Name one with --to, or retrain with: holdfast retrain"
        )
    record = deployment.previous if to is None else ports.releases.release(to)
    if record is None:
        raise UnknownReleaseError(str(to))
    _check_new(deployment.champion, record)
    fetch_for_serving(ports.objects, record)
    body = ChampionRolledBack(
        version=record.version,
        release_id=record.release_id,
        replaced=deployment.champion.version,
        reason=reason,
        report=report,
    )
    effects = (_aliases(record.version, deployment.champion.version),)
    drafts = [
        *_endings(deployment, record.version, actor=actor),
        Draft(body=body, actor=actor, effects=effects),
        *([] if report is None else [_alarm(ports, body, actor=actor)]),
    ]
    ports.events.append(drafts, at=ports.clock.now(), fence=fence)
    return body


def _alarm(ports: ControlPorts, body: ChampionRolledBack, *, actor: str) -> Draft:
    """Return the alert that tells people of a rollback which nobody asked for."""
    alert = Alert(
        trigger=Trigger.PROBATION,
        severity=Severity.CRITICAL,
        subject=body.replaced,
        message=f"{body.replaced} was rolled back to {body.version}: {body.reason}",
    )
    raised = AlertRaised(alert=alert, model_version=body.replaced)
    channels = [one.channel for one in ports.notifiers]
    effects = owed_of(ports.events, alert, channels, at=ports.clock.now())
    return Draft(body=raised, actor=actor, effects=effects)


def _endings(
    deployment: Deployment | None, version: ModelVersion, *, actor: str, key: str | None = None
) -> list[Draft]:
    """Return the end of a challenger's stage, as another release becomes the champion."""
    challenger = None if deployment is None else deployment.challenger
    if challenger is None:
        return []
    if challenger.record.version == version:
        return [ended(challenger, Ending.PROMOTED, "it is the champion now", actor, key)]
    return [ended(challenger, Ending.WITHDRAWN, f"{version} came into production", actor, key)]


def _check_new(champion: ReleaseRecord, record: ReleaseRecord) -> None:
    if champion.version == record.version:
        raise StateError(
            f"{record.version} is in production already. See the releases with: holdfast status"
        )


def _aliases(champion: ModelVersion, previous: ModelVersion | None) -> Effect:
    aliases = {"champion": champion, "previous": previous, "challenger": None}
    return Effect(channel="registry", payload={"do": "set_aliases", "aliases": aliases})
