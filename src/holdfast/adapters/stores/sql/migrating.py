"""How a store gets its schema, and how one of another version is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from holdfast.adapters.stores.sql.opening import open_database
from holdfast.adapters.stores.sql.schema import SCHEMA_VERSION, VERSION_TABLE
from holdfast.domain.errors import StoreVersionError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from holdfast.adapters.stores.sql.database import Database

__all__ = ["found_version", "is_blank", "migrate", "require_version", "upgrade"]

_NONE = "none"


def migrate(url: str) -> None:
    """Bring a store to this version's schema; makes the store if it is absent.

    The whole upgrade is one transaction: a crash leaves the old schema.

    Args:
        url: Such as ``sqlite:///.holdfast/holdfast.db``, or
            ``postgresql://user@host/database``.

    Raises:
        StoreVersionError: If a newer version of Holdfast made the store.
        StoreUnavailableError: If the store cannot be written.
    """
    database = open_database(url, create=True)
    try:
        upgrade(database)
    finally:
        database.close()


def upgrade(database: Database) -> None:
    """Do as `migrate` does, on an open database."""
    database.set_up()
    with database.write(long=True) as connection:
        _upgrade(connection)


def is_blank(database: Database) -> bool:
    """Return whether there are no tables at all: a new file, or one that is being made."""
    with database.read() as connection:
        return not inspect(connection).get_table_names()


def require_version(database: Database) -> None:
    """Let only a store of this version's schema through.

    Raises:
        StoreVersionError: If the schema is of another version.
    """
    with database.read() as connection:
        found = found_version(connection)
    if found != SCHEMA_VERSION:
        raise StoreVersionError(found=found, needed=SCHEMA_VERSION)


def found_version(connection: Connection) -> str:
    """Return the version of a store's schema, or ``none``."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return _NONE
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  # a constant of ours
    return str(found) if found else _NONE


def _upgrade(connection: Connection) -> None:
    # Serving opens stores but never migrates them: Alembic is loaded only here.
    from alembic import command  # noqa: PLC0415  # see above
    from alembic.config import Config  # noqa: PLC0415  # see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # see above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = found_version(connection)
    if found not in known | {_NONE}:
        raise StoreVersionError(found=found, needed=SCHEMA_VERSION)
    command.upgrade(config, "head")
