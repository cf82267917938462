"""What is being taken in by many small transactions, and is not to be seen before the last of them."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "under_way",
        sa.Column("revision", Big, primary_key=True, autoincrement=False),
        sa.Column("at", Big, nullable=False),
    )
