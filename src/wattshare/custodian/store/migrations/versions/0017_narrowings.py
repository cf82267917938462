"""Which narrowing was the last of a permission: files that were read before it are made again."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Let an authorization say so."""
    op.add_column("authorization", sa.Column("narrowed", Big, nullable=False, server_default="0"))
