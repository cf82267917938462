"""What becomes of a permission while it stands: changed, shortened, paused; what its app gets then, and is told."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from tests.conversations.stage import Desk, Person, desk
from tests.custodian.houses import EVERYTHING, Home, TestHouse
from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.errors import BadRequest, NotCovered, Unknown
from wattshare.custodian.model.parties import Role, Standing
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.work import Batch
from wattshare.custodian.services import fetching
from wattshare.custodian.services.batches import Written
from wattshare.custodian.services.terms import Choice
from wattshare.espi.kinds import Kind
from wattshare.thirdparty import errors

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)
USAGE, USAGE_AND_BILLS = frozenset({Kind.USAGE}), frozenset({Kind.USAGE, Kind.BILLING})


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ten seconds until a file is made again: another test has a clock for that."""
    monkeypatch.setattr(fetching, "RENEW_SECONDS", 0.2)


def held_of(house: TestHouse, number: str | int) -> Authorization:
    with house.store.read() as tx:
        held = tx.authorizations.by_id(int(number))
    assert held is not None
    return held


def change(
    house: TestHouse,
    home: Home,
    number: str | int,
    kinds: Iterable[Kind],
    services: int = 9,
    until: date | None = None,
    history_days: int | None = None,
) -> Authorization:
    agreements = tuple(one.id for one in home.agreements[:services])
    choice = Choice(kinds=frozenset(kinds), agreement_ids=agreements, until=until, history_days=history_days)
    return house.house.consent.change(int(number), home.customer.id, choice)


def bulk_files(acme: Desk) -> list[str]:
    """A file for each commodity."""
    acme.ask(f"/Batch/Bulk/{acme.bulk_id}?published-min=1", acme.client_token())
    return acme.files()


def served(acme: Desk, urls: list[str]) -> set[int]:
    return {acme.ask(url, acme.client_token()).status_code for url in urls}


def texts(acme: Desk, urls: list[str]) -> str:
    return " ".join(acme.ask(url, acme.client_token()).text for url in urls)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_while_it_is_paused_nothing_leaves_and_the_tokens_stay_good(house: TestHouse, acme: Desk) -> None:
    home, other = house.home(), house.home()
    tokens = acme.connect(home)
    acme.connect(other)
    acme.told()
    points = f"/Subscription/{tokens.subscription}/UsagePoint"
    assert acme.ask(points, tokens.access_token).status_code == 200
    files = bulk_files(acme)
    house.house.consent.pause(int(tokens.subscription), home.customer.id)
    # before any worker has worked
    for path in (points, "/ReadingType", f"/Batch/RetailCustomer/{tokens.subscription}"):
        refused = acme.ask(path, tokens.access_token)
        assert refused.status_code == 403
        assert "paused" in refused.text
    assert 503 in served(acme, files)
    assert acme.told() == [tokens.authorization_uri]
    with_the_other = texts(acme, files)
    assert str(other.usage_points[0]) in with_the_other
    assert str(home.usage_points[0]) not in with_the_other
    shown = acme.client.authorization(tokens.subscription)
    assert (shown.status, shown.is_active) == (2, False)
    assert tokens.subscription in {one.id for one in acme.client.authorizations()}
    renewed = acme.client.grants.renew(tokens)
    assert acme.ask(points, renewed.access_token).status_code == 403
    house.house.consent.resume(int(tokens.subscription), home.customer.id)
    assert acme.ask(points, renewed.access_token).status_code == 200
    assert acme.told() == [tokens.authorization_uri]
    assert acme.client.authorization(tokens.subscription).is_active
    # a file from before is not made whole again
    assert str(home.usage_points[0]) not in texts(acme, files)


def test_an_order_of_what_is_paused_is_void_and_one_that_is_paused_can_end(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home)
    acme.told()
    ordered = acme.ask(f"/Batch/Subscription/{tokens.subscription}?published-min=1", tokens.access_token)
    assert ordered.status_code == 202
    number = int(tokens.subscription)
    for _ in range(2):
        # once is enough
        house.house.consent.pause(number, home.customer.id)
    assert acme.told() == [tokens.authorization_uri]
    acme.client.revoke(tokens.subscription)
    assert held_of(house, number).ending is Ending.THIRD_PARTY
    assert acme.told() == [tokens.authorization_uri]
    for turn in (house.house.consent.pause, house.house.consent.resume):
        with pytest.raises(Unknown):
            turn(number, home.customer.id)


