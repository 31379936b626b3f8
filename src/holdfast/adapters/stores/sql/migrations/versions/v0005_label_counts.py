"""Counts of labels: to ask for them took as long as to look at every entry of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from holdfast.adapters.stores.sql.column_types import BigCount

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table, and count what is there; nobody else asks for labels by their fate."""
    op.create_table(
        "label_counts",
        sa.Column("fate", sa.Text, primary_key=True),
        sa.Column("n", BigCount, nullable=False),
    )
    op.execute("INSERT INTO label_counts SELECT fate, COUNT(*) FROM labels GROUP BY fate")
    op.drop_index("ix_labels_fate", "labels")
