"""Statements that are given to the driver itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    bindparam,
    create_engine,
    insert,
    text,
    update,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import IntegrityError

from holdfast.adapters.stores.sql.prepared import Prepared

PAIRS = Table("pairs", MetaData(), Column("a", Integer, primary_key=True), Column("b", Integer))


@pytest.fixture
def connection():
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        PAIRS.create(connection)
        yield connection
    engine.dispose()


def rows_of(connection):
    return sorted(map(tuple, connection.execute(PAIRS.select())))


class TestPrepared:
    def test_runs_a_statement_for_each_row(self, connection):
        """Rows have their values in the order of the names, whatever the table's."""
        statement = Prepared(insert(PAIRS), connection.dialect, ("b", "a"))

        n = statement.run(connection, [(10, 1), (20, 2)])

        assert (n, rows_of(connection)) == (2, [(1, 10), (2, 20)])

    def test_gives_a_value_to_each_place_that_names_it(self, connection):
        """A parameter may occur twice."""
        connection.execute(insert(PAIRS), [{"a": 1, "b": 1}, {"a": 2, "b": 2}])
        changed = (
            update(PAIRS).where(PAIRS.c.b == bindparam("x")).values(b=PAIRS.c.b + bindparam("x"))
        )

        n = Prepared(changed, connection.dialect, ("x",)).run(connection, [(2,)])

        assert (n, rows_of(connection)) == (1, [(1, 1), (2, 4)])

    def test_fails_as_sqlalchemy_does(self, connection):
        """A row that is refused is told from a store that is away by the kind of error."""
        statement = Prepared(insert(PAIRS), connection.dialect, ("a", "b"))

        with pytest.raises(IntegrityError, match="UNIQUE"):
            statement.run(connection, [(1, 1), (1, 2)])

    def test_says_whether_there_is_anything(self, connection):
        """One look."""
        query = Prepared(text("SELECT 1 FROM pairs LIMIT 1"), connection.dialect)

        before = query.first(connection)
        connection.execute(insert(PAIRS).values(a=1, b=1))

        assert (before, query.first(connection)) == (None, (1,))

    def test_names_the_values_where_a_driver_wants_names(self):
        """As PostgreSQL's does."""
        given = []
        cursor = SimpleNamespace(executemany=lambda *seen: given.append(seen), rowcount=1)
        connection: Any = SimpleNamespace(connection=SimpleNamespace(cursor=lambda: cursor))
        dialect = PGDialect_psycopg(dbapi=PGDialect_psycopg.import_dbapi())

        Prepared(insert(PAIRS), dialect, ("b", "a")).run(connection, [(10, 1)])

        ((sql, rows),) = given
        assert "%(a)s" in sql
        assert rows == [{"a": 1, "b": 10}]
