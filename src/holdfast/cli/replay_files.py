"""The files of a history, written into a folder for whoever plays them by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from holdfast.adapters.sources import open_labelled
from holdfast.adapters.sources.writing import open_sink
from holdfast.cli.opening import spec_of
from holdfast.cli.writing import make_folder
from holdfast.loop.batches import batches, order_of, rows_as_they_were

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.loop.ingest import TrainingData
    from holdfast.loop.timetable import Schedule
    from holdfast.settings import Settings

__all__ = ["write_batches"]


def write_batches(
    folder: Path, settings: Settings, data: Path, read: TrainingData, timing: Schedule
) -> None:
    """Write each window, and the labels when they become known, as files of their own.

    They are Parquet where the history is, and CSV otherwise.

    Args:
        folder: Where; it is made if it is not there.
        settings: What the columns are.
        data: The history.
        read: The same, as the replay takes it.
        timing: Warm-up, windows and delay.

    Raises:
        DataFileError: If a file cannot be written.
    """
    make_folder(folder)
    described = settings.data
    source = open_labelled(
        data,
        labels=described.labels,
        target=described.target,
        delimiter=described.delimiter,
        header=described.header,
    )
    rows = rows_as_they_were(source.read(), spec_of(settings))
    ending = ".parquet" if data.suffix == ".parquet" or data.is_dir() else ".csv"
    written = []
    for batch in batches(rows, timing, target=described.target, times=read.times):
        with open_sink(folder / f"{batch.name}{ending}") as sink:
            sink.write(batch.rows)
        written.append(batch)
    order = order_of(written, ending=ending, delay=timing.label_delay)
    (folder / "README.md").write_text(order, encoding="utf-8")
    typer.echo(f"Wrote {len(written)} files into {folder}; their order stands in its README.md")
