"""Days of the prediction log as Parquet: each file whole and on disk before it has its name."""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import file_digest
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holdfast.adapters.archives.durable import make_folder, sync_file, sync_folder
from holdfast.adapters.archives.manifest import ArchivedFile, Manifest
from holdfast.domain.errors import ArchiveError
from holdfast.domain.keeping import ARCHIVE_COLUMNS, ErasedFiles, archive_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from holdfast.domain.keeping import LoggedDay

__all__ = ["ParquetArchive"]

_FILE = "predictions.parquet"
_BATCH = 50_000  # rows in memory at a time
_POSITION = ARCHIVE_COLUMNS.index("position")
_ENTITY = ARCHIVE_COLUMNS.index("entity")
_LABEL = ARCHIVE_COLUMNS.index("label")


class ParquetArchive:
    """`Archive` in a folder: ``schema=4f2a…/day=2026-03-01/predictions.parquet``.

    ``manifest.json`` beside them says of each file how many rows it holds, its SHA-256, and
    from which state of the log it was written.

    Args:
        folder: Made at the first write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def holds(self, day: LoggedDay) -> bool:
        """See `Archive.holds`."""
        found = Manifest.read(self._folder).files.get(_relative(day))
        if found is None or found.state != day.state:
            return False
        path = self._folder / found.path
        return path.is_file() and _sha256(path) == found.sha256

    def write(self, day: LoggedDay, rows: Iterable[pa.Table], *, keep: bool) -> int:
        """See `Archive.write`."""
        path = self._folder / _relative(day)
        names = archive_columns(tuple(name for name, _ in day.schema.features))
        tables: Iterable[pa.Table] = (table.rename_columns(list(names)) for table in rows)
        with self._written(path):
            make_folder(path.parent, self._folder)
            if keep and path.is_file():
                tables = _with_old(path, tables)
            n_rows, n_labels = _write(path, tables, least=day.n_rows)
            if n_rows:
                self._enter(day, path, n_rows=n_rows, n_labels=n_labels)
        return n_rows

    def erase(self, entity: str) -> ErasedFiles:
        """See `Archive.erase`."""
        erased = ErasedFiles()
        if not self._folder.is_dir():
            return erased
        for leftover in self._folder.rglob("*.part"):
            leftover.unlink()  # of a write that a crash cut short; it may hold anybody's rows
        for path in sorted(self._folder.rglob(_FILE)):
            with self._written(path):
                n_gone = _count(path, entity)
                if n_gone:
                    self._write_without(path, entity)
                    erased += ErasedFiles(n_rows=n_gone, n_files=1)
        return erased

    def _write_without(self, path: Path, entity: str) -> None:
        # A crash between the two leaves a file that the manifest does not describe: it
        # does not count as held, and is written again before anything is dropped for it.
        n_rows, n_labels = _write(path, _without(path, entity))
        manifest = Manifest.read(self._folder)
        name = path.relative_to(self._folder).as_posix()
        if n_rows == 0:
            path.unlink()
            sync_folder(path.parent)
            manifest.without(name).write(self._folder)
        elif name in manifest.files:
            changed = manifest.files[name].rewritten(
                n_rows=n_rows, n_labels=n_labels, sha256=_sha256(path)
            )
            manifest.with_file(changed).write(self._folder)

    def _enter(self, day: LoggedDay, path: Path, *, n_rows: int, n_labels: int) -> None:
        entry = ArchivedFile(
            path=_relative(day),
            schema_digest=day.schema.digest,
            day=day.day,
            n_rows=n_rows,
            n_labels=n_labels,
            sha256=_sha256(path),
            state=day.state,
        )
        manifest = Manifest.read(self._folder).with_schema(day.schema)
        manifest.with_file(entry).write(self._folder)

    @contextmanager
    def _written(self, path: Path) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            raise ArchiveError(path, str(error)) from error


def _relative(day: LoggedDay) -> str:
    return f"schema={day.schema.digest[:12]}/day={day.day.isoformat()}/{_FILE}"


def _write(path: Path, tables: Iterable[pa.Table], *, least: int = 0) -> tuple[int, int]:
    """Write a file beside its place, and put it there once it is on disk.

    Args:
        path: Its place.
        tables: Its rows.
        least: How many there have to be.

    Returns:
        How many rows it holds, and how many of them have a label; without rows, there is
        no new file.
    """
    unfinished = path.with_name(f"{path.name}.part")
    n_rows = n_labels = 0
    writer: pq.ParquetWriter | None = None
    try:
        for table in tables:
            if writer is None:
                writer = pq.ParquetWriter(unfinished, table.schema, compression="zstd")
            writer.write_table(table)
            n_rows += table.num_rows
            n_labels += table.num_rows - table.column(_LABEL).null_count
        if n_rows < least:
            raise ArchiveError(path, f"{least - n_rows:,} rows left the log while it was read")
        if writer is not None:
            writer.close()
            sync_file(unfinished)
            unfinished.replace(path)
            sync_folder(path.parent)
    finally:
        if writer is not None:
            writer.close()  # harmless twice
        unfinished.unlink(missing_ok=True)
    return n_rows, n_labels


def _batches(path: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(path, pre_buffer=False) as file:  # else it stays in memory as it is read
        for batch in file.iter_batches(batch_size=_BATCH):
            yield pa.Table.from_batches([batch])


def _with_old(path: Path, new: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the new rows, then those of the file that are not among them."""
    positions = [np.zeros(0, dtype=np.int64)]
    for table in new:
        positions.append(table.column(_POSITION).to_numpy())
        yield table
    known = np.concatenate(positions)
    for table in _batches(path):
        old = ~np.isin(table.column(_POSITION).to_numpy(), known)
        if old.any():
            yield table.filter(pa.array(old))


def _count(path: Path, entity: str) -> int:
    with pq.ParquetFile(path, pre_buffer=False) as file:
        name = file.schema_arrow.names[_ENTITY]
        return sum(
            pc.sum(pc.equal(batch.column(0), entity)).as_py() or 0
            for batch in file.iter_batches(batch_size=_BATCH, columns=[name])
        )


def _without(path: Path, entity: str) -> Iterator[pa.Table]:
    for table in _batches(path):
        others = pc.fill_null(pc.not_equal(table.column(_ENTITY), entity), fill_value=True)
        kept = table.filter(others)
        if kept.num_rows:
            yield kept


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
