"""What SQLite takes in by many small transactions: others read and write meanwhile, and see nothing of it."""

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from tests.custodian.servers import OpenStore
from tests.custodian.services.taking import NOW, readings_of
from tests.custodian.services.test_parquet import plain
from tests.custodian.services.test_tables import POINT, meaning
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.store import taking
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.imports import Imports
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.profile import PGE

pa = pytest.importorskip("pyarrow", reason="pip install 'wattshare[parquet]'")
pq = pytest.importorskip("pyarrow.parquet")

HOUR = 3600
# of the file
DAYS = 6


@pytest.fixture
def store(tmp_path: Path, open_store: OpenStore) -> Store:
    """On SQLite: PostgreSQL shows nobody what is not committed."""
    return open_store(tmp_path, "sqlite")


def take(store: Store, data: bytes, meanwhile: Callable[[], None] = lambda: None, **wanted: bool) -> Report:
    """Take Parquet in; all of it is written, but for the last transaction, when `meanwhile` is called."""

    def tell(what: str, done: int, total: int) -> None:
        if what == "storing" and done == DAYS <= total:
            meanwhile()

    asked = Wanted(mapping=meaning(time={"zone": "offset"}), tell=tell, **wanted)  # type: ignore[arg-type]
    return Door(Intake(store, lambda: NOW, PGE)).take(io.BytesIO(data), "readings.parquet", asked)


def digest(store: Store) -> str:
    with store.read() as tx:
        return tx.content.digest()


def rows(store: Store, table: str = "interval_block") -> int:
    with store.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def test_others_write_and_see_nothing_before_the_last_transaction(store: Store) -> None:
    before, seen = digest(store), list[object]()

    def meanwhile() -> None:
        with store.begin() as tx:
            tx.trail.write("disclosed", NOW)
        with store.read() as tx:
            spans = tx.completeness.spans([POINT, POINT + 1])
            seen.extend((digest(store), spans, tx.readings.first_day(POINT), tx.revisions.last(), rows(store)))

    assert take(store, plain(), meanwhile).readings == Tally(new=142)
    # the rows are there
    assert seen == [before, {}, None, 0, 6]
    assert readings_of(store, POINT).total() == 71
    assert rows(store, "under_way") == 0


@pytest.mark.parametrize(("seconds", "slices"), [(0, [2, 4, 5, 6]), (3600, [5, 6])])
def test_who_writes_meanwhile_gets_in_between_two_slices(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: int, slices: list[int]
) -> None:
    """The file comes in two pieces, of five days and of one."""
    written = list[int]()

    def come(_: float) -> None:
        # who does not wait at all
        with closing(sqlite3.connect(str(store.engine.url.database), timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
            written.append(other.execute("SELECT count(*) FROM interval_block").fetchone()[0])

    monkeypatch.setattr(taking, "rest", come)
    monkeypatch.setattr(taking, "PORTION", 2)
    monkeypatch.setattr(taking, "SLICE_SECONDS", seconds)
    assert take(store, plain()).readings == Tally(new=142)
    assert written == slices


def test_the_last_transaction_has_what_is_new_at_hand(store: Store) -> None:
    told = list[tuple[str, bool]]()

    def listen(*given: Any) -> None:
        statement, many = given[2], given[-1]
        if statement.startswith(("INSERT INTO usage_point", "INSERT INTO channel")):
            told.append((statement.partition(" (")[0].removeprefix("INSERT INTO "), many or "temp" not in statement))

    event.listen(store.engine, "before_cursor_execute", listen)
    take(store, plain())
    assert told == [("usage_point", False), ("channel", False)]


def test_a_correction_is_not_seen_before_the_last_transaction(store: Store) -> None:
    take(store, plain())
    other, seen = plain_changed(), list[object]()
    before = digest(store)
    report = take(store, other, lambda: seen.append(digest(store)))
    assert (report.readings, seen) == (Tally(changed=1, same=141), [before])
    with store.read() as tx:
        [correction] = tx.readings.corrections(POINT)
    assert [reading.value for reading in (*correction.old, *correction.new)] == [259_000, 296_000]
    assert digest(store) != before


def plain_changed() -> bytes:
    """The same file with one other value."""
    table = pq.read_table(io.BytesIO(plain()))
    values = table.column("kwh").to_pylist()
    values[7] = values[7] + values[1]
    out = io.BytesIO()
    kwh = table.schema.field("kwh")
    changed = table.set_column(2, kwh, pa.array(values, kwh.type))
    pq.write_table(changed, out)
    return out.getvalue()


def test_what_fails_at_the_end_leaves_no_row(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(store)

    def fail(*_: object, **__: object) -> None:
        raise OSError("no more room")

    with monkeypatch.context() as patched:
        patched.setattr(Imports, "add", fail)
        with pytest.raises(OSError, match="no more room"):
            take(store, plain())
    assert (digest(store), rows(store), rows(store, "under_way")) == (before, 0, 0)
    assert take(store, plain(), dry_run=True).readings == Tally(new=142)
    assert (digest(store), rows(store), rows(store, "under_way")) == (before, 0, 0)


def leave_dead(store: Store) -> None:
    """What a killed process leaves."""
    with store.engine.connect() as connection, connection.begin():
        insert = (
            "INSERT INTO interval_block (usage_point_id, channel, start, duration, day_end, held_from, held_to, step,"
            ' count, width, "values", first_revision, revision, published_at, updated_at)'
            " VALUES (1, 1, ?, 0, 0, 0, 0, 0, 0, 1, x'', 9, 9, 77, 77)"
        )
        connection.exec_driver_sql("INSERT INTO under_way VALUES (9, 77)")
        unchecked(connection, insert, [(start,) for start in range(500)])


def unchecked(connection: Connection, statement: str, given: list[tuple[int]]) -> None:
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.exec_driver_sql("INSERT INTO usage_point (id, commodity) VALUES (1, 'electricity')")
    connection.exec_driver_sql("INSERT INTO reading_type (id, content) VALUES ('x', '')")
    connection.exec_driver_sql("INSERT INTO channel (usage_point_id, number, reading_type_id) VALUES (1, 1, 'x')")
    connection.exec_driver_sql(statement, given)


def test_what_a_dead_process_left_goes_with_the_next_that_takes_in(store: Store) -> None:
    leave_dead(store)
    with store.read() as tx:
        assert tx.completeness.spans([1]) == {}
    with store.begin(Purpose.UPKEEP):
        pass
    assert (rows(store), rows(store, "under_way")) == (0, 0)


def test_nothing_else_gets_a_revision_meanwhile(store: Store) -> None:
    def meanwhile() -> None:
        with pytest.raises(Unavailable), store.begin() as tx:
            tx.revisions.begin("another", NOW)

    assert take(store, plain(), meanwhile).refused is None


def test_an_order_meanwhile_is_as_of_the_second_before(store: Store) -> None:
    known = list[int]()

    def meanwhile() -> None:
        with store.begin() as tx:
            known.extend(tx.revisions.known(at) for at in (NOW - HOUR, NOW, NOW + HOUR))

    take(store, plain(), meanwhile)
    assert known == [NOW - HOUR, NOW - 1, NOW - 1]
    with store.begin() as tx:
        assert tx.revisions.known(NOW + HOUR) == NOW + HOUR


def test_what_a_dead_process_left_holds_no_order_back(store: Store) -> None:
    leave_dead(store)
    with store.begin() as tx:
        assert tx.revisions.known(NOW) == NOW
