"""Train challengers on mature rows, have them guarded, and release the one that passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import ParityError, TooFewLabelsError, TrainingFailedError
from holdfast.domain.events import ChallengerJudged, RetrainingFailed, RetrainingStarted
from holdfast.domain.evidence import Outcome
from holdfast.domain.ids import uuid7
from holdfast.domain.stages import Stage
from holdfast.drift.fitting import grid_to_keep
from holdfast.loop.challenge import Challenge, challenge
from holdfast.loop.choose import compared_on
from holdfast.loop.disperse import dated_rows
from holdfast.loop.fetch_reference import fetch_dispersion
from holdfast.loop.gather import digest_of
from holdfast.loop.promote import promote
from holdfast.loop.register import build_release, register
from holdfast.loop.stage import stage
from holdfast.loop.tune import for_retraining, recorded
from holdfast.policy.allotting import allot
from holdfast.policy.standing import Standing, standings
from holdfast.policy.transitions import Attempt
from holdfast.ports.event_log import Draft
from holdfast.ports.outbox import Effect

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.events import Event, EventBody
    from holdfast.domain.evidence import GuardReport
    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.challenge import Challenger
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.loop.disperse import Dated
    from holdfast.loop.gather import Schooling
    from holdfast.loop.register import ReleaseBundle
    from holdfast.ports.lease import Fence

__all__ = ["Retraining", "carry_out", "close", "put_forward", "retrain"]


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
    started = RetrainingStarted(
        attempt_id=uuid7(now),
        champion=champion.record.version,
        cause=cause,
        n_rows=len(schooling.rows),
        onset_at=schooling.onset_at,
        alarmed=alarmed,
        from_file=schooling.from_file,
        rows_digest=digest_of(schooling, champion.contract),
        rows_used=schooling.rows_used,
    )
    event = _append(ports, started, actor=actor, now=now, fence=fence)
    return carry_out(
        ports,
        plan,
        champion,
        schooling,
        Attempt(started=started, at=event.at, seq=event.seq),
        actor=actor,
        now=now,
        fence=fence,
    )


def carry_out(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    schooling: Schooling,
    attempt: Attempt,
    *,
    actor: str,
    now: datetime,
    fence: Fence | None,
) -> Retraining:
    """Bring an attempt that has begun to its end.

    One that broke off after its judgement is not judged anew: the recorded judgement stands,
    and the model is released only if it is the one that was judged.

    Args:
        ports: The control plane's ports.
        plan: The aim, the seed and the guard's policy.
        champion: Whom to beat.
        schooling: The rows with which it began.
        attempt: As the events tell of it.
        actor: Who asked for it.
        now: The moment at which its events are dated.
        fence: The lease under which this runs.
    """
    try:
        outcome = _challenge(ports, plan, champion, schooling, alarmed=attempt.started.alarmed)
        judgement = attempt.judgement
        if judgement is None:
            judgement = _judged(outcome, attempt.attempt_id, champion, schooling)
            _append(ports, judgement, actor=actor, now=now, fence=fence)
        if judgement.report.outcome is not Outcome.ACCEPT:
            return Retraining(attempt_id=attempt.attempt_id, report=judgement.report)
        if outcome.challenger is None or not _as_judged(outcome, judgement):
            reason = "the model that the guard accepted cannot be made again"
            return close(ports, attempt, reason, interrupted=True, actor=actor, fence=fence)
        bundle = _bundled(ports, plan, champion, outcome.challenger, schooling)
        twin = _twin(ports, bundle)
        if twin is not None:
            reason = f"it came to {twin} once more, byte for byte, which had its trial already"
            return close(ports, attempt, reason, interrupted=False, actor=actor, fence=fence)
        version = _registered(ports, bundle, attempt.attempt_id, actor=actor, fence=fence)
        return put_forward(ports, plan, judgement, version, actor=actor, fence=fence)
    except (TrainingFailedError, ParityError, TooFewLabelsError) as error:
        return close(ports, attempt, str(error), interrupted=False, actor=actor, fence=fence)


def put_forward(
    ports: ControlPorts,
    plan: ControlPlan,
    judgement: ChallengerJudged,
    version: ModelVersion,
    *,
    actor: str,
    fence: Fence | None,
) -> Retraining:
    """Promote the release of an accepted challenger, or let it be tried first; once.

    Args:
        ports: The control plane's ports.
        plan: Whether it is tried first.
        judgement: By which it was accepted.
        version: The release.
        actor: Who asked for it.
        fence: The lease under which this runs.
    """
    attempt_id, report = judgement.attempt_id, judgement.report
    reason = f"{report.reason}, on {report.n:,} rows that neither model had seen"
    if plan.trial.path == "canary":
        key = f"{attempt_id}/staged"
        stage(ports, version, Stage.SHADOW, reason=reason, actor=actor, key=key, fence=fence)
        return Retraining(attempt_id=attempt_id, report=report, staged=version)
    key = f"{attempt_id}/promoted"
    promote(
        ports,
        version,
        reason=reason,
        actor=actor,
        key=key,
        fence=fence,
        probation=plan.probation,
    )
    return Retraining(attempt_id=attempt_id, report=report, promoted=version)


def close(
    ports: ControlPorts,
    attempt: Attempt,
    reason: str,
    *,
    interrupted: bool,
    actor: str,
    fence: Fence | None,
) -> Retraining:
    """End an attempt without a model in production, and say why.

    Args:
        ports: The control plane's ports.
        attempt: Which.
        reason: Why, in words, for the audit.
        interrupted: Whether nobody is to blame: then the cooldown is not lengthened.
        actor: Who ends it.
        fence: The lease under which this runs.
    """
    failed = RetrainingFailed(
        attempt_id=attempt.attempt_id,
        champion=attempt.started.champion,
        reason=reason,
        interrupted=interrupted,
    )
    _append(ports, failed, actor=actor, now=ports.clock.now(), fence=fence)
    return Retraining(attempt_id=attempt.attempt_id, failure=reason)


def _challenge(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    schooling: Schooling,
    *,
    alarmed: bool,
) -> Challenge:
    parts = allot(
        len(schooling.rows),
        n_window=schooling.n_window,
        onset=schooling.onset,
        spent=schooling.spent,
        least_guard=plan.guard.min_rows,
    )
    searched = for_retraining(ports, plan, champion, schooling.rows, n_train=parts.validation)
    outcome = challenge(
        schooling.rows,
        champion.model,
        champion.contract,
        parts,
        trainers=searched.trainers,
        aim=plan.aim,
        windows=plan.windows,
        policy=plan.guard,
        alarmed=alarmed,
        seed=plan.seed,
        runtime=ports.runtime,
    )
    return recorded(outcome, searched)


def _judged(
    outcome: Challenge, attempt_id: str, champion: Incumbent, schooling: Schooling
) -> ChallengerJudged:
    return ChallengerJudged(
        attempt_id=attempt_id,
        champion=champion.record.version,
        report=compared_on(outcome.report, schooling.rows_used),
        guard_until=schooling.until,
        trainer=outcome.trainer,
        training_window=outcome.training_window,
        margins=outcome.margins,
        calibration=outcome.calibration,
        failures=outcome.failures,
    )


def _as_judged(outcome: Challenge, judgement: ChallengerJudged) -> bool:
    """Return whether a challenger is the one that was judged, as far as the record tells.

    The scores of all that competed, to six digits, are those of the same rows and seed.
    """
    made = (outcome.trainer, outcome.training_window, outcome.margins)
    return made == (judgement.trainer, judgement.training_window, judgement.margins)


def _bundled(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    challenger: Challenger,
    schooling: Schooling,
) -> ReleaseBundle:
    rows, grid = challenger.rows, champion.reference.grid
    return build_release(
        challenger,
        features=rows.features,
        labels=rows.labels,
        model_name=plan.model_name,
        runtime=ports.runtime,
        aim=plan.aim,
        grid=grid_to_keep(grid, rows.features, challenger.contract),
        dated=_dated(ports, plan, champion, challenger, schooling),
    )


def _dated(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    challenger: Challenger,
    schooling: Schooling,
) -> Dated:
    """Return when those rows were that tell how unlike buckets of the new world are.

    Only rows since the onset: a window such as `all` spans the very drift that led to the
    retraining, buckets on its two sides differ by it, and monitors that took this for the
    world's usual unrest would be blind. Where that stretch has too few buckets yet, what the
    champion knew is carried over; if it knew nothing, rows are taken as independent.
    """
    chosen = challenger.chosen
    times = np.full(chosen.size, np.datetime64("NaT", "us"))
    if schooling.times is not None:
        fresh = chosen >= schooling.onset
        times[fresh] = schooling.times[chosen[fresh]]
    return dated_rows(
        plan,
        times,
        otherwise=fetch_dispersion(ports.objects, champion.record.release_id),
    )


def _twin(ports: ControlPorts, bundle: ReleaseBundle) -> ModelVersion | None:
    """Return the release of the same bytes that had its trial already, or serves.

    To put it forward again would try it for ever. One that is a candidate still, as an attempt
    that broke off may leave it, has its turn yet: it is registered once.
    """
    wanted = bundle.manifest.release_id
    known = {record.release_id: record.version for record in ports.releases.releases()}
    version = known.get(wanted)
    if version is None or standings(ports.events.events())[version] is Standing.CANDIDATE:
        return None
    return version


def _registered(
    ports: ControlPorts, bundle: ReleaseBundle, attempt_id: str, *, actor: str, fence: Fence | None
) -> ModelVersion:
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
    return record.version


def _append(
    ports: ControlPorts, body: EventBody, *, actor: str, now: datetime, fence: Fence | None
) -> Event:
    draft = Draft(body=body, actor=actor, effects=_owed(body))
    (event,) = ports.events.append([draft], at=now, fence=fence)
    return event


def _owed(body: EventBody) -> tuple[Effect, ...]:
    """Return what the registry is owed: of an attempt without a release, a run all the same."""
    refused = isinstance(body, ChallengerJudged) and body.report.outcome is not Outcome.ACCEPT
    if not refused and not isinstance(body, RetrainingFailed):
        return ()
    return (Effect(channel="registry", payload={"do": "record_attempt"}),)
