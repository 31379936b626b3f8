"""The months of a prediction table in PostgreSQL: made before their rows come, dropped when empty.

A row goes where the time in its id says. What has no month of its own goes into a default
partition, so that no write ever fails for want of one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from sqlalchemy import exc, text

from holdfast.domain.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Table

__all__ = ["Month", "Partitions"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGAIN = 60.0  # seconds until a month is tried again whose making would have had to wait
# A new partition, and the end of one, need the whole table for a moment; rather than let
# writers wait for a reader, it is left for later.
_BRIEFLY = text("SET LOCAL lock_timeout = '200ms'")
_AS_BEFORE = text("SELECT set_config('lock_timeout', :before, true)")
_PATIENCE = text("SELECT current_setting('lock_timeout')")
_NAMES = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = CAST(:parent AS regclass)"
)
_TODAY = text("SELECT CURRENT_TIMESTAMP")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month in UTC.

    >>> month = Month.of("019b76da-a800-7000-8000-000000000000")
    >>> month, month.following.name
    (Month(year=2026, month=1), '2026_02')
    >>> month.first_id, month.following.first_id
    ('019b76da-a800', '019c167f-cc00')
    """

    year: int
    month: int

    @classmethod
    def of(cls, prediction_id: str) -> Self | None:
        """Return the month that a UUIDv7 bears; None for other ids."""
        try:
            milliseconds = int(prediction_id[:8] + prediction_id[9:13], 16)
            moment = _EPOCH + timedelta(milliseconds=milliseconds)
        except (ValueError, OverflowError):
            return None
        return cls(moment.year, moment.month)

    @property
    def following(self) -> Month:
        """The next month."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def name(self) -> str:
        """What the name of its partition ends with."""
        return f"{self.year:04}_{self.month:02}"

    @property
    def first_id(self) -> str:
        """A text that no id of this month, or of a later one, sorts before."""
        return uuid7(datetime(self.year, self.month, 1, tzinfo=UTC))[:13]


class Partitions:
    """Which months there are, of each table, as far as this process has made or seen them."""

    def __init__(self) -> None:
        self._settled: set[tuple[str, Month]] = set()
        self._range: dict[str, tuple[str, str]] = {}  # of ids whose month was settled last
        self._retry_at: dict[tuple[str, Month], float] = {}

    def begin(self, connection: Connection, table: Table) -> None:
        """Make the default partition of a new table, and this month's and the next."""
        name = _quoted(connection, table.name)
        default = _quoted(connection, f"{table.name}_default")
        connection.exec_driver_sql(f"CREATE TABLE {default} PARTITION OF {name} DEFAULT")
        today: datetime = connection.execute(_TODAY).scalar_one()
        self._settle(connection, table, Month(today.year, today.month))

    def make_room(self, connection: Connection, table: Table, ids: Iterable[str]) -> None:
        """See to it that rows with these ids find their month, and tomorrow's the next one.

        Args:
            connection: An open write transaction.
            table: Which they are about to be written to.
            ids: Of predictions.
        """
        low, high = self._range.get(table.name, ("", ""))
        ids = list(ids)
        if low <= min(ids) and max(ids) < high:
            return  # nearly always
        months = {month for month in map(Month.of, ids) if month is not None}
        for month in sorted(months):
            if self._settle(connection, table, month):
                self._range[table.name] = month.first_id, month.following.first_id

    def drop_empty(self, connection: Connection, table: Table) -> None:
        """Drop the past months in which there is no row any more; their space is free at once.

        Args:
            connection: An open write transaction.
            table: Whose.
        """
        today: datetime = connection.execute(_TODAY).scalar_one()
        this_month = f"{table.name}_{Month(today.year, today.month).name}"
        for name in _existing(connection, table):
            quoted = _quoted(connection, name)
            # Names of months sort as the months do; that of the default sorts behind them.
            if (
                name < this_month
                and not connection.exec_driver_sql(
                    f"SELECT EXISTS (SELECT 1 FROM {quoted})"  # noqa: S608  # a name of ours, quoted
                ).scalar()
            ):
                _briefly(connection, f"DROP TABLE {quoted}")
                self._settled = {one for one in self._settled if one[0] != table.name}
                self._range.pop(table.name, None)

    def _settle(self, connection: Connection, table: Table, month: Month) -> bool:
        """Return whether a month's rows have a place for good, its own or the default."""
        for one in (month.following, month):
            key = table.name, one
            if key in self._settled or self._retry_at.get(key, 0.0) > time.monotonic():
                continue
            if _made(connection, table, one):
                self._settled.add(key)
            else:
                self._retry_at[key] = time.monotonic() + _AGAIN
        return (table.name, month) in self._settled


def _made(connection: Connection, table: Table, month: Month) -> bool:
    name = f"{table.name}_{month.name}"
    if name in _existing(connection, table):
        return True
    return _briefly(
        connection,
        f"CREATE TABLE {_quoted(connection, name)} PARTITION OF {_quoted(connection, table.name)} "
        f"FOR VALUES FROM ('{month.first_id}') TO ('{month.following.first_id}')",
    )


def _existing(connection: Connection, table: Table) -> set[str]:
    parent = _quoted(connection, table.name)
    return set(connection.execute(_NAMES, {"parent": parent}).scalars())


def _briefly(connection: Connection, statement: str) -> bool:
    """Do what the write at hand does not depend on; return False if it is to be tried again."""
    before = connection.execute(_PATIENCE).scalar_one()
    try:
        with connection.begin_nested():
            connection.execute(_BRIEFLY)
            connection.exec_driver_sql(statement)
            connection.execute(_AS_BEFORE, {"before": before})
    except exc.IntegrityError:  # the default has rows of that month: there they stay
        return True
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
        return False  # somebody reads just now, or the role may make no tables
    return True


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
