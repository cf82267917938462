"""What the parts of an order are of, so that its making goes on behind those that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the column."""
    op.add_column("part", sa.Column("commodity", sa.String))
