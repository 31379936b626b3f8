"""What both planes are wired from: the settings' store, clock and release folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.adapters.clocks.file import FileClock
from holdfast.adapters.clocks.system import SystemClock
from holdfast.adapters.objects.files import FileObjectStore
from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.errors import SettingsError

if TYPE_CHECKING:
    from holdfast.ports.clock import Clock
    from holdfast.settings import Settings

__all__ = ["clock_of", "open_objects", "open_store", "refuse_what_is_to_come"]


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
    refuse_what_is_to_come(settings)
    store = settings.store
    return SqlStore.open(store.url, create=create, durability=store.durability)


def open_objects(settings: Settings) -> FileObjectStore:
    """Return the folder of the project's releases."""
    return FileObjectStore(settings.store.releases)


def refuse_what_is_to_come(settings: Settings) -> None:
    """Refuse settings that this version knows but cannot honour yet.

    Silence would let a project believe that it is alerted, or guarded, as it asked for.
    """
    asked = [
        what
        for what, is_asked in {
            "[alerts] urls": bool(settings.alerts.urls),
        }.items()
        if is_asked
    ]
    if asked:
        raise SettingsError(
            f"{', '.join(asked)}: known, but not part of this version yet. "
            "Leave it out of holdfast.toml."
        )
