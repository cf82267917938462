"""What has changed of what bearers may see is there for who asks, whichever way and by whomever it was changed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.custodian.servers import ENGINES, OpenStore, Server
from tests.custodian.store.households import DAY, T0, Home, add_authorization, add_home, add_party
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.readings import Channel
from wattshare.custodian.model.tokens import Token
from wattshare.custodian.store.access_changes import KEPT_SECONDS, AccessChange, expected, order
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.usage import ReadingType


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A home that is shared, with a token."""

    party: ThirdParty
    home: Home
    held: Authorization
    token: Token


@pytest.fixture
def sharing(store: Store) -> Shared:
    """One of each."""
    with store.begin() as tx:
        party, home = add_party(tx), add_home(tx)
        held = add_authorization(tx, party, home)
        token = tx.tokens.add(
            Token(
                bearer_class=BearerClass.ACCESS,
                third_party_id=party.id,
                authorization_id=held.id,
                scope="",
                issued_at=T0,
                expires_at=T0 + DAY,
            ),
            "ws_text",
        )
    return Shared(party=party, home=home, held=held, token=token)


def moment(store: Store) -> str:
    """What is there now."""
    with store.read() as tx:
        shown = tx.bearers.shown("ws_text")
    assert shown is not None
    return shown.moment


def since(store: Store, before: str) -> set[AccessChange]:
    """What came after."""
    with store.note() as tx:
        return set(tx.access_changes.since(before))


def run(tx: Tx, statement: str, **told: object) -> None:
    """By hand, as whoever has a line to the database may."""
    tx.trail._connection.execute(text(statement), told)


