"""Months of PostgreSQL that are filled before they have their indexes, which then are built at once."""

from alembic import op
from sqlalchemy import text

revision = "0031"
down_revision = "0030"

BEGIN_MONTH = """
CREATE FUNCTION begin_month(a_second bigint) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
DECLARE
    month timestamp := date_trunc('month', to_timestamp(a_second) AT TIME ZONE 'UTC');
    name text := 'interval_block_' || to_char(month, 'YYYY_MM');
    who record;
BEGIN
    IF to_regclass(quote_ident(name)) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('wattshare open_month', 0));
    IF to_regclass(quote_ident(name)) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    -- beyond one machine a month is cut with the others when it is attached, and must be empty
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN NULL;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE interval_block INCLUDING DEFAULTS)', name);
    FOR who IN
        SELECT granted.grantee
        FROM pg_class, aclexplode(relacl) AS granted
        WHERE pg_class.oid = 'interval_block'::regclass
            AND granted.privilege_type = 'INSERT' AND granted.grantee NOT IN (0, relowner)
    LOOP
        EXECUTE format('GRANT INSERT ON %I TO %I', name, pg_get_userbyid(who.grantee));
    END LOOP;
    RETURN name;
END $$
"""
ATTACH_MONTH = """
CREATE FUNCTION attach_month(a_second bigint) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
DECLARE
    month timestamp := date_trunc('month', to_timestamp(a_second) AT TIME ZONE 'UTC');
BEGIN
    EXECUTE format(
        'ALTER TABLE interval_block ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
        'interval_block_' || to_char(month, 'YYYY_MM'),
        extract(epoch FROM month)::bigint,
        extract(epoch FROM month + interval '1 month')::bigint
    );
END $$
"""


def upgrade() -> None:
    """Add the two halves of `open_month`; SQLite has no months."""
    if op.get_bind().dialect.name != "postgresql":
        return
    schema = op.get_bind().scalar(text("SELECT quote_ident(current_schema())"))
    for function in (BEGIN_MONTH, ATTACH_MONTH):
        op.execute(function.replace("@schema@", schema))
