"""Tables over several machines: what is run for it, and that every statement says for which usage point it is.

Citus is not here. What can be shown without it: the statements are right SQL, in an order that can be taken up again;
afterwards the net holds without a query in any policy.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from tests.custodian.servers import OWNER, Server
from tests.custodian.shards import WATCH, silent_of
from tests.custodian.store.households import add_authorization, add_home, add_party
from tests.custodian.store.test_readings import add_channel, day_block
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.distribution import COLUMN, DISTRIBUTED, REFERENCE, NoCitus, between
from wattshare.custodian.store.guards import GUARDS
from wattshare.custodian.store.metadata import METADATA
from wattshare.custodian.store.purposes import Purpose

# what Citus brings, as far as it is asked: the places of tables, and functions that write them down
STAND_IN = """
CREATE TABLE pg_dist_node (groupid int, isactive bool);
INSERT INTO pg_dist_node VALUES (0, true), (1, true);
CREATE TABLE pg_dist_partition (logicalrelid regclass);
CREATE FUNCTION create_reference_table(which regclass) RETURNS void LANGUAGE sql AS
    $$INSERT INTO pg_dist_partition VALUES (which)$$;
CREATE FUNCTION create_distributed_table(which regclass, by text, colocate_with text) RETURNS void LANGUAGE plpgsql AS
    $$BEGIN
        IF EXISTS (SELECT FROM pg_policy WHERE polrelid = which) THEN RAISE EXCEPTION 'policies'; END IF;
        IF EXISTS (
            SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = which AND conrelid NOT IN
                (SELECT logicalrelid FROM pg_dist_partition)
        ) THEN RAISE EXCEPTION 'referred to'; END IF;
        INSERT INTO pg_dist_partition VALUES (which);
    END$$;
