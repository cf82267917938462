"""Messages to people, and the languages that customers read."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "message",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id")),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("way", sa.String, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("ends_at", Big, nullable=False),
        sa.Column("attempts", Big, nullable=False),
        sa.Column("cause", sa.String),
    )
    op.create_index("ix_message_customer_id", "message", ["customer_id"])
    op.create_index("ix_message_created_at", "message", ["created_at"])
    op.create_table(
        "customer_language",
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False),
        sa.Column("language", sa.String, nullable=False),
    )
