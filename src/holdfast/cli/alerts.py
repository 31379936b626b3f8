"""Commands about what is wrong: alerts, and alerts ack, silence, unsilence, test."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.options import EXIT_FAILED, Json, Project
from holdfast.domain.evidence import Trigger

if TYPE_CHECKING:
    from datetime import timedelta

    from holdfast.policy.incident_history import Told
    from holdfast.policy.silences import Silence

__all__ = ["add_to"]

_ACTOR = "cli"

TriggerOption = Annotated[
    Trigger | None, typer.Option(help="What the alerts are about, such as feature_drift.")
]
SubjectOption = Annotated[
    str | None, typer.Option(help="Of what: a feature's name, a metric, a version.")
]
Reason = Annotated[str, typer.Option(help="Why, for whoever asks later.")]
By = Annotated[
    str | None, typer.Option("--by", help="Who; the name of this system's user if absent.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    alerts = typer.Typer()
    alerts.callback(invoke_without_command=True)(show)
    alerts.command("ack")(ack)
    alerts.command("silence")(silence)
    alerts.command("unsilence")(unsilence)
    alerts.command("test")(try_out)
    app.add_typer(alerts, name="alerts")


def show(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """List what is wrong: the open incidents, and what is silenced."""
    if context.invoked_subcommand is not None:
        if everything or as_json or project != Path():
            raise typer.BadParameter(
                f"options stand behind it: holdfast alerts {context.invoked_subcommand} …"
            )
        return
    from holdfast.policy.incident_history import history
    from holdfast.policy.transitions import fold
    from holdfast.settings import load_settings
    from holdfast.wiring.project import clock_of, open_store

    settings = load_settings(project)
    with open_store(settings, create=False) as store:
        events, now = list(store.events.events()), clock_of(settings).now()
    found = [one for one in history(events) if everything or one.over_at is None]
    silences = [one for one in fold(events).silences if one.until > now]
    if as_json:
        answer = {"incidents": [_plain(one) for one in found], "silences": _json(silences)}
        typer.echo(json.dumps(answer, indent=2))
        return
    for one in found:
        _say(one)
    if not found:
        typer.echo("No incident is open." if not everything else "There was no incident yet.")
    for standing in silences:
        _say_silence(standing)


def ack(
    incident: Annotated[str, typer.Argument(help="An open incident's id, or a beginning of it.")],
    reason: Reason = "",
    by: By = None,
    project: Project = Path(),
) -> None:
    """Say that you know of an incident: it is told again only if it gets louder."""
    from holdfast.loop.hush import acknowledge
    from holdfast.settings import load_settings
    from holdfast.wiring.project import clock_of, open_store

    settings, person = load_settings(project), _person(by)
    with open_store(settings, create=False) as store:
        known = acknowledge(
            store.events, clock_of(settings), incident, by=person, reason=reason, actor=_ACTOR
        )
    typer.echo(
        f"{known.incident_id} is acknowledged by {person}; it is told again only if it gets louder "
        f"than {known.severity}."
    )


def silence(
    lasts: Annotated[str, typer.Option("--for", help="How long, such as 8h or 2d.")],
    incident: Annotated[
        str | None, typer.Argument(help="An open incident's id, or a beginning of it.")
    ] = None,
    trigger: TriggerOption = None,
    subject: SubjectOption = None,
    reason: Reason = "",
    by: By = None,
    project: Project = Path(),
) -> None:
    """Hear nothing for a time of an incident, or of all alerts of a kind; they are still noted."""
    from holdfast.loop.hush import silence as keep_silent
    from holdfast.settings import load_settings
    from holdfast.wiring.project import clock_of, open_store

    settings, length = load_settings(project), _length(lasts)
    with open_store(settings, create=False) as store:
        silenced = keep_silent(
            store.events,
            clock_of(settings),
            lasts=length,
            by=_person(by),
            reason=reason,
            actor=_ACTOR,
            wanted=incident,
            trigger=trigger,
            subject=subject,
        )
    about = silenced.incident_id or _about(trigger, subject)
    typer.echo(f"Silenced until {silenced.until:%Y-%m-%d %H:%M} UTC: {about}")


def unsilence(
    incident: Annotated[
        str | None, typer.Argument(help="A silenced incident's id, or a beginning of it.")
    ] = None,
    trigger: TriggerOption = None,
    subject: SubjectOption = None,
    by: By = None,
    project: Project = Path(),
) -> None:
    """End silences before their time; all of them if none is named."""
    from holdfast.loop.hush import lift
    from holdfast.settings import load_settings
    from holdfast.wiring.project import clock_of, open_store

    settings = load_settings(project)
    with open_store(settings, create=False) as store:
        lifted = lift(
            store.events,
            clock_of(settings),
            by=_person(by),
            actor=_ACTOR,
            wanted=incident,
            trigger=trigger,
            subject=subject,
        )
    for one in lifted:
        typer.echo(f"Heard again: {one.incident_id or _about(one.trigger, one.subject)}")
    if not lifted:
        typer.echo("No such silence stands.")


def try_out(project: Project = Path(), as_json: Json = False) -> None:
    """Send a test alert to every address of [alerts] urls, and say what came of each."""
    from holdfast.loop.try_channels import try_channels
    from holdfast.settings import load_settings
    from holdfast.wiring.alerts import outside_notifiers_of
    from holdfast.wiring.project import clock_of

    settings = load_settings(project)
    notifiers = outside_notifiers_of(settings)
    if not notifiers:
        typer.echo("[alerts] urls is empty: alerts go to standard error alone.", err=True)
    came = try_channels(notifiers, now=clock_of(settings).now())
    if as_json:
        answer = [{"channel": name, "failure": failure} for name, failure in came.items()]
        typer.echo(json.dumps(answer, indent=2))
    else:
        for name, failure in came.items():
            typer.echo(f"{name}: {'delivered' if failure is None else f'FAILED: {failure}'}")
    if any(failure is not None for failure in came.values()):
        raise typer.Exit(EXIT_FAILED)


def _person(by: str | None) -> str:
    """Return who acts; a container may know no name for its user."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def _length(text: str) -> timedelta:
    from holdfast.domain.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from error


