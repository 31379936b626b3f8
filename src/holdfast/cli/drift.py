"""The command that compares two files: drift."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import (
    EXIT_ALARMED,
    Delimiter,
    Drop,
    FailOn,
    FailOnOption,
    NoHeader,
)
from holdfast.cli.second_opinion import MOST_ROWS, file_beside, write_second_opinion
from holdfast.cli.writing import TERMINAL, write_json, write_text

if TYPE_CHECKING:
    from holdfast.drift.report import DriftReport
    from holdfast.loop.compare import Compared

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(drift)


def drift(
    reference: Annotated[Path, typer.Argument(help="Rows that count as normal.")],
    current: Annotated[Path, typer.Argument(help="Rows to compare with them.")],
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as one HTML page.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report as JSON; - for the terminal.")
    ] = None,
    evidently: Annotated[
        bool, typer.Option("--evidently", help="Write Evidently's own report beside ours.")
    ] = False,
    drop: Drop = None,
    delimiter: Delimiter = None,
    no_header: NoHeader = False,
    fail_on: FailOnOption = None,
) -> None:
    """Compare two files for drift, without a project."""
    from holdfast.adapters.engines.local import LocalEngine
    from holdfast.adapters.sources import open_source
    from holdfast.loop.compare import Comparing, compare_sources

    beside = file_beside(html, json_file) if evidently else None
    header = not no_header
    compared = compare_sources(
        open_source(reference, delimiter=delimiter, header=header),
        open_source(current, delimiter=delimiter, header=header),
        LocalEngine(),
        Comparing(drop=tuple(drop or ())),
    )
    quiet = json_file == TERMINAL
    if not quiet:
        _say(compared)
    if html is not None:
        page = _page(compared, reference.name, current.name)
        write_text(html, page, to_error=quiet)
    if beside is not None:
        _write_evidently(compared, beside, to_error=quiet)
    if json_file is not None:
        write_json(json_file, compared.to_json())
    if _alarmed(compared.report, fail_on):
        raise typer.Exit(EXIT_ALARMED)


def _say(compared: Compared) -> None:
    from holdfast.cli.drift_words import say_drift

    baseline = compared.baseline
    say_drift(compared.report, baseline.profile, compared.current, baseline.grid)


def _page(compared: Compared, reference: str, current: str) -> str:
    from holdfast.adapters.reports.html import render_drift

    return render_drift(
        compared.report,
        compared.baseline.profile,
        compared.current,
        compared.baseline.grid,
        title=f"Drift from {reference} to {current}",
        reference_name=reference,
        current_name=current,
        made_at=datetime.now(UTC),
        left_out=compared.left_out,
    )


def _write_evidently(compared: Compared, beside: Path, *, to_error: bool) -> None:
    write_second_opinion(
        compared.reference_rows(MOST_ROWS),
        compared.current_rows(MOST_ROWS),
        beside,
        to_error=to_error,
    )


def _alarmed(report: DriftReport, fail_on: FailOn | None) -> bool:
    match fail_on:
        case None:
            return False
        case FailOn.CRITICAL:
            return any(feature.broken is not None for feature in report.features)
        case FailOn.ALERT | FailOn.DRIFT:
            return any(feature.drifted for feature in report.features)
