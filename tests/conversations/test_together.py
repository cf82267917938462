"""What holders of one account see of each other's permissions, stop of them and are told of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conversations.stage import Desk, Person
from tests.conversations.test_life import held_of
from tests.conversations.test_receipts import bodies
from tests.custodian.houses import BASE, EVERYTHING, PASSWORD, Home, TestHouse, built
from tests.custodian.servers import ENGINES
from wattshare.custodian.model.authorization import Ending, State
from wattshare.custodian.model.errors import NotCovered, Unknown
from wattshare.custodian.model.messages import Way
from wattshare.custodian.services.signin import NotSignedIn
from wattshare.custodian.services.terms import Choice
from wattshare.custodian.store.database import Store
from wattshare.espi.kinds import Kind
from wattshare.thirdparty.receipts import verify


@pytest.fixture
def house(store: Store, tmp_path: Path) -> Iterator[TestHouse]:
    """With mails that land in a folder."""
    with built(tmp_path, store, mail_dir=tmp_path / "mail") as made:
        yield made


EACH = pytest.mark.parametrize("engine", ENGINES, indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on: each, where a test is about what is found rather than about what is said."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def ada(house: TestHouse) -> Home:
    """A home."""
    return house.home(name="Ada Elm")


@pytest.fixture
def bob(house: TestHouse, ada: Home) -> Home:
    """Holds its account too."""
    return house.holder(ada, "Bob Oak", since=4)


def seen(house: TestHouse, who: Home, *, ended: bool = False) -> list[tuple[int, str | None]]:
    """The cards of a person's page: which permission, and given by whom else."""
    return [(card.id, card.giver) for card in house.house.overview.page(who.customer.id, ended=ended).cards]


def record_of(house: TestHouse, who: Home, number: int) -> dict[str, Any]:
    """The record of a permission, as a person downloads it."""
    doors = house.house.sign_in
    session = doors.with_password(doors.arrive(), who.login, PASSWORD, "127.0.0.1")
    cookie = {"cookie": f"__Host-wattshare={session.id}"}
    return verify(house.browser.get(f"/sharing/record?authorization={number}", headers=cookie).content).facts


def words(house: TestHouse, who: Home, path: str) -> tuple[int, str]:
    """What a person reads at a page of theirs."""
    person = Person(house, who)
    with person.browser(f"{BASE}/nowhere") as browser:
        person.sign_in(browser, browser.open(f"{BASE}/sharing"))
        page = browser.open(BASE + path)
        return page.status, page.text


@EACH
def test_each_sees_what_the_other_shares_and_a_stranger_does_not(
    house: TestHouse, acme: Desk, ada: Home, bob: Home
) -> None:
    stranger, number = house.home(), int(acme.connect(ada).subscription)
    assert seen(house, ada) == [(number, None)]
    assert seen(house, bob) == [(number, "Ada Elm")]
    assert seen(house, stranger) == []
    _, text = words(house, bob, "/sharing")
    assert "Given by Ada Elm (holds the account too)" in text
    assert "their name and the service address" in text
    assert "They have not looked yet" in text
    for absent in ("Pause", "Stop sooner", "Receipts"):
        assert absent not in text
    for path in ("receipt", "change", "shorten"):
        assert words(house, bob, f"/sharing/{path}?authorization={number}")[0] == 404, path
    for path in ("receipt", "record", "change", "shorten", "stop"):
        assert words(house, stranger, f"/sharing/{path}?authorization={number}")[0] == 404, path
    with pytest.raises(NotCovered):
        house.house.consent.stop_shared(number, stranger.customer.id)
    with pytest.raises(NotCovered):
        house.house.consent.stop_shared(number, ada.customer.id)
    for act in (house.house.consent.pause, house.house.consent.resume):
        with pytest.raises(Unknown):
            act(number, bob.customer.id)


