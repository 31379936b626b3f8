"""The parts of a long read are the whole of it."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, delete, insert, select

from holdfast.adapters.stores.sql import stretches
from holdfast.adapters.stores.sql.stretches import by_moments, by_positions
from holdfast.adapters.stores.sql.timestamps import UtcTimestamp
from holdfast.domain.windows import Window
from holdfast.testing.examples import START

TABLE = Table(
    "predictions",
    MetaData(),
    Column("position", Integer, primary_key=True),
    Column("predicted_at", UtcTimestamp, index=True),
)
OF = TABLE.c
N_ROWS = 1_000
HOUR = timedelta(hours=1)
WINDOW = Window(start_at=START + 100 * HOUR, end_at=START + 900 * HOUR)


@pytest.fixture(name="connection", params=["in order", "shuffled", "with ties", "at one moment"])
def _connection(request, monkeypatch):
    """A log whose moments rise with its positions, or do not, and of which a part was erased."""
    monkeypatch.setattr(stretches, "_ROWS", 50)
    hours = list(range(N_ROWS))
    if request.param == "shuffled":
        random.Random(1).shuffle(hours)
    elif request.param == "with ties":
        hours = [hour // 70 * 70 for hour in hours]
    elif request.param == "at one moment":
        hours = [500] * N_ROWS
    engine = create_engine("sqlite://")
    TABLE.metadata.create_all(engine)
    rows = [{"position": i + 1, "predicted_at": START + h * HOUR} for i, h in enumerate(hours)]
    with engine.connect() as connection:
        connection.execute(insert(TABLE), rows)
        connection.execute(delete(TABLE).where(OF.position.between(201, 399)))
        yield connection
    engine.dispose()


def rows_of(connection, queries):
    return [row for query in queries for row in connection.execute(query).all()]


class TestByPositions:
    @pytest.mark.parametrize(("first", "last"), [(1, 1_000), (37, 612), (400, 449), (5, 5)])
    def test_the_stretches_in_a_row_are_the_whole(self, connection, first, last):
        """No row is missing, none comes twice, and all are in their order."""
        ordered = select(OF.position).order_by(OF.position)
        whole = connection.execute(ordered.where(OF.position.between(first, last))).all()

        found = rows_of(connection, by_positions(ordered, OF.position, first, last))

        assert found == whole

    def test_no_stretch_is_longer_than_what_is_read_at_one_time(self, connection):
        """The memory that a reader needs is bounded by it."""
        ordered = select(OF.position).order_by(OF.position)

        queries = by_positions(ordered, OF.position, 1, N_ROWS)

        assert len(queries) == 20
        assert max(len(connection.execute(query).all()) for query in queries) == 50


class TestByMoments:
    def test_the_stretches_in_a_row_are_the_window(self, connection):
        """Wherever moments lie, as often as one comes, and whatever was erased."""
        ordered = select(OF.position).order_by(OF.predicted_at, OF.position)
        inside = (OF.predicted_at >= WINDOW.start_at, OF.predicted_at < WINDOW.end_at)
        whole = connection.execute(ordered.where(*inside)).all()

        found = rows_of(connection, by_moments(connection, TABLE, ordered, WINDOW))

        assert found == whole

    @pytest.mark.parametrize("connection", ["in order", "shuffled"], indirect=True)
    def test_a_window_is_read_in_many_parts(self, connection):
        """Also where its rows came in another order than that of their moments."""
        ordered = select(OF.position).order_by(OF.predicted_at, OF.position)

        queries = by_moments(connection, TABLE, ordered, WINDOW)

        assert len(queries) > 8

    def test_a_window_without_rows_is_one_part(self, connection):
        """There is nothing to cut."""
        later = Window(start_at=START + 2_000 * HOUR, end_at=START + 3_000 * HOUR)
        ordered = select(OF.position).order_by(OF.predicted_at, OF.position)

        queries = by_moments(connection, TABLE, ordered, later)

        assert len(queries) == 1
        assert rows_of(connection, queries) == []
