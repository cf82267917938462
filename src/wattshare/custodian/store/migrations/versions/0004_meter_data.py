"""Imports, revisions, readings and bills."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    _bill_correction()
    _foreign_name()
    _imported_file()
    _reading_type()
    _revision()
    _bill()
    _channel()
    _correction()
    _interval_block()
    if op.get_bind().dialect.name == "postgresql":
        _open_month()


def _bill_correction() -> None:
    op.create_table(
        "bill_correction",
        sa.Column("usage_point_id", Big, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("bill_date", Big, primary_key=True, autoincrement=False),
        sa.Column("revision", Big, primary_key=True, autoincrement=False),
        sa.Column("number", Big, primary_key=True, autoincrement=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("old", sa.Text, nullable=False),
        sa.Column("new", sa.Text, nullable=False),
    )


def _foreign_name() -> None:
    op.create_table(
        "foreign_name",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("name_mac", sa.String, primary_key=True),
        sa.Column("id", Big, nullable=False),
    )


def _imported_file() -> None:
    op.create_table(
        "imported_file",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("manner", sa.String, primary_key=True),
        sa.Column("revision", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
    )


def _reading_type() -> None:
    op.create_table(
        "reading_type",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.UniqueConstraint("content"),
    )


def _revision() -> None:
    op.create_table(
        "revision",
        sa.Column("number", Big, primary_key=True),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("at", Big, nullable=False),
    )


def _bill() -> None:
    op.create_table(
        "bill",
        sa.Column("usage_point_id", Big, sa.ForeignKey("usage_point.id"), primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("bill_date", Big, primary_key=True, autoincrement=False),
        sa.Column("day_end", Big, nullable=False),
        sa.Column("period_start", Big, nullable=False),
        sa.Column("period_end", Big, nullable=False),
        sa.Column("held_from", Big, nullable=False),
        sa.Column("issued_at", Big),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("first_revision", Big, nullable=False),
        sa.Column("revision", Big, nullable=False),
        sa.Column("published_at", Big, nullable=False),
        sa.Column("updated_at", Big, nullable=False),
    )
    op.create_index("ix_bill_updated_at", "bill", ["updated_at", "usage_point_id"])


def _channel() -> None:
    op.create_table(
        "channel",
        sa.Column("usage_point_id", Big, sa.ForeignKey("usage_point.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("reading_type_id", sa.String, sa.ForeignKey("reading_type.id"), nullable=False),
        sa.Column("meter_serial", sa.String),
    )


def _correction() -> None:
    op.create_table(
        "correction",
        sa.Column("usage_point_id", Big, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", Big, primary_key=True, autoincrement=False),
        sa.Column("revision", Big, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("day_end", Big, nullable=False),
        sa.Column("old_step", Big, nullable=False),
        sa.Column("old_count", Big, nullable=False),
        sa.Column("old_width", Big, nullable=False),
        sa.Column("old_values", sa.LargeBinary, nullable=False),
        sa.Column("old_presence", sa.LargeBinary),
        sa.Column("old_grid", sa.LargeBinary),
        sa.Column("old_quality", sa.LargeBinary),
        sa.Column("old_tou", sa.LargeBinary),
        sa.Column("old_cost", sa.LargeBinary),
        sa.Column("old_tier", sa.LargeBinary),
        sa.Column("old_cpp", sa.LargeBinary),
        sa.Column("old_valueless", sa.LargeBinary),
        sa.Column("new_step", Big, nullable=False),
        sa.Column("new_count", Big, nullable=False),
        sa.Column("new_width", Big, nullable=False),
        sa.Column("new_values", sa.LargeBinary, nullable=False),
        sa.Column("new_presence", sa.LargeBinary),
        sa.Column("new_grid", sa.LargeBinary),
        sa.Column("new_quality", sa.LargeBinary),
        sa.Column("new_tou", sa.LargeBinary),
        sa.Column("new_cost", sa.LargeBinary),
        sa.Column("new_tier", sa.LargeBinary),
        sa.Column("new_cpp", sa.LargeBinary),
        sa.Column("new_valueless", sa.LargeBinary),
        sa.ForeignKeyConstraint(["usage_point_id", "channel"], ["channel.usage_point_id", "channel.number"]),
    )


def _interval_block() -> None:
    to_channel = sa.ForeignKeyConstraint(["usage_point_id", "channel"], ["channel.usage_point_id", "channel.number"])
    op.create_table(
        "interval_block",
        sa.Column("usage_point_id", Big, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", Big, primary_key=True, autoincrement=False),
        sa.Column("duration", Big, nullable=False),
        sa.Column("day_end", Big, nullable=False),
        sa.Column("held_from", Big, nullable=False),
        sa.Column("held_to", Big, nullable=False),
        sa.Column("step", Big, nullable=False),
        sa.Column("count", Big, nullable=False),
        sa.Column("width", Big, nullable=False),
        sa.Column("values", sa.LargeBinary, nullable=False),
        sa.Column("presence", sa.LargeBinary),
        sa.Column("grid", sa.LargeBinary),
        sa.Column("quality", sa.LargeBinary),
        sa.Column("tou", sa.LargeBinary),
        sa.Column("cost", sa.LargeBinary),
        sa.Column("tier", sa.LargeBinary),
        sa.Column("cpp", sa.LargeBinary),
        sa.Column("valueless", sa.LargeBinary),
        sa.Column("first_revision", Big, nullable=False),
        sa.Column("revision", Big, nullable=False),
        sa.Column("published_at", Big, nullable=False),
        sa.Column("updated_at", Big, nullable=False),
        *([to_channel] if op.get_bind().dialect.name == "sqlite" else []),
        postgresql_partition_by="RANGE (start)",
    )
    op.create_index("ix_interval_block_updated_at", "interval_block", ["updated_at", "usage_point_id"])


def _open_month() -> None:
    """Days in the order in which they came, a partition a month: made empty beside the others and then attached.

    Attaching lets readers go on, which creating a partition in its place would not.
    """
    op.create_index("ix_interval_block_start", "interval_block", ["start"], postgresql_using="brin")
    op.execute(
        """
        CREATE FUNCTION open_month(a_second bigint) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            month timestamp := date_trunc('month', to_timestamp(a_second) AT TIME ZONE 'UTC');
            name text := 'interval_block_' || to_char(month, 'YYYY_MM');
        BEGIN
            IF to_regclass(quote_ident(name)) IS NOT NULL THEN
                RETURN;
            END IF;
            PERFORM pg_advisory_xact_lock(hashtextextended('wattshare open_month', 0));
            IF to_regclass(quote_ident(name)) IS NOT NULL THEN
                RETURN;
            END IF;
            EXECUTE format('CREATE TABLE %I (LIKE interval_block INCLUDING DEFAULTS)', name);
            EXECUTE format(
                'ALTER TABLE interval_block ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                name,
                extract(epoch FROM month)::bigint,
                extract(epoch FROM month + interval '1 month')::bigint
            );
        END $$
        """
    )
