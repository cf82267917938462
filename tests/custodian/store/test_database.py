"""Transactions, threads, processes and migrations."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from sqlite3 import connect as sqlite_connect

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.schema import SchemaItem

from tests.custodian.servers import OpenStore
from tests.custodian.store.households import T0, add_party
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.settings import BadSettings
from wattshare.custodian.store import sqlite, steps
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA


def test_the_migrated_tables_are_those_of_the_code(store: Store) -> None:
    def meant_here(item: SchemaItem, *_: object) -> bool:
        # some keys and indexes are one database's only
        rule = getattr(item, "_ddl_if", None)
        return rule is None or rule.dialect == store.engine.dialect.name

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": meant_here})
        assert compare_metadata(context, METADATA) == []


def test_an_upgrade_can_be_run_again(store: Store) -> None:
    with store.begin() as tx:
        add_party(tx)
    store.upgrade()
    with store.read() as tx:
        assert [party.name for party in tx.parties.every()] == ["Acme Energy"]


def test_each_step_is_told_when_it_is_made(database_url: str, keys: Keys) -> None:
    store, told = Store.connect(database_url, keys), list[str]()
    for _ in range(2):
        store.upgrade(tell=told.append)
    store.close()
    assert [line.partition(" ")[0] for line in told] == list(steps.STEPS)
    assert all(line.endswith(".") for line in told)


def test_a_store_knows_whether_it_is_upgraded(database_url: str, keys: Keys) -> None:
    store = Store.connect(database_url, keys)
    store.upgrade()
    assert store.upgraded()
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert not store.upgraded()
    store.close()


LOADED = """
import sys
from pathlib import Path
from sqlite3 import connect as sqlite_connect
import wattshare.custodian.app
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.readiness import bring_up
bring_up(Store.connect(sys.argv[1], Keys.read(Path(sys.argv[2]))))
print(sorted({"alembic", "pyarrow", "numpy"} & sys.modules.keys()))
"""


def test_what_changes_tables_is_not_loaded_where_there_is_nothing_to_change(
    database_url: str, keys: Keys, tmp_path: Path
) -> None:
    # what is loaded stays in the memory of every process
    store = Store.connect(database_url, keys)
    store.upgrade()
    store.close()
    told = [sys.executable, "-c", LOADED, database_url, str(tmp_path / "keys.json")]
    assert subprocess.run(told, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_the_steps_are_those_that_alembic_makes() -> None:
    made = ScriptDirectory(steps.MIGRATIONS).walk_revisions()
    assert tuple(step.revision for step in made)[::-1] == steps.STEPS


def test_an_upgrade_that_fails_leaves_nothing_and_can_be_run_again(database_url: str, keys: Keys) -> None:
    store = Store.connect(database_url, keys)
    with store.engine.begin() as connection:
        # in the way of a later step
        connection.execute(text("CREATE TABLE job (id INTEGER)"))
    with pytest.raises(DBAPIError, match="already exists"):
        store.upgrade()
    with store.engine.begin() as connection:
        assert inspect(connection).get_table_names() == ["job"]
        connection.execute(text("DROP TABLE job"))
    store.upgrade()
    assert store.upgraded()
    store.close()


UPGRADE = """
import sys
from pathlib import Path
from sqlite3 import connect as sqlite_connect
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
store = Store.connect(sys.argv[1], Keys.read(Path(sys.argv[2])))
store.upgrade()
assert store.upgraded()
with store.begin() as tx:
    tx.trail.write("upgraded", 0)
