"""Which database an address names, and how it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.adapters.stores.sql.postgres import connect_postgres, is_postgres, postgres_url
from holdfast.adapters.stores.sql.sqlite import connect, database_path, is_empty
from holdfast.domain.errors import NoStoreError

if TYPE_CHECKING:
    from holdfast.adapters.stores.sql.database import Database
    from holdfast.adapters.stores.sql.sqlite import Durability

__all__ = ["open_database", "place_of"]


def open_database(url: str, *, create: bool, durability: Durability = "full") -> Database:
    """Open a database.

    Args:
        url: Of a SQLite file or of PostgreSQL.
        create: Make a SQLite file, and its folder, where there is none. A database of
            PostgreSQL is made by whoever owns the server.
        durability: Whether a commit waits for the disk.

    Raises:
        SettingsError: If the address cannot be used.
        MissingExtraError: If PostgreSQL's driver is not installed.
        NoStoreError: If there is no file and none is to be made.
        StoreUnavailableError: If the file cannot be opened.
    """
    if is_postgres(url):
        return connect_postgres(url, durability=durability)
    path = database_path(url)
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif is_empty(path):
        raise NoStoreError(path)
    return connect(path, durability=durability)


def place_of(url: str) -> str:
    """Return where a store is, for people, without a password."""
    if not is_postgres(url):
        return str(database_path(url))
    parsed = postgres_url(url)
    port = f":{parsed.port}" if parsed.port else ""
    return f"{parsed.host or 'the local PostgreSQL'}{port}/{parsed.database}"
