"""Which services a third party asks for."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the column; who is registered already asks for all."""
    op.add_column("third_party", sa.Column("commodities", sa.JSON, nullable=False, server_default=sa.text("'[]'")))