EVERYBODY = AccessChange()
Change = Callable[[Tx, Shared], object]
CHANGES: dict[str, tuple[Change, Callable[[Shared], AccessChange]]] = {
    "a token ends": (
        lambda tx, one: tx.tokens.end(one.token.id, T0),
        lambda one: AccessChange(one.party.id, one.held.id),
    ),
    "a token is gone": (
        lambda tx, one: run(tx, "DELETE FROM token WHERE id = :id", id=one.token.id),
        lambda one: AccessChange(one.party.id, one.held.id),
    ),
    "a third party": (
        lambda tx, one: run(tx, "UPDATE third_party SET standing = 'suspended' WHERE id = :id", id=one.party.id),
        lambda one: AccessChange(one.party.id, None),
    ),
    "a permission": (
        lambda tx, one: run(tx, "UPDATE \"authorization\" SET state = 'paused' WHERE id = :id", id=one.held.id),
        lambda one: AccessChange(one.party.id, one.held.id),
    ),
    "what a permission is for": (
        lambda tx, one: tx.authorizations.change_shares(one.held.id, ()),
        lambda one: AccessChange(None, one.held.id),
    ),
    "an agreement ends": (
        lambda tx, one: run(tx, "UPDATE agreement SET ends = :at WHERE id = :id", at=T0, id=one.home.agreement.id),
        lambda _: EVERYBODY,
    ),
    "an account": (
        lambda tx, one: run(tx, "UPDATE account SET customer_id = customer_id WHERE id = :id", id=one.home.account.id),
        lambda _: EVERYBODY,
    ),
    "a holder comes": (
        lambda tx, one: tx.holders.put(
            one.home.account.id, tx.customers.add_customer("Kim", "kim@field.example").id, starts=T0
        ),
        lambda _: EVERYBODY,
    ),
    "a usage point": (
        lambda tx, one: run(tx, "UPDATE usage_point SET extra = NULL WHERE id = :id", id=one.home.usage_point.id),
        lambda _: EVERYBODY,
    ),
    "a channel comes": (
        lambda tx, one: tx.readings.add_channel(
            Channel(
                usage_point_id=one.home.usage_point.id, number=0, reading_type_id="", reading_type=ReadingType(uom=72)
            )
        ),
        lambda _: EVERYBODY,
    ),
    "something is taken in": (lambda tx, _: tx.revisions.begin("test", T0), lambda _: EVERYBODY),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_there_once_it_is_committed(store: Store, sharing: Shared, name: str) -> None:
    change, told = CHANGES[name]
    before = moment(store)
    assert since(store, before) == set()
    with store.begin(Purpose.INTAKE) as tx:
        change(tx, sharing)
    assert since(store, before) == {told(sharing)}
    # and behind whoever looks from then on
    assert since(store, last(store) if name == "a token is gone" else moment(store)) == set()


def last(store: Store, name: str = "Other") -> str:
    """What is there now, where there is no token to ask by."""
    with store.begin() as tx:
        party = add_party(tx, name)
        tx.tokens.add(
            Token(
                bearer_class=BearerClass.CLIENT,
                third_party_id=party.id,
                scope="",
                issued_at=T0,
                expires_at=T0 + DAY,
            ),
            f"ws_{name}",
        )
    with store.read() as tx:
        shown = tx.bearers.shown(f"ws_{name}")
    assert shown is not None
    return shown.moment


def test_what_is_undone_or_changes_nothing_is_no_change(store: Store, sharing: Shared) -> None:
    before = moment(store)

    def undone() -> None:
        with store.begin() as tx:
            tx.tokens.end(sharing.token.id, T0)
            raise LookupError

    with pytest.raises(LookupError):
        undone()
    with store.begin() as tx:
        tx.tokens.end(sharing.token.id + 99, T0)
    assert since(store, before) == set()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_who_began_before_and_commits_after_is_seen(store: Store, sharing: Shared) -> None:
    """Numbers of transactions and of rows are given when they begin; what counts is when they end."""
    with store.begin() as slow:
        slow.tokens.end(sharing.token.id, T0)
        with store.begin(Purpose.INTAKE) as quick:
            run(quick, "UPDATE agreement SET tariff = 'E2' WHERE id = :id", id=sharing.home.agreement.id)
        before = moment(store)
        assert since(store, before) == set()
    assert since(store, before) == {AccessChange(sharing.party.id, sharing.held.id)}


def test_changes_are_forgotten_an_hour_after_they_were_seen(store: Store, sharing: Shared) -> None:
    before = moment(store)
    with store.begin() as tx:
        tx.tokens.end(sharing.token.id, T0)
    for at, left in ((T0, 1), (T0 + KEPT_SECONDS, 1), (T0 + KEPT_SECONDS + 1, 0)):
        with store.begin() as tx:
            tx.access_changes.forget(at)
        assert len(since(store, before)) == left
    # what comes after is seen by who looked before
    with store.begin() as tx:
        tx.tokens.end_family(1, T0)
        run(tx, "UPDATE token SET scope = 'x'")
    assert since(store, before) == {AccessChange(sharing.party.id, sharing.held.id)}


def test_the_migrated_database_has_the_triggers_that_are_asked_for(store: Store) -> None:
    engine = store.engine.dialect.name
    with store.read() as tx:
        assert tx.access_changes.writers() == expected(engine)
    assert ("under_way_access_delete" in expected(engine)) == (engine == "sqlite")


def test_triggers_that_are_there_are_not_missed(store: Store) -> None:
    with store.read() as tx:
        assert tx.access_changes.are_written()
    assert store.watched()


@pytest.mark.parametrize("name", sorted(expected("sqlite")))
def test_a_trigger_that_was_taken_away_is_missed(open_store: OpenStore, tmp_path: Path, name: str) -> None:
    store = open_store(tmp_path, "sqlite")
    with store.begin() as tx:
        run(tx, f"DROP TRIGGER {name}")
    assert not store.watched()
    store.close()


def test_a_table_that_is_emptied_at_once_and_what_a_replica_takes_over_are_changes(
    server: Server, open_store: OpenStore, tmp_path: Path
) -> None:
    store = open_store(tmp_path, "postgresql")
    database = str(store.engine.url.database)
    with store.begin() as tx:
        add_authorization(tx, add_party(tx), add_home(tx))
    before = last(store)
    server.execute("TRUNCATE authorization_usage_point", database)
    assert since(store, before) == {EVERYBODY}
    before = last(store, "Third")
    with server.connect(database) as line:
        line.execute("SET session_replication_role = replica")
        line.execute("UPDATE third_party SET standing = 'suspended' WHERE name = 'Acme Energy'")
    assert len(since(store, before)) == 1
    store.close()


def test_moments_are_sorted_by_time() -> None:
    assert sorted(["11", "8", "7"], key=order) == ["7", "8", "11"]
    snapshots = ["10:10:", "10:14:10,12,13", "10:14:10,13", "10:14:10", "11:14:11", "14:14:", "14:15:14"]
    assert sorted({*snapshots}, key=order) == snapshots


def test_a_change_concerns_whose_rights_it_is_about() -> None:
    assert EVERYBODY.concerns(1, 2)
    assert EVERYBODY.concerns(1, None)
    assert AccessChange(1, None).concerns(1, 2)
    assert not AccessChange(1, None).concerns(3, 2)
    assert AccessChange(1, 2).concerns(1, 2)
    assert not AccessChange(1, 2).concerns(1, 4)
    assert not AccessChange(1, 2).concerns(1, None)
