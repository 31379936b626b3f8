"""Heed what a person did in the registry: the champion's alias, moved there, is a promotion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from holdfast.domain.errors import InputError, IntegrityError, StateError
from holdfast.domain.events import AlertRaised, ChampionPromoted, ChampionRolledBack
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.loop.announce import owed_of
from holdfast.loop.promote import promote_guarded, roll_back
from holdfast.ports.event_log import Draft
from holdfast.ports.outbox import Effect

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.ids import ModelVersion
    from holdfast.loop.control import ControlPlan, ControlPorts
    from holdfast.ports.lease import Fence
    from holdfast.ports.release_store import Deployment

__all__ = ["Wish", "heed", "notice"]

_CHAMPION = "champion"
_ACTOR = "registry"
_REASON = "a person moved the alias champion in the registry"
_ALL = 100_000
_EVER = timedelta(days=36_500)  # whatever waits for a retry is due by then

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A person pointed the champion's alias somewhere else.

    Attributes:
        version: Where it points now; None: at something that is no release.
        beside: What was in production then.
    """

    version: ModelVersion | None
    beside: Deployment


def notice(ports: ControlPorts, *, now: datetime) -> Wish | None:
    """Return what a person did to the champion's alias, if anything.

    As long as anything is owed to the registry, an alias may simply not be there yet. A
    registry that does not answer is asked again at the next tick.

    Args:
        ports: The control plane's ports.
        now: The moment of the tick.
    """
    deployment = ports.releases.deployment()
    if ports.registry is None or deployment is None or _owed(ports, now):
        return None
    try:
        aliases = ports.registry.aliases()
    except Exception as error:  # noqa: BLE001 - a plug-in or a server outside may raise anything
        _log.warning("registry_not_read", reason=f"{type(error).__name__}: {error}")
        return None
    if aliases.get(_CHAMPION, deployment.champion.version) == deployment.champion.version:
        return None
    return Wish(version=aliases[_CHAMPION], beside=deployment)


def heed(
    ports: ControlPorts, plan: ControlPlan, wish: Wish, *, now: datetime, fence: Fence
) -> None:
    """Do what a person wished, as if they had asked for it here; or say why not.

    A release that was in production before comes back as by `rollback`, another one comes in
    as by `promote`, if the guard accepts it. What cannot be done is an alert, and the alias
    goes back to where production is.

    Args:
        ports: The control plane's ports.
        plan: The guard's policy.
        wish: What `notice` returned.
        now: The moment of the tick.
        fence: The lease under which this runs.
    """
    deployment = ports.releases.deployment()
    if deployment is None or deployment.seq != wish.beside.seq:
        return  # production has moved since; its own alias is on its way
    try:
        _grant(ports, plan, wish.version, fence=fence)
    except (InputError, IntegrityError, StateError) as error:
        _refuse(ports, wish, why=str(error), now=now, fence=fence)


def _grant(
    ports: ControlPorts, plan: ControlPlan, version: ModelVersion | None, *, fence: Fence
) -> None:
    """Promote or roll back.

    Raises:
        StateError: If it is no release, or the guard or its contract forbids it.
        CorruptReleaseError: If its files are not what was registered.
    """
    if version is None:
        raise StateError(
            "It points at a version that Holdfast did not record. Bring a model from elsewhere "
            "with: holdfast register"
        )
    if _served_before(ports, version):
        roll_back(ports, to=version, reason=_REASON, actor=_ACTOR, fence=fence)
        return
    promote_guarded(
        ports, plan, version, reason=_REASON, actor=_ACTOR, contract_change=False, fence=fence
    )


def _refuse(ports: ControlPorts, wish: Wish, *, why: str, now: datetime, fence: Fence) -> None:
    """Tell people, and give the aliases back to what is in production."""
    champion, previous = wish.beside.champion.version, wish.beside.previous
    wished = wish.version or "an unknown version"
    alert = Alert(
        trigger=Trigger.REGISTRY,
        severity=Severity.WARNING,
        subject=wished,
        message=(
            f"The alias champion was moved to {wished} in the registry; {champion} stays in "
            f"production, and the alias goes back to it. {why}"
        ),
    )
    aliases = {_CHAMPION: champion, "previous": None if previous is None else previous.version}
    draft = Draft(
        body=AlertRaised(alert=alert, model_version=champion),
        actor=_ACTOR,
        effects=(
            *owed_of(ports.events, alert, [one.channel for one in ports.notifiers], at=now),
            Effect(channel="registry", payload={"do": "set_aliases", "aliases": aliases}),
        ),
    )
    ports.events.append([draft], at=now, fence=fence)


def _owed(ports: ControlPorts, now: datetime) -> bool:
    pending = ports.outbox.pending(due_at=now + _EVER, limit=_ALL)
    return any(one.effect.channel == "registry" for one in pending)


def _served_before(ports: ControlPorts, version: ModelVersion) -> bool:
    return any(
        event.body.version == version
        for event in ports.events.events()
        if isinstance(event.body, ChampionPromoted | ChampionRolledBack)
    )
