"""From settings to the archive, and to what retention wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.adapters.archives.parquet import ParquetArchive
from holdfast.loop.archive import Keeping

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.adapters.stores.sql import SqlStore
    from holdfast.ports.archive import Archive
    from holdfast.settings import Settings

__all__ = ["archive_in", "keeping_of"]


def archive_in(folder: Path) -> Archive:
    """Return the archive in a folder, which need not be there yet."""
    return ParquetArchive(folder)


def keeping_of(settings: Settings, store: SqlStore) -> Keeping | None:
    """Return where old rows go, and when; None if they stay."""
    retention = settings.store.retention
    if retention is None:
        return None
    return Keeping(
        log=store.retention, archive=archive_in(settings.store.archive), retention=retention
    )
