"""Requests of apps on their way, and counts of those that are over."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the tables. What is on its way now is not counted."""
    op.create_table(
        "passage",
        sa.Column("request_id", sa.String, primary_key=True),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), nullable=False),
        sa.Column("day", Big, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("way", sa.String, nullable=False),
        sa.Column("step", Big, nullable=False),
        sa.Column("authorization_id", Big, index=True),
    )
    op.create_index("ix_passage_step", "passage", ["step", "request_id"])
    op.create_table(
        "funnel",
        sa.Column("day", Big, primary_key=True, autoincrement=False),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), primary_key=True, autoincrement=False),
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("language", sa.String, primary_key=True),
        sa.Column("way", sa.String, primary_key=True),
        sa.Column("step", Big, primary_key=True, autoincrement=False),
        sa.Column("fate", sa.String, primary_key=True),
        sa.Column("count", Big, nullable=False),
    )
