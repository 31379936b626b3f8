"""Commands that play data over time: replay, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.options import Positive
from holdfast.cli.replay import replay

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(replay)
    app.command()(demo)


def demo(
    directory: Annotated[
        Path, typer.Option("--dir", help="Where the demo's project is made.")
    ] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Fixes the simulated customers, or the draw.")] = 7,
    rows: Annotated[int, typer.Option(help="Customers, or drawn rows, a month.")] = 4000,
    data: Annotated[
        Path | None, typer.Option(help="Labelled rows of your own, in place of the telecom.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="With --data: the column to predict.")] = None,
    positive: Positive = None,
) -> None:
    """Play a simulated year of a telecom through the real server, log and loop."""
    if (data is None) != (target is None):
        raise typer.BadParameter("--data and --target go together")
    from holdfast.cli.demo import play_own_rows, play_year

    if data is not None and target is not None:
        play_own_rows(directory, data, target, positive=positive, seed=seed, rows=rows)
    else:
        play_year(directory, seed=seed, rows=rows)
