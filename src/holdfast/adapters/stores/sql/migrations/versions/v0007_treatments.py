"""Who was acted upon because of a prediction: an offer changes the label."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from holdfast.adapters.stores.sql.column_types import IdText
from holdfast.adapters.stores.sql.timestamps import UtcTimestamp

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table; of older predictions nobody has said so."""
    op.create_table(
        "treatments",
        sa.Column("prediction_id", IdText, primary_key=True),
        sa.Column("treated", sa.Boolean, nullable=False),
        sa.Column("observed_at", UtcTimestamp, nullable=False),
        sa.Column("received_at", UtcTimestamp, nullable=False),
    )
