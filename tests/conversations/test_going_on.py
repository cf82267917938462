"""A making that is broken off goes on behind the parts that are there."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.conversations.stage import Desk
from tests.custodian.houses import TestHouse
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.work import Batch, BatchState, Part
from wattshare.custodian.services.disclosure.bulk import Bulk, Filling, Place
from wattshare.thirdparty.feeds import readings

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)


class BrokenOff(BaseException):
    """What a signal does to a process."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Three customers with two usage points each share with a third party, which orders everything.

    Each usage point is a part of its own.
    """

    house: TestHouse
    acme: Desk
    subscriptions: tuple[int, ...]
    points: tuple[int, ...]
    batch: str

    def make(self, before: Callable[[int], object] = lambda _: None) -> None:
        """Make it; `before` each part something happens, given its place."""
        self.making(before).make(self.batch)

    def making(self, before: Callable[[int], object] = lambda _: None, volume_bytes: int = 1) -> Any:
        """The same, not yet begun."""
        bulk = Interrupted(addresses=self.house.house.addresses, volume_bytes=volume_bytes, before=before)
        return replace(self.house.house.batches, bulk=bulk)

    def break_off(self, parts: int) -> tuple[Part, ...]:
        """Make so many parts, and be killed. What is there then."""

        def kill(place: int) -> None:
            if place == parts:
                raise BrokenOff

        with pytest.raises(BrokenOff):
            self.make(kill)
        found = self.parts()
        assert [part.number for part in found] == list(range(1, parts + 1))
        assert self.state() is BatchState.ORDERED
        return found

    def stop_sharing(self) -> None:
        """The first customer does."""
        self.house.house.consent.withdraw(self.subscriptions[0], Ending.CUSTOMER)

    def parts(self) -> tuple[Part, ...]:
        """What is written down."""
        with self.house.store.read() as tx:
            return tx.batches.parts(self.batch)

    def state(self) -> BatchState:
        """Of the order."""
        with self.house.store.read() as tx:
            found: Batch | None = tx.batches.by_id(self.batch)
        assert found is not None
        return found.state

    def fetched(self) -> list[int]:
        """Whose readings come by what the notice tells, as often as they are there."""
        urls = [url for url in self.acme.files() if "correlationID" in url]
        found: list[int] = []
        for url in urls:
            reply = self.acme.client.fetch(url)
            assert reply.status in (200, 204)
            found += sorted({int(one.usage_point) for one in readings(reply)} if reply.status == 200 else ())
        return found


@dataclass(frozen=True, kw_only=True)
class Interrupted(Bulk):
    """Something happens before each file."""

    before: Callable[[int], object]

    def files(self, *given: Any, after: Place | None = None) -> Iterator[Filling]:
        for place, filling in enumerate(super().files(*given, after=after)):
            self.before(place)
            yield filling


@pytest.fixture
def scene(house: TestHouse, acme: Desk) -> Scene:
    """Everybody."""
    homes = [house.home(days=1, commodities=BOTH) for _ in range(3)]
    subscriptions = tuple(int(acme.connect(home).subscription) for home in homes)
    acme.told()
    answer = acme.ask(f"/Batch/Bulk/{acme.bulk_id}?published-min=1", acme.client_token())
    points = tuple(home.usage_points[place] for place in range(2) for home in homes)
    batch = str(answer.headers["content-location"]).rpartition("/")[2]
    return Scene(house=house, acme=acme, subscriptions=subscriptions, points=points, batch=batch)


@pytest.mark.parametrize("parts", [1, 4])
def test_parts_that_are_there_are_not_made_again(scene: Scene, parts: int) -> None:
    kept = scene.break_off(parts)
    began: list[int] = []
    scene.make(began.append)
    assert scene.parts()[: len(kept)] == kept
    assert len(began) == 6 - len(kept)
    assert scene.fetched() == list(scene.points)


def test_a_part_that_is_not_whole_is_made_again_with_all_behind_it(scene: Scene) -> None:
    kept = scene.break_off(4)
    folder = scene.house.house.settings.home / "batches"
    (folder / (kept[1].file or "")).write_bytes(b"half")
    scene.make()
    assert scene.parts()[0] == kept[0]
    assert not {part.correlation_id for part in kept[1:]} & {part.correlation_id for part in scene.parts()}
    assert scene.fetched() == list(scene.points)
    assert len([file for file in folder.iterdir() if file.suffix != ".members"]) == 6


def test_who_stopped_sharing_meanwhile_is_in_none_of_the_parts_that_were_there(scene: Scene) -> None:
    kept = scene.break_off(4)
    scene.stop_sharing()
    scene.make()
    assert scene.parts()[1] == kept[1]
    # the addresses stay; nothing is behind those of which nothing is left
    gone = (scene.points[0], scene.points[3])
    assert scene.fetched() == [point for point in scene.points if point not in gone]


def test_who_stops_sharing_while_the_rest_is_made_is_in_none_of_the_parts(scene: Scene) -> None:
    def stop(place: int) -> None:
        if place == 4:
            scene.stop_sharing()

    scene.make(stop)
    assert scene.state() is BatchState.ORDERED
    gone = (scene.points[0], scene.points[3])
    assert scene.fetched() == [point for point in scene.points if point not in gone]


def test_two_that_make_the_same_batch_leave_each_usage_point_once(scene: Scene) -> None:
    other = scene.making()

    def overtake(place: int) -> None:
        if place == 2:
            other.make(scene.batch)

    scene.make(overtake)
    assert scene.state() is BatchState.MADE
    assert scene.fetched() == list(scene.points)
    folder = scene.house.house.settings.home / "batches"
    assert len([file for file in folder.iterdir() if file.suffix != ".members"]) == 6


def test_a_cancelled_order_leaves_none_of_the_parts_that_were_there(scene: Scene) -> None:
    scene.break_off(3)
    address = f"/GreenButtonConnect/wattshare/1/orders/{scene.batch}"
    head = {"authorization": f"Bearer {scene.acme.client_token()}"}
    assert scene.house.browser.request("DELETE", address, headers=head).json()["state"] == "cancelled"
    assert scene.fetched() == []
    assert not any((scene.house.house.settings.home / "batches").iterdir())


def test_parts_of_an_order_that_is_not_made_are_kept_no_longer_than_files(scene: Scene) -> None:
    kept = scene.break_off(3)
    batches = scene.house.house.batches
    scene.house.clock.advance(batches.keep_days * 86_400)
    batches.expire()
    assert scene.parts() == kept
    scene.house.clock.advance(1)
    batches.expire()
    assert scene.parts() == ()
    assert not any((scene.house.house.settings.home / "batches").iterdir())
    scene.make()
    assert scene.state() is BatchState.MADE
    assert len(scene.parts()) == 6


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """Somebody stops sharing while a part is written down."""

    scene: Scene
    subscription: int
    check: Callable[..., None]
    threads: list[threading.Thread] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)

    def stop(self) -> None:
        """In a transaction of its own."""
        try:
            self.scene.house.house.consent.withdraw(self.subscription, Ending.CUSTOMER)
        except BaseException as fault:
            self.faults.append(fault)

    def __call__(self, *given: Any) -> None:
        """In the place of the look at who is in a part."""
        if not self.threads:
            self.threads.append(threading.Thread(target=self.stop))
            self.threads[0].start()
            # until it waits for what is held here
            time.sleep(0.2)
        self.check(*given)


@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
def test_neither_who_stops_sharing_nor_who_makes_files_waits_for_the_other_for_ever(scene: Scene, again: bool) -> None:
    batches = scene.house.house.batches
    if again:
        # several in one part
        scene.making(volume_bytes=10**9).make(scene.batch)
        scene.stop_sharing()
    else:
        path = f"/Batch/Subscription/{scene.subscriptions[1]}?published-min=1"
        answer = scene.acme.ask(path, scene.acme.token(str(scene.subscriptions[1])))
        scene = replace(scene, batch=str(answer.headers["content-location"]).rpartition("/")[2])
    crossed = Crossed(scene=scene, subscription=scene.subscriptions[1], check=batches._check)
    making = scene.making()
    object.__setattr__(making, "_check", crossed)
    making.make(scene.batch)
    [stopping] = crossed.threads
    stopping.join()
    assert crossed.faults == []
    scene.house.work()
    assert not set(scene.fetched()) & {scene.points[place] for place in (1, 4)}
