"""Connections that notice when nobody is there any more."""

from __future__ import annotations

import psycopg
import pytest

from holdfast.adapters.stores.sql import psycopg_connection as module
from holdfast.adapters.stores.sql.psycopg_connection import connect

pytestmark = pytest.mark.slow


@pytest.fixture
def connection(postgres):
    settings = {"statement_timeout": "5000"}
    connection = connect(postgres.url(), patience=0.3, settings=settings)
    yield connection
    connection.close()


class TestStoreConnection:
    def test_begins_with_its_settings(self, connection):
        """Its session's, before anybody else speaks."""
        assert connection.execute("SHOW statement_timeout").fetchone() == ("5s",)
        assert connection.execute("SHOW client_encoding").fetchone() == ("UTF8",)

    def test_gives_up_on_a_server_that_is_silent(self, connection):
        """It is of no use afterwards: an answer that came late would be taken for another's."""
        with pytest.raises(psycopg.OperationalError, match=r"has not answered for 0\.3 s"):
            connection.execute("SELECT pg_sleep(5)")

        assert connection.closed

    def test_hears_a_slow_answer_out(self, connection):
        """As long as something comes."""
        query = "SELECT repeat('x', 100000), pg_sleep(0.1) FROM generate_series(1, 6)"

        with connection.cursor() as cursor:
            rows = list(cursor.stream(query))

        assert len(rows) == 6

    def test_knows_whether_it_is_still_known(self, connection, postgres, monkeypatch):
        """It asks only if it has not heard of the server for a while."""
        backend = connection.info.backend_pid
        monkeypatch.setattr(module, "_FRESH", 0.0)
        assert connection.is_alive()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        postgres.sql(f"SELECT pg_terminate_backend({backend})")

        monkeypatch.setattr(module, "_FRESH", 60.0)
        assert connection.is_alive(), "nobody was asked"
        monkeypatch.setattr(module, "_FRESH", 0.0)
        assert not connection.is_alive()

    @pytest.mark.parametrize("text", ["a\x00b", "\x1a0", "\x00", "ä\x1a"])
    def test_brings_every_text_back(self, connection, text):
        """PostgreSQL's own cannot hold a NUL."""
        assert connection.execute("SELECT %s::text", [text]).fetchone() == (text,)
