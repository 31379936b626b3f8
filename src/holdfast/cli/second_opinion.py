"""How commands ask Evidently, and write its report beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from holdfast.cli.writing import TERMINAL, writing

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from holdfast.adapters.second_opinion.evidently import EvidentlyReport

__all__ = ["MOST_ROWS", "ask_evidently", "file_beside", "write_second_opinion"]

MOST_ROWS = 100_000
"""Rows of a side that Evidently is shown: of a million it takes a minute."""


def file_beside(html: Path | None, json_file: Path | None) -> Path:
    """Return the file of ours beside which Evidently's are written.

    Raises:
        BadParameter: If there is none.
    """
    ours = html if html is not None else json_file
    if ours is None or ours == TERMINAL:
        raise typer.BadParameter(
            "its files stand beside ours: name one with --html FILE or --json FILE",
            param_hint="--evidently",
        )
    return ours


def ask_evidently(reference: pa.Table, current: pa.Table) -> EvidentlyReport:
    """Run Evidently's preset on the same rows, on `MOST_ROWS` of a side at most.

    Args:
        reference: Says which columns are compared.
        current: Rows with the same columns.

    Raises:
        MissingExtraError: If Evidently is not installed.
    """
    from holdfast.adapters.second_opinion.evidently import evidently_drift
    from holdfast.domain.sampling import sample_rows

    return evidently_drift(*(sample_rows([rows], MOST_ROWS) for rows in (reference, current)))


def write_second_opinion(found: EvidentlyReport, beside: Path, *, to_error: bool = False) -> None:
    """Write Evidently's page and its summary.

    Args:
        found: Its report.
        beside: Our file; ``F.html`` is joined by ``F.evidently.html`` and
            ``F.evidently.json``.
        to_error: Say it on standard error, for standard output holds JSON.

    Raises:
        DataFileError: If a file cannot be written.
    """
    page, summary = (beside.with_suffix(f".evidently.{end}") for end in ("html", "json"))
    with writing(page, to_error=to_error):
        found.save_html(page)
    with writing(summary, to_error=to_error):
        found.save_json(summary)
    if max(found.opinion.n_reference, found.opinion.n_current) >= MOST_ROWS:
        typer.echo(f"Evidently was shown {MOST_ROWS:,} rows of a side.", err=to_error)
    typer.echo(found.opinion.outcome.why, err=to_error)
