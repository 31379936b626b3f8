"""Commands that ask what is, what was and why: status, events, explain."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.options import Json, Project, moment_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.events import Event
    from holdfast.loop.recall import Past
    from holdfast.policy.incidents import Incident
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.release_store import Deployment, ReleaseStore, StagedRelease
    from holdfast.ports.views import Status

__all__ = ["add_to"]

_MOST_RELEASES = 6  # in a line; --json has all
_LONGEST_NUMBER = 7  # digits; a longer one is the beginning of an id


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(status)
    app.command()(events)
    app.command()(explain)


def status(
    at: Annotated[
        datetime | None, moment_option(help="How it stood then, by the events alone (UTC).")
    ] = None,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Say what is (or was) in production, since when, and how the loop stands."""
    from holdfast.loop.recall import last_judged
    from holdfast.policy.performance_words import performance_in_words, performance_json
    from holdfast.policy.transitions import fold
    from holdfast.settings import load_settings
    from holdfast.wiring.project import open_store

    with open_store(load_settings(project), create=False) as store:
        if at is not None:
            _answer_past(store.events, at, as_json=as_json)
            return
        found = store.views.status()
        releases = _releases(store.events, store.releases)
        told = list(store.events.events())
    state = fold(told)
    attempt, judged = state.open_attempt, last_judged(told, state)
    if as_json:
        named = None if attempt is None else attempt.attempt_id
        reached = performance_json(judged, state.matured)
        whole = {**_status_json(found), "releases": releases, "retraining": named}
        typer.echo(json.dumps({**whole, "performance": reached}, indent=2))
        return
    _print_status(found, releases, state.incidents)
    if judged is not None:
        for word, line in performance_in_words(judged, state.matured):
            typer.echo(f"{word + ':':14} {line}")
    if attempt is not None:
        typer.echo(
            f"Retraining:    {attempt.attempt_id} began {attempt.at:%Y-%m-%d %H:%M} UTC and has "
            "no end yet; if it broke off, the next tick goes on with it"
        )


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
        str,
        typer.Argument(
            help="An event's number, as `events` shows it, or its id; or a retraining's or an "
            "incident's."
        ),
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
        attempt = _attempt(store.events, event_id) if event is None else []
    if event is None:
        _tell_attempt(attempt, as_json=as_json)
        return
    if as_json:
        typer.echo(json.dumps(_event_json(event), indent=2))
        return
    first, *rest = story(event)
    typer.echo(first)
    for line in rest:
        typer.echo(f"  {line}")


def _releases(log: EventLog, store: ReleaseStore) -> list[dict[str, str]]:
    """Return every release with where it stands, the newest first."""
    from holdfast.policy.standing import standings

    standing = standings(log.events())
    return [
        {
            "version": record.version,
            "release_id": record.release_id,
            "standing": standing[record.version].value,
        }
        for record in reversed(store.releases())
    ]


def _find(log: EventLog, wanted: str) -> Event | None:
    """Return an event by its number, or by its id or a unique beginning of it.

    None if no event is called so: then it may be a retraining.

    Raises:
        UnknownEventError: If no event has that number.
    """
    from holdfast.domain.errors import UnknownEventError
    from holdfast.domain.ids import EventId

    number = wanted.removeprefix("#")
    if not number.isdecimal() or len(number) > _LONGEST_NUMBER:
        try:
            return log.get(EventId(wanted))
        except UnknownEventError:
            return None
    found = next(log.events(after=int(number) - 1), None) if int(number) else None
    if found is None:
        raise UnknownEventError(wanted)
    return found


def _attempt(log: EventLog, wanted: str) -> list[Event]:
    from holdfast.loop.recall import attempt_called

    return attempt_called(list(log.events()), wanted)


def _tell_attempt(events: list[Event], *, as_json: bool) -> None:
    from holdfast.cli.past import attempt_in_words

    if as_json:
        typer.echo(json.dumps([_event_json(event) for event in events], indent=2))
        return
    for line in attempt_in_words(events):
        typer.echo(line)


