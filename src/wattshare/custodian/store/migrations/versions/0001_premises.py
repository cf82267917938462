"""Numbers, third parties, customers and what is metered for them."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _counter()
    _third_party()
    _third_party_login()
    _customer()
    _account()
    _service_location()
    _usage_point()
    _agreement()
    _meter()
    _customer_login()
    _program_enrollment()
    _program_code()


def _counter() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", Big, nullable=False),
    )


def _third_party() -> None:
    op.create_table(
        "third_party",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("user_type", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("partner_id", Big, sa.ForeignKey("third_party.id")),
        sa.Column("standing", sa.String, nullable=False),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("application_id", sa.String, nullable=False),
        sa.Column("redirect_uris", sa.JSON, nullable=False),
        sa.Column("portal_uri", sa.String),
        sa.Column("notification_uri", sa.String),
        sa.Column("notify_daily", sa.Boolean, nullable=False),
        sa.Column("kinds_required", sa.JSON, nullable=False),
        sa.Column("kinds_optional", sa.JSON, nullable=False),
        sa.Column("history_days", Big, nullable=False),
        sa.Column("visible", sa.Boolean, nullable=False),
        sa.Column("pkce_required", sa.Boolean, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("contacts", sa.Text, nullable=False),
        sa.Column("certificate", sa.Text),
        sa.Column("certificate_sha256", sa.String),
        sa.Column("registered_at", Big, nullable=False),
        sa.Column("connectivity_test_at", Big),
        sa.Column("oauth_test_at", Big),
        sa.Column("due_at", Big, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("secret_mac", sa.String, nullable=False),
        sa.Column("registration_token", sa.Text, nullable=False),
        sa.Column("registration_token_mac", sa.String, nullable=False),
        sa.UniqueConstraint("application_id"),
        sa.UniqueConstraint("client_id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("registration_token_mac"),
    )
    op.create_index("ix_third_party_certificate_sha256", "third_party", ["certificate_sha256"])


def _third_party_login() -> None:
    op.create_table(
        "third_party_login",
        sa.Column("login_mac", sa.String, primary_key=True),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
    )
    op.create_index("ix_third_party_login_third_party_id", "third_party_login", ["third_party_id"])


def _customer() -> None:
    op.create_table(
        "customer",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("customer_class", sa.String, nullable=False),
    )


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id"), nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("number_mac", sa.String, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("phone_mac", sa.String),
        sa.Column("mailing", sa.Text),
        sa.Column("bill_cycle", sa.String),
        sa.UniqueConstraint("number_mac"),
    )
    op.create_index("ix_account_customer_id", "account", ["customer_id"])


def _service_location() -> None:
    op.create_table(
        "service_location",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("address", sa.Text, nullable=False),
    )


def _usage_point() -> None:
    op.create_table(
        "usage_point",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("commodity", sa.String, nullable=False),
        sa.Column("location_id", Big, sa.ForeignKey("service_location.id")),
        sa.Column("extra", sa.Text),
    )


def _agreement() -> None:
    op.create_table(
        "agreement",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("usage_point_id", Big, sa.ForeignKey("usage_point.id"), nullable=False),
        sa.Column("account_id", Big, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("starts", Big, nullable=False),
        sa.Column("ends", Big),
        sa.Column("tariff", sa.String),
    )
    op.create_index("ix_agreement_account_id", "agreement", ["account_id"])
    op.create_index("ix_agreement_usage_point_id", "agreement", ["usage_point_id", "starts"])


def _meter() -> None:
    op.create_table(
        "meter",
        sa.Column("usage_point_id", Big, sa.ForeignKey("usage_point.id"), primary_key=True),
        sa.Column("serial", sa.String, primary_key=True),
        sa.Column("utc_number", sa.String),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("interval_length", Big),
        sa.Column("installed", Big, nullable=False),
        sa.Column("removed", Big),
    )


def _customer_login() -> None:
    op.create_table(
        "customer_login",
        sa.Column("login_mac", sa.String, primary_key=True),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id"), nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
    )
    op.create_index("ix_customer_login_customer_id", "customer_login", ["customer_id"])


def _program_enrollment() -> None:
    op.create_table(
        "program_enrollment",
        sa.Column("usage_point_id", Big, sa.ForeignKey("usage_point.id"), primary_key=True),
        sa.Column("program", sa.String, primary_key=True),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("description_uri", sa.String),
        sa.Column("dates", sa.JSON, nullable=False),
        sa.Column("capacity_reservation", Big),
        sa.Column("nomination", Big),
        sa.Column("power_of_ten", Big, nullable=False),
    )


def _program_code() -> None:
    op.create_table(
        "program_code",
        sa.Column("what", sa.String, primary_key=True),
        sa.Column("code", Big, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("note", sa.Text),
    )
