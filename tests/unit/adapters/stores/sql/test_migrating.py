"""The schema's history: what the migrations make is what the code expects."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from holdfast.adapters.stores.sql import SCHEMA_VERSION, SqlStore, migrate, migrations
from holdfast.adapters.stores.sql.events import SqlEventLog
from holdfast.adapters.stores.sql.migrating import found_version, require_version
from holdfast.adapters.stores.sql.postgres import connect_postgres
from holdfast.adapters.stores.sql.schema import VERSION_TABLE, metadata
from holdfast.adapters.stores.sql.sqlite import connect, database_path
from holdfast.domain.errors import StoreVersionError
from holdfast.domain.events import verify_chain
from holdfast.domain.keys import KeyScope, mint
from holdfast.testing.examples import START, registered


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/new/h.db"


@pytest.fixture
def opened(url):
    databases = []

    def open_it():
        databases.append(connect(database_path(url)))
        return databases[-1]

    yield open_it
    for database in databases:
        database.close()


class TestMigrate:
    def test_makes_exactly_the_tables_that_the_code_uses(self, url, opened):
        """Tables, columns, types, keys and indexes, without a difference."""
        migrate(url)

        with opened().read() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
            )
            differences = compare_metadata(context, metadata)

        assert differences == []

    @pytest.mark.slow
    def test_makes_the_same_on_postgres(self, postgres_url):
        """With that database's own types, and ids that sort by bytes."""
        database = connect_postgres(postgres_url)
        collated = "SELECT count(*) FROM information_schema.columns WHERE collation_name = 'C'"

        with database.read() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
            )
            differences = compare_metadata(context, metadata)
            n_ids = connection.exec_driver_sql(
                f"{collated} AND column_name = 'prediction_id' AND table_schema = 'public'"
            ).scalar()
        database.close()

        assert differences == []
        assert n_ids == 6

    def test_arrives_at_the_version_that_the_code_names(self, url, opened):
        """The newest migration is the one that stores are checked against."""
        migrate(url)

        with opened().read() as connection:
            assert found_version(connection) == SCHEMA_VERSION

    def test_changes_nothing_where_the_schema_is_new_enough(self, url):
        """It can be run at every start."""
        with SqlStore.open(url, create=True) as store:
            store.events.append([registered("v1")], at=START)

        migrate(url)

        with SqlStore.open(url, create=False) as store:
            assert len(list(store.events.events())) == 1

    def test_lets_several_start_at_once(self, url):
        """The first makes the schema; the others find it."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(migrate, [url] * 4))

        SqlStore.open(url, create=False).close()


class TestUpgrade:
    @pytest.fixture
    def first(self, url, opened):
        """A store as the first version made it, with an event in it."""
        database_path(url).parent.mkdir()
        database = opened()
        database.set_up()
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        with database.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
        SqlEventLog(database).append([registered("v1")], at=START)
        database.close()

    def test_a_store_of_the_first_version_is_refused_with_the_command(self, url, first):
        """No server begins to write into a schema that it does not know."""
        with pytest.raises(StoreVersionError, match="holdfast migrate") as refused:
            SqlStore.open(url, create=False)

        assert refused.value.found == "0001"

    def test_it_keeps_what_it_held_and_takes_what_is_new(self, url, first):
        """Its chain goes on where it was."""
        key = mint(scopes=(KeyScope.PREDICT,), at=START).key

        migrate(url)

        with SqlStore.open(url, create=False) as store:
            store.keys.add(key, actor="cli")
            assert store.keys.api_keys() == (key,)
            assert [event.kind for event in store.events.events()] == [
                "release_registered",
                "key_created",
            ]
            assert verify_chain(store.events.events()) == 2


class TestRequireVersion:
    def test_refuses_a_database_without_schema(self, url, opened):
        """Somebody else's database is not ours to use."""
        database_path(url).parent.mkdir()
        database = opened()

        with pytest.raises(StoreVersionError, match="holdfast migrate") as refused:
            require_version(database)

        assert (refused.value.found, refused.value.needed) == ("none", SCHEMA_VERSION)

    def test_names_both_versions(self, url, opened):
        """So that one knows which Holdfast to use."""
        migrate(url)
        database = opened()
        with database.write() as connection:
            connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0000'"))

        with pytest.raises(StoreVersionError, match=f"schema 0000.* needs {SCHEMA_VERSION}"):
            require_version(database)
