"""The second net: which rows of customers' data a transaction of PostgreSQL sees, whatever its statements ask for.

Row security is forced on every table of customers' data. A policy compares a row with what the transaction was
opened for, which stands in settings that end with it: a purpose, or, for one authorization, the ids of what that
authorization opens. They are found once, when the transaction begins (`open_authorization`); so a policy names no
other table, and is asked once a statement rather than once a row.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from wattshare.custodian.store.purposes import Purpose

PEOPLE = frozenset({Purpose.PEOPLE, Purpose.OWN, Purpose.BATCH})
METERING = frozenset({Purpose.OWN, Purpose.BATCH})
SEERS = frozenset({Purpose.PEOPLE, Purpose.OWN})
OWNERS = frozenset({Purpose.OWN})
WRITERS = frozenset({Purpose.INTAKE, Purpose.UPKEEP})
EVERY = frozenset(Purpose)
NOBODY: frozenset[Purpose] = frozenset()


@dataclass(frozen=True)
class Guard:
    """Who sees which rows of a table."""

    table: str
    # what is compared with what an authorization opens; None: an authorization opens nothing here
    column: str | None
    # the setting that lists it
    opened: str
    reads: frozenset[Purpose]
    writes: frozenset[Purpose] = WRITERS


# every table with customers' data in it, as the migrations have made it; a test compares
GUARDS = (
    Guard("authorization", "id", "authorization", EVERY, EVERY),
    Guard("authorization_usage_point", "authorization_id", "authorization", EVERY, EVERY),
    Guard("customer", "id", "customer", PEOPLE),
    Guard("account", "id", "accounts", PEOPLE),
    Guard("account_holder", "id", "holders", PEOPLE),
    Guard("account_viewer", None, "", SEERS),
    Guard("agreement", "id", "agreements", PEOPLE),
    Guard("service_location", "id", "locations", PEOPLE),
    Guard("usage_point", "id", "points", PEOPLE),
    Guard("meter", "usage_point_id", "points", PEOPLE),
    Guard("program_enrollment", "usage_point_id", "points", PEOPLE),
    # who recovers a password writes another one
    Guard("customer_login", None, "", frozenset({Purpose.PEOPLE}), WRITERS | {Purpose.PEOPLE}),
    Guard("channel", "usage_point_id", "points", METERING),
    Guard("interval_block", "usage_point_id", "points", METERING),
    Guard("segment", "usage_point_id", "points", METERING),
    Guard("bill", "usage_point_id", "points", METERING),
    Guard("correction", None, "", OWNERS),
    Guard("bill_correction", None, "", NOBODY),
)

# what a transaction is for, put down until it ends; beyond one machine this one is another (`distribution`)
PUT_DOWN = """
CREATE OR REPLACE FUNCTION put_down(name text, value text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    said := set_config('wattshare.' || name, value, true);
END $$
"""
OPEN_FOR = """
CREATE OR REPLACE FUNCTION open_for(purpose text) RETURNS void LANGUAGE plpgsql AS
$$BEGIN PERFORM put_down('purpose', purpose); END$$
"""
# what an authorization opens, put down beside it; as `open_shares` has it, but for the clock
OPEN_AUTHORIZATION = """
CREATE OR REPLACE FUNCTION open_authorization(one bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    PERFORM put_down('purpose', 'upkeep');
    SELECT
        array_agg(DISTINCT held.customer_id) AS customer,
        array_agg(DISTINCT shared.usage_point_id) AS points,
        array_agg(DISTINCT shared.agreement_id) AS agreements,
        array_agg(DISTINCT agreement.account_id) AS accounts,
        array_agg(DISTINCT holder.id) FILTER (WHERE holder.id IS NOT NULL) AS holders,
        array_agg(DISTINCT usage_point.location_id) AS locations
    INTO found
    FROM "authorization" AS held
        JOIN authorization_usage_point AS shared ON shared.authorization_id = held.id
        JOIN agreement ON agreement.id = shared.agreement_id AND agreement.usage_point_id = shared.usage_point_id
        JOIN account ON account.id = agreement.account_id
        LEFT JOIN account_holder AS holder ON holder.account_id = account.id AND holder.customer_id = held.customer_id
        JOIN usage_point ON usage_point.id = shared.usage_point_id
    WHERE held.id = one AND held.state = 'active'
        AND (account.customer_id = held.customer_id OR holder.id IS NOT NULL);
    PERFORM
        put_down('authorization', ARRAY[one]::text),
        put_down('customer', coalesce(found.customer::text, '')),
        put_down('points', coalesce(found.points::text, '')),
        put_down('agreements', coalesce(found.agreements::text, '')),
        put_down('accounts', coalesce(found.accounts::text, '')),
        put_down('holders', coalesce(found.holders::text, '')),
        put_down('locations', coalesce(found.locations::text, '')),
        put_down('purpose', 'authorization');
END $$
"""
OPENING = (PUT_DOWN, OPEN_FOR, OPEN_AUTHORIZATION)


def protect(guard: Guard, *, once: bool = True) -> Iterator[str]:
    """The statements that put a guard on its table; a former one goes.

    `once`: what is compared is read once a statement. Citus takes no query in a policy, so there it is read at each
    row.
    """
    table = f'"{guard.table}"'
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    for name in ("opened", "read", "written"):
        yield f"DROP POLICY IF EXISTS {name} ON {table}"
    if guard.column is not None:
        listed = _read(f"nullif(current_setting('wattshare.{guard.opened}', true), '')::bigint[]", once=once)
        yield f"CREATE POLICY opened ON {table} FOR SELECT USING ({guard.column} = ANY ({listed}::bigint[]))"
    if readers := guard.reads - guard.writes:
        yield f"CREATE POLICY read ON {table} FOR SELECT USING ({_among(readers, once=once)})"
    yield f"CREATE POLICY written ON {table} USING ({_among(guard.writes, once=once)})"


def _among(purposes: frozenset[Purpose], *, once: bool) -> str:
    names = ", ".join(f"'{purpose}'" for purpose in sorted(purposes))
    return _read(f"current_setting('wattshare.purpose', true) IN ({names})", once=once)


def _read(expression: str, *, once: bool) -> str:
    return f"(SELECT {expression})" if once else f"({expression})"
