"""Authorizations, codes, tokens, sessions and the trail."""

import sqlalchemy as sa
from alembic import op

from wattshare.custodian.store.metadata import Big

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    _authorization()
    _authorization_usage_point()
    _code()
    _token()
    _refresh_token()
    _browser_session()
    _consent_request()
    _failure()
    _trail()
    _trail_is_append_only()


def _authorization() -> None:
    op.create_table(
        "authorization",
        sa.Column("id", Big, primary_key=True, autoincrement=False),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), nullable=False),
        sa.Column("entry", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id")),
        sa.Column("kinds", sa.JSON, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("starts", Big, nullable=False),
        sa.Column("ends", Big),
        sa.Column("floor", Big, nullable=False),
        sa.Column("version", Big, nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("changed_at", Big, nullable=False),
        sa.Column("ended_at", Big),
        sa.Column("ending", sa.String),
        sa.Column("replaces_id", Big, sa.ForeignKey("authorization.id")),
        sa.Column("primary_id", Big, sa.ForeignKey("authorization.id")),
        sa.Column("offline", sa.Boolean, nullable=False),
    )
    op.create_index("ix_authorization_customer_id", "authorization", ["customer_id"])
    op.create_index("ix_authorization_primary_id", "authorization", ["primary_id"])
    op.create_index("ix_authorization_state", "authorization", ["state", "ends"])
    op.create_index("ix_authorization_third_party_id", "authorization", ["third_party_id", "state"])


def _authorization_usage_point() -> None:
    op.create_table(
        "authorization_usage_point",
        sa.Column("authorization_id", Big, sa.ForeignKey("authorization.id"), primary_key=True),
        sa.Column("usage_point_id", Big, sa.ForeignKey("usage_point.id"), primary_key=True),
        sa.Column("agreement_id", Big, sa.ForeignKey("agreement.id"), primary_key=True),
    )
    op.create_index("ix_authorization_usage_point_agreement_id", "authorization_usage_point", ["agreement_id"])
    op.create_index("ix_authorization_usage_point_usage_point_id", "authorization_usage_point", ["usage_point_id"])


def _code() -> None:
    op.create_table(
        "code",
        sa.Column("id", Big, primary_key=True),
        sa.Column("mac", sa.String, nullable=False),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), nullable=False),
        sa.Column("authorization_id", Big, sa.ForeignKey("authorization.id")),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("challenge", sa.String),
        sa.Column("issued_at", Big, nullable=False),
        sa.Column("expires_at", Big, nullable=False),
        sa.Column("used_at", Big),
        sa.Column("ended_at", Big),
        sa.UniqueConstraint("mac"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_code_authorization_id", "code", ["authorization_id"])
    op.create_index("ix_code_expires_at", "code", ["expires_at"])
    op.create_index("ix_code_third_party_id", "code", ["third_party_id"])


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("id", Big, primary_key=True),
        sa.Column("mac", sa.String, nullable=False),
        sa.Column("bearer_class", sa.String, nullable=False),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), nullable=False),
        sa.Column("authorization_id", Big, sa.ForeignKey("authorization.id")),
        sa.Column("family", Big, sa.ForeignKey("code.id")),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("issued_at", Big, nullable=False),
        sa.Column("expires_at", Big, nullable=False),
        sa.Column("ended_at", Big),
        sa.UniqueConstraint("mac"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_token_authorization_id", "token", ["authorization_id"])
    op.create_index("ix_token_expires_at", "token", ["expires_at"])
    op.create_index("ix_token_family", "token", ["family"])
    op.create_index("ix_token_third_party_id", "token", ["third_party_id"])


def _refresh_token() -> None:
    op.create_table(
        "refresh_token",
        sa.Column("id", Big, primary_key=True),
        sa.Column("mac", sa.String, nullable=False),
        sa.Column("third_party_id", Big, sa.ForeignKey("third_party.id"), nullable=False),
        sa.Column("authorization_id", Big, sa.ForeignKey("authorization.id")),
        sa.Column("family", Big, sa.ForeignKey("code.id"), nullable=False),
        sa.Column("token_id", Big, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("issued_at", Big, nullable=False),
        sa.Column("expires_at", Big, nullable=False),
        sa.Column("rotated_at", Big),
        sa.Column("ended_at", Big),
        sa.UniqueConstraint("mac"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_refresh_token_authorization_id", "refresh_token", ["authorization_id"])
    op.create_index("ix_refresh_token_expires_at", "refresh_token", ["expires_at"])
    op.create_index("ix_refresh_token_family", "refresh_token", ["family"])
    op.create_index("ix_refresh_token_third_party_id", "refresh_token", ["third_party_id"])


def _browser_session() -> None:
    op.create_table(
        "browser_session",
        sa.Column("mac", sa.String, primary_key=True),
        sa.Column("customer_id", Big, sa.ForeignKey("customer.id")),
        sa.Column("form_token", sa.Text, nullable=False),
        sa.Column("guest", sa.Boolean, nullable=False),
        sa.Column("expires_at", Big, nullable=False),
    )
    op.create_index("ix_browser_session_customer_id", "browser_session", ["customer_id"])
    op.create_index("ix_browser_session_expires_at", "browser_session", ["expires_at"])


def _consent_request() -> None:
    op.create_table(
        "consent_request",
        sa.Column("session_mac", sa.String, sa.ForeignKey("browser_session.mac"), primary_key=True),
        sa.Column("request_id", sa.String, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("expires_at", Big, nullable=False),
    )
    op.create_index("ix_consent_request_expires_at", "consent_request", ["expires_at"])


def _failure() -> None:
    op.create_table(
        "failure",
        sa.Column("id", Big, primary_key=True),
        sa.Column("mac", sa.String, nullable=False),
        sa.Column("at", Big, nullable=False),
    )
    op.create_index("ix_failure_at", "failure", ["at"])
    op.create_index("ix_failure_mac", "failure", ["mac", "at"])


def _trail() -> None:
    op.create_table(
        "trail",
        sa.Column("id", Big, primary_key=True),
        sa.Column("at", Big, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("third_party_id", Big),
        sa.Column("authorization_id", Big),
        sa.Column("endpoint", sa.String),
        sa.Column("window", sa.String),
        sa.Column("count", Big),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("correlation_id", sa.String),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trail_at", "trail", ["at"])
    op.create_index("ix_trail_authorization_id", "trail", ["authorization_id", "id"])
    op.create_index("ix_trail_third_party_id", "trail", ["third_party_id", "id"])


def _trail_is_append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER trail_{change.lower()} BEFORE {change} ON trail"
                " BEGIN SELECT RAISE(ABORT, 'the trail is never changed'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'the % is never changed', TG_TABLE_NAME USING ERRCODE = '23514'; END$$"
    )
    op.execute(
        "CREATE TRIGGER trail_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trail"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
