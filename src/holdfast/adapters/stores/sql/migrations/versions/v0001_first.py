"""The first schema: predictions, labels, events, profiles, effects and leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from holdfast.adapters.stores.sql.column_types import BigCount, IdText
from holdfast.adapters.stores.sql.timestamps import UtcTimestamp

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every fixed table."""
    _events()
    _loop()
    _predictions()
    _labels()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", BigCount, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("at", UtcTimestamp, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous_digest", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("key", sa.Text, unique=True),
    )
    op.create_index("ix_events_kind", "events", ["kind", "seq"])
    op.create_table(
        "releases",
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("release_id", sa.Text, nullable=False),
        sa.Column("schema_digest", sa.Text, nullable=False),
        sa.Column("seq", BigCount, sa.ForeignKey("events.seq"), nullable=False, unique=True),
    )
    op.create_table(
        "deployments",
        sa.Column(
            "seq", BigCount, sa.ForeignKey("events.seq"), primary_key=True, autoincrement=False
        ),
        sa.Column("at", UtcTimestamp, nullable=False),
        sa.Column("version", sa.Text, sa.ForeignKey("releases.version"), nullable=False),
        sa.Column("previous", sa.Text, sa.ForeignKey("releases.version")),
    )
    op.create_index("ix_deployments_at", "deployments", ["at"])


def _loop() -> None:
    op.create_table(
        "outbox",
        sa.Column("effect_id", BigCount, primary_key=True),
        sa.Column("event_id", sa.Text, sa.ForeignKey("events.event_id"), nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("attempts", BigCount, nullable=False),
        sa.Column("retry_at", UtcTimestamp),
        sa.Column("last_failure", sa.Text),
        sa.Column("delivered_at", UtcTimestamp),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_delivered_at", "outbox", ["delivered_at", "effect_id"])
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("token", BigCount, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("ttl", sa.Float, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
    )
    op.create_table(
        "profiles",
        sa.Column("grid_digest", sa.Text, primary_key=True),
        sa.Column("model_version", sa.Text, primary_key=True),
        sa.Column("bucket_at", UtcTimestamp, primary_key=True),
        sa.Column("n_rows", BigCount, nullable=False),
        sa.Column("profile", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_profiles_bucket_at", "profiles", ["grid_digest", "bucket_at"])
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.Text, nullable=False),
    )


def _predictions() -> None:
    op.create_table(
        "prediction_tables",
        sa.Column("schema_digest", sa.Text, primary_key=True),
        sa.Column("table_name", sa.Text, nullable=False, unique=True),
        sa.Column("columns", sa.Text, nullable=False),
    )
    op.create_table(
        "prediction_counts",
        sa.Column("model_version", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("n", BigCount, nullable=False),
        sa.Column("last_at", UtcTimestamp, nullable=False),
    )
    op.create_table(
        "request_keys",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("row_digest", sa.Text, nullable=False),
        sa.Column("prediction_id", IdText, nullable=False, index=True),
        sa.Column("schema_digest", sa.Text, nullable=False),
    )


def _labels() -> None:
    op.create_table(
        "labels",
        sa.Column("ledger_id", BigCount, primary_key=True, autoincrement=False),
        sa.Column("prediction_id", IdText, index=True),
        sa.Column("entity", sa.Text, index=True),
        sa.Column("at", UtcTimestamp),
        sa.Column("positive", sa.Boolean, nullable=False),
        sa.Column("observed_at", UtcTimestamp, nullable=False),
        sa.Column("received_at", UtcTimestamp, nullable=False),
        sa.Column("fate", sa.Text, nullable=False, index=True),
        sa.Column("was_orphan", sa.Boolean, nullable=False),
    )
    op.create_table(
        "standing_labels",
        sa.Column("prediction_id", IdText, primary_key=True),
        sa.Column("positive", sa.Boolean, nullable=False),
        sa.Column("observed_at", UtcTimestamp, nullable=False),
        sa.Column("received_at", UtcTimestamp, nullable=False),
        sa.Column("ledger_id", BigCount, sa.ForeignKey("labels.ledger_id"), nullable=False),
    )
    op.create_table(
        "orphans",
        sa.Column(
            "ledger_id",
            BigCount,
            sa.ForeignKey("labels.ledger_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("prediction_id", IdText, index=True),
        sa.Column("entity", sa.Text, index=True),
        sa.Column("maturity", sa.Float, nullable=False),
    )
