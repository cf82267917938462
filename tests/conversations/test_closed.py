"""What a customer may not share: greyed with its reason, and refused to a form that names it all the same."""

from dataclasses import replace

import pytest

from tests.conversations.stage import Desk, Person, desk
from tests.conversations.test_forms import Window
from tests.conversations.test_life import held_of
from tests.custodian.houses import EVERYTHING, Home, TestHouse
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.model.parties import Role
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.services.terms import Choice
from wattshare.espi.kinds import Kind

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)
ELECTRIC = frozenset({Commodity.ELECTRICITY})
NOT_ASKED, NOT_HOLDER = "The app does not ask for this service.", "You are not the account holder. Ask Bob Oak."


@pytest.fixture
def engine() -> str:
    """What the store is on; the queries are tried on each by the store's tests."""
    return "sqlite"


@pytest.fixture
def sunny(house: TestHouse) -> Desk:
    """A third party that asks for electricity alone."""
    return desk(house, "Sunny Roofs", commodities=ELECTRIC)


def tampered(house: TestHouse, asks: Desk, home: Home, others: tuple[int, ...]) -> None:
    """Neither the choice nor the decision takes what is closed."""
    window = Window(house=house, home=home, acme=asks)
    window.arrive()
    own = [str(one.id) for one in home.agreements]
    for wanted in (others, (*map(int, own), *others)):
        form = {"agreement": [str(one) for one in wanted]}
        chosen = window.post("/sharing/choose", form | {"all_agreements": " ".join(map(str, others))})
        assert chosen.headers.get("location", "") != f"/sharing/review?request={window.request}"
        window.post("/sharing/decide", window.decision(**form))
    assert window.shared() == ()


def test_gas_that_is_not_asked_for_is_greyed_and_refused(house: TestHouse, sunny: Desk, acme: Desk) -> None:
    home = house.home(commodities=BOTH)
    text = Person(house, home).reads(sunny.journey())
    assert NOT_ASKED in text
    assert NOT_ASKED not in Person(house, home).reads(acme.journey())
    electric, gas = home.agreements
    tampered(house, sunny, replace(home, agreements=(electric,)), (gas.id,))
    tokens = sunny.connect(home)
    with house.store.read() as tx:
        assert tx.authorizations.shared(int(tokens.subscription)) == ((electric.usage_point_id, electric.id),)
    # what stands there is kept; gas is not added to it
    with pytest.raises(BadRequest):
        house.house.consent.change(
            int(tokens.subscription),
            home.customer.id,
            Choice(kinds=EVERYTHING, agreement_ids=(electric.id, gas.id), until=None),
        )
    with pytest.raises(BadRequest, match="does not ask for gas"):
        house.share(sunny.registered, home)
    # 10 is gas
    registered = sunny.client.custodian
    assert registered.client_id == sunny.registered.party.client_id
    told = sunny.ask(
        f"/ApplicationInformation/{sunny.registered.party.application_id}", sunny.registered.registration_token
    )
    assert "_4_5_15_" in told.text
    assert "_10_" not in told.text


def test_a_partner_gets_what_it_asks_for_alone(house: TestHouse) -> None:
    house.third_party("Sunny Partner", commodities=ELECTRIC, role=Role.PARTNER, redirect_uris=())
    primary = desk(house, "Primary Power", role=Role.PRIMARY, partner="Sunny Partner")
    home = house.home(commodities=BOTH)
    number = int(primary.connect(home).subscription)
    electric, gas = home.agreements
    with house.store.read() as tx:
        partners = tx.authorizations.partner_of(number)
        assert partners is not None
        assert [agreement for _, agreement in tx.authorizations.shared(partners.id)] == [electric.id]
    house.house.consent.change(number, home.customer.id, Choice(kinds=EVERYTHING, agreement_ids=(gas.id,), until=None))
    with house.store.read() as tx:
        assert tx.authorizations.partner_of(number) is None or not held_of(house, str(partners.id)).stands(
            house.clock()
        )


def test_of_a_new_home_an_app_is_offered_what_it_asks_for(house: TestHouse, sunny: Desk) -> None:
    home = house.home()
    number = int(sunny.connect(home).subscription)
    house.clock.advance(2 * 86_400)
    other = house.home(commodities=BOTH)
    with house.store.begin() as tx:
        [account, *_] = [one.account for one in tx.customers.services(home.customer.id)]
        fresh = []
        for old in other.agreements:
            tx.customers.end_agreement(old.id, house.midnight(1))
            fresh.append(
                tx.customers.add_agreement(old.usage_point_id, account.id, f"SA-{old.id}", starts=house.midnight(1))
            )
    house.house.homes.ask()
    [asked] = house.house.homes.open(home.customer.id)
    assert len(asked.services) == 2
    assert asked.apps[0].agreement_ids == (fresh[0].id,)
    assert house.house.homes.answer(home.customer.id, asked.id, (number,)) == 1
    with house.store.read() as tx:
        shared = {agreement for _, agreement in tx.authorizations.shared(number)}
    assert shared == {home.agreements[0].id, fresh[0].id}


def test_who_only_sees_a_home_is_told_whom_to_ask(house: TestHouse, acme: Desk) -> None:
    ada, bob = house.home(name="Ada Elm"), house.home(name="Bob Oak", days=2)
    house.viewer(bob, ada.customer.id)
    text = Person(house, ada).reads(acme.journey())
    assert NOT_HOLDER in text
    assert "Oak St" in text
    tampered(house, acme, ada, (bob.agreements[0].id,))
    number = int(acme.connect(ada).subscription)
    with house.store.read() as tx:
        assert tx.authorizations.shared(number) == ((ada.usage_points[0], ada.agreements[0].id),)
    # for their own eyes alone
    usage = house.house.own_usage
    assert {one.agreement.id for one in usage.services(ada.customer.id)} == {
        ada.agreements[0].id,
        bob.agreements[0].id,
    }
    assert NOT_HOLDER not in Person(house, bob).reads(acme.journey())
    [held] = house.house.overview.page(ada.customer.id, ended=False).cards
    assert held.id == number
    house.viewer(bob, ada.customer.id, until=1)
    assert "Oak St" not in Person(house, ada).reads(acme.journey())
    assert len(usage.services(ada.customer.id)) == 1
    assert Kind.USAGE in held.kinds


def test_several_holders_are_all_named(house: TestHouse, acme: Desk) -> None:
    ada, bob = house.home(name="Ada Elm"), house.home(name="Bob Oak")
    house.holder(bob, "Cy Oak")
    house.viewer(bob, ada.customer.id)
    assert "Ask Bob Oak and Cy Oak." in Person(house, ada).reads(acme.journey())
