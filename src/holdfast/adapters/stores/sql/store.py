"""The whole store behind one door: every port that the database serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from sqlalchemy import text

from holdfast.adapters.stores.sql.database import damaged
from holdfast.adapters.stores.sql.events import SqlEventLog
from holdfast.adapters.stores.sql.keys import SqlKeyStore
from holdfast.adapters.stores.sql.labels import SqlLabelLedger
from holdfast.adapters.stores.sql.leases import SqlLease
from holdfast.adapters.stores.sql.migrating import is_blank, require_version, upgrade
from holdfast.adapters.stores.sql.monitors import SqlMonitorStore
from holdfast.adapters.stores.sql.opening import open_database, place_of
from holdfast.adapters.stores.sql.outbox import SqlOutbox
from holdfast.adapters.stores.sql.prediction_tables import PredictionTables
from holdfast.adapters.stores.sql.predictions import SqlPredictionLog
from holdfast.adapters.stores.sql.profiles import SqlProfileStore
from holdfast.adapters.stores.sql.releases import SqlReleaseStore
from holdfast.adapters.stores.sql.retention import SqlRetention
from holdfast.adapters.stores.sql.schema import VERSION_TABLE
from holdfast.adapters.stores.sql.ticks import SqlTickLog
from holdfast.adapters.stores.sql.views import SqlViews
from holdfast.domain.errors import NoStoreError

if TYPE_CHECKING:
    from types import TracebackType

    from holdfast.adapters.stores.sql.database import Database
    from holdfast.adapters.stores.sql.sqlite import Durability

__all__ = ["SqlStore"]


class SqlStore:
    """One open store; safe to share between threads, not between forks.

    Attributes:
        events: The event log.
        releases: The release projections.
        predictions: The prediction log.
        labels: The label ledger.
        profiles: Profiles by bucket.
        monitors: The state of the monitors that watch over time.
        outbox: Effects that wait for delivery.
        leases: Who may act.
        ticks: When the loop acted last, and will again.
        keys: Who may ask.
        retention: How old rows leave, and how a person is erased.
        views: Read-only questions.
    """

    def __init__(self, database: Database) -> None:
        tables = PredictionTables()
        self.events = SqlEventLog(database)
        self.releases = SqlReleaseStore(database)
        self.predictions = SqlPredictionLog(database, tables)
        self.labels = SqlLabelLedger(database, tables)
        self.profiles = SqlProfileStore(database)
        self.monitors = SqlMonitorStore(database)
        self.outbox = SqlOutbox(database)
        self.leases = SqlLease(database)
        self.ticks = SqlTickLog(database)
        self.keys = SqlKeyStore(database)
        self.retention = SqlRetention(database, tables)
        self.views = SqlViews(database)
        self._database = database

    @classmethod
    def open(cls, url: str, *, create: bool, durability: Durability = "full") -> SqlStore:
        """Open a store of this version's schema.

        Args:
            url: Such as ``sqlite:///.holdfast/holdfast.db``, or
                ``postgresql://user@host/database``.
            create: Make the store where there is none; otherwise that is an error.
            durability: Whether a commit waits for the disk; see `open_database`.

        Raises:
            SettingsError: If the URL names no database that a store can be in.
            MissingExtraError: If its driver is not installed.
            StoreVersionError: If another version of Holdfast made the store.
            NoStoreError: If it is absent and not to be made.
            StoreUnavailableError: If it cannot be read.
        """
        database = open_database(url, create=create, durability=durability)
        try:
            _make_or_refuse(database, url, create=create)
            require_version(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def check_writable(self) -> None:
        """Commit a write that changes nothing that anyone reads.

        Raises:
            StoreUnavailableError: If the store cannot take writes now, or would lose
                what it acknowledges.
        """
        self._database.check_promises()
        with self._database.write() as connection:
            # A row is really rewritten: an empty transaction would not touch the disk.
            connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = version_num"))  # noqa: S608 - a constant of ours

    def describe(self) -> str:
        """Return which database this is, and that it keeps what it acknowledges.

        Raises:
            StoreUnavailableError: If its settings are not safe; says which, and what to do.
        """
        return self._database.check_promises()

    def check_whole(self) -> str:
        """Read every page of a SQLite file, whose damage reads by key may never meet.

        It takes some seconds for each gigabyte.

        Returns:
            What was looked at, in words.

        Raises:
            StoreUnavailableError: If something in it is not as SQLite wrote it.
        """
        with self._database.read(long=True) as connection:
            if connection.dialect.name != "sqlite":
                return "are the database server's own to check"
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise damaged(" ".join(str(found).split()))
        return "each page of its file is as SQLite wrote it"

    def close(self) -> None:
        """Close the store; doing so twice is harmless."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _make_or_refuse(database: Database, url: str, *, create: bool) -> None:
    if not is_blank(database):
        return
    if not create:
        raise NoStoreError(place_of(url))
    upgrade(database)
