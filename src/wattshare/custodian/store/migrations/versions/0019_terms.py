"""What an authorization was for when somebody looked is found without reading all that was done with it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

TERMS = sa.text("event IN ('consented', 'consented_offline', 'consented_with_primary', 'changed')")


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_trail_terms", "trail", ["authorization_id", "id"], sqlite_where=TERMS, postgresql_where=TERMS)
