"""A customer may look at their own readings and bills: a purpose of its own on PostgreSQL."""

from alembic import op
from sqlalchemy import text

from wattshare.custodian.store.guards import METERING, OWNERS, PEOPLE, Guard, protect

revision = "0010"
down_revision = "0009"

GUARDS = (
    Guard("customer", "id", "customer", PEOPLE),
    Guard("account", "id", "accounts", PEOPLE),
    Guard("agreement", "id", "agreements", PEOPLE),
    Guard("service_location", "id", "locations", PEOPLE),
    Guard("usage_point", "id", "points", PEOPLE),
    Guard("meter", "usage_point_id", "points", PEOPLE),
    Guard("program_enrollment", "usage_point_id", "points", PEOPLE),
    Guard("channel", "usage_point_id", "points", METERING),
    Guard("interval_block", "usage_point_id", "points", METERING),
    Guard("bill", "usage_point_id", "points", METERING),
    Guard("correction", None, "", OWNERS),
)


def upgrade() -> None:
    """Put the guards on again, with who reads now."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    # Citus takes no query in a policy
    once = bind.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")) == 0
    for guard in GUARDS:
        for statement in protect(guard, once=once):
            op.execute(statement)
