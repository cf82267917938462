"""When what was taken in over some time was there, beside when it began."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Nothing is known of what is there already."""
    op.add_column("revision", sa.Column("there_at", Big))
    op.create_index("ix_revision_at", "revision", ["at"])
