"""Who may act for whom, and which sessions do."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "delegation",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id"), nullable=False, index=True),
        sa.Column("delegate_id", Big, sa.ForeignKey("customer.id"), index=True),
        sa.Column("mac", sa.String, unique=True),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("expires_at", Big, nullable=False),
    )
    # by hand: SQLite takes a column's reference with the column, not after it
    kind = Big.compile(op.get_bind().dialect)
    op.execute(f"ALTER TABLE browser_session ADD COLUMN delegate_id {kind} REFERENCES customer (id)")
