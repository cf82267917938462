"""Daily deltas, what is done by a calendar, and which ends of permissions were announced."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables."""
    _delta()
    _schedule()
    _expiry_told()


def _delta() -> None:
    op.create_table(
        "delta",
        sa.Column("id", Big, primary_key=True),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), nullable=False),
        sa.Column("endpoint", sa.String, nullable=False),
        sa.Column("day", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("revision", Big),
        sa.Column("batch_id", sa.String, sa.ForeignKey("batch.id")),
        sa.Column("digest", sa.String),
        sa.Column("created_at", Big, nullable=False),
        sa.UniqueConstraint("third_party_id", "endpoint", "day"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delta_batch_id", "delta", ["batch_id"])


def _schedule() -> None:
    op.create_table(
        "schedule",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("expression", sa.String, nullable=False),
        sa.Column("next_at", Big, nullable=False),
    )


def _expiry_told() -> None:
    op.create_table(
        "expiry_told",
        sa.Column("authorization_id", Big, sa.ForeignKey("authorization.id"), primary_key=True, autoincrement=False),
        sa.Column("days", Big, primary_key=True, autoincrement=False),
        sa.Column("ends", Big, primary_key=True, autoincrement=False),
    )
