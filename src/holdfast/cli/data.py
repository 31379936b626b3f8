"""Commands that move rows: score, label."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import Json, Project

if TYPE_CHECKING:
    from holdfast.domain.predictions import LabelCounts

__all__ = ["add_to"]

_BATCH = 50_000  # rows in memory at a time


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(score)
    app.command()(label)


def score(
    data: Annotated[Path, typer.Argument(help="Rows to score: CSV or Parquet.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A .csv or .parquet file.")],
    log: Annotated[
        bool, typer.Option("--log", help="Log each row, as the server does; adds prediction_id.")
    ] = False,
    project: Project = Path(),
) -> None:
    """Score a file in bulk with the model in production."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.adapters.sources import open_source
    from holdfast.adapters.sources.writing import open_sink
    from holdfast.cli.progress import progress_bar
    from holdfast.loop.score import logged, scored
    from holdfast.wiring.online import open_online

    source = open_source(data, delimiter=settings.data.delimiter, header=settings.data.header)
    n_rows = 0
    with open_online(settings) as ports, open_sink(output) as sink, progress_bar() as bar:
        ports.champion.refresh()
        served = ports.champion.current()
        at = ports.clock.now()  # one moment for all of the file
        task = bar.add_task("Scoring", total=None)
        for table in source.batches(_BATCH):
            if log:
                run = f"{source.digest}/{served.record.version}"
                ids = [f"{run}/{n_rows + i}" for i in range(table.num_rows)]
                entity = settings.data.entity
                answered = logged(
                    table,
                    served,
                    ports.predictions,
                    ports.clock,
                    entity=entity,
                    request_ids=ids,
                    time=settings.data.time,
                )
            else:
                answered = scored(table, served, at=at, time=settings.data.time)
            sink.write(answered)
            n_rows += table.num_rows
            bar.update(task, completed=n_rows)
    logs = " and logged" if log else ""
    typer.echo(f"Wrote {output}: {n_rows:,} rows scored{logs} by {served.record.version}.")


def label(
    data: Annotated[
        Path,
        typer.Argument(help="Columns prediction_id (or entity, at), label, observed_at."),
    ],
    treated: Annotated[
        str | None,
        typer.Option(help="The column that says who was acted upon: true or false."),
    ] = None,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Record ground truth from a file; says what became of each label."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.adapters.sources import open_source
    from holdfast.domain.predictions import LabelCounts
    from holdfast.domain.treatments import TreatmentCounts
    from holdfast.loop.label import Recorded, record_labels
    from holdfast.loop.label_file import label_rows
    from holdfast.wiring.online import open_online

    total = Recorded(labels=LabelCounts(), treatments=TreatmentCounts())
    with open_online(settings) as ports:
        ports.champion.refresh()
        contract = ports.champion.current().contract
        for table in open_source(data).batches(_BATCH):
            total += record_labels(
                ports.labels,
                ports.clock,
                label_rows(table, contract.target, treated=treated),
                target=contract.target,
                maturity=ports.label_maturity,
            )
    counts = _counts(total.labels)
    if treated is None:
        typer.echo(json.dumps(counts) if as_json else _words(total.labels))
        return
    acted = asdict(total.treatments)
    if as_json:
        typer.echo(json.dumps(counts | {"treatments": acted}))
    else:
        typer.echo(_words(total.labels))
        typer.echo("Treatments: " + ", ".join(f"{n:,} {fate}" for fate, n in acted.items()) + ".")


def _counts(counts: LabelCounts) -> dict[str, int]:
    return {name: value for name, value in asdict(counts).items() if name != "fates"}


def _words(counts: LabelCounts) -> str:
    said = ", ".join(f"{value:,} {name}" for name, value in _counts(counts).items())
    lines = [f"Labels: {said}."]
    if counts.conflicting:
        lines.append("  conflicting: says otherwise than the label that came first, which stands")
    if counts.orphan:
        lines.append(
            "  orphan: no prediction is known by that id; kept, and joined if one appears. "
            "If none will, check the ids"
        )
    if counts.forgotten:
        lines.append("  forgotten: about a person who was erased (holdfast forget); not kept")
    return "\n".join(lines)
