"""The wiring of the commands that make and revoke API keys: the store and the clock alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from holdfast.wiring.project import clock_of, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.ports.clock import Clock
    from holdfast.ports.key_store import KeyStore
    from holdfast.settings import Settings

__all__ = ["open_keys"]


@contextmanager
def open_keys(settings: Settings) -> Iterator[tuple[KeyStore, Clock]]:
    """Open where a project's keys are kept, and close it afterwards.

    Raises:
        NoStoreError: If the project has no store yet.
        StoreVersionError: If another version of Holdfast made it.
    """
    with open_store(settings, create=False) as store:
        yield store.keys, clock_of(settings)
