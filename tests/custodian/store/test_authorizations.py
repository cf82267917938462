"""Authorizations, and which seconds of which usage points they open."""

from dataclasses import replace

import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import IntegrityError

from tests.custodian.store.households import DAY, T0, add_authorization, add_home, add_party
from wattshare.custodian.model.authorization import Authorization, Ending, Entry, Share, State
from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.store.authorizations import AUTHORIZATION_USAGE_POINT
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.premises import AGREEMENT
from wattshare.espi.kinds import Kind


def own(tx: Tx, third_party_id: int, entry: Entry) -> Authorization:
    held = Authorization(
        id=tx.authorizations.next_id(),
        third_party_id=third_party_id,
        entry=entry,
        starts=T0,
        floor=T0,
        created_at=T0,
        changed_at=T0,
    )
    tx.authorizations.add(held, ())
    return held


def test_an_authorization_comes_back_as_it_was(store: Store) -> None:
    with store.begin() as tx:
        party, home = add_party(tx), add_home(tx)
        first = add_authorization(tx, party, home)
        held = add_authorization(
            tx,
            party,
            home,
            state=State.ENDED,
            kinds=frozenset({Kind.USAGE, Kind.ACCOUNT}),
            scope="FB=4_5",
            ends=T0 + DAY,
            version=7,
            ended_at=T0 + 5,
            ending=Ending.REPLACED,
            replaces_id=first.id,
            primary_id=first.id,
            offline=True,
        )
    with store.read() as tx:
        assert tx.authorizations.by_id(held.id) == held
        assert tx.authorizations.shared(held.id) == ((home.usage_point.id, home.agreement.id),)
        assert tx.authorizations.by_id(1) is None


def test_one_growing_sequence_serves_all_entries(store: Store) -> None:
    with store.begin() as tx:
        party, home = add_party(tx), add_home(tx)
        ids = [
            own(tx, party.id, Entry.REGISTRATION).id,
            own(tx, party.id, Entry.BULK).id,
            add_authorization(tx, party, home).id,
        ]
        assert ids == [4_100_001, 4_100_002, 4_100_003]


def test_a_third_partys_are_listed_registration_bulk_then_customers(store: Store) -> None:
    with store.begin() as tx:
        party, other, home = add_party(tx), add_party(tx, "Other"), add_home(tx)
        first = add_authorization(tx, party, home)
        bulk, registration = own(tx, party.id, Entry.BULK), own(tx, party.id, Entry.REGISTRATION)
        ended = add_authorization(tx, party, home, state=State.ENDED)
        second = add_authorization(tx, party, home, state=State.CONSENTED)
        add_authorization(tx, other, home)
        alive = tx.authorizations.of_third_party(party.id, alive_only=True)
        assert alive == (registration, bulk, first, second)
        every = tx.authorizations.of_third_party(party.id, alive_only=False)
        assert every == (registration, bulk, first, ended, second)
        assert tx.authorizations.own_entry(party.id, Entry.BULK) == bulk
        assert tx.authorizations.own_entry(other.id, Entry.BULK) is None


def test_an_authorization_is_asked_for_with_its_third_party(store: Store) -> None:
    with store.begin() as tx:
        party, other, home = add_party(tx), add_party(tx, "Other"), add_home(tx)
        held = add_authorization(tx, party, home)
        assert tx.authorizations.owned(held.id, party.id) == held
        assert tx.authorizations.owned(held.id, other.id) is None


def test_a_customers_are_found(store: Store) -> None:
    with store.begin() as tx:
        party, other = add_party(tx), add_party(tx, "Other")
        home, stranger = add_home(tx), add_home(tx, "2")
        active = add_authorization(tx, party, home)
        ended = add_authorization(tx, party, home, state=State.ENDED)
        consented = add_authorization(tx, party, home, state=State.CONSENTED)
        elsewhere = add_authorization(tx, other, home)
        add_authorization(tx, party, stranger)
        assert tx.authorizations.standing(party.id, home.customer.id) == (active, consented)
        found = tx.authorizations.of_customer(home.customer.id)
        assert found == (active, ended, consented, elsewhere)


