"""From the registration's tests to a customer's data: connect, use, renew, connect again."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conversations.stage import Desk, Person, contents, days_of, desk
from tests.custodian.houses import Home, TestHouse
from wattshare.custodian.model.authorization import Ending, State
from wattshare.custodian.model.premises import Commodity
from wattshare.espi.kinds import Kind
from wattshare.thirdparty import errors
from wattshare.thirdparty.connect import arrive
from wattshare.thirdparty.feeds import readings
from wattshare.thirdparty.tokens import Tokens

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)


def milestones(house: TestHouse, acme: Desk) -> dict[str, object]:
    """As `third-party show` tells them."""
    told = house.house.third_party_facts(acme.name)["milestones"]
    assert isinstance(told, dict)
    return told


def test_the_connectivity_test_is_passed_when_sample_data_is_delivered(house: TestHouse) -> None:
    acme = desk(house, test=True)
    assert acme.client.status()
    assert milestones(house, acme)["connectivity_test"] is None
    house.clock.advance(60)
    assert len(list(readings(acme.client.sample_data()))) == 192
    passed = milestones(house, acme)["connectivity_test"]
    assert passed == "2024-03-13T19:01:00Z"
    house.clock.advance(60)
    acme.client.sample_data()
    assert milestones(house, acme)["connectivity_test"] == passed


def test_sample_data_by_a_production_token_passes_no_test(house: TestHouse, acme: Desk) -> None:
    acme.client.sample_data()
    assert milestones(house, acme)["connectivity_test"] is None


def test_the_tests_are_due_ninety_days_after_registration(house: TestHouse, acme: Desk) -> None:
    assert milestones(house, acme)["days_left"] == 90
    house.clock.advance(10 * 86_400)
    assert milestones(house, acme)["days_left"] == 80
    assert milestones(house, acme)["due"] == "2024-06-11T19:00:00Z"


def test_the_oauth_test_is_passed_by_a_dummy_code_that_opens_nothing(house: TestHouse) -> None:
    acme = desk(house, test=True)
    journey = acme.journey(scope="dummy", test=True)
    sent = house.browser.get(journey.url)
    assert sent.status_code == 302
    came = parse_qs(urlsplit(sent.headers["location"]).query)
    assert came["scope"] == ["dummy"]
    assert came["code"] == came["authorization_code"]
    tokens = acme.finish(journey, sent.headers["location"])
    assert milestones(house, acme)["oauth_test"] is not None
    assert acme.ask("/ReadingType", tokens.access_token).status_code == 403


def test_a_test_token_lists_the_third_partys_own_two_entries_alone(house: TestHouse) -> None:
    acme = desk(house, test=True)
    house.share(acme.registered, house.home())
    own = acme.client.authorizations()
    assert [entry.is_customers for entry in own] == [False, False]
    assert own[1].bulk_id == str(acme.bulk_id)


@pytest.fixture
def home(house: TestHouse) -> Home:
    """A customer with electricity and gas."""
    return house.home(commodities=BOTH)


@pytest.mark.parametrize(("guest", "pkce"), [(False, False), (True, False), (False, True)])
def test_a_customer_connects_and_every_resource_opens(
    house: TestHouse, acme: Desk, home: Home, guest: bool, pkce: bool
) -> None:
    tokens = acme.connect(home, guest=guest, pkce=pkce, pages=True)
    subscription, client = tokens.subscription, acme.client
    electric, gas = home.usage_points
    told = {
        "local-times": contents(client.call("local-times")),
        "local-time": contents(client.call("local-time", local_time=1)),
        "usage-points": contents(client.usage_points(subscription)),
        "usage-point": contents(client.call("usage-point", subscription=subscription, usage_point=gas)),
        "reading-types": contents(client.call("reading-types")),
        "customer": contents(client.customer(subscription)),
        "batch": contents(client.batch(subscription, electric)),
    }
    assert told == {
        "local-times": ["LocalTimeParameters"],
        "local-time": ["LocalTimeParameters"],
        "usage-points": ["UsagePoint"],
        "usage-point": ["UsagePoint"],
        "reading-types": ["ReadingType"],
        # the account once, and for each service where it is and what was agreed
        "customer": [
            *("Customer", "ServiceLocation", "CustomerAccount", "CustomerAgreement"),
            *("ServiceLocation", "CustomerAgreement"),
        ],
        "batch": [
            "LocalTimeParameters",
            "ReadingType",
            "UsagePoint",
            "MeterReading",
            "IntervalBlock",
            "UsageSummary",
        ],
    }
    assert days_of(house, client.batch(subscription, gas)) == [house.day(3), house.day(2), house.day(1)]


def test_whatever_a_feed_names_can_be_asked_for_alone(house: TestHouse, acme: Desk, home: Home) -> None:
    acme.connect(home)
    [subscription] = [held.id for held in acme.client.authorizations() if held.is_customers]
    batch = list(acme.client.batch(subscription, home.usage_points[0]).entries())
    named = [entry.self_href or "" for entry in batch if "ProgramIdMapping" not in (entry.self_href or "")]
    alone = [acme.client.fetch(href).only() for href in named]
    # the same entry alone and in a feed: id, links, times and content
    assert alone == [entry for entry in batch if entry.self_href in named]
    lists = {href for entry in batch for href in (entry.up, *entry.related) if href is not None}
    assert all(acme.client.fetch(href).status == 200 for href in lists)


def test_the_customer_who_says_no_is_a_denial_and_nothing_else(house: TestHouse, acme: Desk, home: Home) -> None:
    journey = acme.journey()
    came = Person(house, home).decline(journey)
    with pytest.raises(errors.ConsentDenied) as denied:
        arrive(journey, acme.client.custodian, came)
    assert denied.value.error == "access_denied"
    assert [held for held in acme.client.authorizations() if held.is_customers] == []


def test_the_page_says_who_asks_and_what_it_asks_for(house: TestHouse, acme: Desk, home: Home) -> None:
    words = Person(house, home).reads(acme.journey(scope="FB=4;Colour=blue"))
    for said in ("Acme Energy", "Electricity", "Gas", "Colour", "They need", "They would also like"):
        assert said in words
    assert home.account_number not in words


def test_an_authorization_is_listed_from_consent_and_opens_when_its_code_is_redeemed(
    house: TestHouse, acme: Desk, home: Home
) -> None:
    journey = acme.journey()
    came = Person(house, home).share(journey)
    [listed] = [held for held in acme.client.authorizations() if held.is_customers]
    assert listed.is_active
    # no data yet, in bulk neither
    acme.client.bulk()
    assert [acme.client.fetch(url).is_empty for url in acme.files()] == [True]
    tokens = acme.finish(journey, came)
    assert tokens.subscription == listed.id
    assert acme.client.batch(listed.id, home.usage_points[0]).status == 200


def test_a_code_that_lapses_ends_its_authorization(house: TestHouse, acme: Desk, home: Home) -> None:
    journey = acme.journey()
    came = Person(house, home).share(journey)
    house.clock.advance(600 + 61)
    with pytest.raises(errors.GrantRefused):
        acme.finish(journey, came)
    house.house.worker("test").sweep()
    assert [held for held in acme.client.authorizations() if held.is_customers] == []
    assert acme.told() == []
    with house.store.read() as tx:
        [held] = tx.authorizations.of_customer(home.customer.id)
    assert (held.state, held.ending) == (State.ENDED, Ending.LAPSED)


def test_a_code_shown_twice_ends_the_tokens_that_it_gave(house: TestHouse, acme: Desk, home: Home) -> None:
    journey = acme.journey()
    came = Person(house, home).share(journey)
    tokens = acme.finish(journey, came)
    with pytest.raises(errors.GrantRefused):
        acme.finish(journey, came)
    assert acme.ask("/ReadingType", tokens.access_token).status_code == 401
    # the customer's permission stands: it is the tokens that were in wrong hands
    assert acme.client.authorization(tokens.subscription).is_active


def test_tokens_are_renewed_and_the_client_does_not_notice(house: TestHouse, acme: Desk, home: Home) -> None:
    first = acme.connect(home, pages=True)
    house.clock.advance(3_600)
    assert acme.client.usage_points(first.subscription).status == 200
    second = acme.client.store.find(first.subscription)
    assert second is not None
    assert second.access_token != first.access_token
    assert second.refresh_token != first.refresh_token


def renewed(acme: Desk, tokens: Tokens) -> Tokens:
    """What a refresh token gives, kept by nobody."""
    return acme.client.grants.renew(tokens)


def test_a_refresh_whose_answer_was_lost_is_repeated_within_a_minute(house: TestHouse, acme: Desk, home: Home) -> None:
    first = acme.connect(home, pages=True)
    lost = renewed(acme, first)
    house.clock.advance(59)
    again = renewed(acme, first)
    for token in (first, lost, again):
        assert acme.ask("/ReadingType", token.access_token).status_code == 200
    house.clock.advance(2)
    assert acme.ask("/ReadingType", first.access_token).status_code == 401
    assert acme.ask("/ReadingType", again.access_token).status_code == 200


def test_a_refresh_token_replayed_later_ends_the_family_and_not_the_permission(
    house: TestHouse, acme: Desk, home: Home
) -> None:
    first = acme.connect(home)
    second = renewed(acme, first)
    house.clock.advance(121)
    with pytest.raises(errors.GrantRefused):
        renewed(acme, first)
    assert acme.ask("/ReadingType", second.access_token).status_code == 401
    with pytest.raises(errors.GrantRefused):
        renewed(acme, second)
    assert acme.client.authorization(first.subscription).is_active


def test_connecting_again_replaces_the_former_permission_at_redemption_and_not_before(
    house: TestHouse, acme: Desk, home: Home
) -> None:
    first = acme.connect(home)
    journey = acme.journey()
    came = Person(house, home).share(journey, kinds=[Kind.USAGE])
    assert acme.ask("/ReadingType", first.access_token).status_code == 200
    assert acme.told() == []
    second = acme.finish(journey, came)
    assert int(second.subscription) > int(first.subscription)
    assert acme.ask("/ReadingType", first.access_token).status_code == 401
    assert acme.client.authorization(first.subscription).status == 0
    assert acme.told() == [first.authorization_uri]
    listed = [held.id for held in acme.client.authorizations() if held.is_customers]
    assert listed == [second.subscription]
    # what is new is narrower, and so is what it opens
    with pytest.raises(errors.NotPermitted):
        acme.client.customer(second.subscription)


def test_of_two_consents_at_once_the_one_redeemed_with_the_later_id_stands(
    house: TestHouse, acme: Desk, home: Home
) -> None:
    journeys = [acme.journey(), acme.journey()]
    came = [Person(house, home).share(journey) for journey in journeys]
    second = acme.finish(journeys[1], came[1])
    with pytest.raises(errors.GrantRefused):
        acme.finish(journeys[0], came[0])
    listed = [held.id for held in acme.client.authorizations() if held.is_customers]
    assert listed == [second.subscription]


def test_the_end_that_the_third_party_prefers_is_the_end_to_the_second(
    house: TestHouse, acme: Desk, home: Home
) -> None:
    wanted = house.clock() + 40 * 86_400 + 17
    journey = acme.journey(preferred_end=wanted, min_end=wanted - 86_400)
    until = house.day(-40)
    tokens = acme.finish(journey, Person(house, home).share(journey, until=until))
    held = acme.client.authorization(tokens.subscription)
    assert held.until is not None
    assert int(held.until.timestamp()) == wanted


def test_two_third_parties_know_a_usage_point_by_one_id_and_each_customer_by_its_own(
    house: TestHouse, acme: Desk, home: Home
) -> None:
    other = desk(house, "Beta Solar")
    mine, theirs = acme.connect(home, pages=True), other.connect(home, pages=True)
    assert mine.subscription != theirs.subscription
    for each, tokens in ((acme, mine), (other, theirs)):
        assert each.client.batch(tokens.subscription, home.usage_points[0]).status == 200
    assert acme.ask(f"/Subscription/{theirs.subscription}/UsagePoint", mine.access_token).status_code == 403
