"""Commands that bring what was made elsewhere: register a model, log a service's predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import Json, Project

if TYPE_CHECKING:
    from holdfast.loop.adopt import Adopted
    from holdfast.loop.import_log import ImportedLog

__all__ = ["add_to"]

_PROBLEMS_SHOWN = 5


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(register)
    app.command()(log)


def register(
    model: Annotated[Path, typer.Argument(help="The ONNX file, its weights inside.")],
    contract: Annotated[
        Path, typer.Option(help="A contract.json, or a shorter TOML or JSON: see the how-to.")
    ],
    reference: Annotated[
        Path, typer.Option(help="Labelled rows that later windows are compared with.")
    ],
    held_out: Annotated[
        bool, typer.Option("--held-out", help="The model was not fitted on the reference rows.")
    ] = False,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Take in a model trained elsewhere; the first release goes into production."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.adapters.sources import open_source
    from holdfast.loop.adopt import Brought, adopt
    from holdfast.loop.contract_file import read_contract_file
    from holdfast.wiring.control import open_control, plan_of
    from holdfast.wiring.intake import model_intake

    data = settings.data
    brought = Brought(
        name=model.name,
        model=_bytes_of(model),
        contract=read_contract_file(_bytes_of(contract), contract.name),
        reference=open_source(reference, delimiter=data.delimiter, header=data.header),
        held_out=held_out,
        time=data.time,
    )
    with open_control(settings, create=True) as ports:
        adopted = adopt(ports, plan_of(settings), model_intake(), brought, actor="cli")
    if as_json:
        typer.echo(json.dumps(adopted.to_json(), indent=2))
    else:
        _print_adopted(adopted)


def log(
    data: Annotated[
        Path, typer.Argument(help="What the service logged: JSON lines, CSV or Parquet.")
    ],
    score: Annotated[
        str | None, typer.Option(help="The column with P(positive); score by default.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="When the service answered; predicted_at by default.")
    ] = None,
    entity: Annotated[
        str | None, typer.Option(help="Whom a row is about; entity, if there is such a column.")
    ] = None,
    own_id: Annotated[
        str | None, typer.Option("--id", help="The service's id of a row; id, if there is one.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="What came true; label or the target's name, if there is.")
    ] = None,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Import predictions of a service that Holdfast does not run, to watch them."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.adapters.sources.records import open_records
    from holdfast.adapters.sources.rejects import open_rejects
    from holdfast.cli.progress import progress_bar
    from holdfast.loop.import_log import ImportPorts, import_log
    from holdfast.loop.import_record import ImportColumns
    from holdfast.wiring.online import open_online

    with open_online(settings) as ports, open_rejects(data) as rejects, progress_bar() as bar:
        ports.champion.refresh()
        served = ports.champion.current()
        columns = ImportColumns.of(
            served.contract, score=score, time=time, entity=entity, id=own_id, label=label
        )
        source = open_records(
            data,
            delimiter=settings.data.delimiter,
            header=settings.data.header,
            as_text=columns.texts(served.contract),
        )
        task = bar.add_task("Logging", total=None)
        done = import_log(
            ImportPorts(
                predictions=ports.predictions,
                labels=ports.labels,
                releases=ports.releases,
                clock=ports.clock,
                label_maturity=ports.label_maturity,
                retention=settings.store.retention,
            ),
            served,
            source,
            columns,
            name=str(data),
            on_rejected=rejects.keep,
            on_page=lambda n: bar.update(task, completed=n),
        )
    if as_json:
        typer.echo(json.dumps(done.to_json(), indent=2))
    else:
        _print_log(done, served.record.version, rejects.path)


def _bytes_of(path: Path) -> bytes:
    from holdfast.domain.errors import DataFileError

    try:
        return path.read_bytes()
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise DataFileError(path, found, remedy="Check the path.") from error


def _print_adopted(adopted: Adopted) -> None:
    metrics = adopted.metrics
    typer.echo(f"Registered {adopted.version}, brought from elsewhere ({adopted.inputs}).")
    kind = "held-out" if adopted.held_out else "in-sample"
    typer.echo(f"On {metrics.n:,} {kind} reference rows, with 95% intervals:")
    for name, value in metrics.figures.items():
        low, high = metrics.intervals.get(name, (None, None))
        interval = "" if low is None or high is None else f"  [{low:.3f}, {high:.3f}]"
        typer.echo(f"  {name:<17} {value:.3f}{interval}")
    typer.echo(f"  {'threshold':<17} {adopted.threshold:.3f}  (the contract's)")
    if not adopted.held_out:
        typer.echo(
            "  note: if the model was fitted on these rows, the figures are better than it is, and "
            "monitors that compare with them alarm too early. Give held-out rows, and --held-out"
        )
    if adopted.champion == adopted.version:
        typer.echo(
            f"{adopted.version} is in production. Next: holdfast up, or holdfast log DATA for the "
            "predictions of a service of your own"
        )
    else:
        typer.echo(
            f"{adopted.champion} stays in production. To replace it: "
            f"holdfast promote {adopted.version}"
        )


def _print_log(done: ImportedLog, champion: str, rejected: Path) -> None:
    typer.echo(
        f"Read {done.n_read:,} records: {done.n_new:,} new, {done.n_known:,} logged before, "
        f"{done.n_rejected:,} rejected."
    )
    for problem, n in done.problems.most_common(_PROBLEMS_SHOWN):
        typer.echo(f"  {n:,} × {problem}")
    if done.n_rejected:
        typer.echo(f"  kept aside, each with its reason, in {rejected}")
    if done.first_at is not None and done.last_at is not None:
        span = f"{done.first_at:%Y-%m-%d %H:%M} to {done.last_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"They were answered from {span}, and stand under the contract of {champion}.")
    counts = done.labels
    if counts.accepted + counts.late + counts.conflicting + done.n_labels_known:
        typer.echo(
            f"Labels: {counts.accepted:,} accepted, {counts.late:,} late, "
            f"{counts.conflicting:,} conflicting, {done.n_labels_known:,} known before."
        )
    typer.echo("Next: holdfast check")
