"""For who has to be safe from somebody: an address that nobody is shown, and sharing that ends in one act."""

import json

import pytest

from tests.conversations.stage import Desk, Person, form_with
from tests.conversations.test_delegates import signed_in
from tests.custodian.houses import BASE, EVERYTHING, Home, TestHouse
from tests.custodian.servers import ENGINES
from wattshare.custodian.model.errors import BadRequest, NotCovered, Unknown
from wattshare.custodian.services import fetching
from wattshare.custodian.services.receipts import Event
from wattshare.thirdparty.errors import Failed


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on; what statements do is tried on each."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ten seconds until a file is made again: another test has a clock for that."""
    monkeypatch.setattr(fetching, "RENEW_SECONDS", 0.2)


@pytest.fixture
def ada(house: TestHouse) -> Home:
    """A home with two days of readings, in Elm St."""
    return house.home(days=2, name="Ada Elm")


def trail(house: TestHouse, event: str) -> list[dict[str, object]]:
    """What the trail says of an event."""
    with house.store.read() as tx:
        rows = tx.trail._connection.exec_driver_sql(
            f"SELECT detail FROM trail WHERE event = '{event}' ORDER BY id"
        ).all()
    return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in rows]


def told(house: TestHouse, who: Home) -> str:
    """Everything that a customer's own pages are made of."""
    with house.store.read() as tx:
        services = tx.customers.services(who.customer.id)
    return repr([(one.location, one.account.mailing) for one in services])


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_an_address_that_is_hidden_is_told_to_nobody(house: TestHouse, acme: Desk, ada: Home) -> None:
    bob, hiding = house.holder(ada, "Bob Oak"), house.house.hiding
    hers, his = acme.connect(ada), acme.connect(bob)
    for tokens in (hers, his):
        shown = acme.client.customer(tokens.subscription).read()
        assert b"Elm St" in shown
        assert b"Post Rd" in shown
    [first] = house.house.consent.receipts.of(int(hers.subscription))
    assert "Elm St" in first.facts["services"][0]["address"]
    hiding.hide_own(signed_in(house, ada))
    assert (hiding.is_hidden(ada.customer.id), hiding.is_hidden(bob.customer.id)) == (True, True)
    # not to apps, whoever shares
    for tokens in (hers, his):
        shown = acme.client.customer(tokens.subscription).read()
        assert ada.account_number.encode() in shown
        for part in (b"Elm St", b"Post Rd", b"95990", b"mainAddress"):
            assert part not in shown
        assert acme.client.batch(tokens.subscription, ada.usage_points[0]).read()
    # not on pages, not to who holds the account too, not on receipts of former times
    for who in (ada, bob):
        assert "St" not in told(house, who)
    review = Person(house, ada).reads(acme.journey())
    assert "Address hidden" in review
    assert "your address, which is hidden, payment details" in review
    [first] = house.house.consent.receipts.of(int(hers.subscription))
    assert (first.event, first.facts["services"][0]["address"]) == (Event.SHARED, None)
    # nor in a new home, nor after the tables come again
    with house.store.begin() as tx:
        fresh = tx.customers.add_account(ada.customer.id, "NEW-1")
        assert tx.customers.hidden_since(ada.customer.id) == house.clock()
        known = tx.customers.by_account_number(ada.account_number)
        assert known is not None
        assert known.mailing is not None
        tx.customers.change_account(known)
    assert fresh.id != known.id
    assert "St" not in told(house, ada)
    assert hiding.hide(ada.customer.id) == 0
    # only the desk shows it again
    assert hiding.show(hiding.named(ada.login)) == 2
    assert "Elm St" in told(house, ada)
    [noted] = trail(house, "address_hidden")
    assert noted == {"customer": ada.customer.id, "by": "customer", "accounts": 1}
    assert trail(house, "address_shown") == [{"customer": ada.customer.id, "by": "operator", "accounts": 2}]


def test_files_that_are_ready_tell_it_no_more(house: TestHouse, acme: Desk, ada: Home) -> None:
    acme.connect(ada)
    acme.told()
    acme.client.bulk_customers()
    [url] = acme.files()
    assert b"Elm St" in acme.client.fetch(url).read()
    house.house.hiding.hide(ada.customer.id)
    with pytest.raises(Failed):
        acme.client.fetch(url).read()
    house.work()
    again = acme.client.fetch(url).read()
    assert b"Ada Elm" in again
    assert b"Elm St" not in again


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_all_of_a_customers_sharing_ends_in_one_act(house: TestHouse, acme: Desk, ada: Home) -> None:
    hiding, other = house.house.hiding, house.home(days=1)
    hers, stays = acme.connect(ada), acme.connect(other)
    second = house.share(house.third_party("Beta Solar"), ada, EVERYTHING)
    session = signed_in(house, ada)
    ended = hiding.end_all(hiding.named(ada.account_number))
    assert ended == (int(hers.subscription), second.id)
    with pytest.raises(Failed):
        acme.client.batch(hers.subscription, ada.usage_points[0])
    assert acme.client.batch(stays.subscription, other.usage_points[0]).read()
    assert house.house.sign_in.find(session.id) is None
    assert trail(house, "sharing_ended") == [
        {"customer": ada.customer.id, "by": "operator", "permissions": 2, "delegates": 0}
    ]
    assert hiding.end_all(ada.customer.id) == ()


def test_who_shares_for_a_business_is_out_and_hides_nothing(house: TestHouse) -> None:
    business, ada, delegates = house.home(customer_class="COM"), house.home(), house.house.delegates
    delegates.accept(signed_in(house, ada), delegates.invite(signed_in(house, business)))
    acting = delegates.act(signed_in(house, ada), business.customer.id)
    with pytest.raises(NotCovered):
        house.house.hiding.hide_own(acting)
    house.house.hiding.end_all(business.customer.id)
    with pytest.raises((NotCovered, Unknown)):
        delegates.act(signed_in(house, ada), business.customer.id)


def test_an_account_of_several_names_nobody(house: TestHouse, ada: Home) -> None:
    house.holder(ada, "Bob Oak")
    with pytest.raises(BadRequest):
        house.house.hiding.named(ada.account_number)
    with pytest.raises(Unknown):
        house.house.hiding.named("nobody")
    assert house.house.hiding.named(ada.login) == ada.customer.id


def test_a_customer_hides_it_on_the_page(house: TestHouse, ada: Home) -> None:
    person = Person(house, ada)
    with person.browser(f"{BASE}/nowhere") as browser:
        page = person.sign_in(browser, browser.open(f"{BASE}/sharing"))
        form = form_with(page, "hide my address now")
        page = browser.submit(page, form, form.buttons[0])
    assert "Your address is hidden" in page.text
    assert "Hide my address" not in page.text
