"""Sessions, what they were asked, and guesses."""

from sqlalchemy import select

from tests.custodian.store.households import T0, add_home
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.sessions import BROWSER_SESSION, CONSENT_REQUEST, FAILURE, KeptSession

ASKED = {"third_party_id": 50_001, "state": "xyz-state", "guest": False, "min_end": None}


def add(tx: Tx, session_id: str, customer_id: int | None = None) -> None:
    tx.sessions.add(
        session_id,
        customer_id=customer_id,
        form_token=f"form of {session_id}",
        way="" if customer_id is None else "code",
        expires_at=T0 + 60,
    )


def test_a_session_is_found_until_it_is_over(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        add(tx, "s1", home.customer.id)
        expected = KeptSession(customer_id=home.customer.id, form_token="form of s1", way="code", expires_at=T0 + 60)
        assert tx.sessions.find("s1", T0 + 59) == expected
        assert tx.sessions.find("s1", T0 + 60) is None
        assert tx.sessions.find("s2", T0) is None


def test_looking_lengthens_a_session(store: Store) -> None:
    with store.begin() as tx:
        add(tx, "s1")
        tx.sessions.touch("s1", T0 + 99)
        found = tx.sessions.find("s1", T0 + 98)
        assert found is not None
        assert found.expires_at == T0 + 99


def test_an_ended_session_is_gone_with_its_requests(store: Store) -> None:
    with store.begin() as tx:
        add(tx, "s1")
        tx.sessions.put_request("s1", "r1", ASKED, T0 + 60)
        tx.sessions.end("s1")
        assert tx.sessions.find("s1", T0) is None
        assert tx.sessions.request("s1", "r1", T0) is None


def test_a_request_is_its_sessions_and_lasts_for_a_while(store: Store) -> None:
    with store.begin() as tx:
        add(tx, "s1")
        add(tx, "s2")
        tx.sessions.put_request("s1", "r1", ASKED, T0 + 60)
        assert tx.sessions.request("s1", "r1", T0 + 59) == ASKED
        assert tx.sessions.request("s1", "r1", T0 + 60) is None
        assert tx.sessions.request("s2", "r1", T0) is None
        assert not tx.sessions.drop_request("s2", "r1")


def test_a_request_is_dropped_once(store: Store) -> None:
    with store.begin() as tx:
        add(tx, "s1")
        tx.sessions.put_request("s1", "r1", ASKED, T0 + 60)
        assert [tx.sessions.drop_request("s1", "r1") for _ in range(2)] == [True, False]


def test_requests_come_along_to_the_session_that_takes_the_place(store: Store) -> None:
    with store.begin() as tx:
        add(tx, "s1")
        tx.sessions.put_request("s1", "r1", ASKED, T0 + 60)
        add(tx, "s2")
        tx.sessions.copy_requests("s1", "s2")
        tx.sessions.end("s1")
        assert tx.sessions.request("s2", "r1", T0) == ASKED


def test_an_answered_request_is_gone_from_every_session(store: Store) -> None:
    with store.begin() as tx:
        add(tx, "s1")
        tx.sessions.put_request("s1", "r1", ASKED, T0 + 60)
        add(tx, "s2")
        tx.sessions.copy_requests("s1", "s2")
        assert not tx.sessions.drop_request("s3", "r1")
        assert tx.sessions.drop_request("s2", "r1")
        assert tx.sessions.request("s1", "r1", T0) is None


def test_nothing_in_the_database_can_be_shown_as_a_cookie_or_form(store: Store) -> None:
    with store.begin() as tx:
        add(tx, "s1-cookie")
        tx.sessions.put_request("s1-cookie", "r1", ASKED, T0 + 60)
        tx.sessions.fail("login:robin", T0)
    with store.engine.connect() as connection:
        tables = (BROWSER_SESSION, CONSENT_REQUEST, FAILURE)
        kept = "".join(str(connection.execute(select(table)).all()) for table in tables)
        mac = connection.execute(select(BROWSER_SESSION.c.mac)).scalar_one()
    for hidden in ("s1-cookie", "form of", "xyz-state", "login:robin"):
        assert hidden not in kept
    with store.read() as tx:
        assert tx.sessions.find(mac, T0) is None


def test_failures_are_counted_by_key_and_forgiven(store: Store) -> None:
    with store.begin() as tx:
        for at in (T0, T0 + 10, T0 + 20):
            tx.sessions.fail("login:robin", at)
        tx.sessions.fail("address:192.0.2.1", T0)
        assert tx.sessions.failures("login:robin", T0) == 3
        assert tx.sessions.failures("login:robin", T0 + 10) == 2
        assert tx.sessions.failures("login:kim", T0) == 0
        tx.sessions.forgive("login:robin")
        assert tx.sessions.failures("login:robin", T0) == 0
        assert tx.sessions.failures("address:192.0.2.1", T0) == 1


def test_what_is_over_is_forgotten(store: Store) -> None:
    with store.begin() as tx:
        add(tx, "s1")
        tx.sessions.put_request("s1", "r1", ASKED, T0 + 600)
        tx.sessions.fail("login:robin", T0)
        add(tx, "s2")
        tx.sessions.touch("s2", T0 + 700)
        tx.sessions.put_request("s2", "r2", ASKED, T0 + 600)
        assert tx.sessions.forget(T0) == 0
        assert tx.sessions.forget(T0 + 61) == 3
        assert tx.sessions.find("s2", T0) is not None
        assert tx.sessions.request("s2", "r2", T0) == ASKED


def test_of_what_is_kept_besides_the_latest_are_kept_and_a_next_session_gets_the_requests_alone(store: Store) -> None:
    with store.begin() as tx:
        add(tx, "s1")
        tx.sessions.put_request("s1", "r1", ASKED, T0 + 5)
        for number in range(4):
            # all within a second
            tx.sessions.put_request("s1", f"complaint:{number}", ASKED, T0 + 600)
            tx.sessions.keep_latest("s1", f"complaint:{number}", 2)
            assert tx.sessions.request("s1", f"complaint:{number}", T0) == ASKED
        kept = [number for number in range(4) if tx.sessions.request("s1", f"complaint:{number}", T0)]
        assert len(kept) == 2
        assert tx.sessions.waiting("s1", T0) == "r1"
        add(tx, "s2")
        tx.sessions.copy_requests("s1", "s2")
        assert tx.sessions.request("s2", "r1", T0) == ASKED
        assert tx.sessions.request("s2", f"complaint:{kept[-1]}", T0) is None
