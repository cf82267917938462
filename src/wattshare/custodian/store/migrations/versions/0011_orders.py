"""How far orders are."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Let a batch say how many of its usage points are written."""
    op.add_column("batch", sa.Column("points_done", Big, nullable=False, server_default="0"))
    op.add_column("batch", sa.Column("points_of", Big))
