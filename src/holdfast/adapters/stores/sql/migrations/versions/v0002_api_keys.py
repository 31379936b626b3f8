"""API keys: who may speak to a server, as digests of their secrets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from holdfast.adapters.stores.sql.timestamps import UtcTimestamp

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of keys; what is there stays as it is."""
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("secret_digest", sa.Text, nullable=False),
        sa.Column("created_at", UtcTimestamp, nullable=False),
        sa.Column("expires_at", UtcTimestamp),
        sa.Column("revoked_at", UtcTimestamp),
    )
    op.create_index("ix_api_keys_created_at", "api_keys", ["created_at", "key_id"])
