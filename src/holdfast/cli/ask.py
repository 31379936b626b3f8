"""Commands that ask what is, what was and why: status, events, explain."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.options import Json, Project

if TYPE_CHECKING:
    from holdfast.domain.events import Event
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.release_store import Deployment, StagedRelease
    from holdfast.ports.views import Status

__all__ = ["add_to"]

_LONGEST_NUMBER = 7  # digits; a longer one is the beginning of an id


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(status)
    app.command()(events)
    app.command()(explain)


def status(
    at: Annotated[
        datetime | None,
        typer.Option(
            help="What was in production then (UTC).", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
        ),
    ] = None,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Say what is (or was) in production, since when, and how the loop stands."""
    from holdfast.settings import load_settings
    from holdfast.wiring.project import open_store

    with open_store(load_settings(project), create=False) as store:
        if at is not None:
            moment = at.replace(tzinfo=UTC)
            _answer_past(store.releases.deployment_at(moment), moment, as_json=as_json)
            return
        found = store.views.status()
    if as_json:
        typer.echo(json.dumps(_status_json(found), indent=2))
    else:
        _print_status(found)


def events(
    limit: Annotated[int, typer.Option("-n", help="How many, newest first.")] = 20,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """List what happened, newest first."""
    from holdfast.domain.narration import headline
    from holdfast.settings import load_settings
    from holdfast.wiring.project import open_store

    with open_store(load_settings(project), create=False) as store:
        found = store.views.recent_events(limit=limit)
    if as_json:
        typer.echo(json.dumps([_event_json(event) for event in found], indent=2))
        return
    for event in found:
        typer.echo(f"{event.at:%Y-%m-%d %H:%M}  #{event.seq:<4} {headline(event)}")


def explain(
    event_id: Annotated[
        str, typer.Argument(help="An event's number, as `events` shows it, or its id.")
    ],
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Tell in words what an event says: the decision, its evidence and its reasons."""
    from holdfast.domain.narration import story
    from holdfast.settings import load_settings
    from holdfast.wiring.project import open_store

    with open_store(load_settings(project), create=False) as store:
        event = _find(store.events, event_id)
    if as_json:
        typer.echo(json.dumps(_event_json(event), indent=2))
        return
    first, *rest = story(event)
    typer.echo(first)
    for line in rest:
        typer.echo(f"  {line}")


def _find(log: EventLog, wanted: str) -> Event:
    """Return an event by its number, or by its id or a unique beginning of it."""
    from holdfast.domain.errors import UnknownEventError
    from holdfast.domain.ids import EventId

    number = wanted.removeprefix("#")
    if not number.isdecimal() or len(number) > _LONGEST_NUMBER:
        return log.get(EventId(wanted))
    found = next(log.events(after=int(number) - 1), None) if int(number) else None
    if found is None:
        raise UnknownEventError(wanted)
    return found


def _answer_past(found: Deployment | None, moment: datetime, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"at": moment.isoformat(), "deployment": _deployment_json(found)}))
    elif found is None:
        typer.echo(f"Nothing was in production at {moment:%Y-%m-%d %H:%M} UTC.")
    else:
        typer.echo(
            f"{found.champion.version} was in production at {moment:%Y-%m-%d %H:%M} UTC, "
            f"since {found.since:%Y-%m-%d %H:%M} UTC (release {found.champion.release_id[:12]})."
        )


def _print_status(found: Status) -> None:
    from holdfast.domain.narration import headline

    deployment = found.deployment
    if deployment is None:
        typer.echo("No model is in production yet. Run: holdfast train")
        return
    record = deployment.champion
    typer.echo(
        f"In production: {record.version} since {deployment.since:%Y-%m-%d %H:%M} UTC "
        f"(release {record.release_id[:12]})"
    )
    if deployment.previous is not None:
        typer.echo(
            f"Before it:     {deployment.previous.version} (holdfast rollback returns to it)"
        )
    if deployment.challenger is not None:
        _print_challenger(deployment.challenger, found)
    versions = ", ".join(f"{v} {n:,}" for v, n in sorted(found.n_predictions_by_version.items()))
    typer.echo(f"Predictions:   {found.n_predictions:,}" + (f" ({versions})" if versions else ""))
    if found.n_dropped:
        typer.echo(f"Archive:       {found.n_dropped:,} older predictions")
    labels = found.labels
    typer.echo(
        f"Labels:        {labels.accepted + labels.late:,} joined, {labels.orphan:,} orphan, "
        f"{labels.duplicate:,} duplicate, {labels.conflicting:,} conflicting, {labels.late:,} late"
    )
    if found.last_window is None:
        typer.echo("Last tick:     none yet. Run: holdfast check")
    else:
        typer.echo(f"Last window:   {headline(found.last_window)}")
    if found.last_decision is not None:
        event = found.last_decision
        typer.echo(f"Last decision: {headline(event)}")
        typer.echo(f"               {event.at:%Y-%m-%d %H:%M} UTC; holdfast explain {event.seq}")
    for alert in found.open_alerts:
        typer.echo(f"Alert:         [{alert.severity}] {alert.message}")
    if found.n_effects_pending:
        typer.echo(f"Outbox:        {found.n_effects_pending} effects wait for delivery")


def _print_challenger(challenger: StagedRelease, found: Status) -> None:
    """Say who stands beside the champion, what it does there, and how much of it."""
    from holdfast.domain.predictions import Role

    version, since = challenger.record.version, f"since {challenger.since:%Y-%m-%d %H:%M} UTC"
    if challenger.share is not None:
        n = found.n_by_role.get(Role.CANARY, {}).get(version, 0)
        typer.echo(
            f"Canary:        {version} answers {challenger.share:.3g} of the requests {since}; "
            f"{n:,} rows so far (holdfast promote {version}, or holdfast withdraw)"
        )
        return
    n = found.n_by_role.get(Role.SHADOW, {}).get(version, 0)
    dropped = found.n_shadow_dropped.get(version, 0)
    missed = f", {dropped:,} dropped" if dropped else ""
    typer.echo(f"Shadow:        {version} scores beside it {since}; {n:,} rows so far{missed}")


def _status_json(found: Status) -> dict[str, Any]:
    from holdfast.domain.canonical import canonical_json

    labels = found.labels
    return {
        "deployment": _deployment_json(found.deployment),
        "n_predictions": found.n_predictions,
        "n_predictions_by_version": found.n_predictions_by_version,
        "n_predictions_by_role": {role.value: n for role, n in found.n_by_role.items() if n},
        "n_shadow_dropped": found.n_shadow_dropped,
        "n_dropped": found.n_dropped,
        "labels": {
            name: getattr(labels, name)
            for name in ("accepted", "late", "duplicate", "conflicting", "orphan")
        },
        "last_prediction_at": None
        if found.last_prediction_at is None
        else found.last_prediction_at.isoformat(),
        "last_window": None if found.last_window is None else _event_json(found.last_window),
        "last_decision": None if found.last_decision is None else _event_json(found.last_decision),
        "open_alerts": json.loads(canonical_json(found.open_alerts)),
        "n_effects_pending": found.n_effects_pending,
    }


def _deployment_json(found: Deployment | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "version": found.champion.version,
        "release_id": found.champion.release_id,
        "since": found.since.isoformat(),
        "previous": None if found.previous is None else found.previous.version,
        "challenger": None
        if found.challenger is None
        else {
            "version": found.challenger.record.version,
            "release_id": found.challenger.record.release_id,
            "stage": found.challenger.stage.value,
            "share": found.challenger.share,
            "since": found.challenger.since.isoformat(),
        },
    }


def _event_json(event: Event) -> dict[str, Any]:
    from holdfast.domain.canonical import canonical_json

    return {
        "seq": event.seq,
        "event_id": event.event_id,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "kind": event.kind,
        "body": json.loads(canonical_json(event.body)),
        "digest": event.digest,
    }
