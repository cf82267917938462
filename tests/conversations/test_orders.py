"""An order that can be looked at while it is made, and that can be cancelled."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conversations.stage import Desk, desk
from tests.custodian.houses import BASE, TestHouse
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.work import MAKE, Batch
from wattshare.custodian.services import progress
from wattshare.custodian.services.disclosure.bulk import Bulk, Filling, Place, Section
from wattshare.thirdparty.errors import NotFound
from wattshare.thirdparty.pull import Pull
from wattshare.thirdparty.pull_order import OrderedPull

OURS = "/GreenButtonConnect/wattshare/1"


def status(acme: Desk, address: str, token: str, method: str = "GET") -> tuple[int, Any]:
    """What a status page says."""
    told = acme.house.browser.request(method, address.removeprefix(BASE), headers={"authorization": f"Bearer {token}"})
    return told.status_code, told.json() | {"asks_again": told.headers.get("retry-after")}


def ordered(acme: Desk, subscription: str, query: str = "") -> str:
    """Order a customer's usage; the address of the order's status page."""
    answer = acme.ask(f"/Batch/Subscription/{subscription}{query}", acme.token(subscription))
    assert (answer.status_code, answer.content) == (202, b"")
    return str(answer.headers["content-location"])


def test_an_order_is_looked_at_from_its_beginning_to_its_end(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home(days=3))
    address = ordered(acme, tokens.subscription, "?published-min=2024-03-09T00:00:00Z")
    assert urlsplit(address).path.startswith(f"{OURS}/orders/")
    for token in (tokens.access_token, acme.client_token()):
        code, told = status(acme, address, token)
        assert (code, told["state"], told["parts"], told["asks_again"]) == (200, "waiting", [], "5")
    [url] = acme.files()
    _, told = status(acme, address, tokens.access_token)
    assert (told["state"], told["asks_again"], told["retry_after"]) == ("ready", None, None)
    assert told["progress"] == {"done": 1, "of": 1}
    assert told["expires_at"] == house.clock() + 5 * 86_400
    [part] = told["parts"]
    assert (part["number"], part["href"], part["usage_points"]) == (1, url, 1)
    # quarter hours of three days, one of them of 23 hours
    assert part["readings"] == 92 + 96 + 96
    with house.browser.stream("GET", url.removeprefix(BASE), headers=gzipped(tokens.access_token)) as answer:
        kept = b"".join(answer.iter_raw())
    assert part["sha256"] == hashlib.sha256(kept).hexdigest()
    assert part["bytes"] == {"identity": len(gzip.decompress(kept)), "gzip": len(kept)}
    house.clock.advance(5 * 86_400)
    _, told = status(acme, address, acme.client_token())
    assert (told["state"], told["parts"]) == ("expired", [])
    gone = acme.ask(url, acme.client_token())
    assert (gone.status_code, gone.json()["error_description"]) == (
        404,
        "Files are kept for 5 days. Order the window again.",
    )


def gzipped(token: str) -> dict[str, str]:
    """The headers of who wants the file as it is kept."""
    return {"authorization": f"Bearer {token}", "accept-encoding": "gzip"}


def test_the_same_window_in_another_spelling_has_the_same_page(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    spellings = ("published-min=2024-03-11T07:00:00Z", "published-min=1710140400", "published-min=1710140400000&x=1")
    assert len({ordered(acme, tokens.subscription, f"?{one}") for one in spellings}) == 1


def test_the_client_follows_its_order_without_any_notice(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    order = acme.client.subscription(tokens.subscription)
    seen = acme.client.order_status(order)
    assert (seen.state, seen.is_open, seen.parts) == ("waiting", True, ())
    house.work()
    seen = acme.client.order_status(order)
    assert (seen.state, seen.is_open, seen.done, seen.of) == ("ready", False, 1, 1)
    [part] = seen.parts
    assert acme.client.fetch(part.href).status == 200
    acme.client.cancel(order)
    with pytest.raises(NotFound, match="cancelled"):
        acme.client.fetch(part.href)


def test_an_order_brings_the_same_readings_as_many_calls(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home(commodities=(Commodity.ELECTRICITY, Commodity.GAS), days=3))
    asked: dict[str, Any] = {
        "client": acme.client,
        "subscriptions": (tokens.subscription,),
        "since": house.day(3),
        "until": house.day(1),
    }
    called = Pull(**asked, out=acme.folder / "called.csv")
    called.run(called.pieces(), lambda *_: None)
    seen = list[str]()
    ordered = OrderedPull(**asked, out=acme.folder / "ordered.csv", wait=lambda _: house.work())
    pulled = ordered.run(lambda status: seen.append(status.state))
    assert (seen, pulled.calls, len(pulled.usage_points)) == (["waiting", "ready"], 2, 2)
    assert sorted(called.out.read_text().splitlines()) == sorted(ordered.out.read_text().splitlines())


def test_somebody_elses_order_is_not_there(house: TestHouse, acme: Desk) -> None:
    beta, home = desk(house, "Beta Solar"), house.home()
    mine, theirs = acme.connect(home), beta.connect(home)
    other = acme.connect(house.home())
    address = ordered(acme, mine.subscription)
    missing = f"{BASE}{OURS}/orders/00000000-0000-4000-8000-000000000000"
    for method in ("GET", "DELETE"):
        for token in (theirs.access_token, beta.client_token(), other.access_token):
            told = {status(acme, one, token, method)[1]["error_description"] for one in (address, missing)}
            assert told == {"There is no such order."}
    assert status(acme, address, mine.access_token)[1]["state"] == "waiting"


# cancelling


@pytest.mark.parametrize("made", [False, True])
def test_a_cancelled_order_leaves_no_file_and_no_notice(house: TestHouse, acme: Desk, made: bool) -> None:
    tokens = acme.connect(house.home())
    acme.told()
    address = ordered(acme, tokens.subscription)
    if made:
        house.receivers.down.add(acme.address)
        house.work()
        [part] = status(acme, address, tokens.access_token)[1]["parts"]
    for _ in range(2):
        code, told = status(acme, address, tokens.access_token, "DELETE")
        assert (code, told["state"], told["parts"], told["retry_after"]) == (200, "cancelled", [], None)
    # the same window is another order now
    other = ordered(acme, tokens.subscription)
    assert other != address
    status(acme, other, tokens.access_token, "DELETE")
    house.receivers.down.clear()
    house.clock.advance(86_400)
    assert acme.files() == []
    assert not any((house.house.settings.home / "batches").glob("*"))
    if made:
        assert acme.ask(part["href"], acme.client_token()).status_code == 404


@dataclass(frozen=True, kw_only=True)
class Watched(Bulk):
    """Something happens after each usage point that is written."""

    meanwhile: Callable[[], object]

    def files(self, *given: Any, after: Place | None = None) -> Iterator[Filling]:
        for filling in super().files(*given, after=after):
            filling.sections = self.passing(filling.sections)
            yield filling

    def passing(self, sections: Iterator[Section]) -> Iterator[Section]:
        for section in sections:
            yield section
            self.meanwhile()


def watched(house: TestHouse, meanwhile: Callable[[], object]) -> None:
    """Let something happen after each usage point."""
    bulk = Watched(addresses=house.house.addresses, volume_bytes=10**9, meanwhile=meanwhile)
    house.house = replace(house.house, batches=replace(house.house.batches, bulk=bulk))


def test_the_progress_is_seen_while_the_work_goes_on(
    house: TestHouse, acme: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "TELL_SECONDS", 0)
    for _ in range(3):
        acme.connect(house.home(days=1))
    answer = acme.ask(f"/Batch/Bulk/{acme.bulk_id}", acme.client_token())
    address, token, seen = answer.headers["content-location"], acme.client_token(), list[Any]()
    watched(house, lambda: seen.append(status(acme, address, token)[1]))
    house.work()
    told = [(one["state"], one["progress"]["done"], one["progress"]["of"]) for one in seen]
    assert told == [("making", 1, 3), ("making", 2, 3), ("making", 3, 3)]


def test_what_is_cancelled_while_it_is_made_stops(
    house: TestHouse, acme: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "TELL_SECONDS", 0)
    for _ in range(3):
        acme.connect(house.home(days=1))
    acme.told()
    address = acme.ask(f"/Batch/Bulk/{acme.bulk_id}", acme.client_token()).headers["content-location"]
    token, written = acme.client_token(), list[int]()

    def cancel() -> None:
        written.append(1)
        status(acme, address, token, "DELETE")

    watched(house, cancel)
    assert acme.files() == []
    assert len(written) == 1
    assert not any((house.house.settings.home / "batches").glob("*"))


def test_an_order_that_cannot_be_made_says_so(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    address = ordered(acme, tokens.subscription)
    with house.store.begin() as tx:
        job = tx.jobs.claim("a broken one", house.clock(), 60, (MAKE,))
        assert job is not None
        tx.jobs.bury(job, "the disk was full")
    assert status(acme, address, tokens.access_token)[1]["state"] == "failed"
    # ordered again, it is tried anew
    assert ordered(acme, tokens.subscription) == address
    assert status(acme, address, tokens.access_token)[1]["state"] == "waiting"


def test_what_a_withdrawal_voids_is_withdrawn(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    address = ordered(acme, tokens.subscription)
    [_] = acme.files()
    waiting = ordered(acme, tokens.subscription, "?published-min=1710140400")
    acme.client.revoke(tokens.subscription)
    for one in (address, waiting):
        told = status(acme, one, acme.client_token())[1]
        assert (told["state"], told["parts"]) == ("withdrawn", [])
    assert acme.files() == []
    assert not any((house.house.settings.home / "batches").glob("*"))


def test_the_page_is_the_facts_in_json(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    answer = acme.ask(f"/Batch/Subscription/{tokens.subscription}", tokens.access_token, x_transaction="mine-18")
    page = house.browser.get(
        answer.headers["content-location"].removeprefix(BASE),
        headers={"authorization": f"Bearer {tokens.access_token}"},
    )
    assert page.headers["content-type"] == "application/json;charset=UTF-8"
    assert page.headers["cache-control"] == "no-store"
    told = json.loads(page.text)
    assert (told["transaction"], told["resource"]) == (
        "mine-18",
        f"{BASE}/GreenButtonConnect/espi/1_1/resource/Batch/Subscription/{tokens.subscription}",
    )


# one after the other


def test_a_flood_of_orders_does_not_hold_up_another_third_party(house: TestHouse, acme: Desk) -> None:
    beta = desk(house, "Beta Solar")
    token = beta.client_token()
    with house.store.begin() as tx:
        for number in range(1_000):
            batch = Batch(
                id=f"flood-{number}",
                third_party_id=acme.bulk_id,
                authorization_id=None,
                endpoint="batch-bulk",
                window=f"published-min={number}",
                ordered_at=house.clock(),
            )
            tx.batches.add(batch)
            tx.jobs.add(MAKE, batch.id, house.clock(), third_party_id=acme.bulk_id)
    worker = house.house.worker("test")
    assert worker.once()
    house.clock.advance(60)
    answer = beta.ask(f"/Batch/Bulk/{beta.bulk_id}", token)
    assert worker.once()
    assert status(beta, answer.headers["content-location"], token)[1]["state"] == "ready"
    # and both go on, one after the other, however many each has
    for number in range(3):
        beta.ask(f"/Batch/Bulk/{beta.bulk_id}?published-min={number}", token)
    made = []
    for _ in range(6):
        with house.store.begin() as tx:
            job = tx.jobs.claim_in_turn("test", house.clock(), 60, MAKE)
            assert job is not None
            made.append("flood" if job.subject.startswith("flood") else "beta")
    assert made == ["flood", "beta"] * 3
