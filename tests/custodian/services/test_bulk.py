"""What is new for a third party, read in a few statements, is what it would be usage point by usage point."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from tests.custodian.houses import TestHouse, built
from tests.custodian.servers import ENGINES, OpenStore
from tests.custodian.store.test_history import close_all
from wattshare.custodian.model.authorization import Authorization, Ending
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.services.disclosure import feeds
from wattshare.custodian.services.disclosure.bulk import Bulk, Filling, Whose
from wattshare.custodian.services.disclosure.render import Item, entry_of
from wattshare.custodian.services.disclosure.selection import Latest
from wattshare.custodian.services.disclosure.told import Told
from wattshare.custodian.services.disclosure.view import View
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.store import deltas
from wattshare.espi.endpoints import by_name
from wattshare.espi.kinds import Kind

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)
BULK = by_name("batch-bulk")
DAY = 86_400


@pytest.fixture(params=ENGINES)
def house(tmp_path: Path, open_store: OpenStore, request: pytest.FixtureRequest) -> Iterator[TestHouse]:
    """A house on each engine."""
    with built(tmp_path, open_store(tmp_path, request.param)) as told:
        yield told


@pytest.fixture
def acme(house: TestHouse) -> Registered:
    """A third party with homes of every sort; what it asks for is asked two days later."""
    acme, beta = house.third_party(), house.third_party("Beta Power")
    plain, both, silent = house.home(), house.home(commodities=BOTH, days=5, bills=3), house.home(days=0, bills=0)
    billed, moved, ended = house.home(days=0, bills=2), house.home(days=6), house.home()
    for home in (plain, both, silent, billed, moved, ended):
        house.share(acme, home)
    house.share(beta, house.home())
    house.share(acme, house.home(commodities=BOTH), frozenset({Kind.BILLING}))
    house.share(acme, house.home(), frozenset({Kind.USAGE}))
    house.share(acme, house.home(), frozenset({Kind.ACCOUNT}))
    # out, and back in again: two shares of one usage point
    with house.store.begin() as tx:
        [agreement] = moved.agreements
        tx.customers.end_agreement(agreement.id, house.midnight(4))
    [gone] = [one for one in held_by(house, acme) if one.customer_id == ended.customer.id]
    house.house.consent.withdraw(gone.id, Ending.CUSTOMER)
    house.clock.advance(DAY)
    house.bill(both.usage_points[0], 4)
    house.clock.advance(DAY)
    return acme


def held_by(house: TestHouse, party: Registered) -> list[Authorization]:
    with house.store.read() as tx:
        return list(tx.deltas.authorizations(party.party.id, None, house.clock()))


def one_by_one(house: TestHouse, party: Registered, latest: Latest) -> list[list[Item]]:
    """The files as they are when every usage point is asked for by itself."""
    found = []
    with house.store.read() as tx:
        for commodity in Commodity:
            told, items, closing = Told(), list[Item](), None
            for held in held_by(house, party):
                view = View(tx=tx, held=held, addresses=house.house.addresses, at=house.clock(), told=told)
                for point in view.points():
                    new = view.extent(latest, point) or view.bills(point, latest)
                    if point.commodity is commodity and new:
                        items += [*([] if items else feeds.opening(view)), *feeds.of_point(view, point, latest)]
                        closing = closing if closing and closing.usage else view
            if closing:
                found.append([*items, *feeds.closing(closing)])
    return found


def in_one_go(house: TestHouse, party: Registered, latest: Latest) -> list[list[Item]]:
    bulk = Bulk(addresses=house.house.addresses, volume_bytes=10**9)
    with house.store.read() as tx:
        files = bulk.files(tx, BULK, Whose(third_party_id=party.party.id), latest, house.clock())
        return [list(bulk.items(BULK, filling)) for filling in files]


@pytest.mark.parametrize(
    ("page", "closed"),
    [(1, True), (500, False)],
    ids=["a page each, in segments", "one page, in rows"],
)
def test_news_are_the_same_in_one_go(
    house: TestHouse, acme: Registered, page: int, closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deltas, "PAGE", page)
    if closed:
        before = [one_by_one(house, acme, latest) for latest in (Latest(), Latest(since=house.clock() - DAY - 1))]
        assert close_all(house.store)
        after = [one_by_one(house, acme, latest) for latest in (Latest(), Latest(since=house.clock() - DAY - 1))]
        assert before == after
    now, addresses = house.clock(), house.house.addresses
    for latest in (Latest(), Latest(since=now - DAY - 1), Latest(since=now), Latest(since=0, until=now - DAY - 1)):
        expected, found = one_by_one(house, acme, latest), in_one_go(house, acme, latest)
        assert [[entry_of(one, addresses) for one in file] for file in found] == [
            [entry_of(one, addresses) for one in file] for file in expected
        ]
    assert len(in_one_go(house, acme, Latest())) == 2


def test_one_authorization_has_its_own_news_only(house: TestHouse, acme: Registered) -> None:
    bulk = Bulk(addresses=house.house.addresses, volume_bytes=10**9)
    for held in held_by(house, acme):
        whose = Whose(third_party_id=acme.party.id, only=held.id)
        with house.store.read() as tx:
            files = bulk.files(tx, BULK, whose, Latest(), house.clock())
            named = {holder for filling in files for holder in named_in(bulk, filling)}
        assert named <= {held.id}


def named_in(bulk: Bulk, filling: Filling) -> list[int]:
    """Whose news are in a file."""
    list(bulk.items(BULK, filling))
    return list(filling.members.authorizations())


def test_a_file_is_closed_at_its_size_and_no_usage_point_is_in_two(house: TestHouse, acme: Registered) -> None:
    whole = Bulk(addresses=house.house.addresses, volume_bytes=10**9)
    small = replace(whole, volume_bytes=1)

    def members(bulk: Bulk) -> list[list[int]]:
        with house.store.read() as tx:
            files = bulk.files(tx, BULK, Whose(third_party_id=acme.party.id), Latest(), house.clock())
            return [named_in(bulk, filling) for filling in files]

    apart = members(small)
    assert all(len(named) == 1 for named in apart)
    assert list(chain(*apart)) == list(chain(*members(whole)))