@EACH
def test_the_other_stops_it_in_as_many_steps_as_ones_own_and_both_are_told(
    house: TestHouse, acme: Desk, ada: Home, bob: Home, tmp_path: Path
) -> None:
    tokens = acme.connect(ada)
    number = int(tokens.subscription)
    acme.told()
    house.clock.advance(60)
    assert "Ada Elm shares 1 Elm St, Riverton (electricity) with Acme Energy" in Person(house, bob).before_stopping(
        "Acme Energy"
    )
    assert "Sharing has stopped for the home whose account you hold too" in Person(house, bob).stop("Acme Energy")
    held = held_of(house, tokens.subscription)
    assert (held.state, held.ending) == (State.ENDED, Ending.HOLDER)
    assert acme.ask("/ReadingType", tokens.access_token).status_code == 401
    assert acme.told() == [tokens.authorization_uri]
    with house.store.read() as tx:
        [ended] = [one for one in tx.trail.of_authorization(number) if one.event == "ended"]
    assert ended.detail == {"why": "holder", "holder": bob.customer.id}
    assert seen(house, ada, ended=True) == [(number, None)]
    assert seen(house, bob, ended=True) == [(number, "Ada Elm")]
    # to the giver as receipts, to the other as news
    told = dict(bodies(house, tmp_path / "mail"))
    assert set(told) == {
        "You share with Acme Energy",
        "Ada Elm shares with Acme Energy",
        "Sharing with Acme Energy has ended",
    }
    assert "Given by: Ada Elm" in told["You share with Acme Energy"]
    news = told["Ada Elm shares with Acme Energy"]
    assert "because you hold the account too" in news
    assert "For: 1 Elm St, Riverton" in news
    ends = [text for subject, text in bodies(house, tmp_path / "mail") if subject.endswith("has ended")]
    assert len(ends) == 2
    assert all("Bob Oak stopped it" in text for text in ends)
    kept, first = house.house.consent.receipts.of(number)
    assert (kept.facts["given_by"], kept.facts["done_by"], first.facts["done_by"]) == ("Ada Elm", "Bob Oak", None)
    with pytest.raises(Unknown):
        house.house.consent.stop_shared(number, bob.customer.id)


@EACH
def test_homes_of_ones_own_go_on_and_are_not_seen(house: TestHouse, acme: Desk, ada: Home, bob: Home) -> None:
    with house.store.begin() as tx:
        account = tx.customers.add_account(ada.customer.id, "2000-OWN")
    point = house.home(name="Own Pine").agreements[0]
    with house.store.begin() as tx:
        tx.customers.end_agreement(point.id, house.midnight(9))
        own = tx.customers.add_agreement(point.usage_point_id, account.id, "SA-OWN", starts=house.midnight(9))
    tokens = acme.connect(ada, agreements=[ada.agreements[0].id, own.id])
    number = int(tokens.subscription)
    house.clock.advance(60)
    acme.ask("/ReadingType", tokens.access_token)
    assert acme.client.batch(tokens.subscription, ada.usage_points[0]).status == 200
    _, text = words(house, bob, f"/sharing/stop?authorization={number}")
    assert "Elm St" in text
    assert "Pine" not in text
    # a look may be one at the other home
    assert "Last look" in words(house, ada, "/sharing")[1]
    assert "Last look" not in words(house, bob, "/sharing")[1]
    record = record_of(house, bob, number)
    assert (record["looks"], [one["address"] for one in record["services"]]) == (None, ["1 Elm St, Riverton"])
    house.clock.advance(60)
    assert house.house.consent.stop_shared(number, bob.customer.id) is False
    assert held_of(house, tokens.subscription).state is State.ACTIVE
    with house.store.read() as tx:
        assert tx.authorizations.shared(number) == ((own.usage_point_id, own.id),)
    assert seen(house, bob) == []
    answer = acme.ask(f"/Subscription/{number}/UsagePoint", acme.client.grants.renew(tokens).access_token).text
    assert str(own.usage_point_id) in answer
    assert str(ada.usage_points[0]) not in answer
    reduced, *_ = house.house.consent.receipts.of(number)
    assert (reduced.event, reduced.facts["done_by"]) == ("reduced", "Bob Oak")
    assert (
        "Bob Oak holds an account with you, and stopped it there"
        in words(house, ada, f"/sharing/receipt?authorization={number}")[1]
    )