def test_what_lapses_and_what_ends_is_found(store: Store) -> None:
    with store.begin() as tx:
        party, home = add_party(tx), add_home(tx)
        own(tx, party.id, Entry.BULK)
        waiting = add_authorization(tx, party, home, state=State.CONSENTED, created_at=T0)
        add_authorization(tx, party, home, state=State.CONSENTED, created_at=T0, changed_at=T0 + 1)
        running = add_authorization(tx, party, home, ends=T0 + DAY)
        add_authorization(tx, party, home, ends=T0 + DAY, state=State.ENDED)
        add_authorization(tx, party, home, ends=T0 + DAY + 1)
        assert tx.authorizations.consented_before(T0 + 1) == (waiting,)
        assert tx.authorizations.ending_before(T0 + DAY) == (running,)
        assert tx.authorizations.over_at(T0 + DAY) == {running.id}
        assert not tx.authorizations.over_at(T0 + DAY - 1)


def test_a_partners_authorization_is_found_by_the_primarys(store: Store) -> None:
    with store.begin() as tx:
        party, partner, home = add_party(tx), add_party(tx, "Partner"), add_home(tx)
        primary = add_authorization(tx, party, home)
        assert tx.authorizations.partner_of(primary.id) is None
        brought = add_authorization(tx, partner, home, primary_id=primary.id)
        assert tx.authorizations.partner_of(primary.id) == brought


def test_a_change_is_kept(store: Store) -> None:
    with store.begin() as tx:
        held = add_authorization(tx, add_party(tx), add_home(tx), state=State.CONSENTED)
        opened = held.moved(State.ACTIVE, at=T0 + 9)
        tx.authorizations.change(opened)
    with store.read() as tx:
        assert tx.authorizations.by_id(held.id) == opened


def test_a_change_of_what_changed_meanwhile_is_refused(store: Store) -> None:
    with store.begin() as tx:
        held = add_authorization(tx, add_party(tx), add_home(tx))
        ended = held.moved(State.ENDED, at=T0 + 1, why=Ending.CUSTOMER)
        tx.authorizations.change(ended)
        with pytest.raises(Conflict):
            tx.authorizations.change(replace(held, scope="more", version=held.version + 1))
        assert tx.authorizations.by_id(held.id) == ended


def test_shares_need_what_is_there(store: Store) -> None:
    with store.begin() as tx:
        held = add_authorization(tx, add_party(tx), add_home(tx))
    with pytest.raises(IntegrityError), store.begin() as tx:
        tx.authorizations.add(replace(held, id=4_200_000), ((1, 1),))


@pytest.mark.parametrize(
    ("agreement", "held", "opened"),
    [
        # (starts, ends) of the agreement; (floor, ends) of the authorization; (since, until)
        ((T0, None), (T0, None), (T0, None)),
        ((T0 + DAY, None), (T0, None), (T0 + DAY, None)),
        ((T0, None), (T0 + DAY, None), (T0 + DAY, None)),
        ((T0, T0 + 5 * DAY), (T0, None), (T0, T0 + 5 * DAY)),
        ((T0, None), (T0, T0 + 9 * DAY), (T0, T0 + 9 * DAY)),
        ((T0, T0 + 5 * DAY), (T0, T0 + 9 * DAY), (T0, T0 + 5 * DAY)),
        ((T0, T0 + 12 * DAY), (T0, T0 + 9 * DAY), (T0, T0 + 9 * DAY)),
        # moved out before the history begins
        ((T0, T0 + DAY), (T0 + DAY, None), None),
        ((T0, T0 + DAY), (T0 + DAY - 1, None), (T0 + DAY - 1, T0 + DAY)),
        # moves in after the period ends
        ((T0 + 9 * DAY, None), (T0, T0 + 9 * DAY), None),
    ],
)
def test_a_share_is_what_agreement_and_authorization_both_cover(
    store: Store,
    agreement: tuple[int, int | None],
    held: tuple[int, int | None],
    opened: tuple[int, int | None] | None,
) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=agreement[0], ends=agreement[1])
        given = add_authorization(tx, add_party(tx), home, floor=held[0], ends=held[1])
        expected = [
            Share(
                usage_point_id=home.usage_point.id,
                agreement_id=home.agreement.id,
                since=opened[0],
                until=opened[1],
            )
            for opened in [opened]
            if opened is not None
        ]
        assert list(tx.authorizations.shares(given, T0 + 3 * DAY)) == expected


