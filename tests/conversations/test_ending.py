"""Endings: who may end what, who is told, and what stops at once."""

from datetime import date, timedelta

import pytest

from tests.conversations.stage import Desk, Person, desk
from tests.custodian.houses import TestHouse
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.parties import Standing
from wattshare.thirdparty import errors
from wattshare.thirdparty.feeds import readings


def test_a_third_party_ends_an_authorization_and_is_told_of_it(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home)
    acme.client.revoke(tokens.subscription)
    # at once, before any worker has worked
    assert acme.ask("/ReadingType", tokens.access_token).status_code == 401
    with pytest.raises(errors.GrantRefused):
        acme.client.grants.renew(tokens)
    # then a notice with the address of the authorization, without a correlationID
    assert acme.told() == [tokens.authorization_uri]
    ended = acme.client.authorization(tokens.subscription)
    assert (ended.status, ended.is_active) == (0, False)
    assert ended.since is not None
    assert ended.until == ended.since + timedelta(seconds=1)
    # a second time it is not there to be ended
    with pytest.raises(errors.NotFound):
        acme.client.revoke(tokens.subscription)
    assert [held.id for held in acme.client.authorizations() if held.is_customers] == []
    assert acme.told() == []


def test_the_authorization_address_of_a_token_answer_ends_it(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    answer = acme.ask(tokens.authorization_uri or "", acme.client_token(), method="DELETE")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_customer_stops_on_the_page_and_the_third_party_is_told(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home)
    assert "Sharing has stopped" in Person(house, home).stop("Acme Energy")
    assert acme.ask("/ReadingType", tokens.access_token).status_code == 401
    assert acme.told() == [tokens.authorization_uri]
    with house.store.read() as tx:
        [held] = tx.authorizations.of_customer(home.customer.id)
    assert held.ending is Ending.CUSTOMER


def test_nobody_ends_what_is_not_theirs(house: TestHouse, acme: Desk) -> None:
    beta = desk(house, "Beta Solar")
    tokens = acme.connect(house.home())
    registration, bulk = (held.id for held in beta.client.authorizations())
    for number in (tokens.subscription, "4999999", registration, bulk):
        with pytest.raises(errors.NotPermitted):
            beta.client.revoke(number)
    assert acme.client.authorization(tokens.subscription).is_active


def test_an_authorization_ends_with_its_last_day(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home, until=house.day(-1))
    held = acme.client.authorization(tokens.subscription)
    assert held.until is not None
    house.clock.at = int(held.until.timestamp()) - 1
    assert acme.client.usage_points(tokens.subscription).status == 200
    house.clock.advance(1)
    with pytest.raises(errors.ConsentNeeded):
        acme.client.usage_points(tokens.subscription)
    # to the second, and told when the next round of endings is made
    assert acme.client.authorization(tokens.subscription).status == 0
    house.house.worker("test").sweep()
    assert acme.told() == [tokens.authorization_uri]
    assert acme.client.authorization(tokens.subscription).until == held.until


def test_no_token_outlives_its_authorization(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    journey = acme.journey(preferred_end=house.clock() + 1_800)
    tokens = acme.finish(journey, Person(house, home).share(journey, until=house.day(0)))
    assert tokens.expires_at == house.clock() + 1_800


def test_what_is_shared_ends_with_the_day_on_which_sharing_ends(house: TestHouse, acme: Desk) -> None:
    home = house.home(days=2)
    tokens = acme.connect(home, until=house.day(0))
    held = acme.client.authorization(tokens.subscription)
    assert held.until is not None
    assert house.house.profile.zone.utcoffset(held.until.replace(tzinfo=None)) is not None
    assert int(held.until.timestamp()) == house.midnight(-1)


def test_a_suspended_third_party_gets_nothing_until_it_is_back(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home)
    client_token = acme.client_token()
    acme.client.subscription(tokens.subscription)
    house.house.registration.move(acme.name, Standing.SUSPENDED)
    for path, token in (("/ReadingType", tokens.access_token), ("/Authorization", client_token)):
        assert acme.ask(path, token).status_code == 403
    assert house.browser.get(acme.journey().url).status_code == 400
    assert acme.told() == []
    house.clock.advance(1_000)
    house.house.registration.move(acme.name, Standing.PRODUCTION)
    assert acme.ask("/Authorization", client_token).status_code == 200
    # what became ready meanwhile is told then
    house.clock.advance(3_600)
    [url] = acme.told()
    assert len(list(readings(acme.client.fetch(url)))) > 0


def test_a_suspension_longer_than_files_are_kept_leaves_nothing_to_tell(house: TestHouse, acme: Desk) -> None:
    house.share(acme.registered, house.home())
    acme.told()
    acme.client.bulk()
    house.house.registration.move(acme.name, Standing.SUSPENDED)
    for _ in range(6):
        house.work()
        house.clock.advance(86_400)
    house.house.registration.move(acme.name, Standing.PRODUCTION)
    assert acme.told() == []
    with house.store.read() as tx:
        assert tx.jobs.waiting() == ()


def test_a_customer_can_share_again_after_stopping(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    first = acme.connect(home)
    Person(house, home).stop("Acme Energy")
    second = acme.connect(home, until=date(2024, 12, 31))
    assert int(second.subscription) > int(first.subscription)
    assert acme.client.usage_points(second.subscription).status == 200


def test_the_customers_page_says_that_an_app_is_suspended(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    acme.connect(home)
    words = "It gets nothing at present."
    for standing, told in ((Standing.SUSPENDED, True), (Standing.PRODUCTION, False)):
        house.house.registration.move(acme.name, standing)
        with Person(house, home).browser("https://share.example/nowhere") as browser:
            Person(house, home).sign_in(browser, browser.open("https://share.example/sharing"))
            assert (words in browser.open("https://share.example/sharing").text) is told
