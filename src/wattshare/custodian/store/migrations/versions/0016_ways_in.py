"""Codes and links that prove who a customer is, by which way somebody came in, and who may write a new password."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.guards import WRITERS, Guard, protect
from wattshare.custodian.store.metadata import Big
from wattshare.custodian.store.purposes import Purpose

revision = "0016"
down_revision = "0015"

LOGINS = Guard("customer_login", None, "", frozenset({Purpose.PEOPLE}), WRITERS | {Purpose.PEOPLE})


def upgrade() -> None:
    """Make the tables, the column, and the guard anew."""
    op.create_table(
        "one_time_code",
        sa.Column("session_mac", sa.String, primary_key=True),
        sa.Column("code_mac", sa.String, nullable=False),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id")),
        sa.Column("account_number", sa.Text, nullable=False),
        sa.Column("way", sa.String, nullable=False),
        sa.Column("tries", Big, nullable=False),
        sa.Column("used_at", Big),
        sa.Column("expires_at", Big, nullable=False),
    )
    op.create_table(
        "recovery_link",
        sa.Column("mac", sa.String, primary_key=True),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id")),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("expires_at", Big, nullable=False),
    )
    for table in ("one_time_code", "recovery_link"):
        for column in ("customer_id", "expires_at"):
            op.create_index(f"ix_{table}_{column}", table, [column])
    op.add_column("browser_session", sa.Column("way", sa.String))
    if op.get_bind().dialect.name == "postgresql":
        for statement in protect(LOGINS):
            op.execute(statement)
