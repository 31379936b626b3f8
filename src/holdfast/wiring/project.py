"""What both planes are wired from: the settings' store, clock and release folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.adapters.clocks.file import FileClock
from holdfast.adapters.clocks.system import SystemClock
from holdfast.adapters.objects.files import FileObjectStore
from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.treatments import HoldOut

if TYPE_CHECKING:
    from holdfast.ports.clock import Clock
    from holdfast.settings import Settings

__all__ = ["clock_of", "holdout_of", "open_objects", "open_store"]


def clock_of(settings: Settings) -> Clock:
    """Return the project's clock: the system's, or a file's for a time-lapse."""
    file = settings.clock.file
    return SystemClock() if file is None else FileClock(file)


def open_store(settings: Settings, *, create: bool) -> SqlStore:
    """Open the project's store.

    Raises:
        SettingsError: If its address is not one that this version can open.
        StoreVersionError: If another version of Holdfast made it.
        NoStoreError: If it is absent and not to be made.
        StoreUnavailableError: If it cannot be read.
    """
    store = settings.store
    return SqlStore.open(store.url, create=create, durability=store.durability)


def open_objects(settings: Settings) -> FileObjectStore:
    """Return the folder of the project's releases."""
    return FileObjectStore(settings.store.releases)


def holdout_of(settings: Settings) -> HoldOut:
    """Return whom nobody is to act upon; the model's name salts the drawing."""
    return HoldOut(share=settings.monitor.holdout, salt=f"holdout/{settings.model.name}")
