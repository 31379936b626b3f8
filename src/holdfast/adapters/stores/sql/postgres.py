"""How a PostgreSQL database is reached: its address, its sessions, its timeouts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError

from holdfast.adapters.stores.sql.postgres_database import PostgresDatabase
from holdfast.domain.errors import MissingExtraError, SettingsError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from holdfast.adapters.stores.sql.sqlite import Durability

__all__ = ["connect_postgres", "is_postgres", "postgres_url"]

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_EXAMPLE = "Write one such as postgresql://holdfast@db.example.com/holdfast"
_CONNECTIONS = 8  # a process; a server's threads share them
_LONG_CONNECTIONS = 2
_POOL_SECONDS = 5  # until one of them must be free
# Milliseconds. A request has to be told within seconds that the store does not answer.
_QUICK = {
    "lock_timeout": "3000",
    "statement_timeout": "5000",
    # A host that went away in the midst of a transaction must not keep all others waiting.
    "idle_in_transaction_session_timeout": "5000",
}
# What the control plane does now and then: a scan of the whole log, a migration.
_LONG = {
    "lock_timeout": "10000",
    "statement_timeout": "1200000",
    "idle_in_transaction_session_timeout": "60000",
}
_NETWORK: dict[str, Any] = {
    "application_name": "holdfast",
    "connect_timeout": 3,  # seconds
    # A machine that is no longer reached is noticed within a minute, also in the midst of a
    # statement that may take long.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
_MORE_PATIENCE = 1.0  # seconds: the server's own word, if it has one, comes first


def is_postgres(url: str) -> bool:
    """Return whether an address is one of PostgreSQL's."""
    return url.partition("://")[0].partition("+")[0] in _SCHEMES


def postgres_url(url: str) -> URL:
    """Return the parsed address.

    Raises:
        SettingsError: If it cannot be used; never shows the password.
    """
    scheme = url.partition("://")[0]
    if scheme not in _SCHEMES:
        raise SettingsError(f"[store] url begins with {scheme}, another driver's. {_EXAMPLE}")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(f"[store] url is no database URL. {_EXAMPLE}") from None
    if "@" in (parsed.host or ""):
        raise SettingsError("[store] url: in a password, write @ as %40, : as %3A and / as %2F")
    if not parsed.database:
        raise SettingsError(f"[store] url names no database. {_EXAMPLE}")
    return parsed.set(drivername="postgresql+psycopg")


def connect_postgres(url: str, *, durability: Durability = "full") -> PostgresDatabase:
    """Return the database that an address names; the first read or write connects to it.

    Args:
        url: Such as ``postgresql://user@host/database``.
        durability: Whether a commit waits until the server's disk has it (`full`), or not
            (`relaxed`): then a crash of the server can take the newest commits.

    Raises:
        SettingsError: If the address cannot be used.
        MissingExtraError: If the driver is not installed.
    """
    parsed = postgres_url(url)
    _require_driver()
    return PostgresDatabase(
        _engine(parsed, _QUICK, durability, n_connections=_CONNECTIONS),
        _engine(parsed, _LONG, durability, n_connections=_LONG_CONNECTIONS),
        durability,
    )


def _require_driver() -> None:
    try:
        import psycopg  # noqa: F401, PLC0415  # of an extra; a SQLite store never loads it
    except ImportError:
        needs = "psycopg, which a [store] on PostgreSQL needs,"
        raise MissingExtraError(needs=needs, extra="postgres") from None


def _engine(
    url: URL, timeouts: dict[str, str], durability: Durability, *, n_connections: int
) -> Engine:
    engine = create_engine(
        url,
        # Each statement sees what was committed before it; in a write all of it, as the
        # first one waits for the lock (`PostgresDatabase.write`).
        isolation_level="READ COMMITTED",
        pool_size=n_connections,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        hide_parameters=True,  # no one's values in an error
    )
    settings = {**timeouts, "TimeZone": "UTC"}
    if durability == "relaxed":
        settings["synchronous_commit"] = "off"
    event.listen(engine, "do_connect", partial(_connect, settings))
    event.listen(engine, "checkout", _require_alive)
    return engine


def _connect(
    settings: dict[str, str], _dialect: Any, _record: Any, args: Any, parameters: dict[str, Any]
) -> Any:
    from holdfast.adapters.stores.sql.psycopg_connection import connect  # noqa: PLC0415  # as above

    patience = int(settings["statement_timeout"]) / 1000 + _MORE_PATIENCE
    return connect(*args, patience=patience, settings=settings, **{**_NETWORK, **parameters})


def _require_alive(connection: Any, _record: Any, _proxy: Any) -> None:
    # After a restart of the server all that were open are of no use; the pool then opens others.
    if not connection.is_alive():
        raise InvalidatePoolError
