"""Where the command line begins: all commands, and the translation of errors to one line."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from holdfast import __version__
from holdfast.cli import (
    alerts,
    ask,
    bring,
    data,
    drift,
    govern,
    keep,
    keys,
    report,
    setup,
    tick,
    watch,
)
from holdfast.cli.options import EXIT_FAILED
from holdfast.domain.errors import HoldfastError, MissingExtraError

__all__ = ["app", "main"]

app = typer.Typer(
    name="holdfast",
    help="Keeps a deployed tabular model true while its data drifts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PACKAGES_OF_EXTRAS = {
    "apscheduler",
    "mlflow",
    "onnx",
    "pyarrow",
    "scipy",
    "sklearn",
    "threadpoolctl",
}


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"holdfast {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Keeps a deployed tabular model true while its data drifts."""


for _group in (setup, bring, data, tick, govern, ask, alerts, report, drift, watch, keys, keep):
    _group.add_to(app)


def main() -> None:
    """Run the command line; an error is one line that says what to do."""
    try:
        app()
    except HoldfastError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _PACKAGES_OF_EXTRAS:
            raise
        _fail(str(MissingExtraError(needs=package, extra="all")))


def _fail(message: str) -> NoReturn:
    typer.echo(f"Error: {message}", err=True)
    sys.exit(EXIT_FAILED)