@EACH
def test_looks_at_what_both_hold_are_told_to_both(house: TestHouse, acme: Desk, ada: Home, bob: Home) -> None:
    tokens = acme.connect(ada)
    number = int(tokens.subscription)
    house.clock.advance(60)
    assert acme.client.batch(tokens.subscription, ada.usage_points[0]).status == 200
    at = house.clock()
    # who begins to hold it later hears nothing of it
    house.clock.advance(86_400)
    late = house.holder(ada, "Late Fir", since=0)
    looks = {
        one.customer.name: [
            look.at for card in house.house.overview.page(one.customer.id, ended=False).cards for look in card.looks
        ]
        for one in (ada, bob, late)
    }
    assert looks == {"Ada Elm": [at], "Bob Oak": [at], "Late Fir": []}
    mine, theirs = record_of(house, ada, number), record_of(house, bob, number)
    assert (mine["given_by"], theirs["given_by"]) == (None, "Ada Elm")
    assert mine["looks"] == theirs["looks"]
    assert len(mine["looks"]) == 1
    house.house.consent.withdraw(number, Ending.CUSTOMER)
    assert record_of(house, bob, number)["ended"] is not None
    # the looks of what it was for before are none of theirs
    other = int(acme.connect(ada).subscription)
    house.clock.advance(60)
    assert acme.client.batch(str(other), ada.usage_points[0]).status == 200
    choice = Choice(kinds=frozenset({Kind.USAGE}), agreement_ids=(ada.agreements[0].id,), until=None)
    house.house.consent.change(other, ada.customer.id, choice)
    [card] = house.house.overview.page(bob.customer.id, ended=False).cards
    assert (card.id, card.looks, card.looks_told) == (other, (), False)


def test_the_other_is_told_of_a_change(house: TestHouse, acme: Desk, ada: Home, bob: Home, tmp_path: Path) -> None:
    number = int(acme.connect(bob).subscription)
    house.clock.advance(60)
    choice = Choice(kinds=EVERYTHING, agreement_ids=(bob.agreements[0].id,), until=house.day(-9))
    house.house.consent.change(number, bob.customer.id, choice)
    told = dict(bodies(house, tmp_path / "mail"))
    assert "Last day: March 22, 2024" in told["Bob Oak changed what Acme Energy can see"]


@EACH
def test_a_former_holder_sees_nothing_more_and_a_later_one_nothing_before(
    house: TestHouse, acme: Desk, ada: Home, bob: Home
) -> None:
    old = int(acme.connect(ada).subscription)
    house.clock.advance(60)
    house.house.consent.withdraw(old, Ending.CUSTOMER)
    house.clock.advance(60)
    number = int(acme.connect(ada).subscription)
    late = house.holder(ada, "Late Fir", since=0)
    house.clock.advance(86_400)
    newest = house.holder(ada, "New Yew", since=0)
    house.hold(ada, bob.customer.id, since=5, until=0)
    assert seen(house, bob) == []
    assert seen(house, bob, ended=True) == []
    assert words(house, bob, f"/sharing/stop?authorization={number}")[0] == 404
    with pytest.raises(NotCovered):
        house.house.consent.stop_shared(number, bob.customer.id)
    assert seen(house, late) == seen(house, newest) == [(number, "Ada Elm")]
    # it ended on the day on which one of them began to hold the account, and before the other did
    assert seen(house, late, ended=True) == [(old, "Ada Elm")]
    assert seen(house, newest, ended=True) == []


def test_a_number_that_several_know_opens_nothing(house: TestHouse, ada: Home, bob: Home) -> None:
    doors = house.house.sign_in
    codes = house.house.codes
    with pytest.raises(NotSignedIn):
        doors.as_guest(doors.arrive(), ada.account_number, ada.phone, "127.0.0.1")
    session = doors.arrive()
    codes.ask(session, ada.account_number, Way.TEXT, "127.0.0.1", "en")
    waits = codes.waits(session)
    assert waits is not None
    assert waits.way == Way.MAIL
