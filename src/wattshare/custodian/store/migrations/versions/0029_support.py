"""Where customers reach a third party."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Add the column; who is registered already has named nothing."""
    op.add_column("third_party", sa.Column("support", sa.Text, nullable=False, server_default=""))
