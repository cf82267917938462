"""Kinds of notices that a third party asks for: ends that come near, data that was corrected, planned outages."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.conversations.stage import Desk, days_of, desk, metered
from tests.custodian.houses import Home, TestHouse
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.errors import BadRequest, Unknown
from wattshare.custodian.model.work import OPTIONAL_KINDS, Notice, NoticeKind
from wattshare.espi.profile import PGE

DAY, HOUR = 86_400, 3_600


@pytest.fixture
def curious(house: TestHouse) -> Desk:
    """A third party that wants to hear of everything."""
    return desk(house, "Curious Co", notify_kinds=OPTIONAL_KINDS)


def told(house: TestHouse, party: Desk, kind: NoticeKind) -> list[Notice]:
    """Its notices of a kind."""
    with house.store.read() as tx:
        return [notice for notice in tx.notices.of_third_party(party.bulk_id) if notice.kind is kind]


def sweep(house: TestHouse) -> None:
    """The chores of a minute."""
    house.house.worker("test").sweep()


def corrected(house: TestHouse, home: Home, *days_ago: int) -> None:
    """Days of readings come again with other values."""
    with house.store.read() as tx:
        [channel] = tx.readings.channels(home.usage_points[0])
    metered(house, channel, [house.day(one) for one in days_ago], lambda place: 7)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_an_end_that_comes_near_is_told_on_three_days_once_each(house: TestHouse, curious: Desk) -> None:
    home = house.home()
    until: date = house.day(0) + timedelta(days=40)
    [held] = house.house.consent.add_offline(curious.name, home.usage_points, None, until)
    assert held.ends is not None
    on: list[int] = []
    while house.clock() < held.ends + 2 * DAY:
        before = len(told(house, curious, NoticeKind.EXPIRY_COMING))
        sweep(house)
        sweep(house)
        if len(told(house, curious, NoticeKind.EXPIRY_COMING)) > before:
            on.append(-((house.clock() - held.ends) // DAY))
        house.clock.advance(12 * HOUR)
    assert on == [30, 7, 1]
    notices = told(house, curious, NoticeKind.EXPIRY_COMING)
    assert [notice.resources for notice in notices] == [(house.house.addresses.authorization(held.id),)] * 3


def test_a_short_permission_is_not_told_of_as_it_begins(house: TestHouse, curious: Desk) -> None:
    until: date = house.day(0) + timedelta(days=5)
    house.house.consent.add_offline(curious.name, house.home().usage_points, None, until)
    sweep(house)
    assert told(house, curious, NoticeKind.EXPIRY_COMING) == []


def test_one_that_has_ended_before_is_not_told_of(house: TestHouse, curious: Desk) -> None:
    until: date = house.day(0) + timedelta(days=40)
    [held] = house.house.consent.add_offline(curious.name, house.home().usage_points, None, until)
    house.house.consent.withdraw(held.id, Ending.CUSTOMER)
    house.clock.advance(20 * DAY)
    sweep(house)
    assert told(house, curious, NoticeKind.EXPIRY_COMING) == []


def test_who_asked_for_no_such_notices_gets_none(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    until: date = house.day(0) + timedelta(days=20)
    house.house.consent.add_offline(acme.name, home.usage_points, None, until)
    sweep(house)
    house.clock.advance(19 * DAY)
    corrected(house, home, 21)
    house.house.delivery.outages.announce(house.clock() + HOUR, house.clock() + 2 * HOUR, "New meters.")
    sweep(house)
    with house.store.read() as tx:
        kinds = {notice.kind for notice in tx.notices.of_third_party(acme.bulk_id)}
    assert kinds == {NoticeKind.AUTHORIZATION_CHANGED}


def test_what_was_corrected_is_told_with_an_address_that_brings_just_that(house: TestHouse, curious: Desk) -> None:
    home = house.home(days=5)
    tokens = curious.connect(home)
    sweep(house)
    house.clock.advance(HOUR)
    corrected(house, home, 3, 2)
    sweep(house)
    house.work()
    [notice] = told(house, curious, NoticeKind.DATA_CORRECTED)
    [url] = notice.resources
    assert f"/Batch/Subscription/{tokens.subscription}/UsagePoint/{home.usage_points[0]}?updated-min=" in url
    assert days_of(house, curious.client.fetch(url)) == [house.day(3), house.day(2)]
    # once
    sweep(house)
    assert len(told(house, curious, NoticeKind.DATA_CORRECTED)) == 1


def test_new_readings_are_no_correction(house: TestHouse, curious: Desk) -> None:
    home = house.home(days=2)
    house.share(curious.registered, home)
    sweep(house)
    house.clock.advance(DAY)
    with house.store.read() as tx:
        [channel] = tx.readings.channels(home.usage_points[0])
    metered(house, channel, [house.day(1)])
    sweep(house)
    assert told(house, curious, NoticeKind.DATA_CORRECTED) == []


def test_a_correction_of_what_is_not_shared_is_not_told(house: TestHouse, curious: Desk) -> None:
    shared, stranger = house.home(days=5), house.home(days=5)
    house.share(curious.registered, shared)
    beta = desk(house, "Beta Solar", notify_kinds=OPTIONAL_KINDS)
    left = house.home(days=5)
    held = house.share(beta.registered, left)
    house.house.consent.withdraw(held.id, Ending.CUSTOMER)
    sweep(house)
    house.clock.advance(HOUR)
    corrected(house, stranger, 2)
    corrected(house, left, 2)
    sweep(house)
    assert told(house, curious, NoticeKind.DATA_CORRECTED) == []
    assert told(house, beta, NoticeKind.DATA_CORRECTED) == []


def test_an_outage_is_told_and_shown_while_it_lasts(house: TestHouse, curious: Desk) -> None:
    begins, ends = house.clock() + DAY, house.clock() + DAY + HOUR
    outage = house.house.delivery.outages.announce(begins, ends, "New meters in the north.")
    house.work()
    [notice] = curious.listen()
    assert notice.urls == (f"https://share.example{PGE.resource_root}/ReadServiceStatus",)
    said = {"authorization": f"Bearer {curious.client_token()}"}
    planned = house.browser.get(f"{PGE.own_root}/outages", headers=said).json()
    assert planned == {"outages": [{"id": outage.id, "begins": begins, "ends": ends, "text": outage.text}]}
    seen = []
    for at in (begins - 1, begins, ends - 1, ends):
        house.clock.at = at
        seen.append(curious.client.status())
    assert seen == [True, False, False, True]


def test_an_outage_that_is_taken_back_is_not_shown(house: TestHouse, curious: Desk) -> None:
    outages = house.house.delivery.outages
    outage = outages.announce(house.clock(), house.clock() + HOUR, "A mistake.")
    assert not curious.client.status()
    outages.drop(outage.id)
    assert curious.client.status()
    with pytest.raises(Unknown):
        outages.drop(outage.id)


@pytest.mark.parametrize(
    ("begins", "ends", "text", "field"),
    [(HOUR, HOUR, "x", "to"), (-2 * HOUR, -HOUR, "x", "to"), (0, HOUR, "  ", "text"), (0, HOUR, "a\nb", "text")],
)
def test_an_outage_that_makes_no_sense_is_refused(
    house: TestHouse, begins: int, ends: int, text: str, field: str
) -> None:
    now = house.clock()
    with pytest.raises(BadRequest) as refused:
        house.house.delivery.outages.announce(now + begins, now + ends, text)
    assert refused.value.field == field


def test_the_kinds_of_every_third_party_cannot_be_chosen(house: TestHouse, acme: Desk) -> None:
    wish = house.house.registration.wish(acme.registered.party)
    with pytest.raises(BadRequest) as refused:
        house.house.registration.change(acme.name, replace(wish, notify_kinds=frozenset({NoticeKind.DAILY})))
    assert refused.value.field == "notify_kinds"
