"""Options that several commands share, and what exit codes mean."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "EXIT_ALARMED",
    "EXIT_FAILED",
    "Delimiter",
    "Drop",
    "Entity",
    "FailOn",
    "FailOnOption",
    "Json",
    "Labels",
    "NoHeader",
    "Positive",
    "Project",
    "Time",
    "moment_option",
    "parse_moment",
]

EXIT_FAILED = 1
EXIT_ALARMED = 3  # the command completed, and found what --fail-on names


class FailOn(StrEnum):
    """What makes a command that completed end with exit code 3."""

    ALERT = "alert"  # any warning or critical alert
    CRITICAL = "critical"
    DRIFT = "drift"  # a drifted feature


def parse_moment(text: str) -> datetime:
    """Read a moment of ISO 8601, a day alone or with its time; it is in UTC unless it says else.

    Raises:
        typer.BadParameter: If it is none.

    >>> parse_moment("2026-03-05 14:00").isoformat()
    '2026-03-05T14:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"found {text!r}; a moment is written 2026-03-05, 2026-03-05T14:00 or "
            "2026-03-05T14:00+02:00"
        ) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


moment_option = partial(typer.Option, parser=parse_moment, metavar="TIME")
Project = Annotated[
    Path, typer.Option("--project", help="The folder with holdfast.toml.", show_default="here")
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
FailOnOption = Annotated[
    FailOn | None, typer.Option("--fail-on", help="End with exit code 3 if this was found.")
]
Positive = Annotated[
    str | None, typer.Option(help="The target's word to predict; guessed, and said, if absent.")
]
Labels = Annotated[
    Path | None,
    typer.Option(help="A file with the target, line by line, where DATA does not hold it."),
]
Time = Annotated[str | None, typer.Option(help="The column that says when a row was.")]
Entity = Annotated[str | None, typer.Option(help="The column that says whom a row is about.")]
Drop = Annotated[
    list[str] | None, typer.Option(help="A column to leave out; may be given several times.")
]
Delimiter = Annotated[
    str | None, typer.Option(help="The separator of a text file; found if absent.")
]
NoHeader = Annotated[
    bool, typer.Option("--no-header", help="The file's first row holds data; columns are c1, c2 …")
]
