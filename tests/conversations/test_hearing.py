"""The receiver's side: what is heard is the custodian's, kept before it is acknowledged, and handed over once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.conversations.stage import ONCE, Desk, desk
from tests.custodian.houses import TestHouse, utc
from wattshare.custodian.model.authorization import Ending
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.errors import Unreachable
from wattshare.thirdparty.inbox import Drained, Inbox
from wattshare.thirdparty.ledger import Ledger
from wattshare.thirdparty.partial import Partial
from wattshare.thirdparty.receiver import Reception, Told
from wattshare.thirdparty.signatures import PUBLIC

DAY = 86_400


def posted(house: TestHouse, acme: Desk, **said: str) -> Told:
    """The last notice arrives once more, its headers changed."""
    _, body, headers = house.receivers.heard[-1]
    came = {name.lower(): value for name, value in headers.items()} | said
    return reception(house, acme).take(body, came)


def reception(house: TestHouse, acme: Desk) -> Reception:
    """Its receiver."""
    path = urlsplit(acme.address).path
    now = utc(house.clock())
    return Reception(custodian=acme.client.custodian, inbox=acme.inbox, path=path, now=lambda: now)


def ordered(house: TestHouse, acme: Desk, homes: int = 1) -> None:
    """A bulk file is made and told of."""
    for _ in range(homes):
        house.share(acme.registered, house.home())
    acme.told()
    list(acme.inbox.drain(acme.client, acme.folder / "fetched"))
    acme.client.bulk(house.day(1))
    house.work()


def test_only_what_the_custodian_signed_is_heard(house: TestHouse, acme: Desk) -> None:
    ordered(house, acme)
    acme.listen()
    beta = desk(house, "Beta Solar")
    for said in ({"webhook-signature": "v1,AAAA"}, {"webhook-timestamp": "1"}, {"webhook-id": "other"}):
        told = posted(house, acme, **said)
        assert told.status == 401
        assert told.sentence
    # what was signed for another third party is not for this one
    house.receivers.heard[-1] = (beta.address, *house.receivers.heard[-1][1:])
    assert reception(house, beta).take(*(house.receivers.heard[-1][1], {})).status == 401


def test_the_custodian_s_public_key_does_as_well(house: TestHouse, acme: Desk) -> None:
    ordered(house, acme)
    acme.listen()
    [key] = Ledger(acme.client).keys()
    assert key.startswith(PUBLIC)
    acme.client.custodian = replace(acme.client.custodian, notice_secrets=(), notice_keys=(key,))
    assert posted(house, acme).status == 200
    assert posted(house, acme, **{"webhook-id": "other"}).status == 401


def test_a_copy_is_acknowledged_and_not_handed_over_again(house: TestHouse, acme: Desk) -> None:
    ordered(house, acme)
    acme.listen()
    assert posted(house, acme).status == 200
    assert len(list(acme.inbox.waiting())) == 1
    assert [each.outcome for each in acme.inbox.drain(acme.client, acme.folder / "fetched")] == ["fetched"]
    # nor after it was dealt with
    assert posted(house, acme).status == 200
    assert list(acme.inbox.waiting()) == []


def test_a_notice_that_was_asked_for_again_is_handed_over_again(house: TestHouse, acme: Desk) -> None:
    ordered(house, acme)
    [notice] = acme.listen()
    list(acme.inbox.drain(acme.client, acme.folder / "fetched"))
    assert Ledger(acme.client).replay(notice.webhook_id or "")["outcome"] == "due"
    house.work()
    assert len(acme.listen()) == 1
    assert len(list(acme.inbox.waiting())) == 1


def test_what_was_handed_over_before_a_kill_is_not_handed_over_after_it(house: TestHouse, acme: Desk) -> None:
    small = replace(house.house.batches, bulk=replace(house.house.batches.bulk, volume_bytes=1))
    house.house = replace(house.house, batches=small)
    ordered(house, acme, homes=3)
    acme.listen()
    handed: list[Drained] = []
    for each in acme.inbox.drain(acme.client, acme.folder / "fetched"):
        handed.append(each)
        # killed while it deals with the second one
        if len(handed) == 2:
            break
    again = list(Inbox(acme.inbox.folder).drain(acme.client, acme.folder / "fetched"))
    assert [one.url for one in again] == [handed[1].url, again[1].url]
    assert len({one.url for one in (*handed, *again)}) == 3
    assert list(acme.inbox.waiting()) == []


def test_who_was_away_catches_up_from_the_ledger(house: TestHouse, acme: Desk) -> None:
    house.receivers.down.add(acme.address)
    ordered(house, acme)
    ledger = Ledger(acme.client)
    assert ledger.catch_up(acme.inbox) == 2
    outcomes = [each.outcome for each in acme.inbox.drain(acme.client, acme.folder / "fetched")]
    assert sorted(outcomes) == ["changed", "fetched"]
    assert ledger.catch_up(acme.inbox) == 0
    # what is told after all is known
    house.receivers.down.clear()
    house.clock.advance(DAY // 4)
    house.work()
    assert acme.listen() == []
    acme.client.bulk(house.day(1))
    house.work()
    assert ledger.catch_up(acme.inbox) == 1
    assert [told["state"] for told in ledger.notices()] == ["told"] * 3


def test_the_ledger_says_what_became_of_a_notice(house: TestHouse, acme: Desk) -> None:
    ordered(house, acme)
    ledger = Ledger(acme.client)
    *_, last = ledger.notices()
    assert ledger.notice(last["id"]) == last
    assert [one["status"] for one in last["attempts"]] == [200]
    assert [one["id"] for one in ledger.replay_since(utc(house.clock() - 60))] == [
        told["id"] for told in ledger.notices()
    ]
    assert ledger.outages() == []


def test_what_was_dealt_with_is_forgotten_after_a_while(house: TestHouse, acme: Desk) -> None:
    ordered(house, acme)
    acme.listen()
    list(acme.inbox.drain(acme.client, acme.folder / "fetched"))
    done = list(acme.inbox.done.glob("*.json"))
    times = [file.stat().st_mtime for file in done]
    assert acme.inbox.forget(min(times) - 1) == 0
    assert acme.inbox.forget(max(times) + 1) == len(done) == 2


class Cutting(httpx2.BaseTransport):
    """A connection that breaks off in the middle of a file, so many times."""

    def __init__(self, inner: httpx2.BaseTransport, times: int) -> None:
        self.inner, self.times = inner, times
        self.ranges: list[str | None] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass it on, and cut what comes back."""
        response = self.inner.handle_request(request)
        if b"correlationID" not in request.url.query:
            return response
        self.ranges.append(request.headers.get("range"))
        if not self.times:
            return response
        self.times -= 1
        raw = b"".join(cast(httpx2.SyncByteStream, response.stream))

        class Broken(httpx2.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                yield raw[: max(1, len(raw) // 2)]
                raise httpx2.ReadError("broken off")

        return httpx2.Response(response.status_code, headers=response.headers, stream=Broken())


def cut(acme: Desk, times: int) -> Cutting:
    """The third party's client over such connections."""
    line = Cutting(acme.house.transport, times)
    client = Client(acme.client.custodian, transport=line, now=acme.client.now, patience=ONCE, store=acme.client.store)
    acme.client = client
    return line


def test_a_file_that_broke_off_goes_on_where_it_was_even_after_a_restart(house: TestHouse, acme: Desk) -> None:
    ordered(house, acme)
    [notice] = acme.listen()
    whole = acme.client.fetch(notice.urls[0]).read()
    line = cut(acme, times=2)
    for _ in range(2):
        with pytest.raises(Unreachable):
            list(acme.inbox.drain(acme.client, acme.folder / "fetched"))
    [drained] = Inbox(acme.inbox.folder).drain(acme.client, acme.folder / "fetched")
    assert drained.file is not None
    assert drained.file.read_bytes() == whole
    first, second, third = line.ranges
    assert first is None
    assert second is not None
    assert third is not None
    assert second < third or len(second) < len(third)
    # nothing is left of the parts
    assert [file.name for file in (acme.folder / "fetched").iterdir() if file.name.startswith(".")] == []


def test_a_file_that_was_made_again_meanwhile_begins_anew(house: TestHouse, acme: Desk) -> None:
    leaving = house.share(acme.registered, house.home())
    ordered(house, acme)
    [notice] = acme.listen()
    cut(acme, times=1)
    with pytest.raises(Unreachable):
        list(acme.inbox.drain(acme.client, acme.folder / "fetched"))
    house.house.consent.withdraw(leaving.id, Ending.CUSTOMER)
    house.work()
    [drained] = acme.inbox.drain(acme.client, acme.folder / "fetched")
    assert drained.file is not None
    assert drained.file.read_bytes() == acme.client.fetch(notice.urls[0]).read()


def test_what_was_all_there_is_checked_by_fetching_it_once_more(house: TestHouse, acme: Desk) -> None:
    ordered(house, acme)
    [notice] = acme.listen()
    whole = acme.client.fetch(notice.urls[0]).read()
    partial = Partial(acme.folder / "fetched" / "whole.xml")
    for _ in range(2):
        # killed before it was put where it belongs
        assert acme.client.fetch(notice.urls[0], into=partial).read() == whole
