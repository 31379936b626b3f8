"""Do what is owed to the outside: tell people, mirror releases; at least once each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from holdfast import __version__
from holdfast.domain.canonical import canonical_json, from_json
from holdfast.domain.events import ReleaseRegistered
from holdfast.domain.evidence import Alert
from holdfast.domain.releases import ReleaseRecord
from holdfast.loop.fetch import fetch_file, fetch_for_serving, fetch_manifest
from holdfast.loop.fetch_reference import fetch_metrics
from holdfast.loop.mirror import SHOWN, attempt_run, origin_of, release_run
from holdfast.loop.publish import publish

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.domain.ids import EventId, ModelVersion
    from holdfast.loop.control import ControlPorts
    from holdfast.ports.model_registry import ModelRegistry
    from holdfast.ports.outbox import PendingEffect

__all__ = ["deliver"]

_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=6)

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
    n_delivered = 0
    while pending := ports.outbox.pending(due_at=now):
        failed: set[str] = set()
        for effect in pending:
            if effect.effect.channel in failed:
                continue  # in order within a channel: it waits for the one before it
            if _delivered(ports, effect, now=now):
                n_delivered += 1
            else:
                failed.add(effect.effect.channel)
    return n_delivered


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
    payload = pending.effect.payload
    match pending.effect.channel, payload:
        case "notifier", {"alert": alert}:
            decoded = from_json(canonical_json(alert), Alert)
            for notifier in ports.notifiers:
                notifier.notify(decoded, event_id=pending.event_id)
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
