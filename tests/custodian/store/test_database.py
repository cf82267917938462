"""Transactions, threads, processes and migrations."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.custodian.store.households import T0, add_party
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.store import database
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA


def test_the_migrated_tables_are_those_of_the_code(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_an_upgrade_can_be_run_again(store: Store) -> None:
    with store.begin() as tx:
        add_party(tx)
    store.upgrade()
    with store.read() as tx:
        assert [party.name for party in tx.parties.every()] == ["Acme Energy"]


def test_a_store_knows_whether_it_is_upgraded(database_url: str, keys: Keys) -> None:
    store = Store.connect(database_url, keys)
    store.upgrade()
    assert store.upgraded()
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert not store.upgraded()
    store.close()


def test_an_upgrade_that_fails_leaves_nothing_and_can_be_run_again(database_url: str, keys: Keys) -> None:
    store = Store.connect(database_url, keys)
    with store.engine.begin() as connection:
        # in the way of a later step
        connection.execute(text("CREATE TABLE job (id INTEGER)"))
    with pytest.raises(OperationalError, match="already exists"):
        store.upgrade()
    with store.engine.begin() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        assert tables.scalars().all() == ["job"]
        connection.execute(text("DROP TABLE job"))
    store.upgrade()
    assert store.upgraded()
    store.close()


UPGRADE = """
import sys
from pathlib import Path
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
        subprocess.Popen([sys.executable, "-c", UPGRADE, database_url, str(tmp_path / "keys.json")])
        for _ in range(4)
    ]
    assert [process.wait() for process in started] == [0, 0, 0, 0]
    store = Store.connect(database_url, keys)
    with store.read() as tx:
        assert len(tx.trail.since(0)) == 4
    store.close()


def test_the_file_is_its_owners_only(store: Store, tmp_path: Path) -> None:
    for path in tmp_path.glob("wattshare.db*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_an_exception_undoes_everything(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as tx:
        add_party(tx)
        raise ZeroDivisionError
    with store.read() as tx:
        assert tx.parties.every() == ()
    with store.begin() as tx:
        assert tx.parties.next_id() == 50_001


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(OperationalError, match="readonly"), store.read() as tx:
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
    monkeypatch.setattr(database, "WAIT_SECONDS", 0)
    other = Store.connect(store.engine.url.render_as_string(), keys)
    with store.begin(), pytest.raises(Unavailable) as refusal, other.begin():
        pass
    assert "locked" in str(refusal.value.logged)
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


def test_what_was_committed_survives_a_power_cut(store: Store) -> None:
    with store.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert raw.execute("PRAGMA synchronous").fetchone() == (2,)
        assert raw.execute("PRAGMA foreign_keys").fetchone() == (1,)
