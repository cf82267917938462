"""Row security on PostgreSQL, and months that the application's role may open without owning the tables."""

from alembic import op
from sqlalchemy import text

from wattshare.custodian.store.guards import EVERY, METERING, NOBODY, PEOPLE, Guard, protect
from wattshare.custodian.store.purposes import Purpose

revision = "0007"
down_revision = "0006"

GUARDS = (
    Guard("authorization", "id", "authorization", EVERY, EVERY),
    Guard("authorization_usage_point", "authorization_id", "authorization", EVERY, EVERY),
    Guard("customer", "id", "customer", PEOPLE),
    Guard("account", "id", "accounts", PEOPLE),
    Guard("agreement", "id", "agreements", PEOPLE),
    Guard("service_location", "id", "locations", PEOPLE),
    Guard("usage_point", "id", "points", PEOPLE),
    Guard("meter", "usage_point_id", "points", PEOPLE),
    Guard("program_enrollment", "usage_point_id", "points", PEOPLE),
    Guard("customer_login", None, "", frozenset({Purpose.PEOPLE})),
    Guard("channel", "usage_point_id", "points", METERING),
    Guard("interval_block", "usage_point_id", "points", METERING),
    Guard("bill", "usage_point_id", "points", METERING),
    Guard("correction", None, "", NOBODY),
    Guard("bill_correction", None, "", NOBODY),
)


def upgrade() -> None:
    """Guard the tables; what transactions call for it comes with the next step."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for guard in GUARDS:
        for statement in protect(guard):
            op.execute(statement)
    _open_month()


def _open_month() -> None:
    """Months belong to the owner of the table; who may insert there may insert into them, and do nothing else.

    COPY does not go through row security: it goes into the month itself, out of which the role cannot read.
    """
    schema = op.get_bind().scalar(text("SELECT quote_ident(current_schema())"))
    op.execute("DROP FUNCTION open_month(bigint)")
    op.execute(
        """
        CREATE FUNCTION open_month(a_second bigint) RETURNS text LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
        DECLARE
            month timestamp := date_trunc('month', to_timestamp(a_second) AT TIME ZONE 'UTC');
            name text := 'interval_block_' || to_char(month, 'YYYY_MM');
            who record;
        BEGIN
            IF to_regclass(quote_ident(name)) IS NOT NULL THEN
                RETURN name;
            END IF;
            PERFORM pg_advisory_xact_lock(hashtextextended('wattshare open_month', 0));
            IF to_regclass(quote_ident(name)) IS NOT NULL THEN
                RETURN name;
            END IF;
            EXECUTE format('CREATE TABLE %I (LIKE interval_block INCLUDING DEFAULTS)', name);
            EXECUTE format(
                'ALTER TABLE interval_block ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                name,
                extract(epoch FROM month)::bigint,
                extract(epoch FROM month + interval '1 month')::bigint
            );
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
        """.replace("@schema@", schema)
    )
