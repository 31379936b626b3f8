"""Many rows for PostgreSQL in one stream: a statement for each takes it several times as long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from holdfast.adapters.stores.sql.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Dialect, Table

__all__ = ["Copied"]

_MANY = 32  # rows; below, to begin and end a stream takes longer than it saves


class Copied:
    """Rows of one table, written by COPY where there are many.

    Values go to the driver unchanged, as they do with `Prepared`.

    Args:
        table: Where they go.
        dialect: PostgreSQL's.
        names: Of the columns, in the order in which rows have them.
    """

    def __init__(self, table: Table, dialect: Dialect, names: Sequence[str]) -> None:
        quoted = dialect.identifier_preparer.quote
        columns = ", ".join(map(quoted, names))
        self._sql = f"COPY {quoted(table.name)} ({columns}) FROM STDIN"
        self._each = Prepared(insert(table), dialect, names)
        self._error = dialect.loaded_dbapi.Error

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Write the rows; return how many they were."""
        if len(rows) < _MANY:
            return self._each.run(connection, rows)
        cursor: Any = connection.connection.cursor()
        try:
            with cursor.copy(self._sql) as stream:
                for row in rows:
                    stream.write_row(row)
        except self._error as error:
            # As SQLAlchemy says it, which is what the rest of the store understands.
            raise DBAPIError.instance(self._sql, None, error, self._error) from error
        return len(rows)