GRANT ALL ON pg_dist_node, pg_dist_partition TO PUBLIC;
INSERT INTO pg_extension VALUES (99999, 'citus', 10, 2200, false, '12.1', NULL, NULL);
"""


@pytest.fixture
def engine() -> str:
    """What can be distributed."""
    return "postgresql"


@pytest.fixture
def owner(store: Store, server: Server, migrated: str) -> Iterator[Store]:
    """A database of its own, as the owner of its tables."""
    made = Store.connect(server.url(server.make_database(migrated), OWNER), store.keys)
    yield made
    made.close()


def stand_in(server: Server, store: Store) -> None:
    """Put the stand-in for Citus into a database."""
    with server.connect(str(store.engine.url.database)) as connection:
        connection.execute("SET allow_system_table_mods = on")
        connection.execute(STAND_IN)


def test_without_citus_nothing_is_changed(owner: Store) -> None:
    before = catalogue(owner)
    with pytest.raises(NoCitus, match=r"citus is not in this database. Nothing was changed"):
        next(owner.distribute())
    assert catalogue(owner) == before


def test_to_show_is_not_to_run(owner: Store, server: Server) -> None:
    stand_in(server, owner)
    before = catalogue(owner)
    shown = list(owner.distribute(show=True))
    assert len(shown) > len(DISTRIBUTED + REFERENCE)
    assert catalogue(owner) == before


def test_it_can_be_stopped_anywhere_and_run_again(owner: Store, server: Server) -> None:
    stand_in(server, owner)
    every = len(list(owner.distribute(show=True)))
    for stopped in range(1, every, 7):
        steps = owner.distribute()
        for _ in range(stopped):
            if next(steps, None) is None:
                break
        steps.close()  # type: ignore[attr-defined]  # a generator
    list(owner.distribute())
    assert list(owner.distribute()) == []
    with owner.engine.connect() as connection:
        placed = set(connection.scalars(text("SELECT logicalrelid::regclass::text FROM pg_dist_partition")))
        assert {name.strip('"') for name in placed} == {*DISTRIBUTED, *REFERENCE}
        for constraint in between():
            named = {"name": constraint.name}
            assert connection.scalar(text("SELECT count(*) FROM pg_constraint WHERE conname = :name"), named) == 1


def test_the_net_holds_on_distributed_tables(owner: Store, server: Server) -> None:
    stand_in(server, owner)
    list(owner.distribute())
    asked = text("SELECT polrelid::regclass::text, pg_get_expr(polqual, polrelid) FROM pg_policy")
    with owner.engine.connect() as connection:
        rules = [rule for table, rule in connection.execute(asked) if table.strip('"') in DISTRIBUTED + REFERENCE]
    assert len(rules) > len(DISTRIBUTED)
    assert not [rule for rule in rules if "SELECT" in rule]
    app = Store.connect(owner.engine.url.set(username="wattshare").render_as_string(), owner.keys)
    with app.begin(Purpose.INTAKE) as tx:
        party = add_party(tx)
        homes = [add_home(tx, f"123456789{number}") for number in range(2)]
        held, _ = (add_authorization(tx, party, home) for home in homes)
        for home in homes:
            tx.readings.put_block(day_block(add_channel(tx, home), 0), "")
    every = text("SELECT usage_point_id FROM interval_block")
    with app.read(held.id) as tx:
        assert tx.trail._connection.scalars(every).all() == [homes[0].usage_point.id]
        assert tx.trail._connection.scalar(text("SELECT count(*) FROM customer")) == 1
    with app.read() as tx:
        assert tx.trail._connection.scalars(every).all() == []
    with app.read(Purpose.BATCH) as tx:
        assert len(tx.trail._connection.scalars(every).all()) == 2
    app.close()


# what the tables are


def test_every_table_of_a_usage_point_has_a_place() -> None:
    with_point = {table.name for table in METADATA.tables.values() if COLUMN in table.c}
    assert with_point <= {*DISTRIBUTED, *REFERENCE}
    # asked by themselves, never beside what is metered
    alone = {"customer_login", "account_viewer"}
    assert {guard.table for guard in GUARDS} - alone <= {*DISTRIBUTED, *REFERENCE}


@pytest.mark.parametrize("name", DISTRIBUTED)
def test_what_is_cut_starts_with_its_usage_point_and_refers_to_no_other(name: str) -> None:
    table = METADATA.tables[name]
    assert table.primary_key.columns.keys()[0] == COLUMN
    for constraint in table.foreign_key_constraints:
        assert constraint.referred_table.name in DISTRIBUTED + REFERENCE
        if constraint.referred_table.name in DISTRIBUTED:
            assert COLUMN in [element.parent.name for element in constraint.elements]
    for unique in table.constraints:
        columns = getattr(unique, "columns", None)
        if type(unique).__name__ == "UniqueConstraint" and columns is not None:
            assert COLUMN in columns


def test_what_is_everywhere_refers_to_what_is_everywhere_already() -> None:
    for place, name in enumerate(REFERENCE):
        for constraint in METADATA.tables[name].foreign_key_constraints:
            assert constraint.referred_table.name in REFERENCE[: place + 1]


def catalogue(store: Store) -> list[tuple[object, ...]]:
    """Tables, policies and keys as they are."""
    asked = (
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        "SELECT polrelid::regclass, polname, pg_get_expr(polqual, polrelid) FROM pg_policy",
        "SELECT conrelid::regclass, conname FROM pg_constraint",
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    )
    with store.engine.connect() as connection:
        return [tuple(row) for query in asked for row in sorted(connection.execute(text(query)).all(), key=repr)]


# what is sent: `shards.WATCH` looks at every statement of every test on PostgreSQL


@pytest.mark.parametrize(
    ("statement", "silent"),
    [
        ("SELECT interval_block.start FROM interval_block WHERE interval_block.usage_point_id = %(a)s", []),
        ("SELECT bill.kind FROM share JOIN bill ON bill.usage_point_id = share.usage_point_id", []),
        ("SELECT 1 FROM bill AS other WHERE share.usage_point_id = other.usage_point_id", []),
        ("SELECT channel.number FROM channel WHERE channel.usage_point_id IN (SELECT 1)", []),
        ("SELECT interval_block.start FROM interval_block WHERE interval_block.start = %(a)s", ["interval_block"]),
        (
            "SELECT 1 FROM bill WHERE bill.usage_point_id = 1 AND EXISTS (SELECT 1 FROM bill AS other)",
            ["bill"],
        ),
        ("SELECT channel.usage_point_id FROM channel, share WHERE share.a = 1", ["channel"]),
        ("UPDATE bill SET kind=%(a)s WHERE bill.revision = 1", ["bill"]),
        ("UPDATE bill SET kind=%(a)s, channel=1 WHERE bill.usage_point_id = 1", []),
        ("UPDATE bill SET usage_point_id=%(a)s, kind=%(b)s WHERE bill.usage_point_id = 1", ["bill"]),
        ("DELETE FROM correction", ["correction"]),
        ("INSERT INTO channel (number) VALUES (1)", ["channel"]),
        ("INSERT INTO channel (usage_point_id, number) VALUES (1, 1)", []),
        ("SELECT bill_correction.at FROM bill_correction WHERE bill.usage_point_id = 1", ["bill_correction"]),
    ],
)
def test_a_statement_that_does_not_say_its_usage_point_is_noticed(statement: str, silent: list[str]) -> None:
    assert silent_of(statement) == silent


def test_what_the_store_sends_is_looked_at(store: Store) -> None:
    before = WATCH.touched
    with store.read() as tx:
        tx.readings.channels(1)
        with pytest.raises(AssertionError, match="without usage_point_id"):
            tx.readings._connection.execute(METADATA.tables["interval_block"].select())
    assert WATCH.touched > before
