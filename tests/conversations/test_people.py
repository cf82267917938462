"""Time passes in a home: people move, meters are swapped, readings are corrected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.conversations.stage import Desk, Person, channel, contents, days_of, desk, metered
from tests.custodian.houses import Home, TestHouse
from wattshare.custodian.model.premises import Meter
from wattshare.espi.window import Window
from wattshare.thirdparty import errors
from wattshare.thirdparty.bills import bills
from wattshare.thirdparty.feeds import readings
from wattshare.thirdparty.tokens import Tokens

MOVED = 4


@dataclass(frozen=True)
class Move:
    """One home, whose tenant changed `MOVED` days ago."""

    former: Home
    next: Home
    usage_point: int


@pytest.fixture
def move(house: TestHouse) -> Move:
    """Ada moved out and Bob moved in; the meter ran on."""
    former, following = house.home(days=8, bills=2, name="Ada Elm"), house.home(days=1, bills=0, name="Bob Oak")
    point, at = former.usage_points[0], house.midnight(MOVED)
    with house.store.begin() as tx:
        tx.customers.end_agreement(former.agreements[0].id, at)
        account = tx.customers.services(following.customer.id)[0].account
        moved_in = tx.customers.add_agreement(point, account.id, "9900000077", starts=at)
    return Move(former, Home(**{**vars(following), "agreements": (moved_in,)}), point)


def since_and_until(house: TestHouse, first: int, last: int) -> list[date]:
    """The days from so many days ago to so many days ago."""
    return [house.day(ago) for ago in range(first, last - 1, -1)]


def before_the_move(house: TestHouse, move: Move, acme: Desk) -> Tokens:
    """Ada had shared before she moved out."""
    with house.store.begin() as tx:
        [held, *_] = [one for one in tx.customers.agreements_of(move.usage_point) if one.ends]
    shared_at = house.clock()
    house.clock.at = house.midnight(MOVED) - 3_600
    tokens = acme.connect(move.former, agreements=[held.id])
    house.clock.at = shared_at
    return tokens


def test_neither_tenant_sees_the_others_days(house: TestHouse, move: Move, acme: Desk) -> None:
    theirs = before_the_move(house, move, acme)
    mine = acme.connect(move.next)
    batches = [acme.client.batch(tokens.subscription, move.usage_point) for tokens in (theirs, mine)]
    assert [days_of(house, batch) for batch in batches] == [
        since_and_until(house, 8, MOVED + 1),
        since_and_until(house, MOVED, 1),
    ]
    # the bills of the former tenant's time are the former tenant’s
    assert len(list(bills(batches[0]))) == 2
    assert list(bills(batches[1])) == []
    for tokens, name, other in ((theirs, b"Ada", b"Bob"), (mine, b"Bob", b"Ada")):
        told = acme.client.customer(tokens.subscription).read()
        assert name in told
        assert other not in told


def test_a_day_of_the_other_tenant_cannot_be_asked_for_by_its_id(house: TestHouse, move: Move, acme: Desk) -> None:
    tokens = acme.connect(move.next)
    [entry] = acme.client.call(
        "meter-readings", subscription=tokens.subscription, usage_point=move.usage_point
    ).entries()
    for ago, status in ((MOVED, 200), (MOVED + 1, 404)):
        answer = acme.ask(f"{entry.self_href}/IntervalBlock/{house.midnight(ago)}", tokens.access_token)
        assert answer.status_code == status


def test_in_bulk_each_tenants_days_stand_under_their_own_authorization(
    house: TestHouse, move: Move, acme: Desk
) -> None:
    theirs, mine = before_the_move(house, move, acme), acme.connect(move.next)
    acme.told()
    acme.client.bulk(house.day(8))
    [url] = acme.files()
    told: dict[str, list[date]] = {}
    for entry in acme.client.fetch(url).entries():
        if "/IntervalBlock/" in (entry.self_href or ""):
            subscription = (entry.self_href or "").partition("/Subscription/")[2].partition("/")[0]
            day = next(ago for ago in range(1, 9) if (entry.self_href or "").endswith(f"/{house.midnight(ago)}"))
            told.setdefault(subscription, []).append(house.day(day))
    assert told == {
        theirs.subscription: since_and_until(house, 8, MOVED + 1),
        mine.subscription: since_and_until(house, MOVED, 1),
    }


def test_a_correction_goes_to_the_tenant_of_its_day(house: TestHouse, move: Move, acme: Desk) -> None:
    theirs, mine = before_the_move(house, move, acme), acme.connect(move.next)
    house.clock.advance(60)
    with house.store.read() as tx:
        [metering] = tx.readings.channels(move.usage_point)
    metered(house, metering, [house.day(MOVED + 2)], lambda place: 7, quality=19)
    changed = Window(updated_min=house.clock())
    where: dict[str, Any] = {"usage_point": move.usage_point, "window": changed}
    corrected = acme.client.call("batch-usage-point", subscription=theirs.subscription, **where)
    assert days_of(house, corrected) == [house.day(MOVED + 2)]
    assert acme.client.call("batch-usage-point", subscription=mine.subscription, **where).status == 204


def test_who_moved_out_cannot_share_what_comes_after(house: TestHouse, move: Move, acme: Desk) -> None:
    assert "This service has ended" in Person(house, move.former).reads(acme.journey())


def test_who_moves_out_while_sharing_shares_no_later_day(house: TestHouse, acme: Desk) -> None:
    home = house.home(days=3)
    tokens = acme.connect(home)
    with house.store.begin() as tx:
        tx.customers.end_agreement(home.agreements[0].id, house.midnight(1))
        [metering] = tx.readings.channels(home.usage_points[0])
    batch = acme.client.batch(tokens.subscription, home.usage_points[0])
    assert days_of(house, batch) == [house.day(3), house.day(2)]
    house.clock.advance(86_400)
    metered(house, metering, [house.day(1)])
    assert acme.client.batch(tokens.subscription, home.usage_points[0], house.day(2)).status == 204
    # in bulk, latest means the latest that is shared
    acme.client.bulk()
    [url] = acme.files()
    assert days_of(house, acme.client.fetch(url)) == [house.day(3)]


# meters


def swap(house: TestHouse, home: Home, steps: Sequence[int]) -> None:
    """Another meter yesterday, which counts in other steps maybe."""
    point = home.usage_points[0]
    with house.store.begin() as tx:
        tx.customers.add_meter(
            Meter(usage_point_id=point, serial="1000000001", installed=house.midnight(400), removed=house.midnight(1))
        )
        tx.customers.add_meter(Meter(usage_point_id=point, serial="1000000002", installed=house.midnight(1)))
    for serial, step, days in zip(("1000000001", "1000000002"), steps, ([3, 2], [1]), strict=True):
        of = channel(house, point, step=step, serial=serial)
        metered(house, of, [house.day(ago) for ago in days])


@pytest.mark.parametrize("steps", [(3600, 900), (900, 900)])
def test_a_swapped_meter_is_another_meter_reading_of_the_same_usage_point(
    house: TestHouse, acme: Desk, steps: tuple[int, int]
) -> None:
    home = house.home(days=0)
    swap(house, home, steps)
    tokens = acme.connect(home)
    batch = acme.client.batch(tokens.subscription, home.usage_points[0])
    lasting = [int(one.duration.total_seconds()) for one in readings(batch)]
    hours_of_two_days = 23 + 24
    assert lasting == [steps[0]] * (hours_of_two_days * 3600 // steps[0]) + [steps[1]] * (86_400 // steps[1])
    assert days_of(house, batch) == [house.day(3), house.day(2), house.day(1)]
    meters = contents(acme.client.customer(tokens.subscription))
    assert meters == ["Customer", "ServiceLocation", "CustomerAccount", "CustomerAgreement", "Meter"]
    told = acme.client.customer(tokens.subscription).read()
    assert told.count(b"<serialNumber>") == 2


def test_a_meter_reading_without_a_day_in_the_window_stands_there_without_blocks(house: TestHouse, acme: Desk) -> None:
    home = house.home(days=0)
    swap(house, home, (3600, 900))
    tokens = acme.connect(home)
    batch = acme.client.batch(tokens.subscription, home.usage_points[0], house.day(1))
    assert contents(batch).count("MeterReading") == 2
    assert contents(batch).count("IntervalBlock") == 1


# corrections


def test_what_changed_since_is_asked_for_by_the_time_of_change(house: TestHouse, acme: Desk) -> None:
    home = house.home(days=5)
    tokens = acme.connect(home)
    point = home.usage_points[0]
    house.clock.advance(3_600)
    corrected_at = house.clock()
    with house.store.read() as tx:
        [metering] = tx.readings.channels(point)
    metered(house, metering, [house.day(4)], lambda place: 5_000, quality=19)
    where: dict[str, Any] = {"subscription": tokens.subscription, "usage_point": point}
    changed = acme.client.call("batch-usage-point", window=Window(updated_min=corrected_at), **where)
    assert days_of(house, changed) == [house.day(4)]
    assert {one.value for one in readings(changed)} == {Decimal(5)}
    assert {one.quality for one in readings(changed)} == {("revenue quality",)}
    # both bounds together intersect
    both = Window(updated_min=corrected_at, published_max=house.midnight(5))
    assert acme.client.call("batch-usage-point", window=both, **where).status == 204
    before = Window(updated_max=corrected_at - 1)
    told = acme.client.call("batch-usage-point", window=before, **where)
    assert house.day(4) not in days_of(house, told)


def test_a_corrected_day_is_the_same_entry_updated(house: TestHouse, acme: Desk) -> None:
    home = house.home(days=2)
    tokens = acme.connect(home)
    first = list(acme.client.batch(tokens.subscription, home.usage_points[0]).entries())
    etag = acme.client.batch(tokens.subscription, home.usage_points[0]).headers["etag"]
    house.clock.advance(3_600)
    with house.store.read() as tx:
        [metering] = tx.readings.channels(home.usage_points[0])
    metered(house, metering, [house.day(2)], lambda place: 5_000)
    reply = acme.client.batch(tokens.subscription, home.usage_points[0])
    second = list(reply.entries())
    assert [entry.id for entry in first] == [entry.id for entry in second]
    [changed] = [(old, new) for old, new in zip(first, second, strict=True) if old != new]
    assert changed[0].published == changed[1].published
    assert changed[1].updated == house.clock()
    assert reply.headers["etag"] != etag


def test_what_has_not_changed_is_not_sent_again(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home)
    path = f"/Batch/Subscription/{tokens.subscription}/UsagePoint/{home.usage_points[0]}"
    first = acme.ask(path, tokens.access_token)
    again = acme.ask(path, tokens.access_token, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    # a validator is one bearer's: another authorization of the same usage point has another
    other = desk(house, "Beta Solar").connect(home)
    path = path.replace(tokens.subscription, other.subscription)
    crossed = acme.ask(path, other.access_token, if_none_match=first.headers["etag"])
    assert crossed.status_code == 200


def test_what_a_refused_row_says_of_a_stranger_and_of_nobody_is_the_same(house: TestHouse, acme: Desk) -> None:
    home, stranger = house.home(), house.home()
    tokens = acme.connect(home)
    theirs = desk(house, "Beta Solar").connect(stranger)
    for path in ("/Subscription/{}/UsagePoint", "/Batch/Subscription/{}", "/Batch/RetailCustomer/{}"):
        answers = [acme.ask(path.format(one), tokens.access_token) for one in (theirs.subscription, "4999999")]
        assert [one.status_code for one in answers] == [403, 403]
        assert answers[0].json() | {"correlation_id": ""} == answers[1].json() | {"correlation_id": ""}
    below = [
        acme.ask(f"/Subscription/{tokens.subscription}/UsagePoint/{point}", tokens.access_token)
        for point in (stranger.usage_points[0], 5_399_999_999)
    ]
    assert [one.status_code for one in below] == [404, 404]
    with pytest.raises(errors.NotFound):
        acme.client.batch(tokens.subscription, stranger.usage_points[0])
