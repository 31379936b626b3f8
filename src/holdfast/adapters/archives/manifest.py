"""What an archive says of its files: rows, digest, and the state of the log behind each."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import date  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING

import msgspec

from holdfast.adapters.archives.durable import sync_folder
from holdfast.domain.canonical import from_json
from holdfast.domain.contract import FeatureKind  # noqa: TC001 - the same
from holdfast.domain.errors import ArchiveError

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.domain.keeping import LogSchema

__all__ = ["MANIFEST", "ArchivedFile", "Manifest"]

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedFile:
    """One file of the archive."""

    path: str  # from the archive's folder
    schema_digest: str
    day: date
    n_rows: int
    n_labels: int  # rows that had one
    sha256: str
    state: tuple[int, int, int, int]  # `LoggedDay.state` from which it was written

    def rewritten(self, *, n_rows: int, n_labels: int, sha256: str) -> ArchivedFile:
        """Return the entry after rows of the file were erased, as they were from the log.

        The state is that of no log: the file is written again before it counts as held.
        """
        return replace(self, n_rows=n_rows, n_labels=n_labels, sha256=sha256, state=(0, 0, 0, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All files, by their paths, and the features of each schema."""

    schema_version: int = 1
    files: dict[str, ArchivedFile] = field(default_factory=dict)
    schemas: dict[str, tuple[tuple[str, FeatureKind], ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Return a folder's manifest; an empty one where there is none.

        Raises:
            ArchiveError: If it cannot be read.
        """
        path = folder / MANIFEST
        try:
            return from_json(path.read_bytes(), cls)
        except FileNotFoundError:
            return cls()
        except (OSError, msgspec.DecodeError) as error:
            raise ArchiveError(path, str(error)) from error

    def with_file(self, entry: ArchivedFile) -> Manifest:
        """Return the manifest with a file entered, or entered anew."""
        files = {**self.files, entry.path: entry}
        return replace(self, files={path: files[path] for path in sorted(files)})

    def without(self, path: str) -> Manifest:
        """Return the manifest without a file."""
        return replace(self, files={k: v for k, v in self.files.items() if k != path})

    def with_schema(self, schema: LogSchema) -> Manifest:
        """Return the manifest with the features of a schema."""
        return replace(self, schemas={**self.schemas, schema.digest: schema.features})

    def write(self, folder: Path) -> None:
        """Put the manifest in the place of the one before, durably."""
        unfinished = folder / f"{MANIFEST}.part"
        text = msgspec.json.format(msgspec.json.encode(self), indent=1)
        with unfinished.open("wb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / MANIFEST)
        sync_folder(folder)
