"""The second net of PostgreSQL: what a transaction may see and write, whatever its statements say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import Connection, Select, Table, event, func, inspect, select, text
from sqlalchemy.exc import ProgrammingError

from tests.custodian.servers import APPLICATION, OWNER
from tests.custodian.shards import WATCH
from tests.custodian.store.households import DAY, T0, Home, add_authorization, add_home, add_party
from tests.custodian.store.test_bills import bill, put
from tests.custodian.store.test_readings import add_channel, day_block
from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.premises import Enrollment, Login, Meter, ProgramEnrollment
from wattshare.custodian.store.compaction import FIRST
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.guards import GUARDS, Guard
from wattshare.custodian.store.history import month_of
from wattshare.custodian.store.metadata import METADATA
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.profile import PGE

LATER = T0 + 900_000_000
# tables without a guard, each with the reason
OPEN = {
    "access_change": "numbers: whose rights have changed",
    "alembic_version": "which form the tables have",
    "attempt": "addresses of third parties",
    "batch": "numbers: who ordered what window",
    "browser_session": "macs, and form tokens that are sealed",
    "closed_month": "months, of nobody",
    "code": "macs",
    "consent_request": "sealed, below a session's mac",
    "counter": "the house's own numbers",
    "customer_language": "numbers, and languages",
    "delegation": "numbers: who may act for whom; a mac",
    "delta": "numbers: what was told to whom on which day",
    "expiry_told": "numbers of authorizations",
    "failure": "macs",
    "foreign_name": "macs",
    "funnel": "counts of requests, of nobody",
    "home_question": "numbers: which customer is asked about which agreement",
    "import_outcome": "reports of documents: counts, and rows that were refused",
    "imported_file": "digests of files, and counts",
    "job": "numbers of what is due",
    "message": "numbers; what is said is sealed, and gone when it is sent",
    "notice": "addresses that are told to third parties, with numbers in them",
    "one_time_code": "macs and numbers; what was typed is sealed",
    "outage": "when the house is closed, of nobody",
    "part": "names of files",
    "part_authorization": "numbers: whose data is in which file",
    "passage": "numbers: how far an app's request came, until it is over",
    "program_code": "names of codes",
    "rate": "counts of requests",
    "reading_type": "what readings mean, of nobody",
    "receipt": "numbers; what is said is sealed",
    "receiver": "addresses of third parties",
    "record_change": "which fields changed, without their values",
    "recovery_link": "macs and numbers; what was typed is sealed",
    "refresh_token": "macs",
    "reminded": "numbers of authorizations",
    "revision": "counts of intakes",
    "under_way": "a number and a second, and on SQLite only",
    "schedule": "when chores are due",
    "signing_key": "the house's own keys, sealed",
    "third_party": "registrations; what is secret in them is sealed",
    "third_party_login": "macs and hashes",
    "token": "macs",
    "trail": "numbers; nobody may change it",
    "turn": "numbers: which third party was served last",
}


@pytest.fixture
def engine() -> Iterator[str]:
    """What has the net. Whole tables are asked for here, which the house never does."""
    with WATCH.off():
        yield "postgresql"


@dataclass(frozen=True, kw_only=True)
class Two:
    """Two customers with a row in every table, and the authorization of the first."""

    held: Authorization
    mine: Home
    other: Home


@pytest.fixture
def two(store: Store) -> Two:
    """Two customers who share the same with the same third party."""
    with store.begin() as tx:
        party = add_party(tx)
        homes = [furnished(tx, f"123456789{number}") for number in range(2)]
        held, _ = (add_authorization(tx, party, home) for home in homes)
    return Two(held=held, mine=homes[0], other=homes[1])


def furnished(tx: Tx, number: str) -> Home:
    """A home with something in every table."""
    home = add_home(tx, number)
    point = home.usage_point.id
    tx.customers.add_meter(Meter(usage_point_id=point, serial=f"M{number}", type="electricity", installed=T0))
    home = replace(home, holder=tx.holders.put(home.account.id, home.customer.id, starts=T0 - 900 * DAY))
    tx.viewers.put(home.account.id, home.customer.id, starts=T0)
    tx.customers.add_login(Login(customer_id=home.customer.id, login=number, password_hash="argon2id"))
    tx.programs.put(ProgramEnrollment(usage_point_id=point, program="Saver", status=Enrollment.ENROLLED))
    channel = add_channel(tx, home)
    tx.readings.put_block(day_block(channel, -20), "")
    assert tx.history.close(month_of(day_block(channel, -20).start), FIRST, LATER)
    tx.readings.put_block(day_block(channel, 0), "")
    tx.readings.put_block(day_block(channel, 0, value=7, revision=2), "corrected")
    put(tx, home, bill(T0 + DAY), T0 + 40 * DAY)
    put(tx, home, bill(T0 + DAY, amount=7), T0 + 40 * DAY, revision=2)
    return home


def count(tx: Tx, table: Table) -> int:
    return int(tx.trail._connection.scalar(select(func.count()).select_from(table)) or 0)


def test_every_table_has_a_guard_or_a_reason(store: Store) -> None:
    """A new table comes here: give it a guard in a migration and in `guards.GUARDS`, or say why it needs none."""
    with store.read() as tx:
        connection = tx.trail._connection
        names = {
            row.relname: row
            for row in connection.execute(
                text(
                    "SELECT relname, relrowsecurity, relforcerowsecurity, relispartition,"
                    " has_table_privilege(oid, 'SELECT,UPDATE,DELETE') AS readable, pg_get_userbyid(relowner) AS owner"
                    " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
                )
            )
        }
    guarded = {guard.table for guard in GUARDS}
    assert guarded.isdisjoint(OPEN)
    for name, row in names.items():
        assert row.owner == OWNER
        if row.relispartition:
            assert not row.readable, name
        else:
            assert (name in guarded) == (row.relrowsecurity and row.relforcerowsecurity), name
            assert name in guarded or name in OPEN, name


def test_the_guards_are_those_of_the_code(store: Store) -> None:
    asked = text("SELECT tablename, policyname, cmd, coalesce(qual, '') FROM pg_policies ORDER BY 1, 2")
    with store.read() as tx:
        found = {(table, policy): (cmd, rule) for table, policy, cmd, rule in tx.trail._connection.execute(asked)}
    expected = {(guard.table, policy) for guard in GUARDS for policy in policies_of(guard)}
    assert set(found) == expected
    for guard in GUARDS:
        if guard.column is not None:
            assert f"wattshare.{guard.opened}" in found[guard.table, "opened"][1]
        for purpose in Purpose:
            assert (f"'{purpose}'" in found[guard.table, "written"][1]) == (purpose in guard.writes)


def policies_of(guard: Guard) -> Iterator[str]:
    yield "written"
    if guard.column is not None:
        yield "opened"
    if guard.reads - guard.writes:
        yield "read"


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.table)
def test_an_authorization_sees_its_own_rows_and_no_others(store: Store, two: Two, guard: Guard) -> None:
    table = METADATA.tables[guard.table]
    with store.read() as tx:
        every = tx.trail._connection.execute(select(table)).mappings().all()
    assert len(every) == 2
    with store.read(two.held.id) as tx:
        seen = tx.trail._connection.execute(select(table)).mappings().all()
    with store.read() as tx:
        # what began for everything, and goes on for one
        tx.narrow(two.held.id)
        assert tx.trail._connection.execute(select(table)).mappings().all() == seen
    if guard.column is None:
        assert seen == []
        return
    assert two.mine.holder is not None
    mine = {
        "authorization": [two.held.id],
        "customer": [two.mine.customer.id],
        "accounts": [two.mine.account.id],
        "holders": [two.mine.holder.id],
        "agreements": [two.mine.agreement.id],
        "locations": [two.mine.usage_point.location_id],
        "points": [two.mine.usage_point.id],
    }
    assert [row[guard.column] for row in seen] == mine[guard.opened]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_purpose_sees_what_it_says(store: Store, two: Two, purpose: Purpose) -> None:
    with store.read(purpose) as tx:
        for guard in GUARDS:
            opened = purpose in guard.reads | guard.writes
            assert count(tx, METADATA.tables[guard.table]) == (2 if opened else 0), guard.table


def test_who_says_nothing_sees_nothing_of_a_customer(store: Store, two: Two) -> None:
    with replace(store, purpose=Purpose.HOUSE).read() as tx:
        assert count(tx, METADATA.tables["interval_block"]) == 0
        assert tx.customers.customer(two.mine.customer.id) is None
    with store.engine.connect() as connection:
        for guard in GUARDS:
            assert connection.execute(select(METADATA.tables[guard.table])).all() == []


def test_what_a_transaction_was_for_ends_with_it(store: Store, two: Two) -> None:
    with store.engine.connect() as connection:
        for _ in range(2):
            narrowed = connection.execution_options(wattshare_for=two.held.id)
            with narrowed.begin():
                assert len(narrowed.execute(select(METADATA.tables["interval_block"])).all()) == 1
            plain = connection.execution_options(wattshare_for=Purpose.HOUSE)
            with plain.begin():
                assert plain.execute(select(METADATA.tables["interval_block"])).all() == []


def test_an_authorization_that_has_ended_opens_nothing(store: Store, two: Two) -> None:
    with store.begin() as tx:
        tx.authorizations.change(two.held.moved(State.ENDED, at=T0 + 1, why=Ending.CUSTOMER))
    with store.read(two.held.id) as tx:
        for guard in GUARDS:
            itself = guard.opened == "authorization"
            assert count(tx, METADATA.tables[guard.table]) == int(itself), guard.table


# statements that forget


@contextmanager
def forgetful(store: Store) -> Iterator[list[str]]:
    """Every query of the store goes out without its WHERE. What was forgotten."""
    forgotten: list[str] = []

    def strip(_: Connection, statement: Any, multiparams: Any, params: Any, __: Any) -> tuple[Any, Any, Any]:
        if isinstance(statement, Select) and statement._where_criteria:
            forgotten.append(str(statement))
            statement = statement._clone()
            statement._where_criteria = ()
        return statement, multiparams, params

    event.listen(store.engine, "before_execute", strip, retval=True)
    try:
        yield forgotten
    finally:
        event.remove(store.engine, "before_execute", strip)


def points_told(tx: Tx, held: Authorization, asked: int) -> Iterator[int]:
    """The usage points of everything that an authorization is given, asked for one of them."""
    yield from (point.id for point in tx.readings.usage_points(held, LATER))
    yield from (channel.usage_point_id for channel in tx.readings.channels_shared(held, asked, LATER))
    yield from (block.usage_point_id for block in tx.readings.blocks(held, asked, 1, None, LATER, PGE))
    yield from (block.usage_point_id for block in tx.readings.latest_blocks(held, asked, 1, None, LATER))
    yield from (one.usage_point_id for one in tx.programs.of([asked]))
    yield from (service.usage_point.id for service in tx.customers.shared(held, LATER))


def test_a_statement_that_forgets_its_where_shows_nothing_of_others(store: Store, two: Two) -> None:
    theirs = two.other.usage_point.id
    with forgetful(store) as forgotten:
        # without the net, everybody's
        with store.read(Purpose.INTAKE) as tx:
            assert set(points_told(tx, two.held, theirs)) == {two.mine.usage_point.id, theirs}
            assert len(tx.bills.of(two.held, theirs, None, LATER, PGE)) == 2
            everybodys = tx.readings.extent(two.held, None, LATER, PGE)
            assert everybodys is not None
            assert everybodys.count > 2
        with store.read(two.held.id) as tx:
            assert set(points_told(tx, two.held, theirs)) == {two.mine.usage_point.id}
            assert len(tx.bills.of(two.held, theirs, None, LATER, PGE)) == 1
            extent = tx.readings.extent(two.held, None, LATER, PGE)
            assert extent is not None
            # one in a segment, one in a row
            assert extent.count == 2
    assert len(forgotten) > 10


# writing


@pytest.mark.parametrize("purpose", [Purpose.HOUSE, Purpose.PEOPLE, Purpose.BATCH])
def test_only_an_intake_writes_what_customers_have(store: Store, two: Two, purpose: Purpose) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), store.begin(purpose) as tx:
        tx.customers.add_customer("Robin Field")
    with store.begin(purpose) as tx:
        # rows that are not seen are not changed
        tx.customers.change_customer(replace(two.mine.customer, name="Somebody Else"))
    with store.read() as tx:
        assert tx.customers.customer(two.mine.customer.id) == two.mine.customer


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE interval_block NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY opened ON interval_block",
        "SELECT * FROM interval_block_2024_03",
        "TRUNCATE customer",
        "DELETE FROM trail",
        f"SET LOCAL ROLE {OWNER}",
    ],
)
def test_the_role_of_the_application_cannot_lift_the_net(store: Store, two: Two, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"must be owner|permission denied"), store.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_the_owner_is_held_by_the_net_too(store: Store, two: Two) -> None:
    owner = Store.connect(store.engine.url.set(username=OWNER).render_as_string(), store.keys)
    with owner.engine.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == OWNER
        assert inspect(connection).has_table("interval_block")
        assert connection.execute(select(METADATA.tables["interval_block"])).all() == []
    owner.close()
    assert store.engine.url.username == APPLICATION
