"""Sending beside making: receivers that are slow, or fetch before they answer, hold up nothing; circuits are shared."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conversations.stage import Desk, desk
from tests.custodian.houses import TestHouse, built
from tests.custodian.servers import ENGINES, OpenStore
from wattshare.custodian.exchange import Cause
from wattshare.custodian.model.receivers import FAILURES, Circuit
from wattshare.custodian.outbound import Failed

PATIENCE = 60


def until(what: Callable[[], bool]) -> None:
    """Wait for something that other threads do."""
    ends = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < ends, "it never came to be"
        time.sleep(0.01)


class Working:
    """A worker at its work, in threads as the command has it."""

    def __init__(self, house: TestHouse) -> None:
        """Take the house."""
        self.worker = replace(house.house.worker("busy"), chores=())
        self.thread = threading.Thread(target=self.worker.run)

    def __enter__(self) -> None:
        """Begin."""
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        """Finish what is at hand."""
        self.worker.stop()
        self.thread.join()


def test_a_receiver_that_answers_late_holds_up_neither_what_is_made_nor_other_receivers(
    house: TestHouse, acme: Desk
) -> None:
    beta = desk(house, "Beta Solar")
    answer = threading.Event()

    def late() -> None:
        answer.wait(PATIENCE)

    house.receivers.answers[acme.address] = late
    for _ in range(8):
        house.share(acme.registered, house.home(days=0, bills=0))
    home = house.home()
    house.share(beta.registered, home)
    try:
        with Working(house):
            until(lambda: len(beta.listen()) == 1)
            beta.client.bulk(house.day(1))
            until(lambda: any("correlationID" in notice.urls[0] for notice in beta.listen()))
            # meanwhile all of these wait for an answer, and the others for a slot
            assert house.receivers.heard == [one for one in house.receivers.heard if one[0] != acme.address]
            answer.set()
            until(lambda: len([one for one in house.receivers.heard if one[0] == acme.address]) == 8)
    finally:
        answer.set()


def test_a_receiver_that_fetches_before_it_answers_gets_the_file(house: TestHouse, acme: Desk) -> None:
    house.share(acme.registered, house.home())
    house.work()
    acme.listen()
    fetched: list[int] = []

    def answer() -> None:
        with house.store.read() as tx:
            *_, last = tx.notices.of_third_party(acme.bulk_id)
        fetched.append(acme.client.fetch(last.resources[0]).status)

    house.receivers.answers[acme.address] = answer
    acme.client.bulk(house.day(1))
    with Working(house):
        until(lambda: bool(acme.listen()))
    assert fetched == [200]


def test_one_third_party_has_a_part_of_the_slots_only(house: TestHouse, acme: Desk) -> None:
    answer, at_once, most, lock = threading.Event(), 0, 0, threading.Lock()

    def slow() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        answer.wait(PATIENCE)
        with lock:
            at_once -= 1

    house.receivers.answers[acme.address] = slow
    for _ in range(10):
        house.share(acme.registered, house.home(days=0, bills=0))
    try:
        with Working(house):
            until(lambda: at_once == house.house.settings.sending_slots_each)
            time.sleep(0.5)
            answer.set()
            until(lambda: len(house.receivers.heard) == 10)
    finally:
        answer.set()
    # one worker claims one after the other, so that the count is exact
    assert most == house.house.settings.sending_slots_each


@pytest.mark.parametrize("engine", ENGINES)
def test_a_circuit_is_shared_by_all_workers(engine: str, tmp_path: Path, open_store: OpenStore) -> None:
    with built(tmp_path, open_store(tmp_path, engine)) as house:
        acme = desk(house)
        tried: list[str] = []
        lock = threading.Lock()

        def refuse() -> Failed:
            with lock:
                tried.append("try")
            return Failed(cause=Cause.TIMEOUT, milliseconds=3)

        house.receivers.answers[acme.address] = refuse
        for _ in range(12):
            house.share(acme.registered, house.home(days=0, bills=0))
        first, second = house.house.worker("one"), house.house.worker("two")
        for _ in range(FAILURES):
            first.once()
        with house.store.read() as tx:
            known = tx.receivers.of(acme.bulk_id)
        assert known.state is Circuit.OPEN
        # what the one has found out the other knows
        assert second.drain() == 0
        house.clock.at = known.shut_until
        at_once = [threading.Thread(target=worker.once) for worker in (first, second)]
        for thread in at_once:
            thread.start()
        for thread in at_once:
            thread.join()
        # one notice is tried by one of them
        assert len(tried) == FAILURES + 1
        house.receivers.answers.clear()
        with house.store.read() as tx:
            house.clock.at = tx.receivers.of(acme.bulk_id).shut_until
        for _ in range(200):
            if first.drain() + second.drain() == 0 and len(acme.listen()) == 0 and acme.heard >= 12:
                break
            house.clock.advance(60)
        assert len({headers["webhook-id"] for _, _, headers in house.receivers.heard}) == 12
