"""What customers were told of their permissions."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Make the table of receipts."""
    op.create_table(
        "receipt",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("authorization_id", Big, sa.ForeignKey("authorization.id"), nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_receipt_authorization_id", "receipt", ["authorization_id", "id"])