def _answer_past(log: EventLog, at: datetime, *, as_json: bool) -> None:
    from holdfast.cli.past import past_in_words
    from holdfast.loop.recall import recall

    past = recall(log.events(), at)
    if as_json:
        typer.echo(json.dumps(_past_json(past), indent=2))
        return
    for line in past_in_words(past):
        typer.echo(line)


def _past_json(past: Past) -> dict[str, Any]:
    from holdfast.domain.canonical import canonical_json
    from holdfast.policy.performance_words import performance_json

    return {
        "at": past.at.isoformat(),
        "deployment": _deployment_json(past.deployment),
        "deployed_by": None if past.deployed is None else _event_json(past.deployed),
        "open_alerts": json.loads(canonical_json(past.open_alerts)),
        "releases": [
            {
                "version": record.version,
                "release_id": record.release_id,
                "standing": past.standings[record.version].value,
            }
            for record in reversed(past.releases)
        ],
        "retraining": past.attempt,
        "performance": performance_json(past.judged, past.track),
    }


def _print_status(
    found: Status, releases: list[dict[str, str]], incidents: Sequence[Incident]
) -> None:
    from holdfast.cli.past import loop_in_words
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
    _print_releases(releases)
    versions = ", ".join(f"{v} {n:,}" for v, n in sorted(found.n_predictions_by_version.items()))
    typer.echo(f"Predictions:   {found.n_predictions:,}" + (f" ({versions})" if versions else ""))
    if found.n_dropped:
        typer.echo(f"Archive:       {found.n_dropped:,} older predictions")
    labels = found.labels
    typer.echo(
        f"Labels:        {labels.accepted + labels.late:,} joined, {labels.orphan:,} orphan, "
        f"{labels.duplicate:,} duplicate, {labels.conflicting:,} conflicting, {labels.late:,} late"
    )
    for line in loop_in_words(found.loop, now=datetime.now(UTC)):
        typer.echo(line)
    if found.last_window is not None:
        typer.echo(f"Last window:   {headline(found.last_window)}")
    if found.last_decision is not None:
        event = found.last_decision
        typer.echo(f"Last decision: {headline(event)}")
        typer.echo(f"               {event.at:%Y-%m-%d %H:%M} UTC; holdfast explain {event.seq}")
    for one in incidents:
        typer.echo(f"Alert:         [{one.severity}] {one.alert.message} ({one.incident_id})")
    if found.n_effects_pending:
        typer.echo(f"Outbox:        {found.n_effects_pending} effects wait for delivery")


def _print_releases(releases: list[dict[str, str]]) -> None:
    """Name the newest releases with where they stand."""
    named = ", ".join(f"{r['version']} {r['standing']}" for r in releases[:_MOST_RELEASES])
    more = len(releases) - _MOST_RELEASES
    typer.echo(f"Releases:      {named}" + (f", and {more} older" if more > 0 else ""))


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
    if challenger.until is not None and found.deployment is not None:
        typer.echo(
            f"Probation:     {found.deployment.champion.version} against {version} until "
            f"{challenger.until:%Y-%m-%d %H:%M} UTC; {version} scores beside it, {n:,} rows so "
            f"far{missed}"
        )
        return
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
        "last_tick_at": found.loop.last_tick_at and found.loop.last_tick_at.isoformat(),
        "next_tick_at": found.loop.next_tick_at and found.loop.next_tick_at.isoformat(),
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
        "probation": _probation_json(found),
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


def _probation_json(found: Deployment) -> dict[str, str] | None:
    """Return who is on probation against whom, and until when."""
    beside = found.challenger
    if beside is None or beside.until is None:
        return None
    return {
        "version": found.champion.version,
        "against": beside.record.version,
        "since": beside.since.isoformat(),
        "until": beside.until.isoformat(),
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
