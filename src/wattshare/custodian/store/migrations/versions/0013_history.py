"""The history tier, and what of a block's readings was estimated, corrected or late."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

from wattshare.custodian.model.packing import estimated_of
from wattshare.custodian.store.guards import METERING, Guard, protect
from wattshare.custodian.store.metadata import Big

revision = "0013"
down_revision = "0012"

COMPARED = ("start", "day_end", "held_from", "held_to", "published_at", "updated_at")


def upgrade() -> None:
    """Make the tables and the columns; count what was estimated."""
    _segment()
    op.create_table(
        "closed_month",
        sa.Column("month", Big, primary_key=True, autoincrement=False),
        sa.Column("at", Big, nullable=False),
    )
    for name in ("estimated", "corrected", "late"):
        op.add_column("interval_block", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    _count_estimated()
    if op.get_bind().dialect.name == "postgresql":
        for statement in protect(Guard("segment", "usage_point_id", "points", METERING)):
            op.execute(statement)
        _drop_month()
        # bodies are compressed already. Two rows of half a page stay in it; what is longer is put aside in pieces
        for name in ("marks", "body"):
            op.execute(f"ALTER TABLE segment ALTER COLUMN {name} SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE segment SET (toast_tuple_target = 4080)")


def _segment() -> None:
    to_channel = sa.ForeignKeyConstraint(["usage_point_id", "channel"], ["channel.usage_point_id", "channel.number"])
    op.create_table(
        "segment",
        sa.Column("usage_point_id", Big, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("month", Big, primary_key=True, autoincrement=False),
        sa.Column("count", sa.Integer, nullable=False),
        *(sa.Column(f"{side}_{name}", Big, nullable=False) for name in COMPARED for side in ("least", "most")),
        sa.Column("most_revision", Big, nullable=False),
        sa.Column("marks", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        *([to_channel] if op.get_bind().dialect.name == "sqlite" else []),
    )
    op.create_index("ix_segment_most_updated_at", "segment", ["most_updated_at", "usage_point_id"])


def _count_estimated() -> None:
    """There are few different qualities: a statement for each that has estimated readings."""
    blocks = sa.table("interval_block", sa.column("quality", sa.LargeBinary), sa.column("estimated", sa.Integer))
    connection = op.get_bind()
    for quality in connection.execute(sa.select(blocks.c.quality).distinct()).scalars().all():
        if quality is not None and (count := estimated_of(bytes(quality))):
            connection.execute(sa.update(blocks).where(blocks.c.quality == quality).values(estimated=count))


def _drop_month() -> None:
    """Months belong to the owner of the table; who may delete there may drop an empty one, and no other."""
    schema = op.get_bind().scalar(text("SELECT quote_ident(current_schema())"))
    op.execute(
        """
        CREATE FUNCTION drop_month(a_second bigint) RETURNS boolean LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
        DECLARE
            month timestamp := date_trunc('month', to_timestamp(a_second) AT TIME ZONE 'UTC');
            name text := 'interval_block_' || to_char(month, 'YYYY_MM');
            kept boolean;
        BEGIN
            IF to_regclass(quote_ident(name)) IS NULL THEN
                RETURN false;
            END IF;
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
            EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO kept;
            IF kept THEN
                RETURN false;
            END IF;
            EXECUTE format('DROP TABLE %I', name);
            RETURN true;
        END $$
        """.replace("@schema@", schema)
    )
