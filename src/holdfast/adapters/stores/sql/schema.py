"""The fixed tables; those of predictions are made for each contract (`prediction_tables`)."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from holdfast.adapters.stores.sql.column_types import BigCount, IdText
from holdfast.adapters.stores.sql.timestamps import UtcTimestamp

__all__ = [
    "SCHEMA_VERSION",
    "VERSION_TABLE",
    "api_keys",
    "cursors",
    "deployments",
    "dropped_days",
    "erasures",
    "events",
    "label_counts",
    "labels",
    "leases",
    "metadata",
    "monitor_states",
    "orphans",
    "outbox",
    "prediction_counts",
    "prediction_tables",
    "profiles",
    "releases",
    "request_keys",
    "shadow_drops",
    "shadows",
    "stages",
    "standing_labels",
    "treatments",
]

SCHEMA_VERSION = "0007"  # the newest migration; a store of any other version is refused
VERSION_TABLE = "holdfast_schema"

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("seq", BigCount, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False, unique=True),
    Column("at", UtcTimestamp, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON, as it was hashed
    Column("previous_digest", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("key", Text, unique=True),
    Index("ix_events_kind", "kind", "seq"),
)

releases = Table(
    "releases",
    metadata,
    Column("version", Text, primary_key=True),
    Column("release_id", Text, nullable=False),
    Column("schema_digest", Text, nullable=False),
    Column("seq", BigCount, ForeignKey("events.seq"), nullable=False, unique=True),
)

deployments = Table(
    "deployments",
    metadata,
    Column("seq", BigCount, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("at", UtcTimestamp, nullable=False),
    Column("version", Text, ForeignKey("releases.version"), nullable=False),
    Column("previous", Text, ForeignKey("releases.version")),
    Index("ix_deployments_at", "at"),
)

stages = Table(
    "stages",
    metadata,
    Column("seq", BigCount, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("at", UtcTimestamp, nullable=False),
    Column("version", Text, ForeignKey("releases.version")),  # null: nobody, a stage ended
    Column("stage", Text),
    Column("share", Float),  # null: a shadow answers nobody
    Index("ix_stages_at", "at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("effect_id", BigCount, primary_key=True),
    Column("event_id", Text, ForeignKey("events.event_id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("payload", Text, nullable=False),  # canonical JSON
    Column("attempts", BigCount, nullable=False),
    Column("retry_at", UtcTimestamp),
    Column("last_failure", Text),
    Column("delivered_at", UtcTimestamp),
    Index("ix_outbox_delivered_at", "delivered_at", "effect_id"),
    sqlite_autoincrement=True,  # an effect's id is never given twice
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", BigCount, nullable=False),
    Column("holder", Text),  # null: given back
    Column("ttl", Float, nullable=False),  # seconds
    Column("expires", Float, nullable=False),  # Unix seconds on the store's machine
)

profiles = Table(
    "profiles",
    metadata,
    Column("grid_digest", Text, primary_key=True),
    Column("model_version", Text, primary_key=True),
    Column("bucket_at", UtcTimestamp, primary_key=True),
    Column("n_rows", BigCount, nullable=False),
    Column("profile", LargeBinary, nullable=False),
    Index("ix_profiles_bucket_at", "grid_digest", "bucket_at"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", Text, nullable=False),
)

monitor_states = Table(
    "monitor_states",
    metadata,
    Column("key", Text, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

prediction_tables = Table(
    "prediction_tables",
    metadata,
    Column("schema_digest", Text, primary_key=True),
    Column("table_name", Text, nullable=False, unique=True),
    Column("columns", Text, nullable=False),  # JSON: [[feature, kind, column] …]
)

prediction_counts = Table(
    "prediction_counts",
    metadata,
    Column("model_version", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("n", BigCount, nullable=False),
    Column("last_at", UtcTimestamp, nullable=False),
)

shadows = Table(
    "shadows",
    metadata,
    Column("prediction_id", IdText, primary_key=True),
    Column("answered_id", IdText, nullable=False, index=True),  # the answer to the same row
)

shadow_drops = Table(
    "shadow_drops",
    metadata,
    Column("model_version", Text, primary_key=True),
    Column("n", BigCount, nullable=False),  # rows that it did not get to score
)

request_keys = Table(
    "request_keys",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("row_digest", Text, nullable=False),
    Column("prediction_id", IdText, nullable=False, index=True),
    Column("schema_digest", Text, nullable=False),
)

labels = Table(
    "labels",
    metadata,
    Column("ledger_id", BigCount, primary_key=True, autoincrement=False),
    Column("prediction_id", IdText, index=True),  # as named, or as matched by entity
    Column("entity", Text, index=True),
    Column("at", UtcTimestamp),
    Column("positive", Boolean, nullable=False),
    Column("observed_at", UtcTimestamp, nullable=False),
    Column("received_at", UtcTimestamp, nullable=False),
    Column("fate", Text, nullable=False),
    Column("was_orphan", Boolean, nullable=False),
)

label_counts = Table(
    "label_counts",
    metadata,
    Column("fate", Text, primary_key=True),
    Column("n", BigCount, nullable=False),
)

standing_labels = Table(
    "standing_labels",
    metadata,
    Column("prediction_id", IdText, primary_key=True),
    Column("positive", Boolean, nullable=False),
    Column("observed_at", UtcTimestamp, nullable=False),
    Column("received_at", UtcTimestamp, nullable=False),
    # Indexed: a ledger entry is deleted only once nothing refers to it, which is looked up.
    Column("ledger_id", BigCount, ForeignKey("labels.ledger_id"), nullable=False, index=True),
)

treatments = Table(
    "treatments",
    metadata,
    Column("prediction_id", IdText, primary_key=True),  # of an answer that was given
    Column("treated", Boolean, nullable=False),
    Column("observed_at", UtcTimestamp, nullable=False),
    Column("received_at", UtcTimestamp, nullable=False),
)

orphans = Table(
    "orphans",
    metadata,
    Column(
        "ledger_id",
        BigCount,
        ForeignKey("labels.ledger_id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("prediction_id", IdText, index=True),
    Column("entity", Text, index=True),
    Column("maturity", Float, nullable=False),  # seconds, as it was when the label came
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # words, separated by spaces
    Column("secret_digest", Text, nullable=False),  # SHA-256, hexadecimal; never the secret
    Column("created_at", UtcTimestamp, nullable=False),
    Column("expires_at", UtcTimestamp),
    Column("revoked_at", UtcTimestamp),
    Index("ix_api_keys_created_at", "created_at", "key_id"),
)

dropped_days = Table(
    "dropped_days",
    metadata,
    Column("schema_digest", Text, primary_key=True),
    Column("day", Text, primary_key=True),  # 2026-03-01, UTC
    Column("n_predictions", BigCount, nullable=False),
    Column("n_labels", BigCount, nullable=False),
    Column("n_request_keys", BigCount, nullable=False),
    Column("n_reported", BigCount, nullable=False),  # predictions that an event told of
)

erasures = Table(
    "erasures",
    metadata,
    Column("entity_digest", Text, primary_key=True),  # HMAC-SHA256 under the salt
    Column("salt", Text, nullable=False),  # the same in every row
    Column("erasure_id", Text, nullable=False, unique=True),
    Column("erased_at", UtcTimestamp, nullable=False),
    Column("n_predictions", BigCount, nullable=False),
    Column("n_labels", BigCount, nullable=False),
    Column("n_request_keys", BigCount, nullable=False),
)
