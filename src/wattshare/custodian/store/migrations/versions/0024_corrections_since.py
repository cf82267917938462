"""Corrections are found by the number of the revision that made them, and not by looking at all there ever were."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_correction_revision", "correction", ["revision", "usage_point_id"])
    op.create_index("ix_bill_correction_revision", "bill_correction", ["revision", "usage_point_id"])
