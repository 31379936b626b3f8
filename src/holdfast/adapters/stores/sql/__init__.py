"""The store: one SQL database for predictions, labels, events, profiles and leases."""

from holdfast.adapters.stores.sql.migrating import migrate
from holdfast.adapters.stores.sql.schema import SCHEMA_VERSION
from holdfast.adapters.stores.sql.store import SqlStore

__all__ = ["SCHEMA_VERSION", "SqlStore", "migrate"]
