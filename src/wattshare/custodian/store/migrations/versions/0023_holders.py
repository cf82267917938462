"""Who holds an account together with others, and from when to when."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.guards import OPEN_AUTHORIZATION, PEOPLE, Guard, protect
from wattshare.custodian.store.metadata import Big

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Make the table; on PostgreSQL guard it, and have an authorization open its customer's row of it."""
    op.create_table(
        "account_holder",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("account_id", Big, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id"), nullable=False, index=True),
        sa.Column("starts", Big, nullable=False),
        sa.Column("ends", Big),
    )
    op.create_index("ix_account_holder_account_id", "account_holder", ["account_id", "customer_id"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        for statement in protect(Guard("account_holder", "id", "holders", PEOPLE)):
            op.execute(statement)
        op.execute(OPEN_AUTHORIZATION)
