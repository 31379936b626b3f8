"""Commands that say who may speak to a server: keys create, list, revoke."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.options import Json, Project
from holdfast.domain.keys import KeyScope

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from holdfast.domain.keys import ApiKey

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
    keys.command("create")(create)
    keys.command("list")(show)
    keys.command("revoke")(revoke)
    app.add_typer(keys, name="keys")


def create(
    scope: Annotated[
        list[KeyScope],
        typer.Option(help="What it opens: predict, label, read or admin; may be repeated."),
    ],
    name: Annotated[str, typer.Option(help="For people: what or who uses it.")] = "",
    expires: Annotated[
        str | None, typer.Option(help="How long it works, such as 90d; for good if absent.")
    ] = None,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Make an API key; its secret is shown this once."""
    from holdfast.loop.grant import grant
    from holdfast.settings import load_settings
    from holdfast.wiring.keys import open_keys

    lifetime = None if expires is None else _lifetime(expires)
    with open_keys(load_settings(project)) as (keys, clock):
        made = grant(keys, clock, scopes=tuple(scope), name=name, lifetime=lifetime, actor="cli")
        now = clock.now()
    if as_json:
        typer.echo(json.dumps({"key": made.secret, **_plain(made.key, now)}, indent=2))
        return
    typer.echo(made.secret)  # alone on standard output, for KEY=$(holdfast keys create …)
    until = "does not expire" if made.key.expires_at is None else f"works {_until(made.key)}"
    typer.echo(
        f"Key {made.key.key_id} opens {', '.join(made.key.scopes)} and {until}. "
        "It is shown this once: keep it where secrets are kept.",
        err=True,
    )


def show(project: Project = Path(), as_json: Json = False) -> None:
    """List the API keys, without their secrets."""
    from holdfast.settings import load_settings
    from holdfast.wiring.keys import open_keys

    with open_keys(load_settings(project)) as (keys, clock):
        found, now = keys.api_keys(), clock.now()
    if as_json:
        typer.echo(json.dumps([_plain(key, now) for key in found], indent=2))
        return
    if not found:
        typer.echo("There are no API keys. Make one with: holdfast keys create --scope predict")
    for key in found:
        typer.echo(f"{key.key_id}  {_state(key, now):<24}  {', '.join(key.scopes)}  {key.name}")


def revoke(
    key_id: Annotated[
        str, typer.Argument(help="The key's id, as `keys list` shows it; or the key itself.")
    ],
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Make an API key useless for good; servers know within two seconds."""
    from holdfast.loop.grant import revoke as revoke_key
    from holdfast.settings import load_settings
    from holdfast.wiring.keys import open_keys

    with open_keys(load_settings(project)) as (keys, clock):
        key = revoke_key(keys, clock, key_id, actor="cli")
        now = clock.now()
    if as_json:
        typer.echo(json.dumps(_plain(key, now), indent=2))
    else:
        typer.echo(f"Key {key.key_id} is revoked. Servers know within two seconds.")


def _lifetime(text: str) -> timedelta:
    from holdfast.domain.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expires") from error


def _plain(key: ApiKey, now: datetime) -> dict[str, Any]:
    dates = {
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
    return {
        "key_id": key.key_id,
        "name": key.name,
        "scopes": list(key.scopes),
        "state": key.state(now).value,
        **{what: moment and moment.isoformat() for what, moment in dates.items()},
    }


def _state(key: ApiKey, now: datetime) -> str:
    state = key.state(now).value
    return f"{state} {_until(key)}" if state == "usable" and key.expires_at else state


def _until(key: ApiKey) -> str:
    return f"until {key.expires_at:%Y-%m-%d %H:%M}"
