"""Do what is owed to the outside: tell people, mirror releases; at least once each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from holdfast.domain.canonical import canonical_json, from_json
from holdfast.domain.evidence import Alert
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.releases import MODEL, MODEL_CARD
from holdfast.loop.fetch import fetch_file, fetch_manifest
from holdfast.loop.fetch_reference import fetch_metrics

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.loop.control import ControlPorts
    from holdfast.ports.outbox import PendingEffect

__all__ = ["deliver"]

_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=6)

_log = structlog.get_logger(__name__)


def deliver(ports: ControlPorts, *, now: datetime) -> int:
    """Deliver every effect that is due and return how many were delivered.

    One that fails is tried again later, after growing pauses; it never stops the loop,
    whatever the outside raises.

    Args:
        ports: The control plane's ports.
        now: What is due is due at this moment.
    """
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
        case "registry", {"do": "record_release", "version": version, "release_id": release_id}:
            _record_release(ports, pending, ModelVersion(version), ReleaseId(release_id))
        case "registry", {"do": "set_aliases", "aliases": aliases}:
            if ports.registry is not None:
                ports.registry.set_aliases(aliases)
        case channel, _:
            raise ValueError(f"no one takes effects of channel {channel!r} of this form")


def _record_release(
    ports: ControlPorts, pending: PendingEffect, version: ModelVersion, release_id: ReleaseId
) -> None:
    if ports.registry is None:
        return
    manifest = fetch_manifest(ports.objects, release_id)
    ports.registry.record_release(
        event_id=pending.event_id,
        version=version,
        manifest=manifest,
        metrics=fetch_metrics(ports.objects, release_id, manifest),
        model=fetch_file(ports.objects, release_id, manifest, MODEL),
        model_card=fetch_file(ports.objects, release_id, manifest, MODEL_CARD),
        tags={"release_id": release_id},
    )
