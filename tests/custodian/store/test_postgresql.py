"""What only PostgreSQL has: months, copying, deadlines, and settings that may lose what was said to be done."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.exc import DBAPIError

from tests.custodian.servers import APPLICATION, OWNER, Server
from tests.custodian.store.households import T0, add_authorization, add_home, add_party
from tests.custodian.store.test_readings import FIRST, add_channel, authorize, day_block, midnight
from tests.custodian.stores import trusting
from wattshare.custodian.model.errors import BadRequest, Unavailable
from wattshare.custodian.store import readiness
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.postgresql import loses
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.store.readiness import BadDatabase
from wattshare.custodian.store.short import driver_of
from wattshare.espi.profile import PGE

LATER = 1_800_000_000


@pytest.fixture
def engine() -> str:
    """What the store is on."""
    return "postgresql"


def months(store: Store) -> list[str]:
    with store.engine.connect() as connection:
        return sorted(name for name in inspect(connection).get_table_names() if name.startswith("interval_block_"))


def test_a_month_is_opened_by_the_first_block_that_falls_into_it(store: Store) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, add_home(tx))
        # March 8 is day 0
        tx.readings.load(day_block(channel, day) for day in (0, 1, 22, 23, 24))
        tx.readings.put_block(day_block(channel, 60), "")
        tx.readings.put_block(day_block(channel, 61), "")
    assert months(store) == ["interval_block_2024_03", "interval_block_2024_04", "interval_block_2024_05"]


def test_the_first_and_the_last_day_of_a_month_are_in_it(store: Store) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, add_home(tx))
        tx.readings.load(day_block(channel, (date(2024, 4, day) - FIRST).days) for day in (1, 30))
    rows = text("SELECT count(*) FROM interval_block WHERE tableoid = 'interval_block_2024_04'::regclass")
    with store.read() as tx:
        assert tx.trail._connection.scalar(rows) == 2


def test_a_month_that_was_not_committed_is_opened_again(store: Store) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, add_home(tx))

    def fail() -> None:
        with store.begin() as tx:
            tx.readings.load([day_block(channel, 0)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert months(store) == []
    with store.begin() as tx:
        tx.readings.load([day_block(channel, 0)])
    assert months(store) == ["interval_block_2024_03"]


def test_readers_go_on_while_a_month_is_opened(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=midnight(-5))
        channel = add_channel(tx, home)
        tx.readings.load([day_block(channel, 0)])
        held = authorize(tx, home)
    impatient = trusting(Store.connect(store.engine.url.render_as_string(), store.keys, statement_seconds=5))
    with store.begin() as writer:
        writer.readings.load([day_block(channel, 40)])
        with impatient.read() as tx:
            blocks = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
            assert [block.start for block in blocks] == [midnight(0)]
    impatient.close()


def test_months_of_one_role_are_open_to_the_one_that_comes_later(server: Server, keys: Keys) -> None:
    database = server.make_database()
    owner = Store.connect(server.url(database, OWNER), keys)
    owner.upgrade()
    with owner.begin(Purpose.INTAKE) as tx:
        channel = add_channel(tx, add_home(tx))
        tx.readings.load([day_block(channel, 0)])
    later = Store.connect(server.url(database), keys)
    with pytest.raises(BadDatabase, match=r"permission denied.*db upgrade gives the right"):
        readiness.bring_up(later)
    owner.upgrade(for_role=APPLICATION)
    owner.close()
    with later.begin(Purpose.INTAKE) as tx:
        tx.readings.load([day_block(channel, 1)])
    later.close()


def test_an_upgrade_comes_back_for_tables_that_others_keep(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, told = ["40P01", "55P03"], list[Any]()

    def make(connection: Connection, _: object) -> None:
        if kept:
            connection.exec_driver_sql(f"DO $$ BEGIN RAISE SQLSTATE '{kept.pop()}'; END $$")

    monkeypatch.setattr("wattshare.custodian.store.steps.make", make)
    monkeypatch.setattr("time.sleep", told.append)
    store.upgrade(tell=told.append)
    assert told == ["Others keep a table; all of it is undone, and tried again.", 1] * 2


def test_a_load_is_a_copy_and_all_or_nothing(store: Store) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, add_home(tx))
        tx.readings.load([day_block(channel, 3)])
    with pytest.raises(DBAPIError, match="duplicate key"), store.begin() as tx:
        tx.readings.load(day_block(channel, day) for day in range(5))
    with store.read() as tx:
        assert tx.trail._connection.scalar(text("SELECT count(*) FROM interval_block")) == 1


def test_a_statement_has_a_deadline(store: Store) -> None:
    hasty = Store.connect(store.engine.url.render_as_string(), store.keys, statement_seconds=1)
    with pytest.raises(Unavailable) as refusal, hasty.read() as tx:
        tx.trail._connection.execute(text("SELECT pg_sleep(60)"))
    assert "statement timeout" in str(refusal.value.logged)
    hasty.close()


def test_two_writers_who_wait_for_each_other_are_parted(store: Store) -> None:
    with store.begin() as tx:
        names = [add_party(tx, name).name for name in ("One", "Two")]
        ids = [party.id for party in tx.parties.every()]
    met = Barrier(2)

    def work(order: list[int]) -> str:
        try:
            with store.begin() as tx:
                tx.parties.held(order[0])
                met.wait()
                tx.parties.held(order[1])
        except Unavailable as refusal:
            return str(refusal.logged)
        return "done"

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(work, (ids, ids[::-1])))
    assert names == ["One", "Two"]
    assert "deadlock detected" in told[0]
    assert told[1] == "done"


def test_nothing_is_read_ahead_of_who_asks(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=midnight(-5))
        channel = add_channel(tx, home)
        tx.readings.load(day_block(channel, day) for day in range(1, 600))
        held = authorize(tx, home)
    statements: list[tuple[bool, bool]] = []

    def sent(_connection: object, cursor: object, statement: str, *_more: object) -> None:
        statements.append((type(cursor).__name__ == "ServerCursor", "OFFSET" in statement))

    event.listen(store.engine, "before_cursor_execute", sent)
    with store.read() as tx:
        blocks = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
        assert next(blocks).start == midnight(1)
        # at first no more than what a short answer has
        assert statements[-1] == (False, False)
        assert [block.start for block in blocks] == [midnight(day) for day in range(2, 600)]
    # the rest by a cursor that is the server's, and is told so before the first row
    assert statements[-1] == (True, True)


def test_a_text_that_no_database_takes_is_a_bad_request(store: Store) -> None:
    with pytest.raises(BadRequest), store.read() as tx:
        tx.parties.by_client_id("a\x00b")


def test_what_may_lose_data_is_named(store: Store) -> None:
    # the tests' own server is in haste
    assert store.weak_settings() == ("fsync", "full_page_writes", "synchronous_commit")


def test_a_connection_that_is_cut_before_it_is_ready_is_unavailable(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with store.engine.connect() as keeper:

        def cut(driver: Any) -> None:
            own = text("SELECT pg_terminate_backend(:own)"), {"own": driver.info.backend_pid}
            keeper.execute(*own)
            driver.execute("SELECT 1")

        for kept in (store.views, store.notes):
            object.__setattr__(kept, "prepare", cut)
        for opened in (store.read, store.note, store.single_note):
            with pytest.raises(Unavailable), opened():
                pass
    # nobody was left with one, and nothing was undone on a line that is not there
    assert store.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert caplog.text == ""


def test_what_loses_prepared_statements_is_found_out(store: Store) -> None:
    assert not store.forgets()
    with store.engine.connect() as one, store.engine.connect() as other:
        first, second = driver_of(one), driver_of(other)
        first.autocommit = second.autocommit = True
        assert not loses(first, second)

        class Elsewhere:
            """Between the two, the first is given another line."""

            def execute(self, _: str) -> None:
                first.pgconn.exec_(b"DEALLOCATE ALL")

        assert loses(first, Elsewhere())


def test_no_tables_are_made_where_names_cannot_be_written(server: Server, keys: Keys) -> None:
    server.execute(
        f"CREATE DATABASE latin TEMPLATE template0 OWNER {OWNER} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    store = Store.connect(server.url("latin", OWNER), keys)
    with pytest.raises(BadDatabase, match="UTF8"):
        readiness.upgrade(store, anew=True)
    store.close()


@pytest.mark.usefixtures("server")
def test_a_database_that_is_away_is_unavailable(keys: Keys) -> None:
    pytest.importorskip("psycopg", reason="psycopg absent: install it to run the second engine")
    away = Store.connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing", keys)
    with pytest.raises(Unavailable), away.read():
        pass
    away.close()


def test_a_connection_that_was_cut_is_replaced(store: Store) -> None:
    with store.begin() as tx:
        tx.trail.write("kept", T0)
    with store.engine.connect() as connection:
        others = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'wattshare' AND pid <> pg_backend_pid()"
        )
        with pytest.raises(Unavailable), store.read():
            connection.execute(others)
    with store.read() as tx:
        assert len(tx.trail.since(0)) == 1
    # and one that is cut while nobody uses it is replaced before anybody sees it
    with store.note() as tx:
        tx.trail.write("kept", T0)
    with store.engine.connect() as connection:
        connection.execute(others)
    with store.read() as tx, store.note() as beside:
        assert len(tx.trail.since(0)) == 2
        beside.trail.write("kept", T0)


def test_a_statement_that_comes_often_is_planned_once_for_whoever_asks(store: Store) -> None:
    with store.begin() as tx:
        homes = [add_home(tx, number) for number in ("1234567890-1", "1234567891-1")]
        party = add_party(tx)
        held = [add_authorization(tx, party, home, floor=midnight(-5), starts=midnight(-5)) for home in homes]
        for home in homes:
            tx.readings.put_block(day_block(add_channel(tx, home), 0), "")
    # by turns, on the same connection, more often than the driver and the server want it before they keep a plan
    for one, home in (*zip(held, homes, strict=True),) * 8:
        with store.read(one.id) as tx:
            [channel] = tx.readings.channels_shared(one, home.usage_point.id, LATER)
            assert channel.usage_point_id == home.usage_point.id
            assert tx.trail._connection.scalar(text("SELECT count(*) FROM channel")) == 1
            plans = text("SELECT generic_plans, custom_plans FROM pg_prepared_statements")
            kept = tx.trail._connection.execute(plans).all()
    assert any(generic > custom for generic, custom in kept)