def _about(trigger: Trigger | None, subject: str | None) -> str:
    kind = "every alert" if trigger is None else trigger.replace("_", " ")
    return kind if subject is None else f"{kind} of {subject}"


def _say(told: Told) -> None:
    one = told.incident
    typer.echo(f"{one.incident_id}  [{one.severity}] {one.alert.message}")
    since = "" if one.onset_at is None else f"since about {one.onset_at:%Y-%m-%d %H:%M} UTC, "
    often = f", {one.n_alarms} times" if one.n_alarms > 1 else ""
    typer.echo(f"    {since}alarmed {one.raised_at:%Y-%m-%d %H:%M} UTC{often}; {one.champion}")
    if one.acknowledged is not None:
        why = f": {one.acknowledged.reason}" if one.acknowledged.reason else ""
        typer.echo(f"    {one.acknowledged.by} knows of it{why}")
    if told.over_at is not None:
        typer.echo(f"    over {told.over_at:%Y-%m-%d %H:%M} UTC: {told.why}")


def _say_silence(silence: Silence) -> None:
    about = silence.incident_id or _about(silence.trigger, silence.subject)
    why = f": {silence.reason}" if silence.reason else ""
    typer.echo(f"Silenced until {silence.until:%Y-%m-%d %H:%M} UTC: {about} (by {silence.by}{why})")


def _plain(told: Told) -> dict[str, Any]:
    incident: dict[str, Any] = _json(told.incident)
    over_at = None if told.over_at is None else told.over_at.isoformat()
    return {**incident, "over_at": over_at, "why_over": told.why or None}


def _json(value: object) -> Any:
    from holdfast.domain.canonical import canonical_json

    return json.loads(canonical_json(value))
