"""How a SQLite file is opened so that what is committed stays committed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from holdfast.adapters.stores.sql.locking import WriteLock
from holdfast.adapters.stores.sql.sqlite_database import WAL_KEPT, WRITES, SqliteDatabase
from holdfast.domain.errors import SettingsError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

__all__ = ["Durability", "connect", "database_path", "file_system", "is_empty"]

Durability = Literal["full", "relaxed"]

_PRAGMAS = (
    "busy_timeout = 30000",  # milliseconds
    "foreign_keys = ON",
    "fullfsync = ON",  # macOS: through the drive's own cache as well
    "checkpoint_fullfsync = ON",
    "wal_autocheckpoint = 0",  # checkpoints happen under the write lock (`SqliteDatabase`)
    f"journal_size_limit = {WAL_KEPT}",
)
_SYNCHRONOUS = {
    "full": "synchronous = FULL",  # an acknowledged commit has been fsynced
    # No fsync at a commit, only before a checkpoint: what a machine loses with its power
    # is the newest commits, never the order or the whole of them.
    "relaxed": "synchronous = NORMAL",
}
_NETWORK = frozenset(
    ("afs", "beegfs", "ceph", "cifs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4")
) | {"fuse.glusterfs", "fuse.sshfs", "fuse.s3fs", "smb3", "smbfs"}
_CONNECTIONS = 8  # kept open: closing one may checkpoint, which only `SqliteDatabase` may do


def database_path(url: str) -> Path:
    """Return the file that a URL such as ``sqlite:///holdfast.db`` names.

    Raises:
        SettingsError: If the URL names no SQLite file.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError(
            "[store] url is no database URL. Write one such as sqlite:///.holdfast/holdfast.db"
        ) from None
    if parsed.get_backend_name() != "sqlite":
        raise SettingsError(
            f"[store] url names {parsed.get_backend_name()}, but a store is kept in SQLite or "
            "PostgreSQL. Write one such as sqlite:///.holdfast/holdfast.db"
        )
    if parsed.database in {None, "", ":memory:"} or parsed.query:
        raise SettingsError(
            "[store] url must name a file, without options. "
            "Write one such as sqlite:///.holdfast/holdfast.db"
        )
    return Path(str(parsed.database)).absolute()


def connect(path: Path, *, durability: Durability = "full") -> SqliteDatabase:
    """Open a SQLite file, which is made if it is absent.

    Args:
        path: The file.
        durability: Whether a commit waits until the disk has it (`full`), or only until
            the system has it (`relaxed`), which survives this process but not the machine.

    Raises:
        StoreUnavailableError: If its folder is absent, or lies on a network file system.
    """
    if not path.parent.is_dir():
        raise StoreUnavailableError(f"the folder {path.parent} does not exist")
    kind = file_system(path.parent)
    if kind in _NETWORK:
        raise StoreUnavailableError(
            f"{path.parent} is on a network file system ({kind}), where SQLite's locks do not "
            "hold; move the store to a local disk"
        )
    try:
        lock = WriteLock(path.with_name(path.name + ".lock"))
    except OSError as error:
        raise StoreUnavailableError(str(error)) from error
    return SqliteDatabase(_engine(path, durability), lock, path)


def file_system(folder: Path, *, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """Return the type of the file system that holds a folder; None where it is not known."""
    if not mounts.exists():
        return None
    folder = folder.resolve()
    found, depth = None, -1
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, mount_point, kind, *_ = line.split(" ")
        mounted = Path(mount_point.replace("\\040", " "))
        if folder.is_relative_to(mounted) and len(mounted.parts) >= depth:
            found, depth = kind, len(mounted.parts)
    return found


def _engine(path: Path, durability: Durability) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=30,
        # Python's driver must not begin transactions on its own: `_begin` does.
        connect_args={"isolation_level": None, "check_same_thread": False},
    )
    event.listen(engine, "connect", partial(_set_pragmas, (*_PRAGMAS, _SYNCHRONOUS[durability])))
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(pragmas: Sequence[str], connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    if not connection.get_execution_options().get(WRITES, False):
        connection.exec_driver_sql("BEGIN")


def is_empty(path: Path) -> bool:
    """Return whether no database stands there yet."""
    return not path.exists() or path.stat().st_size == 0
