"""The state of the monitors that watch over time, from one tick to the next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table; monitors without a state start where their champion did."""
    op.create_table(
        "monitor_states",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