@pytest.mark.parametrize(
    ("state", "starts", "ends", "alive"),
    [
        (State.ACTIVE, T0, None, True),
        (State.ACTIVE, T0, T0 + 1, True),
        (State.ACTIVE, T0, T0, False),
        (State.ACTIVE, T0 + 1, None, False),
        (State.CONSENTED, T0, None, False),
        (State.ENDED, T0, None, False),
    ],
)
def test_only_an_authorization_that_is_alive_opens_anything(
    store: Store, state: State, starts: int, ends: int | None, alive: bool
) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=T0 - DAY)
        held = add_authorization(tx, add_party(tx), home, state=state, starts=starts, ends=ends, floor=T0 - DAY)
        assert held.alive(T0) is alive
        assert bool(tx.authorizations.shares(held, T0)) is alive


def test_what_a_value_says_of_itself_opens_nothing(store: Store) -> None:
    with store.begin() as tx:
        party, home, stranger = add_party(tx), add_home(tx), add_home(tx, "2")
        held = add_authorization(tx, party, home, state=State.ENDED)
        forged = replace(held, state=State.ACTIVE, customer_id=stranger.customer.id, floor=0, ends=None)
        assert tx.authorizations.shares(forged, T0) == ()


def test_another_customers_agreement_opens_nothing(store: Store) -> None:
    with store.begin() as tx:
        party, home, stranger = add_party(tx), add_home(tx), add_home(tx, "2")
        held = add_authorization(tx, party, home)
        # as a fault elsewhere might write it
        tx.authorizations._connection.execute(
            AUTHORIZATION_USAGE_POINT.insert(),
            [
                {
                    "authorization_id": held.id,
                    "usage_point_id": stranger.usage_point.id,
                    "agreement_id": stranger.agreement.id,
                },
                {
                    "authorization_id": held.id,
                    "usage_point_id": stranger.usage_point.id,
                    "agreement_id": home.agreement.id,
                },
            ],
        )
        [share] = tx.authorizations.shares(held, T0)
        assert (share.usage_point_id, share.agreement_id) == (home.usage_point.id, home.agreement.id)


def test_a_customers_other_agreement_at_the_same_place_is_not_shared_with_the_one_that_is(store: Store) -> None:
    """Who left and came back has two agreements at one usage point; one may be shared without the other."""
    with store.begin() as tx:
        home = add_home(tx, starts=T0 - 90 * DAY, ends=T0 - 60 * DAY)
        back = tx.customers.add_agreement(
            home.usage_point.id, home.account.id, "SA-2", starts=T0 - 10 * DAY, ends=None, tariff="E1"
        )
        held = add_authorization(tx, add_party(tx), replace(home, agreement=back), floor=T0 - 365 * DAY)
        [share] = tx.authorizations.shares(held, T0)
        assert (share.agreement_id, share.since, share.until) == (back.id, T0 - 10 * DAY, None)


def test_shares_follow_the_agreement_as_it_is_now(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        held = add_authorization(tx, add_party(tx), home)
        tx.customers.end_agreement(home.agreement.id, T0 + 4 * DAY)
        assert [share.until for share in tx.authorizations.shares(held, T0)] == [T0 + 4 * DAY]
        tx.authorizations._connection.execute(update(AGREEMENT).values(ends=T0 + 2 * DAY))
        assert [share.until for share in tx.authorizations.shares(held, T0)] == [T0 + 2 * DAY]


def test_shares_are_asked_in_one_statement(store: Store) -> None:
    with store.begin() as tx:
        held = add_authorization(tx, add_party(tx), add_home(tx))
    statements: list[str] = []
    with store.read() as tx:
        event.listen(store.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
        tx.authorizations.shares(held, T0)
    assert len(statements) == 1
