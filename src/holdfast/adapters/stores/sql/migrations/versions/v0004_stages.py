"""Shadow and canary: who stands beside the champion, and which answer a shadow stands beside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from holdfast.adapters.stores.sql.column_types import BigCount, IdText
from holdfast.adapters.stores.sql.timestamps import UtcTimestamp

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "stages",
        sa.Column(
            "seq", BigCount, sa.ForeignKey("events.seq"), primary_key=True, autoincrement=False
        ),
        sa.Column("at", UtcTimestamp, nullable=False),
        sa.Column("version", sa.Text, sa.ForeignKey("releases.version")),
        sa.Column("stage", sa.Text),
        sa.Column("share", sa.Float),
    )
    op.create_index("ix_stages_at", "stages", ["at"])
    op.create_table(
        "shadows",
        sa.Column("prediction_id", IdText, primary_key=True),
        sa.Column("answered_id", IdText, nullable=False),
    )
    op.create_index("ix_shadows_answered_id", "shadows", ["answered_id"])
    op.create_table(
        "shadow_drops",
        sa.Column("model_version", sa.Text, primary_key=True),
        sa.Column("n", BigCount, nullable=False),
    )