def test_sharing_less_is_less_at_once_in_answers_and_files(house: TestHouse, acme: Desk) -> None:
    home, other = house.home(commodities=BOTH), house.home()
    tokens = acme.connect(home)
    acme.connect(other)
    acme.told()
    electricity, gas = home.usage_points
    files = bulk_files(acme)
    own = acme.ask(f"/Batch/Subscription/{tokens.subscription}?published-min=1", tokens.access_token)
    assert own.status_code == 202
    change(house, home, tokens.subscription, USAGE, services=1)
    assert acme.ask(f"/Subscription/{tokens.subscription}/UsagePoint/{gas}", tokens.access_token).status_code == 404
    assert acme.ask(f"/Batch/RetailCustomer/{tokens.subscription}", tokens.access_token).status_code == 403
    assert 503 in served(acme, files)
    # the order of the wider data is void; told is the change alone
    assert acme.told() == [tokens.authorization_uri]
    again = texts(acme, files)
    assert str(electricity) in again
    assert str(gas) not in again
    assert "UsageSummary" not in acme.ask(f"/Batch/Subscription/{tokens.subscription}", tokens.access_token).text
    held = held_of(house, tokens.subscription)
    assert (held.kinds, held.state) == (USAGE, State.ACTIVE)
    assert acme.client.authorization(tokens.subscription).scope == held.scope
    assert "Billing" not in held.scope


def test_what_was_read_before_somebody_shares_less_is_not_made_visible(house: TestHouse, acme: Desk) -> None:
    home, other = house.home(commodities=BOTH), house.home()
    tokens = acme.connect(home)
    acme.connect(other)
    acme.told()
    acme.ask(f"/Batch/Bulk/{acme.bulk_id}?published-min=1", acme.client_token())
    batches = house.house.batches
    announce, narrowed = batches._announce, list[int]()

    def slowly(batch: Batch, written: Written) -> None:
        if not narrowed:
            narrowed.append(change(house, home, tokens.subscription, EVERYTHING, services=1).id)
        announce(batch, written)

    object.__setattr__(batches, "_announce", slowly)
    files = acme.files()
    assert narrowed
    text = texts(acme, files)
    assert str(home.usage_points[0]) in text
    assert str(home.usage_points[1]) not in text


def test_sharing_more_keeps_the_tokens_and_leaves_files_alone(house: TestHouse, acme: Desk) -> None:
    home = house.home(commodities=BOTH)
    tokens = acme.connect(home, kinds=(), agreements=[home.agreements[0].id])
    acme.told()
    files = bulk_files(acme)
    change(house, home, tokens.subscription, USAGE_AND_BILLS)
    assert served(acme, files) == {200}
    gas = home.usage_points[1]
    path = f"/Subscription/{tokens.subscription}/UsagePoint/{gas}/UsageSummary"
    assert acme.ask(path, tokens.access_token).status_code == 200
    assert acme.told() == [tokens.authorization_uri]
    # the same once more is no change
    version = held_of(house, tokens.subscription).version
    change(house, home, tokens.subscription, USAGE_AND_BILLS)
    assert held_of(house, tokens.subscription).version == version
    assert acme.told() == []


def test_history_can_be_cut_and_an_end_can_come_sooner(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home, until=house.day(-100))
    acme.told()
    number, customer = int(tokens.subscription), home.customer.id
    before = held_of(house, number)
    change(house, home, number, EVERYTHING, until=house.day(-100), history_days=30)
    held = held_of(house, number)
    assert held.floor == house.midnight(30) > before.floor
    assert held.ends == before.ends
    sooner = house.house.consent.shorten(number, customer, house.day(-10))
    assert sooner.ends == house.midnight(-11)
    for day in (house.day(-10), house.day(-20), house.day(1)):
        with pytest.raises(BadRequest) as refused:
            house.house.consent.shorten(number, customer, day)
        assert refused.value.field == "until"
    house.clock.at = sooner.ends
    assert acme.ask("/ReadingType", tokens.access_token).status_code == 401


