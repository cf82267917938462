"""What the parts of an order are of, so that its making goes on behind those that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the column."""
    op.add_column("part", sa.Column("commodity", sa.String))
