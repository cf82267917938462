"""Accounts whose addresses are hidden, and since when."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Add the column; nobody's is hidden."""
    op.add_column("account", sa.Column("hidden_since", Big))
