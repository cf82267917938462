"""The receiver's side: what is heard is the custodian's, kept before it is acknowledged, and handed over once."""

from dataclasses import replace
from urllib.parse import urlsplit

from tests.conversations.stage import Desk, desk
from tests.custodian.houses import TestHouse, utc
from wattshare.thirdparty.inbox import Drained, Inbox
from wattshare.thirdparty.ledger import Ledger
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
