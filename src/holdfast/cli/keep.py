"""Commands by which rows leave the store: export, keep, forget."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import EXIT_FAILED, Json, Project

if TYPE_CHECKING:
    from holdfast.loop.export import Exported
    from holdfast.loop.forget import Forgotten
    from holdfast.loop.keep import Kept

__all__ = ["add_to"]

_DAY = ["%Y-%m-%d"]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(export)
    app.command()(keep)
    app.command()(forget)


def export(
    to: Annotated[Path, typer.Option("--to", help="The folder; made if it is absent.")],
    since: Annotated[
        datetime | None,
        typer.Option(help="The first UTC day; the oldest, if absent.", formats=_DAY),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(help="The first UTC day that is left out; none, if absent.", formats=_DAY),
    ] = None,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Write the prediction log with its labels to Parquet, one file a schema and UTC day."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.cli.progress import progress_bar
    from holdfast.domain.errors import SettingsError
    from holdfast.loop.export import export as export_log
    from holdfast.wiring.archives import archive_in
    from holdfast.wiring.project import open_store

    if to.resolve() == settings.store.archive.resolve():
        raise SettingsError(f"{to} is the archive, which control ticks write. Name another folder.")
    with open_store(settings, create=False) as store, progress_bar() as bar:
        task = bar.add_task("Exporting", total=None)
        done = export_log(
            store.retention,
            archive_in(to),
            since=None if since is None else since.date(),
            until=None if until is None else until.date(),
            on_rows=lambda n: bar.advance(task, n),
        )
    if as_json:
        typer.echo(json.dumps({"to": str(to), **_exported_json(done)}))
    else:
        typer.echo(_exported_words(done, to))


def keep(project: Project = Path(), as_json: Json = False) -> None:
    """Archive and drop what is older than [store] retention, as every control tick does."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.cli.running import holder
    from holdfast.loop.keep import keep_by_hand
    from holdfast.wiring.control import open_control

    with open_control(settings) as ports:
        kept = keep_by_hand(ports, actor="cli", holder=holder())
    if as_json:
        typer.echo(json.dumps(_kept_json(kept)))
    else:
        typer.echo(_kept_words(kept, settings.store.archive))


def forget(
    entity: Annotated[str, typer.Option("--entity", help="Whom, as the predictions name it.")],
    exports: Annotated[
        list[Path] | None,
        typer.Option("--export", help="An exported folder that is to forget, too; repeatable."),
    ] = None,
    project: Project = Path(),
    as_json: Json = False,
) -> None:
    """Erase all rows about a person: predictions, labels, request ids, archived files."""
    from holdfast.settings import load_settings

    settings = load_settings(project)  # may refuse, before seconds go into imports
    from holdfast.cli.running import holder
    from holdfast.loop.forget import forget as forget_entity
    from holdfast.wiring.archives import archive_in
    from holdfast.wiring.project import clock_of, open_store

    folders = [settings.store.archive, *(exports or ())]
    with open_store(settings, create=False) as store:
        done = forget_entity(
            store.retention,
            [archive_in(folder) for folder in folders],
            store.events,
            entity,
            lease=store.leases,
            clock=clock_of(settings),
            actor="cli",
            holder=holder(),
        )
    if as_json:
        typer.echo(json.dumps(_forgotten_json(done)))
    else:
        typer.echo(_forgotten_words(done))
    if not done.scrubbed:
        typer.echo(
            "Error: another process is reading the store, so that old pages of its file are "
            "still in use. Run the command again when it is done.",
            err=True,
        )
        raise typer.Exit(EXIT_FAILED)


def _exported_json(done: Exported) -> dict[str, int]:
    return {"n_days": done.n_days, "n_written": done.n_written, "n_rows": done.n_rows}


def _exported_words(done: Exported, to: Path) -> str:
    if done.n_days == 0:
        return "The log holds no row of these days; nothing was written."
    stood = done.n_days - done.n_written
    files = "1 file" if done.n_written == 1 else f"{done.n_written:,} files"
    there = f", {stood:,} stood there already" if stood else ""
    return f"Wrote {files} to {to}{there}: {done.n_rows:,} rows of {done.n_days:,} days."


def _kept_json(kept: Kept) -> dict[str, object]:
    return {
        "until": kept.until.isoformat(),
        "n_days": kept.n_days,
        "n_predictions": kept.removed.n_predictions,
        "n_labels": kept.removed.n_labels,
        "n_request_keys": kept.removed.n_request_keys,
        "uncounted": kept.uncounted,
    }


def _kept_words(kept: Kept, archive: Path) -> str:
    removed = kept.removed
    if kept.uncounted:
        return "No control tick has counted these rows yet, so they stay. Run: holdfast check"
    if removed.n_predictions == 0:
        return f"The log holds nothing from before {kept.until} that could leave it."
    return (
        f"Dropped {removed.n_predictions:,} predictions from before {kept.until}, with "
        f"{removed.n_labels:,} labels and {removed.n_request_keys:,} request ids. "
        f"They stand in {archive}."
    )


def _forgotten_json(done: Forgotten) -> dict[str, object]:
    return {
        "erasure_id": done.erasure_id,
        "n_predictions": done.removed.n_predictions,
        "n_labels": done.removed.n_labels,
        "n_request_keys": done.removed.n_request_keys,
        "n_archived_rows": done.files.n_rows,
        "n_files": done.files.n_files,
        "scrubbed": done.scrubbed,
    }


def _forgotten_words(done: Forgotten) -> str:
    removed, files = done.removed, done.files
    return (
        f"Erased {removed.n_predictions:,} predictions, {removed.n_labels:,} labels and "
        f"{removed.n_request_keys:,} request ids from the store, {files.n_rows:,} rows from "
        f"{files.n_files:,} archived files."
    )
