"""How a PostgreSQL database is reached, and how it is refused without showing a password."""

from __future__ import annotations

import builtins

import pytest
from tests.postgres_server import PASSWORD

from holdfast.adapters.stores.sql import SqlStore
from holdfast.adapters.stores.sql.postgres import connect_postgres, is_postgres, postgres_url
from holdfast.domain.errors import (
    MissingExtraError,
    NoStoreError,
    SettingsError,
    StoreUnavailableError,
)


class TestPostgresUrl:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
    def test_takes_the_usual_schemes(self, scheme):
        """As libpq, hosting providers and SQLAlchemy write them."""
        url = f"{scheme}://ann:secret@db.example.com:6432/holdfast?sslmode=require"

        assert is_postgres(url)
        assert postgres_url(url).drivername == "postgresql+psycopg"
        assert postgres_url(url).query == {"sslmode": "require"}

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("postgresql://ann:secret@host", "names no database"),
            ("postgresql://ann:secret@host:six/db", "no database URL"),
            ("postgresql://ann:se@cret@host/db", "write @ as %40"),
            ("postgresql+asyncpg://ann:secret@host/db", "begins with postgresql+asyncpg"),
        ],
    )
    def test_says_what_is_wrong_without_the_password(self, url, words):
        """It would end in a log."""
        with pytest.raises(SettingsError) as wrong:
            postgres_url(url)

        assert words in str(wrong.value)
        assert "secret" not in str(wrong.value)
        assert "cret@" not in str(wrong.value)

    def test_is_not_that_of_a_file(self):
        """Each goes to the driver that can read it."""
        assert not is_postgres("sqlite:///holdfast.db")


class TestConnectPostgres:
    def test_names_the_command_that_installs_the_driver(self, monkeypatch):
        """In one line, as it is an extra."""
        real = builtins.__import__

        def without(name, *args, **kwargs):
            if name == "psycopg":
                raise ImportError(name)
            return real(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without)

        with pytest.raises(MissingExtraError, match=r'pip install "holdfast\[postgres\]"'):
            connect_postgres("postgresql://ann@host/db")

    def test_connects_to_nothing_yet(self):
        """A server that is away is told of by the first read or write."""
        connect_postgres("postgresql://ann@127.0.0.1:1/db").close()


@pytest.mark.slow
class TestAnAddressThatDoesNotWork:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"password": "guessed"}, "password authentication failed"),
            ({"database": "absent"}, "does not exist"),
            ({"port": 1}, "refused"),
        ],
    )
    def test_is_an_outage_without_the_password(self, postgres, given, words):
        """In one line, as the server or the driver says it."""
        url = postgres_url(postgres.url()).set(**given)

        with pytest.raises(StoreUnavailableError, match=words) as unavailable:
            SqlStore.open(url.render_as_string(hide_password=False), create=False)

        said = str(unavailable.value)
        assert len(said.splitlines()) == 1
        assert all(word not in said for word in (PASSWORD, "guessed"))

    def test_of_an_empty_database_names_the_command_that_fills_it(self, postgres):
        """Nothing is made in it unasked."""
        with pytest.raises(NoStoreError) as absent:
            SqlStore.open(postgres.url("template1"), create=False)

        place = f"127.0.0.1:{postgres.port}/template1"
        assert f"There is no store at {place} yet. Make one with: holdfast train" in str(absent)
