"""Notices with a number, receivers, and what notices are signed with."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables, and number the notices that are there."""
    _receiver()
    _signing_key()
    _outage()
    _notice()
    _job()
    _third_party()


def _receiver() -> None:
    op.create_table(
        "receiver",
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), primary_key=True, autoincrement=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("failures", Big, nullable=False),
        sa.Column("failing_since", Big),
        sa.Column("shut_until", Big, nullable=False),
        sa.Column("cause", sa.String),
        sa.Column("alarmed_at", Big),
    )


def _signing_key() -> None:
    op.create_table(
        "signing_key",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id")),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("public", sa.String),
        sa.Column("begins", Big, nullable=False),
        sa.Column("ends", Big),
    )
    op.create_index("ix_signing_key_third_party_id", "signing_key", ["third_party_id"])


def _outage() -> None:
    op.create_table(
        "outage",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("begins", Big, nullable=False),
        sa.Column("ends", Big, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )


def _notice() -> None:
    for name in ("number", "owed_at", "replays"):
        op.add_column("notice", sa.Column(name, Big, nullable=False, server_default="0"))
    op.execute(
        "UPDATE notice SET owed_at = created_at, number = (SELECT count(*) FROM notice AS other"
        " WHERE other.third_party_id = notice.third_party_id AND (other.created_at < notice.created_at"
        " OR (other.created_at = notice.created_at AND other.id <= notice.id)))"
    )
    op.execute(
        "INSERT INTO counter (name, value)"
        " SELECT 'notices of ' || third_party_id, max(number) FROM notice GROUP BY third_party_id"
    )
    op.create_index("ix_notice_number", "notice", ["third_party_id", "number"], unique=True)


def _job() -> None:
    op.add_column("job", sa.Column("rank", Big, nullable=False, server_default="1"))
    op.add_column("job", sa.Column("third_party_id", Big))
    op.execute(
        "UPDATE job SET third_party_id = (SELECT notice.third_party_id FROM notice WHERE notice.id = job.subject)"
        " WHERE kind = 'tell'"
    )
    op.drop_index("ix_job_due_at", "job")
    op.create_index("ix_job_due_at", "job", ["dead", "rank", "due_at"])
    op.create_index("ix_job_third_party_id", "job", ["third_party_id", "lease_until"])


def _third_party() -> None:
    op.add_column("third_party", sa.Column("notify_kinds", sa.JSON, nullable=False, server_default="[]"))
