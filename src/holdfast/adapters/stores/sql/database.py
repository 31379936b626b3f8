"""How every read and write reaches the database: transactions, durability, one error."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import exc

from holdfast.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

__all__ = ["Database", "chunks", "damaged", "translated"]

_CHUNK = 500  # values in one IN (…); SQLite takes 32,766, its plans get no better by more
_DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}  # what no waiting mends
_TROUBLES = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk reports an error",
    "SQLITE_READONLY": "the store may only be read",
    "SQLITE_CORRUPT": "the store is damaged",
    "SQLITE_NOTADB": "the store is damaged",
    # PostgreSQL's, by their first signs.
    "08": "the database server does not answer",
    "25006": "the store may only be read",
    "28": "the database server refuses its role or password",
    "53100": "the disk is full",
    "55P03": "others have held the store for too long",
    "57014": "the database server took too long",
    "57P": "the database server is stopping or starting",
    "XX001": "the store is damaged",
}


class Database(Protocol):
    """Short transactions on one database, which all hosts and processes of a store share.

    What the tables' own modules rely on, whichever database it is: one write transaction
    at a time, over all processes, each of which sees everything that was committed before
    it began; so what becomes visible does so in the order of commits.
    """

    def read(self, *, long: bool = False) -> AbstractContextManager[Connection]:
        """Give the body one consistent snapshot.

        Args:
            long: Whether it may take minutes, as the control plane's may; a server's
                requests have to be told within seconds that the database does not answer.

        Raises:
            StoreUnavailableError: If the database cannot be read.
        """
        ...

    def write(self, *, long: bool = False) -> AbstractContextManager[Connection]:
        """Give the body the only write transaction; durable once this returns.

        Args:
            long: As in `read`.

        Raises:
            StoreUnavailableError: If the body's writes could not be made durable. None of
                them stands then, unless a server went away in the midst of the commit:
                what became of it is not known, and the error says so.
        """
        ...

    def now(self, connection: Connection, /) -> float:
        """Return Unix seconds by the one clock that all who share the store agree on."""
        ...

    def check_promises(self) -> str:
        """Return which database it is, in words, if what it acknowledges is durable.

        Raises:
            StoreUnavailableError: If it is not, though it was asked for; says what to do.
        """
        ...

    def set_up(self) -> None:
        """Do what must be done before the first table is made; harmless afterwards."""
        ...

    def rewrite(self) -> bool:
        """Write all tables anew, so that no deleted byte is left in their files.

        Writers wait all the while; the disk needs room for a second copy.

        Returns:
            False if readers kept old pages in use: then it is to be done again.

        Raises:
            StoreUnavailableError: If it could not be done; nothing is lost then.
        """
        ...

    def close(self) -> None:
        """Close all connections; doing so twice is harmless."""
        ...


def chunks(values: list[str]) -> Iterator[list[str]]:
    """Yield the values in pieces that fit one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


@contextmanager
def translated() -> Iterator[None]:
    """The one place where the database's failures become ours."""
    try:
        yield
    except (exc.IntegrityError, exc.DataError):  # a defect of the caller, not of the store
        raise
    except (exc.OperationalError, exc.InterfaceError, exc.DatabaseError) as error:
        raise _unavailable(error.orig) from error
    except (exc.TimeoutError, sqlite3.Error, OSError) as error:
        raise _unavailable(error) from error
    except UnicodeDecodeError as error:  # SQLite's own words about a damaged schema quote it
        raise damaged("text that is not UTF-8") from error


def damaged(found: str) -> StoreUnavailableError:
    """Return the error for a store that holds what it never wrote."""
    return StoreUnavailableError(
        f"its file is damaged ({found})",
        remedy="Restore it from a backup.",
        trouble="the store is damaged",
    )


def _unavailable(error: BaseException | None) -> StoreUnavailableError:
    found = " ".join(str(error).split())  # a driver's words may go over several lines
    name = _code(error)
    trouble = next((words for start, words in _TROUBLES.items() if name.startswith(start)), None)
    if name in _DAMAGED:
        return StoreUnavailableError(found, remedy="Restore it from a backup.", trouble=trouble)
    return StoreUnavailableError(found, trouble=trouble)


def _code(error: BaseException | None) -> str:
    """Return the driver's code: such as ``SQLITE_FULL``, or PostgreSQL's ``53100``."""
    silent = "08006"  # a failure of PostgreSQL's driver, of which the server said nothing
    code = getattr(error, "sqlstate", "")
    return str(code or (silent if code is None else getattr(error, "sqlite_errorname", "")))
