"""Batches, notices, jobs and request counters."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    _rate()
    _batch()
    _part()
    _part_authorization()
    _notice()
    _attempt()
    _job()


def _rate() -> None:
    op.create_table(
        "rate",
        sa.Column("third_party_id", Big, primary_key=True, autoincrement=False),
        sa.Column("span", sa.String, primary_key=True),
        sa.Column("starts", Big, nullable=False),
        sa.Column("count", Big, nullable=False),
    )


def _batch() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), nullable=False),
        sa.Column("authorization_id", Big, sa.ForeignKey("authorization.id")),
        sa.Column("endpoint", sa.String, nullable=False),
        sa.Column("window", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("transaction", sa.String),
        sa.Column("ordered_at", Big, nullable=False),
        sa.Column("made_at", Big),
        sa.Column("expires_at", Big),
        sa.Column("failure", sa.Text),
    )
    op.create_index("ix_batch_authorization_id", "batch", ["authorization_id"])
    op.create_index("ix_batch_state", "batch", ["state", "expires_at"])
    op.create_index("ix_batch_third_party_id", "batch", ["third_party_id", "state"])


def _part() -> None:
    op.create_table(
        "part",
        sa.Column("correlation_id", sa.String, primary_key=True),
        sa.Column("batch_id", sa.String, sa.ForeignKey("batch.id"), nullable=False),
        sa.Column("number", Big, nullable=False),
        sa.Column("file", sa.String),
        sa.Column("identity_bytes", Big, nullable=False),
        sa.Column("gzip_bytes", Big, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("entries", Big, nullable=False),
        sa.Column("readings", Big, nullable=False),
        sa.Column("usage_points", Big, nullable=False),
        sa.Column("stale", sa.Boolean, nullable=False),
        sa.Column("version", Big, nullable=False),
    )
    op.create_index("ix_part_batch_id", "part", ["batch_id"])


def _part_authorization() -> None:
    op.create_table(
        "part_authorization",
        sa.Column("correlation_id", sa.String, sa.ForeignKey("part.correlation_id"), primary_key=True),
        sa.Column("authorization_id", Big, sa.ForeignKey("authorization.id"), primary_key=True),
    )
    op.create_index("ix_part_authorization_authorization_id", "part_authorization", ["authorization_id"])


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("resources", sa.JSON, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("transaction", sa.String),
        sa.Column("batch_id", sa.String, sa.ForeignKey("batch.id")),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("told_at", Big),
        sa.Column("attempts", Big, nullable=False),
    )
    op.create_index("ix_notice_batch_id", "notice", ["batch_id"])
    op.create_index("ix_notice_third_party_id", "notice", ["third_party_id", "created_at"])


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", Big, primary_key=True),
        sa.Column("notice_id", sa.String, sa.ForeignKey("notice.id"), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("status", Big),
        sa.Column("cause", sa.Text),
        sa.Column("milliseconds", Big, nullable=False),
    )
    op.create_index("ix_attempt_notice_id", "attempt", ["notice_id"])


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("id", Big, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("due_at", Big, nullable=False),
        sa.Column("attempts", Big, nullable=False),
        sa.Column("fence", Big, nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("lease_until", Big),
        sa.Column("dead", sa.Boolean, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("again_at", Big),
        sa.UniqueConstraint("kind", "subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_due_at", "job", ["dead", "due_at"])
