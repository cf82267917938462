"""Whose turn it is where third parties' jobs are done in turns."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table, and give the files that wait to be made their third parties."""
    op.create_table(
        "turn",
        sa.Column("third_party_id", Big, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("number", Big, nullable=False),
    )
    op.execute(
        "UPDATE job SET third_party_id = (SELECT batch.third_party_id FROM batch WHERE batch.id = job.subject)"
        " WHERE kind = 'make_batch'"
    )
    op.execute(
        "INSERT INTO turn (third_party_id, kind, number)"
        " SELECT DISTINCT third_party_id, kind, 0 FROM job WHERE third_party_id IS NOT NULL"
    )
    op.create_index("ix_job_turn", "job", ["kind", "third_party_id", "due_at"])
