"""Who sees an account without holding it."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.guards import SEERS, Guard, protect
from wattshare.custodian.store.metadata import Big

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Make the table; on PostgreSQL guard it, so that no authorization opens any of it."""
    op.create_table(
        "account_viewer",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("account_id", Big, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id"), nullable=False, index=True),
        sa.Column("starts", Big, nullable=False),
        sa.Column("ends", Big),
    )
    op.create_index("ix_account_viewer_account_id", "account_viewer", ["account_id", "customer_id"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        for statement in protect(Guard("account_viewer", None, "", SEERS)):
            op.execute(statement)