"""


def test_processes_that_upgrade_at_the_same_time_wait_for_each_other(
    database_url: str, keys: Keys, tmp_path: Path
) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", UPGRADE, database_url, str(tmp_path / "keys.json")]) for _ in range(3)
    ]
    assert [process.wait() for process in started] == [0, 0, 0]
    store = Store.connect(database_url, keys)
    with store.read() as tx:
        assert len(tx.trail.since(0)) == 3
    store.close()


KILLED = """
import os
import sys
from pathlib import Path
from sqlite3 import connect as sqlite_connect
from sqlalchemy import event
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
store = Store.connect(sys.argv[1], Keys.read(Path(sys.argv[2])))
left = int(sys.argv[3])
def count(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), 9)
event.listen(store.engine, "before_cursor_execute", count)
store.upgrade()
"""


@pytest.mark.parametrize("statements", [9, 60])
def test_an_upgrade_that_is_killed_can_be_run_again(
    database_url: str, keys: Keys, tmp_path: Path, statements: int
) -> None:
    told = [database_url, str(tmp_path / "keys.json"), str(statements)]
    assert subprocess.run([sys.executable, "-c", KILLED, *told], check=False).returncode == -9
    store = Store.connect(database_url, keys)
    assert not store.upgraded()
    store.upgrade()
    assert store.upgraded()
    store.close()


def test_a_transaction_may_go_on_in_another_thread(store: Store) -> None:
    found: list[int] = []
    with store.begin() as tx:
        add_party(tx)
        other = threading.Thread(target=lambda: found.append(len(tx.parties.every())))
        other.start()
        other.join()
    assert found == [1]


def test_the_file_is_its_owners_only(store: Store, tmp_path: Path) -> None:
    for path in tmp_path.glob("wattshare.db*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_an_exception_undoes_everything(store: Store) -> None:
    def fail() -> None:
        with store.begin() as tx:
            add_party(tx)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as tx:
        assert tx.parties.every() == ()
    with store.begin() as tx:
        assert tx.parties.next_id() == 50_001


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), store.read() as tx:
        add_party(tx)
    with store.begin() as tx:
        add_party(tx)


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.read() as before:
        assert before.parties.every() == ()
        with store.begin() as tx:
            add_party(tx)
        assert before.parties.every() == ()
    with store.read() as after:
        assert len(after.parties.every()) == 1


def test_a_foreign_key_must_be_there(store: Store) -> None:
    with pytest.raises(IntegrityError), store.begin() as tx:
        tx.parties.add_login(50_001, "nobody", "hash")


def test_a_writer_that_waits_too_long_is_told_that_we_are_busy(
    store: Store, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "WAIT_SECONDS", 0)
    other = Store.connect(store.engine.url.render_as_string(), keys, statement_seconds=1)

    def come_late() -> None:
        # wherever writers wait: on SQLite at once, elsewhere where they meet
        with other.begin() as tx:
            tx.parties.next_id()

    with store.begin() as tx:
        tx.parties.next_id()
        with pytest.raises(Unavailable) as refusal:
            come_late()
    assert re.search("locked|timeout", str(refusal.value.logged))
    other.close()


def test_a_writer_looks_again_until_nobody_else_writes(
    tmp_path: Path, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, slept = open_store(tmp_path, "sqlite"), list[float]()
    other = sqlite_connect(str(store.engine.url.database), isolation_level=None)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) % 3 == 0:
            other.execute("COMMIT")

    monkeypatch.setattr(time, "sleep", sleep)
    for begin in (store.begin, store.note):
        other.execute("BEGIN IMMEDIATE")
        with begin() as tx:
            # all else waits as SQLite itself does
            waits = tx.trail._connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            assert waits == sqlite.WAIT_SECONDS * 1000
    assert len(slept) == 6
    other.close()


def test_what_a_statement_was_given_is_in_no_error(store: Store) -> None:
    with pytest.raises(IntegrityError) as refusal, store.begin() as tx:
        tx.parties.add_login(50_001, "nobody", "the hash")
    assert "the hash" not in str(refusal.value)


def test_many_threads_write_and_none_is_lost(store: Store) -> None:
    def work() -> None:
        for _ in range(25):
            with store.begin() as tx:
                tx.trail.write("counted", T0, count=tx.authorizations.next_id())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        numbers = [entry.count for entry in tx.trail.since(0)]
    assert numbers == list(range(4_100_001, 4_100_201))


@pytest.mark.parametrize(("setting", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_sqlite_keeps_what_it_was_told(tmp_path: Path, keys: Keys, setting: str, value: object) -> None:
    # one that nobody hurries
    store = Store.connect(f"sqlite:///{tmp_path / 'wattshare.db'}", keys)
    store.upgrade()
    with store.engine.connect() as connection:
        # 2: what was committed survives a power cut
        assert connection.exec_driver_sql(f"PRAGMA {setting}").scalar_one() == value
    store.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://localhost/wattshare", "must be sqlite or postgresql, not mysql"),
        ("wattshare.db", "is not an address"),
        ("postgresql+pg8000://localhost/wattshare", "pg8000 is missing"),
    ],
)
def test_an_address_that_we_cannot_use_is_a_bad_setting(keys: Keys, url: str, why: str) -> None:
    with pytest.raises(BadSettings, match=why):
        Store.connect(url, keys)