def test_nobody_changes_what_is_not_theirs(house: TestHouse, acme: Desk) -> None:
    home, stranger = house.home(), house.home()
    number = int(acme.connect(home).subscription)
    consent, them = house.house.consent, stranger.customer.id
    before = held_of(house, number)
    for attempt in (
        lambda: consent.pause(number, them),
        lambda: consent.resume(number, them),
        lambda: consent.shorten(number, them, house.day(-5)),
        lambda: consent.review_change(number, them),
        lambda: change(house, stranger, number, USAGE),
        lambda: consent.pause(4_999_999, them),
    ):
        with pytest.raises(Unknown):
            attempt()
    for kinds, agreements, field in (
        (EVERYTHING, (stranger.agreements[0].id,), "agreement"),
        (EVERYTHING, (), "agreement"),
    ):
        with pytest.raises(BadRequest) as refused:
            consent.change(number, home.customer.id, Choice(kinds=kinds, agreement_ids=agreements, until=None))
        assert refused.value.field == field
    assert held_of(house, number) == before


def test_what_the_app_needs_stays_but_nothing_new_is_needed(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    number = acme.connect(home).subscription
    assert change(house, home, number, ()).kinds == USAGE
    party = acme.registered.party
    review = house.house.consent.review_change(int(number), home.customer.id)
    assert (review.required, review.party.id) == ((Kind.USAGE,), party.id)
    assert set(review.optional) == EVERYTHING - USAGE
    house.house.registration.move(party.name, Standing.SUSPENDED)
    # who is suspended gets no more, and may get less
    with pytest.raises(NotCovered):
        change(house, home, number, EVERYTHING)
    house.house.consent.pause(int(number), home.customer.id)
    assert held_of(house, number).state is State.PAUSED


def test_a_partner_goes_along(house: TestHouse) -> None:
    partner = desk(house, "Beta Partner", role=Role.PARTNER)
    acme = desk(house, "Acme Energy", role=Role.PRIMARY, partner="Beta Partner")
    home = house.home(commodities=BOTH)
    tokens = acme.connect(home)
    number, customer = int(tokens.subscription), home.customer.id
    with house.store.read() as tx:
        brought = tx.authorizations.partner_of(number)
    assert brought is not None
    house.work()
    partner.listen()
    change(house, home, number, USAGE, services=1, history_days=30)
    along = held_of(house, brought.id)
    assert (along.kinds, along.floor) == (USAGE, held_of(house, number).floor)
    with house.store.read() as tx:
        assert tx.authorizations.shared(brought.id) == tx.authorizations.shared(number)
    house.house.consent.pause(number, customer)
    assert held_of(house, brought.id).state is State.PAUSED
    house.house.consent.resume(number, customer)
    assert held_of(house, brought.id).state is State.ACTIVE
    house.work()
    assert len(partner.listen()) == 3


def test_a_consent_that_is_not_fetched_yet_can_only_be_stopped(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    journey = acme.journey()
    Person(house, home).share(journey)
    with house.store.read() as tx:
        [held] = tx.authorizations.of_customer(home.customer.id)
    with pytest.raises(Unknown):
        house.house.consent.pause(held.id, home.customer.id)
    with pytest.raises(Unknown):
        change(house, home, held.id, USAGE)


def test_what_is_paused_still_runs_out(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home, until=house.day(-3))
    house.house.consent.pause(int(tokens.subscription), home.customer.id)
    house.clock.advance(int(timedelta(days=5).total_seconds()))
    assert house.house.consent.end_due() == 1
    held = held_of(house, tokens.subscription)
    assert held.ending is Ending.EXPIRED
    with pytest.raises(errors.GrantRefused):
        acme.client.grants.renew(tokens)
