"""Retention and erasure: what was dropped of each day, and who must not come back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from holdfast.adapters.stores.sql.column_types import BigCount
from holdfast.adapters.stores.sql.timestamps import UtcTimestamp

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and the index without which labels cannot be deleted in bulk."""
    op.create_index("ix_standing_labels_ledger_id", "standing_labels", ["ledger_id"])
    op.create_table(
        "dropped_days",
        sa.Column("schema_digest", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("n_predictions", BigCount, nullable=False),
        sa.Column("n_labels", BigCount, nullable=False),
        sa.Column("n_request_keys", BigCount, nullable=False),
        sa.Column("n_reported", BigCount, nullable=False),
    )
    op.create_table(
        "erasures",
        sa.Column("entity_digest", sa.Text, primary_key=True),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("erasure_id", sa.Text, nullable=False, unique=True),
        sa.Column("erased_at", UtcTimestamp, nullable=False),
        sa.Column("n_predictions", BigCount, nullable=False),
        sa.Column("n_labels", BigCount, nullable=False),
        sa.Column("n_request_keys", BigCount, nullable=False),
    )
