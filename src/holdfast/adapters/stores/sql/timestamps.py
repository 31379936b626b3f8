"""How moments are stored: aware, in UTC, to the microsecond, readable and sortable."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

from holdfast.adapters.stores.sql.database import damaged

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

__all__ = ["UtcDay", "UtcTimestamp", "from_text", "to_text"]

_WIDTH = 27  # 2026-01-01T00:00:00.000000Z


def to_text(moment: datetime) -> str:
    """Return a moment as fixed-width ISO 8601, so that the order of text is that of time.

    Raises:
        ValueError: If the moment is naive: it would mean another time on each machine.

    >>> to_text(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00.000000Z'
    """
    if moment.tzinfo is None:
        raise ValueError(f"a stored moment must be aware; found {moment.isoformat()}")
    return _text_of(moment)


@lru_cache(maxsize=1024)  # one write says the same few moments in many rows
def _text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def from_text(text: str) -> datetime:
    """Return the moment that `to_text` wrote.

    Raises:
        StoreUnavailableError: If it is no moment: the store is damaged then.
    """
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise damaged("what should be a time is none") from error


class UtcTimestamp(TypeDecorator[datetime]):
    """Text in SQLite, which has no type for time; `timestamptz` elsewhere."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type for a database."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(_WIDTH))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive moments and write the others in UTC."""
        if value is None:
            return None
        text = to_text(value)
        return text if dialect.name == "sqlite" else from_text(text)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Return an aware moment in UTC."""
        if value is None:
            return None
        return from_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)


class UtcDay(GenericFunction[str]):
    """SQL: the day in UTC of a stored moment, such as ``2026-03-01``."""

    type = Text()
    inherit_cache = True
    name = "holdfast_utc_day"


@compiles(UtcDay)
def _day_of_a_moment(day: UtcDay, compiler: SQLCompiler, **kw: Any) -> str:
    moment = compiler.process(day.clauses, **kw)
    return f"to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


@compiles(UtcDay, "sqlite")
def _day_of_a_text(day: UtcDay, compiler: SQLCompiler, **kw: Any) -> str:
    return f"substr({compiler.process(day.clauses, **kw)}, 1, 10)"
