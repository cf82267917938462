"""A customer sees when an app last took data, and which; and nobody else's."""

import json

from tests.conversations.stage import USAGE, Desk, Person, desk
from tests.custodian.houses import Home, TestHouse
from wattshare.custodian.services.overview import Card
from wattshare.custodian.services.terms import Choice
from wattshare.espi.kinds import Kind


def cards(house: TestHouse, home: Home) -> tuple[Card, ...]:
    """What a customer is shown."""
    return house.house.overview.page(home.customer.id, ended=False).cards


def test_each_answer_with_data_is_a_look_and_nothing_else_is(house: TestHouse, acme: Desk) -> None:
    home, other = house.home(), house.home()
    tokens, theirs = acme.connect(home), acme.connect(other)
    [card] = cards(house, home)
    assert card.looks == ()
    # about the permission itself: no data in it
    assert acme.client.authorization(tokens.subscription).is_active
    assert cards(house, home)[0].looks == ()
    house.clock.advance(60)
    acme.client.batch(tokens.subscription, home.usage_points[0])
    taken = house.clock()
    house.clock.advance(60)
    acme.client.customer(tokens.subscription).read()
    [card] = cards(house, home)
    assert [(look.at, set(look.kinds)) for look in card.looks] == [
        (taken + 60, {Kind.BASIC, Kind.ACCOUNT}),
        (taken, {Kind.USAGE, Kind.BILLING}),
    ]
    assert cards(house, other)[0].looks == ()
    assert theirs.subscription != tokens.subscription


def test_a_file_for_many_is_a_look_at_each_who_is_in_it(house: TestHouse, acme: Desk) -> None:
    home, outside = house.home(), house.home()
    acme.connect(home)
    beta = desk(house, "Beta Solar", kinds_required=USAGE)
    beta.connect(outside)
    acme.told()
    acme.client.bulk(house.day(3))
    [url] = acme.files()
    assert cards(house, home)[0].looks == ()
    house.clock.advance(60)
    acme.client.fetch(url)
    [look] = cards(house, home)[0].looks
    assert (look.at, set(look.kinds)) == (house.clock(), {Kind.USAGE, Kind.BILLING})
    assert cards(house, outside)[0].looks == ()


def test_the_record_of_a_permission_is_its_customers_alone(house: TestHouse, acme: Desk) -> None:
    home, other = house.home(), house.home()
    tokens = acme.connect(home)
    acme.client.batch(tokens.subscription, home.usage_points[0])
    path = f"https://share.example/sharing/record?authorization={tokens.subscription}"
    for person, whole in ((Person(house, home), True), (Person(house, other), False)):
        with person.browser("https://share.example/nowhere") as browser:
            person.sign_in(browser, browser.open("https://share.example/sharing"))
            page = browser.open(path)
        assert (page.status == 200) is whole
        if whole:
            told = json.loads(page.text)["record"]
            assert (told["app"], told["state"], told["until"]) == ("Acme Energy", "active", None)
            assert [look["data"] for look in told["looks"]] == [["usage", "billing"]]
        else:
            assert "Acme" not in page.text


def test_a_look_stays_what_it_was_when_less_or_more_is_shared(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home, kinds={Kind.BASIC})
    acme.client.customer(tokens.subscription).read()
    [look] = cards(house, home)[0].looks
    assert look.kinds == {Kind.BASIC}
    for kinds in ({Kind.ACCOUNT}, {Kind.ACCOUNT, Kind.BASIC}):
        choice = Choice(kinds=frozenset(kinds), agreement_ids=(home.agreements[0].id,), until=None)
        house.house.consent.change(int(tokens.subscription), home.customer.id, choice)
        assert cards(house, home)[0].looks[-1] == look
    house.clock.advance(60)
    acme.client.customer(tokens.subscription).read()
    assert [set(one.kinds) for one in cards(house, home)[0].looks] == [{Kind.BASIC, Kind.ACCOUNT}, {Kind.BASIC}]
