"""Questions that go past the driver's cursors: the same answers, faults and lists."""

import gc
import os
import socket

import pytest
from sqlalchemy import String, bindparam, select, text
from sqlalchemy.exc import DBAPIError

from tests.custodian.store.households import add_party
from wattshare.custodian.model.errors import BadRequest, Unavailable
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.libpq import Asked, element, written
from wattshare.custodian.store.metadata import Big
from wattshare.custodian.store.parties import THIRD_PARTY
from wattshare.custodian.store.prepared import KNOWN, Prepared
from wattshare.custodian.store.trail import TrailEntry

NASTY = ('a"b', "back\\slash", "{1,2}", "NULL", "", "ä\n\t", "'); DROP TABLE trail; --")
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"])


def test_values_are_taken_by_name_once_and_per_cent_signs_stay() -> None:
    asked = Asked("SELECT %(a)s::INTEGER, %(b)s::TEXT WHERE x LIKE '5%%' AND y = %(a)s::INTEGER")
    assert asked.text == b"SELECT $1::INTEGER, $2::TEXT WHERE x LIKE '5%' AND y = $1::INTEGER"
    assert asked.order == ("a", "b")


def test_values_as_the_server_reads_them() -> None:
    assert [written(one) for one in (None, -5, True, "ä")] == [None, b"-5", b"1", "ä".encode()]
    assert written([1, None, 'a"\\']) == b'{1,NULL,"a\\"\\\\"}'
    assert element("") == b'""'


@on_postgresql
def test_what_is_written_in_one_message_is_what_was_said(store: Store) -> None:
    said = [TrailEntry(at=at, event=one, window=one or None, detail={"of": one}) for at, one in enumerate(NASTY)]
    with store.note() as tx:
        assert tx._connection.info[KNOWN] is not None
        tx.trail.write_every(said)
    with store.read() as tx:
        kept = tx.trail.since(0)
    assert [(one.at, one.event, one.window, one.detail) for one in kept] == [
        (one.at, one.event, one.window, one.detail) for one in said
    ]


@on_postgresql
def test_both_ways_find_the_same(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
        straight = tx.parties.by_id(party.id)
    with store.read() as tx:
        assert tx._connection.info.get(KNOWN) is not None
        assert tx.parties.by_id(party.id) == straight == party
        assert tx.parties.by_id(1) is None


@on_postgresql
def test_a_fault_is_the_drivers_and_the_next_view_is_well(store: Store) -> None:
    wrong = Prepared(select(THIRD_PARTY.c.id).where(THIRD_PARTY.c.id / bindparam("by", type_=Big) == 1))
    with store.begin() as tx:
        party = add_party(tx)
    for _ in range(2):
        with pytest.raises(DBAPIError, match="division by zero"), store.read() as tx:
            wrong.rows(tx._connection, {"by": 0})
        with store.read() as tx:
            assert wrong.rows(tx._connection, {"by": party.id}) == [(party.id,)]


@on_postgresql
def test_a_view_whose_server_cut_it_off_is_unavailable_and_the_next_is_well(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
    with store.read() as tx:
        assert tx.parties.by_id(party.id) == party
        own = tx._connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
    with store.engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
    with store.read() as tx:
        assert tx.parties.by_id(party.id) == party


@on_postgresql
def test_a_line_that_is_cut_within_a_view_is_unavailable(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)

    def cut() -> None:
        with store.read() as tx:
            assert tx.parties.by_id(party.id) == party
            line = tx._connection.connection.dbapi_connection.pgconn.socket  # type: ignore[union-attr]
            with socket.socket(fileno=os.dup(line)) as own:
                own.shutdown(socket.SHUT_RDWR)
            tx.parties.by_id(party.id)

    with pytest.raises(Unavailable):
        cut()
    with store.read() as tx:
        assert tx.parties.by_id(party.id) == party


@on_postgresql
def test_nothing_is_prepared_where_that_is_switched_off(store: Store) -> None:
    plain = Store.connect(store.engine.url.render_as_string(hide_password=False), store.keys, prepared=False)
    with store.begin() as tx:
        party = add_party(tx)
    try:
        for _ in range(10):
            with plain.read() as tx:
                assert tx.parties.by_id(party.id) == party
                assert tx._connection.info[KNOWN] is None
                kept = tx._connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar()
                assert kept == 0
    finally:
        plain.close()


@on_postgresql
def test_writing_in_a_view_is_refused(store: Store) -> None:
    with pytest.raises(DBAPIError, match="read-only"), store.read() as tx:
        tx.trail.write("looked", 1)


@on_postgresql
def test_a_text_is_not_cut_at_a_nul(store: Store) -> None:
    found = Prepared(select(THIRD_PARTY.c.id).where(THIRD_PARTY.c.client_id == bindparam("of", type_=String)))
    with store.begin() as tx:
        party = add_party(tx)
    for text_of in (f"{party.client_id}\0", f"{party.client_id}\0x"):
        with pytest.raises(BadRequest), store.read() as tx:
            found.rows(tx._connection, {"of": text_of})
    with pytest.raises(BadRequest), store.note() as tx:
        tx.trail.write("a\0b", 1)


@on_postgresql
def test_what_a_connection_knew_while_it_was_kept_is_not_relied_on_later(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
    other = Store(store.engine, store.keys)
    with other.read() as tx:
        assert tx.parties.by_id(party.id) == party
        entry = tx._connection.connection._connection_record
    # nobody closes it
    del other, tx
    gc.collect()
    assert entry is not None
    assert KNOWN not in entry.info
    # whoever has it next makes the server forget
    for _ in range(2):
        with store.engine.connect() as connection:
            for _ in range(10):
                connection.execute(select(THIRD_PARTY.c.id).where(THIRD_PARTY.c.id == party.id)).all()
            connection.rollback()
    with store.begin() as tx:
        tx.trail.write("looked", 1)
    with store.read() as tx:
        assert tx.parties.by_id(party.id) == party
