"""Let a release stand beside the champion, in shadow, as a canary or in a probation; end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.errors import NoChampionError, StateError
from holdfast.domain.events import ChallengerStaged, StageEnded
from holdfast.domain.stages import Ending, Stage
from holdfast.loop.fetch import fetch_for_serving
from holdfast.ports.event_log import Draft
from holdfast.ports.outbox import Effect

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.releases import ReleaseRecord
    from holdfast.loop.control import ControlPorts
    from holdfast.policy.probation import ProbationPolicy
    from holdfast.ports.lease import Fence
    from holdfast.ports.release_store import Deployment, StagedRelease

__all__ = ["begun_probation", "ended", "stage", "withdraw"]


def stage(
    ports: ControlPorts,
    version: ModelVersion,
    into: Stage,
    *,
    share: float | None = None,
    reason: str,
    actor: str,
    key: str | None = None,
    fence: Fence | None = None,
) -> ChallengerStaged:
    """Let a release stand beside the champion; servers follow within their polling time.

    Another release that stands there is withdrawn, which ends a probation; the same one goes
    on to this stage.

    Args:
        ports: The control plane's ports.
        version: Which release.
        into: What it does there.
        share: Of the requests that a canary answers, in (0, 1).
        reason: Why, in words, for the audit.
        actor: Who decided: "control", or a person by way of "cli".
        key: Makes the step idempotent, so that a tick that crashed can be run again.
        fence: The lease under which this runs.

    Raises:
        NoChampionError: If there is nothing to stand beside.
        UnknownReleaseError: If there is no such release.
        CorruptReleaseError: If its files are not what was registered: nothing changes.
        StateError: If it serves already, takes other features, or the share is none.
    """
    deployment, record = ports.releases.deployment(), ports.releases.release(version)
    if deployment is None:
        raise NoChampionError
    _check_share(into, share)
    if key is None:
        _check_new(deployment, version, into, share)
    contract, model = fetch_for_serving(ports.objects, record)
    if contract.schema_digest != deployment.champion.schema_digest:
        raise StateError(
            f"{version} takes other features than {deployment.champion.version}, so that it cannot "
            "score the same rows. Promote it at once: holdfast promote "
            f"{version} --contract-change"
        )
    ports.runtime.load(model, contract)  # a model that no server could load is refused here
    body = ChallengerStaged(
        version=version,
        release_id=record.release_id,
        stage=into,
        share=share,
        champion=deployment.champion.version,
        reason=reason,
    )
    drafts = [Draft(body=body, actor=actor, key=key, effects=(_alias(version),))]
    before = deployment.challenger
    if before is not None and before.record.version != version:
        drafts.insert(0, ended(before, Ending.WITHDRAWN, f"{version} takes its place", actor, key))
    *_, event = ports.events.append(drafts, at=ports.clock.now(), fence=fence)
    assert isinstance(event.body, ChallengerStaged)  # a key belongs to one kind of event
    return event.body


def withdraw(
    ports: ControlPorts,
    *,
    reason: str,
    actor: str,
    key: str | None = None,
    fence: Fence | None = None,
) -> StageEnded:
    """Take the challenger back; the champion answers every request again.

    Args:
        ports: The control plane's ports.
        reason: Why, in words, for the audit.
        actor: Who decided.
        key: Makes the step idempotent.
        fence: The lease under which this runs.

    Raises:
        StateError: If no challenger stands beside the champion.
    """
    deployment = ports.releases.deployment()
    challenger = None if deployment is None else deployment.challenger
    if challenger is None:
        raise StateError(
            "No challenger stands beside the champion; there is none to withdraw. "
            "See what is in production with: holdfast status"
        )
    draft = ended(challenger, Ending.WITHDRAWN, reason, actor, key)
    (event,) = ports.events.append([draft], at=ports.clock.now(), fence=fence)
    assert isinstance(event.body, StageEnded)  # a key belongs to one kind of event
    return event.body


def begun_probation(
    before: ReleaseRecord,
    champion: ReleaseRecord,
    policy: ProbationPolicy | None,
    *,
    at: datetime,
    actor: str,
    key: str | None = None,
) -> list[Draft]:
    """Return the draft by which a new champion's probation begins, if it has one.

    Args:
        before: The champion that it replaced, which scores on beside it.
        champion: The new one.
        policy: How long it lasts; None, or no time, for none.
        at: The moment of the promotion.
        actor: Who promoted it.
        key: Of the promotion.
    """
    comparable = before.schema_digest == champion.schema_digest
    if policy is None or not policy.lasts or not comparable:
        return []
    until = at + policy.lasts
    body = ChallengerStaged(
        version=before.version,
        release_id=before.release_id,
        stage=Stage.PROBATION,
        share=None,
        champion=champion.version,
        reason=f"{before.version} scores on beside it until {until:%Y-%m-%d %H:%M} UTC, and takes "
        "over again if it proves better",
        until=until,
    )
    return [Draft(body=body, actor=actor, key=None if key is None else f"{key}/probation")]


def ended(
    challenger: StagedRelease, ending: Ending, reason: str, actor: str, key: str | None = None
) -> Draft:
    """Return the draft of the end of a challenger's stage."""
    body = StageEnded(
        version=challenger.record.version, stage=challenger.stage, ending=ending, reason=reason
    )
    return Draft(
        body=body,
        actor=actor,
        key=None if key is None else f"{key}/ended",
        effects=(_alias(None),),
    )


def _check_share(into: Stage, share: float | None) -> None:
    if into is Stage.PROBATION:
        raise StateError("A probation begins with a promotion; it cannot be begun by itself.")
    if into is Stage.SHADOW and share is not None:
        raise StateError("A shadow answers nobody, so that it has no share. Leave --share out.")
    if into is Stage.CANARY and (share is None or not 0.0 < share < 1.0):
        found = "none was given" if share is None else f"found {share:g}"
        raise StateError(
            f"A canary answers a share of the requests between 0 and 1, such as 0.1; {found}. "
            "To have it answer all of them, promote it."
        )


def _check_new(
    deployment: Deployment, version: ModelVersion, into: Stage, share: float | None
) -> None:
    if deployment.champion.version == version:
        raise StateError(
            f"{version} is in production already. See the releases with: holdfast status"
        )
    before = deployment.challenger
    if before and (before.record.version, before.stage, before.share) == (version, into, share):
        raise StateError(f"{version} is staged as {into.value} already, in the same way.")


def _alias(challenger: ModelVersion | None) -> Effect:
    aliases = {"challenger": challenger}
    return Effect(channel="registry", payload={"do": "set_aliases", "aliases": aliases})
