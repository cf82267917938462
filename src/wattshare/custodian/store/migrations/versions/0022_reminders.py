"""What customers were reminded of, and of which new homes they are asked."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "reminded",
        sa.Column("authorization_id", Big, sa.ForeignKey("authorization.id"), primary_key=True, autoincrement=False),
        sa.Column("what", sa.String, primary_key=True),
        sa.Column("mark", Big, primary_key=True, autoincrement=False),
        sa.Column("at", Big, nullable=False),
    )
    op.create_table(
        "home_question",
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False),
        sa.Column("agreement_id", Big, sa.ForeignKey("agreement.id"), primary_key=True, autoincrement=False),
        sa.Column("asked_at", Big, nullable=False),
        sa.Column("answered_at", Big),
    )
