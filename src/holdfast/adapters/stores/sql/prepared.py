"""Statements that run before every answer: compiled once, then given to the driver itself.

SQLAlchemy takes several times as long to prepare and to account for a short statement as
SQLite takes to execute it.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Dialect, Select, TextClause
    from sqlalchemy.engine.interfaces import DBAPICursor
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.sql.dml import UpdateBase

__all__ = ["Prepared"]

Row = tuple[Any, ...]


class Prepared:
    """One statement in the words of one database.

    Values go to the driver unchanged: a moment must have been bound as its column's type
    binds it.

    Args:
        statement: With a named parameter for each value.
        dialect: The database's.
        names: Of the parameters, in the order in which rows have them.
    """

    def __init__(
        self,
        statement: UpdateBase | Select[Any] | TextClause,
        dialect: Dialect,
        names: Sequence[str] = (),
    ) -> None:
        keys = list(names) if statement.is_insert else None
        compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=keys)
        self._sql = compiled.string
        self._arranged = _arrangement(tuple(names), compiled)
        self._error = dialect.loaded_dbapi.Error

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Execute the statement for each row; return how many rows of a table it touched."""
        given = rows if self._arranged is None else [self._arranged(row) for row in rows]
        return self._cursor(connection, "executemany", given).rowcount

    def first(self, connection: Connection, row: Row = ()) -> Row | None:
        """Return a query's first result for a row of values, as the driver gives it."""
        given = row if self._arranged is None else self._arranged(row)
        found: Row | None = self._cursor(connection, "execute", given).fetchone()
        return found

    def _cursor(self, connection: Connection, method: str, *given: Any) -> DBAPICursor:
        cursor = connection.connection.cursor()
        try:
            getattr(cursor, method)(self._sql, *given)
        except self._error as error:
            # As SQLAlchemy says it, which is what the rest of the store understands.
            raise DBAPIError.instance(self._sql, None, error, self._error) from error
        return cursor


def _arrangement(names: Row, compiled: SQLCompiler) -> Callable[[Row], Any] | None:
    """Return how a row becomes what the driver takes; None if it is that already."""
    if not compiled.positional:
        return lambda row: dict(zip(names, row, strict=True))
    wanted = tuple(compiled.positiontup or ())
    return None if wanted == names else itemgetter(*map(names.index, wanted))
