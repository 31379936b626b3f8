"""Do what is owed to the outside: tell people, mirror releases; at least once each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from holdfast import __version__
from holdfast.domain.errors import UnknownEventError
from holdfast.domain.events import ReleaseRegistered
from holdfast.domain.releases import ReleaseRecord
from holdfast.loop.announce import notice_of
from holdfast.loop.fetch import fetch_file, fetch_for_serving, fetch_manifest
from holdfast.loop.fetch_reference import fetch_metrics
from holdfast.loop.mirror import SHOWN, attempt_run, origin_of, release_run
from holdfast.loop.publish import publish

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.ids import EventId, ModelVersion
    from holdfast.loop.control import ControlPorts
    from holdfast.ports.model_registry import ModelRegistry
    from holdfast.ports.notifier import Notifier
    from holdfast.ports.outbox import PendingEffect

__all__ = ["deliver"]

_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=6)
_FORGOTTEN = timedelta(days=7)  # an address left out of the settings for so long is gone
_PAGE = 100

_log = structlog.get_logger(__name__)


def deliver(ports: ControlPorts, *, now: datetime) -> int:
    """Deliver every effect that is due and return how many were delivered.

    One that fails is tried again later, after growing pauses; it never stops the loop,
    whatever the outside raises. The champion's figures beside the releases are brought up to
    date as well.

    Args:
        ports: The control plane's ports.
        now: What is due is due at this moment.
    """
    publish(ports)
    n_delivered, left = 0, set[int]()
    while pending := _due(ports, left, now=now):
        failed: set[str] = set()
        for effect in pending:
            if effect.effect.channel in failed:
                continue  # in order within a channel: it waits for the one before it
            if _is_for_others(ports, effect, now=now):
                left.add(effect.effect_id)
            elif _delivered(ports, effect, now=now):
                n_delivered += 1
            else:
                failed.add(effect.effect.channel)
    return n_delivered


def _due(ports: ControlPorts, left: set[int], *, now: datetime) -> list[PendingEffect]:
    """Return a page of what is due and not left to others."""
    found = ports.outbox.pending(due_at=now, limit=_PAGE + len(left))
    return [one for one in found if one.effect_id not in left]


def _is_for_others(ports: ControlPorts, pending: PendingEffect, *, now: datetime) -> bool:
    """Return whether a notice waits for a process that knows its channel.

    A person's shell may lack the addresses that the loop has in its environment; that must
    not cost the loop its notices. What nobody has taken for long is of an address that was
    left out of the settings: it is let go.
    """
    channel = pending.effect.channel
    if not channel.startswith("notifier/") or _takers(ports, channel):
        return False
    try:
        owed_at = ports.events.get(pending.event_id).at
    except UnknownEventError:
        return False  # which its delivery says
    if now - owed_at < _FORGOTTEN:
        return True
    _log.warning("channel_gone", channel=channel, event_id=pending.event_id)
    return False


def _takers(ports: ControlPorts, channel: str) -> list[Notifier]:
    """Return who empties a channel; all of them, of one that an earlier version wrote."""
    return [one for one in ports.notifiers if channel in {one.channel.name, "notifier"}]


def _delivered(ports: ControlPorts, pending: PendingEffect, *, now: datetime) -> bool:
    try:
        _perform(ports, pending)
    except Exception as error:  # noqa: BLE001 - a plug-in or a server outside may raise anything
        pause = min(_FIRST_RETRY * 2 ** min(pending.attempts, 20), _LONGEST_RETRY)
        reason = f"{type(error).__name__}: {error}"
        ports.outbox.failed(pending.effect_id, reason=reason, retry_at=now + pause)
        _log.warning("effect_failed", channel=pending.effect.channel, reason=reason)
        return False
    ports.outbox.delivered(pending.effect_id, at=now)
    return True


def _perform(ports: ControlPorts, pending: PendingEffect) -> None:
    match pending.effect.channel, pending.effect.payload:
        case channel, {"do": "notify"} | {"alert": _}:
            notice = notice_of(ports.events, pending.event_id)
            for notifier in _takers(ports, channel):
                notifier.notify(notice)
        case "registry", {"do": "record_release" | "record_attempt" | "set_aliases"}:
            if ports.registry is not None:
                _mirror(ports, ports.registry, pending)
        case channel, _:
            raise ValueError(f"no one takes effects of channel {channel!r} of this form")


def _mirror(ports: ControlPorts, registry: ModelRegistry, pending: PendingEffect) -> None:
    match pending.effect.payload:
        case {"do": "record_release"}:
            _record_release(ports, registry, pending.event_id)
        case {"do": "record_attempt"}:
            origin = origin_of(pending.event_id, ports.events.events())
            registry.record_run(attempt_run(origin, code_version=__version__))
        case {"aliases": aliases}:
            _set_aliases(ports, registry, aliases)


def _set_aliases(
    ports: ControlPorts, registry: ModelRegistry, aliases: dict[str, ModelVersion | None]
) -> None:
    """Move aliases, if need be after recording what they point at.

    A registry that is new to the project, or in which somebody deleted a version, does not
    know them: everything that is owed to it would wait behind this for ever.
    """
    try:
        registry.set_aliases(aliases)
    except LookupError:
        registered = [
            event
            for event in ports.events.events()
            if isinstance(event.body, ReleaseRegistered) and event.body.version in aliases.values()
        ]
        for event in registered:
            _record_release(ports, registry, event.event_id)
        registry.set_aliases(aliases)


def _record_release(ports: ControlPorts, registry: ModelRegistry, event_id: EventId) -> None:
    origin = origin_of(event_id, ports.events.events())
    body = origin.event.body
    if not isinstance(body, ReleaseRegistered):
        raise TypeError(f"event {event_id} registers no release: it is {origin.event.kind}")
    release_id, manifest = body.release_id, fetch_manifest(ports.objects, body.release_id)
    record = ReleaseRecord(
        version=body.version, release_id=release_id, schema_digest=body.schema_digest
    )
    contract, model = fetch_for_serving(ports.objects, record)
    run = release_run(
        origin,
        manifest=manifest,
        contract=contract,
        metrics=fetch_metrics(ports.objects, release_id, manifest),
        files={
            name: fetch_file(ports.objects, release_id, manifest, name)
            for name in SHOWN
            if name in manifest.files
        },
    )
    registry.record_release(run, version=body.version, model=model, contract=contract)
