"""What is answered later: ordered, made by the worker, told by a notice, fetched from the address that it names."""

import gzip
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.conversations.stage import USAGE, Desk, channel, contents, days_of, desk, metered, points_in
from tests.custodian.houses import Home, TestHouse
from wattshare.custodian.formats.tables.mapping import from_plain
from wattshare.custodian.front import Front
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.parties import Standing
from wattshare.custodian.model.premises import Commodity, Enrollment, ProgramCode, ProgramEnrollment
from wattshare.custodian.model.work import MAKE
from wattshare.custodian.services.disclosure.bulk import Bulk, Filling, Section
from wattshare.custodian.services.disclosure.render import Item
from wattshare.custodian.services.intake.door import Wanted
from wattshare.custodian.store.bearers import Bearers
from wattshare.custodian.store.imports import Imports
from wattshare.espi.endpoints import Endpoint
from wattshare.espi.kinds import Kind
from wattshare.thirdparty import errors
from wattshare.thirdparty.feeds import readings
from wattshare.thirdparty.inbox import Drained

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)


def test_a_batch_is_ordered_made_told_and_fetched(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home)
    ordered = acme.client.subscription(tokens.subscription, house.day(2), house.day(1))
    assert acme.listen() == []
    house.work()
    [notice] = acme.listen()
    [url] = notice.urls
    assert ordered.is_told_by(url)
    assert re.fullmatch(r".*/Batch/Subscription/\d+\?correlationID=[0-9a-f-]{36}", url)
    assert days_of(house, acme.client.fetch(url)) == [house.day(2), house.day(1)]
    # as often as one likes, for five days
    house.clock.advance(5 * 86_400 - 1)
    assert acme.client.fetch(url).status == 200
    house.clock.advance(1)
    with pytest.raises(errors.NotFound):
        acme.client.fetch(url)
    house.house.worker("test").sweep()
    assert list((house.house.settings.home / "batches").iterdir()) == []


@pytest.mark.parametrize("token", ["access", "client"])
def test_a_file_is_fetched_by_both_tokens_in_both_codings(house: TestHouse, acme: Desk, token: str) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription)
    [url] = acme.files()
    bearer = tokens.access_token if token == "access" else acme.client_token()
    plain = acme.ask(url, bearer, accept_encoding="identity")
    packed = acme.ask(url, bearer, accept_encoding="gzip")
    assert plain.text == packed.text
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert int(packed.headers["content-length"]) < len(plain.content) // 5
    assert plain.headers["etag"] != packed.headers["etag"]
    for answer in (plain, packed):
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["cache-control"] == "private, no-cache"


def test_who_asked_in_this_second_is_not_looked_up_for_the_next_file(
    house: TestHouse, acme: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.connect(house.home(commodities=BOTH))
    acme.client.bulk()
    files, bearer = acme.files(), acme.client_token()
    shown, lookups = Bearers.shown, list[str]()

    def noted(bearers: Bearers, told: str) -> Any:
        lookups.append(told)
        return shown(bearers, told)

    monkeypatch.setattr(Bearers, "shown", noted)
    house.clock.advance(1)
    assert [acme.ask(url, bearer).status_code for url in files] == [200, 200]
    assert len(lookups) == 1
    # what is refused, and a condition, are asked about
    assert acme.ask(f"{files[0]}0", bearer).status_code == 404
    etag = acme.ask(files[0], bearer).headers["etag"]
    assert acme.ask(files[0], bearer, if_none_match=etag).status_code == 304
    assert len(lookups) == 3
    # a third party that is suspended has none from then on
    house.house.registration.move("Acme Energy", Standing.SUSPENDED)
    assert {acme.ask(url, bearer).status_code for url in files} == {403}


def test_a_file_holds_one_gzip_member_of_what_was_promised(house: TestHouse, acme: Desk) -> None:
    acme.connect(house.home())
    acme.client.bulk(house.day(2))
    acme.files()
    [kept] = [file for file in (house.house.settings.home / "batches").iterdir() if file.suffix != ".members"]
    assert kept.stat().st_mode & 0o077 == 0
    member = kept.read_bytes()
    assert member.count(b"\x1f\x8b\x08") == 1
    assert gzip.decompress(member).endswith(b"</ns1:feed>")


def test_the_client_takes_the_notice_and_fetches_all_that_it_tells_of(house: TestHouse, acme: Desk) -> None:
    acme.connect(house.home(commodities=BOTH))
    acme.client.bulk()
    acme.files()
    drained = list(acme.inbox.drain(acme.client, acme.folder / "fetched"))
    assert [each.outcome for each in drained] == ["fetched", "fetched"]
    assert [len(list(readings(each.file))) for each in drained if each.file] == [96, 1]
    assert list(acme.inbox.waiting()) == []


def test_bulk_holds_every_customer_and_a_file_one_commodity(house: TestHouse, acme: Desk) -> None:
    homes = [house.home(commodities=BOTH, mark=1000 * place) for place in (1, 2, 3)]
    for home in homes:
        acme.connect(home)
    stranger = house.home()
    desk(house, "Beta Solar").connect(stranger)
    acme.client.bulk(house.day(3))
    electric, gas = (acme.client.fetch(url) for url in acme.files())
    assert points_in(electric) == [str(home.usage_points[0]) for home in homes]
    assert points_in(gas) == [str(home.usage_points[1]) for home in homes]
    assert {one.commodity for one in readings(electric)} == {"electricity"}
    # shared objects once a feed
    selves = [entry.self_href for entry in electric.entries()]
    assert len(selves) == len(set(selves))
    ids = [entry.id for entry in electric.entries()]
    assert len(ids) == len(set(ids))


def test_a_file_is_closed_at_the_size_of_the_settings_and_no_usage_point_straddles_two(
    house: TestHouse, acme: Desk
) -> None:
    # three days of quarter hours and a bill are taken for 76.5 kB
    small = replace(house.house.batches, bulk=replace(house.house.batches.bulk, volume_bytes=160_000))
    house.house = replace(house.house, batches=small)
    homes = [house.home() for _ in range(5)]
    for home in homes:
        house.share(acme.registered, home)
    acme.client.bulk(house.day(3))
    told = [points_in(acme.client.fetch(url)) for url in acme.files()]
    points = [str(home.usage_points[0]) for home in homes]
    assert told == [points[:2], points[2:4], points[4:]]


def test_bulk_without_bounds_is_the_latest_day_and_corrections_since(house: TestHouse, acme: Desk) -> None:
    home = house.home(days=5)
    house.share(acme.registered, home)
    acme.client.bulk()
    [first] = [acme.client.fetch(url) for url in acme.files()]
    assert days_of(house, first) == [house.day(1)]
    assert contents(first)[-1] == "UsageSummary"
    # the next day: a new day of readings, and one of last week's corrected
    house.clock.advance(86_400)
    with house.store.read() as tx:
        [metering] = tx.readings.channels(home.usage_points[0])
    metered(house, metering, [house.day(1)])
    metered(house, metering, [house.day(4)], lambda place: 7, quality=19)
    house.clock.advance(60)
    acme.client.bulk()
    [second] = [acme.client.fetch(url) for url in acme.files()]
    assert days_of(house, second) == [house.day(4), house.day(1)]
    assert {one.quality for one in readings(second) if one.value == Decimal("0.007")} == {("revenue quality",)}
    # nothing is new since: the latest day again
    house.clock.advance(60)
    acme.client.bulk()
    [third] = [acme.client.fetch(url) for url in acme.files()]
    assert days_of(house, third) == [house.day(1)]


def took(house: TestHouse, home: Home, *rows: tuple[date, int]) -> Tally:
    """Have a file taken in: a reading of each day, in kWh."""
    mapping = from_plain(
        {
            "columns": {"usage_point": "point", "start": "start", "value": "kwh"},
            "values": {"unit": "kWh"},
            "time": {"format": "iso", "zone": "local"},
            "interval": {"length": 900},
            "flow": {"all": "delivered"},
        }
    )
    told = "".join(f"{home.usage_points[0]},{day}T10:00,{value}\n" for day, value in rows)
    text = f"point,start,kwh\n{told}"
    return house.house.door.take(io.BytesIO(text.encode()), "readings.csv", Wanted(mapping=mapping)).readings


def test_what_comes_in_the_second_of_an_order_but_after_its_file_is_in_the_next_one(
    house: TestHouse, acme: Desk
) -> None:
    home = house.home(days=0, bills=0)
    house.share(acme.registered, home)
    take = partial(took, house, home)
    assert take((house.day(4), 1), (house.day(1), 2)).new == 2
    house.clock.advance(60)
    acme.client.bulk()
    [first] = [acme.client.fetch(url) for url in acme.files()]
    assert days_of(house, first) == [house.day(1)]
    # a correction, while the clock has not gone on
    assert take((house.day(4), 7)).changed == 1
    house.clock.advance(60)
    acme.client.bulk()
    [second] = [acme.client.fetch(url) for url in acme.files()]
    assert days_of(house, second) == [house.day(4), house.day(1)]
    house.clock.advance(60)
    acme.client.bulk()
    [third] = [acme.client.fetch(url) for url in acme.files()]
    assert days_of(house, third) == [house.day(1)]


def test_who_looked_while_something_was_taken_in_finds_it_the_next_time(
    house: TestHouse, acme: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = house.home(days=0, bills=0)
    tokens = acme.connect(home)
    assert took(house, home, (house.day(4), 1), (house.day(1), 2)).new == 2
    house.clock.advance(60)
    add, begun = Imports.add, house.clock()

    def slowly(imports: Imports, *arguments: Any, **named: Any) -> None:
        house.clock.advance(300)
        add(imports, *arguments, **named)

    monkeypatch.setattr(Imports, "add", slowly)
    assert took(house, home, (house.day(4), 7)).changed == 1
    path = f"/Batch/Subscription/{tokens.subscription}/UsagePoint/{home.usage_points[0]}"
    for looked, status in ((begun, 200), (begun + 1, 200), (begun + 301, 200), (begun + 302, 204)):
        answer = acme.ask(f"{path}?updated-min={looked}", tokens.access_token)
        assert (answer.status_code, answer.text.count("<ns0:IntervalBlock>")) == (status, int(status == 200)), looked
    for looked, status in ((begun + 150, 200), (begun + 302, 204)):
        order = f"/Batch/Subscription/{tokens.subscription}?updated-min={looked}"
        assert acme.ask(order, tokens.access_token).status_code == 202
        [url] = acme.files()
        assert acme.client.fetch(url).status == status


def test_a_window_that_holds_nothing_is_a_file_that_says_so(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    long_ago = date(2022, 1, 1)
    with pytest.raises(errors.NoData):
        acme.client.batch(tokens.subscription, 5390000001, long_ago, long_ago).only()
    orders = [
        acme.client.subscription(tokens.subscription, long_ago, long_ago),
        acme.client.bulk(long_ago, long_ago),
    ]
    urls = acme.files()
    assert [order.is_told_by(url) for order, url in zip(orders, urls, strict=True)] == [True, True]
    assert [acme.client.fetch(url).status for url in urls] == [204, 204]


def test_by_the_standard_an_empty_window_is_an_empty_feed(standard: TestHouse) -> None:
    acme = desk(standard)
    tokens = acme.connect(standard.home())
    long_ago = date(2022, 1, 1)
    acme.client.subscription(tokens.subscription, long_ago, long_ago)
    [url] = acme.files()
    told = acme.client.fetch(url)
    assert told.status == 200
    assert b"<feed" in told.read()
    assert list(told.entries()) == []


def test_customers_in_bulk_are_those_who_share_who_they_are(house: TestHouse, acme: Desk) -> None:
    named = house.home(name="Ada Elm")
    unnamed = house.home(name="Bob Oak")
    house.share(acme.registered, named)
    house.share(acme.registered, unnamed, USAGE)
    acme.client.bulk_customers()
    [url] = acme.files()
    told = acme.client.fetch(url).read()
    assert b"<name>Ada Elm</name>" in told
    assert b"Bob" not in told
    assert b"Oak St" not in told


def test_programmes_of_one_customer_and_of_all(house: TestHouse, acme: Desk) -> None:
    home, other = house.home(), house.home()
    with house.store.begin() as tx:
        for name, status in (("Peak Rewards", Enrollment.ENROLLED), ("Base Reserve", Enrollment.PENDING)):
            since = (("CUST_DR_PROGRAM_ENROLLMENT_DATE", house.midnight(100)),)
            point = home.usage_points[0]
            tx.programs.put(ProgramEnrollment(usage_point_id=point, program=name, status=status, dates=since))
    tokens = acme.connect(home)
    acme.connect(other)
    alone = acme.client.programs(tokens.subscription)
    assert contents(alone) == ["CustomerAgreement", "ProgramDateIdMappings"]
    acme.client.bulk_programs()
    [url] = acme.files()
    together = acme.client.fetch(url)
    assert list(together.entries()) == list(alone.entries())
    said = together.read()
    assert said.count(b"<DemandResponseProgram>") == 2
    assert b"<enrollmentStatus>enrolledPending</enrollmentStatus>" in said


def test_names_of_codes_stand_last_in_every_usage_file(house: TestHouse, acme: Desk) -> None:
    with house.store.begin() as tx:
        tx.programs.put_code(ProgramCode(what="tou", code=6, name="WOP", note="Winter Off Peak"))
    acme.connect(house.home(commodities=BOTH))
    acme.client.bulk()
    for url in acme.files():
        assert contents(acme.client.fetch(url))[-1] == "ProgramIdMappings"
        assert {one.tou_name for one in readings(acme.client.fetch(url))} <= {"WOP", None}


def test_a_label_comes_back_in_the_202_the_notice_and_the_file(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    answer = acme.ask(f"/Batch/Subscription/{tokens.subscription}", tokens.access_token, x_transaction="mine-17")
    assert (answer.status_code, answer.headers["x-transaction"], answer.content) == (202, "mine-17", b"")
    house.work()
    [notice] = acme.listen()
    assert notice.transaction == "mine-17"
    fetched = acme.ask(notice.urls[0], tokens.access_token)
    assert fetched.headers["x-transaction"] == "mine-17"


def test_the_same_order_while_it_is_open_is_the_same_batch(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    path = f"/Batch/Subscription/{tokens.subscription}"
    spellings = ("published-min=2024-03-11T07:00:00Z", "published-min=1710140400", "junk=1&published-min=1710140400000")
    for query in spellings:
        assert acme.ask(f"{path}?{query}", tokens.access_token).status_code == 202
    assert len(acme.files()) == 1
    # made and told: the same words are a new order now
    assert acme.ask(f"{path}?{spellings[0]}", tokens.access_token).status_code == 202
    assert len(acme.files()) == 1


def test_an_order_without_a_label_takes_on_the_one_of_the_same_order(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    path = f"/Batch/Subscription/{tokens.subscription}"
    assert "x-transaction" not in acme.ask(path, tokens.access_token).headers
    assert "x-transaction" not in acme.ask(path, tokens.access_token, x_transaction="").headers
    assert acme.ask(path, tokens.access_token, x_transaction="later").headers["x-transaction"] == "later"
    # what has a label keeps it
    assert acme.ask(path, tokens.access_token, x_transaction="latest").headers["x-transaction"] == "later"
    house.work()
    assert [notice.transaction for notice in acme.listen()] == ["later"]


def test_a_receiver_that_is_down_hears_when_it_is_up_and_the_notice_is_the_same(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription)
    house.receivers.down.add(acme.address)
    house.work()
    house.clock.advance(60)
    house.work()
    assert acme.listen() == []
    house.receivers.down.clear()
    house.clock.advance(3_600)
    house.work()
    [notice] = acme.listen()
    assert acme.client.fetch(notice.urls[0]).status == 200
    with house.store.read() as tx:
        tried = tx.notices.attempts(notice.webhook_id or "")
    assert [one.status for one in tried] == [None, None, 200]
    # told is told
    house.clock.advance(86_400)
    assert acme.told() == []


def test_a_receiver_that_stays_down_is_given_up_when_the_files_are_gone(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription)
    house.receivers.down.add(acme.address)
    house.work()
    house.clock.advance(5 * 86_400 + 1)
    house.work()
    house.receivers.down.clear()
    house.clock.advance(86_400)
    assert acme.told() == []
    with house.store.read() as tx:
        assert tx.jobs.waiting() == ()


def test_who_registered_no_address_is_told_nothing_and_the_file_is_made(house: TestHouse) -> None:
    acme = desk(house, notification_uri=None)
    house.share(acme.registered, house.home())
    acme.client.bulk()
    house.work()
    assert house.receivers.heard == []
    with house.store.read() as tx:
        assert tx.jobs.waiting() == ()


def test_an_order_whose_making_was_given_up_is_made_when_it_is_ordered_again(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription)
    with house.store.begin() as tx:
        job = tx.jobs.claim("a broken one", house.clock(), 60, (MAKE,))
        assert job is not None
        tx.jobs.bury(job, "the disk was full")
    assert acme.files() == []
    acme.client.subscription(tokens.subscription)
    assert len(acme.files()) == 1


def test_somebody_elses_file_is_not_there(house: TestHouse, acme: Desk) -> None:
    beta, home = desk(house, "Beta Solar"), house.home()
    tokens, theirs = acme.connect(home), beta.connect(home)
    acme.client.subscription(tokens.subscription)
    acme.client.bulk()
    single, bulk = acme.files()
    part = single.partition("?")[2]
    asked = {
        # another's address, whoever asks
        (single, theirs.access_token): 403,
        (bulk, beta.client_token()): 403,
        # one's own address with another's part, and with a part of another row
        (f"/Batch/Subscription/{theirs.subscription}?{part}", theirs.access_token): 404,
        (f"/Batch/Bulk/{beta.bulk_id}?{part}", beta.client_token()): 404,
        (f"/Batch/Bulk/{acme.bulk_id}?{part}", acme.client_token()): 404,
        (f"/Batch/BulkRetailCustomerInfo/{acme.bulk_id}?{bulk.partition('?')[2]}", acme.client_token()): 404,
    }
    assert {url: acme.ask(url[0], url[1]).status_code for url in asked} == asked


# a withdrawal and prepared files


def test_a_file_is_made_again_without_the_one_who_withdrew(house: TestHouse, acme: Desk) -> None:
    leaving, staying = house.home(name="Ada Elm"), house.home(name="Bob Oak")
    gone = acme.connect(leaving)
    acme.connect(staying)
    acme.client.bulk(house.day(3))
    [url] = acme.files()
    before = acme.ask(url, acme.client_token())
    acme.client.revoke(gone.subscription)
    house.work()
    after = acme.ask(url, acme.client_token())
    assert points_in(acme.client.fetch(url)) == [str(staying.usage_points[0])]
    assert after.headers["etag"] != before.headers["etag"]
    assert str(leaving.usage_points[0]) not in after.text
    # nothing of the former version is left on the disk
    kept = (house.house.settings.home / "batches").iterdir()
    assert {file.name.split(".")[1] for file in kept} == {"2"}


def test_a_file_of_which_nothing_is_left_says_so(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.bulk()
    [url] = acme.files()
    acme.client.revoke(tokens.subscription)
    house.work()
    assert acme.client.fetch(url).status == 204
    assert list((house.house.settings.home / "batches").iterdir()) == []


def test_a_file_of_one_customer_is_gone_when_that_one_withdraws(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription)
    [url] = acme.files()
    acme.client.revoke(tokens.subscription)
    assert acme.ask(url, tokens.access_token).status_code == 401
    assert acme.ask(url, acme.client_token()).status_code == 404


def test_while_a_file_is_made_again_nobody_gets_the_former_one(house: TestHouse, acme: Desk) -> None:
    gone = acme.connect(house.home())
    acme.connect(house.home())
    acme.client.bulk()
    [url] = acme.files()
    acme.client.revoke(gone.subscription)
    waited: list[float] = []
    clock = iter(range(0, 1_000, 3))
    impatient = replace(house.house.fetching, wait=waited.append, monotonic=lambda: float(next(clock)))
    application = Front(replace(house.house, fetching=impatient)).application()
    house.browser._transport.app = application  # type: ignore[attr-defined]
    answer = acme.ask(url, acme.client_token())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert len(waited) == 3
    house.work()
    assert acme.ask(url, acme.client_token()).status_code == 200


def test_a_file_that_was_replaced_since_it_was_looked_up_is_asked_for_again(house: TestHouse, acme: Desk) -> None:
    acme.connect(house.home())
    acme.client.bulk()
    [url] = acme.files()
    for kept in (house.house.settings.home / "batches").iterdir():
        kept.unlink()
    answer = acme.ask(url, acme.client_token())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@dataclass(frozen=True, kw_only=True)
class Interrupted(Bulk):
    """Something happens while a file is being written."""

    meanwhile: Callable[[], object]

    def items(self, endpoint: Endpoint, filling: Filling) -> Iterator[Item]:
        yield from super().items(endpoint, filling)
        self.meanwhile()


def test_who_withdraws_while_a_file_is_being_made_is_not_in_it(house: TestHouse, acme: Desk) -> None:
    gone = acme.connect(house.home())
    staying = house.home()
    acme.connect(staying)
    acme.client.bulk()
    going = [int(gone.subscription)]

    def withdraw() -> None:
        while going:
            house.house.consent.withdraw(going.pop(), Ending.CUSTOMER)

    bulk = Interrupted(addresses=house.house.addresses, volume_bytes=10**9, meanwhile=withdraw)
    house.house = replace(house.house, batches=replace(house.house.batches, bulk=bulk))
    [url] = [one for one in acme.told() if "/Batch/" in one]
    # what was written with both in it is not left lying about
    kept = {file.name.split(".")[0] for file in (house.house.settings.home / "batches").iterdir()}
    assert kept == {url.partition("correlationID=")[2]}
    assert points_in(acme.client.fetch(url)) == [str(staying.usage_points[0])]


@dataclass(frozen=True, kw_only=True)
class Overtaken(Bulk):
    """While the first of a part that is made again is being written, something happens."""

    meanwhile: Callable[[], object]

    def again(self, *given: object, **named: object) -> Filling:
        filling = super().again(*given, **named)  # type: ignore[arg-type]
        filling.sections = self.passing(filling.sections)
        return filling

    def passing(self, sections: Iterator[Section]) -> Iterator[Section]:
        for section in sections:
            self.meanwhile()
            yield section


def test_a_worker_that_was_overtaken_changes_nothing_of_the_file(house: TestHouse, acme: Desk) -> None:
    """It was stopped for longer than its lease, and another has made the file meanwhile."""
    stays = house.home(days=2)
    gone = acme.connect(house.home(days=2))
    acme.connect(stays)
    acme.client.bulk(house.day(2))
    [url] = acme.files()
    house.house.consent.withdraw(int(gone.subscription), Ending.CUSTOMER)
    with house.store.read() as tx:
        [job] = [job for job in tx.jobs.waiting() if job.kind == MAKE]
    batches, seen = house.house.batches, list[bytes]()

    def overtake() -> None:
        # a different clock makes a file of other bytes
        replace(batches, now=lambda: house.clock() + 60).make(job.subject)
        seen.append(acme.client.fetch(url).read())

    slow = Overtaken(addresses=house.house.addresses, volume_bytes=10**9, meanwhile=overtake)
    replace(batches, bulk=slow).make(job.subject)
    assert len(seen) == 1
    with house.store.read() as tx:
        [part] = tx.batches.parts(job.subject)
    folder = house.house.settings.home / "batches"
    [file] = (one for one in folder.iterdir() if not one.name.endswith(".members"))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == part.sha256
    assert len(list(folder.iterdir())) == 2
    again = acme.client.fetch(url)
    assert again.read() == seen[0]
    assert {one.usage_point for one in readings(again)} == {str(stays.usage_points[0])}


def test_what_is_renewed_of_the_latest_day_is_still_that_day(house: TestHouse, acme: Desk) -> None:
    gone, home = acme.connect(house.home()), house.home()
    acme.connect(home)
    acme.client.bulk()
    [url] = acme.files()
    told = house.day(1)
    house.clock.advance(86_400)
    with house.store.read() as tx:
        [metering] = tx.readings.channels(home.usage_points[0])
    metered(house, metering, [house.day(1)])
    acme.client.revoke(gone.subscription)
    house.work()
    assert days_of(house, acme.client.fetch(url)) == [told]


def test_a_part_whose_authorization_has_run_out_is_not_served_as_it_was(house: TestHouse, acme: Desk) -> None:
    ending, staying = house.home(), house.home()
    acme.connect(ending, until=house.day(0))
    acme.connect(staying)
    acme.client.bulk(house.day(3))
    [url] = acme.files()
    house.clock.advance(86_400)
    # no sweep has ended it yet

    def work_meanwhile(_: float) -> None:
        house.work()

    impatient = replace(house.house.fetching, wait=work_meanwhile)
    house.browser._transport.app = Front(replace(house.house, fetching=impatient)).application()  # type: ignore[attr-defined]
    assert points_in(acme.client.fetch(url)) == [str(staying.usage_points[0])]


def test_a_drained_inbox_says_what_ended(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.revoke(tokens.subscription)
    acme.told()
    [drained] = acme.inbox.drain(acme.client, acme.folder / "fetched")
    assert isinstance(drained, Drained)
    assert drained.outcome == "ended"


def test_electricity_and_gas_from_one_day_to_another(house: TestHouse, acme: Desk) -> None:
    home = house.home(commodities=BOTH, days=6)
    received = channel(house, home.usage_points[0], flow=19)
    metered(house, received, [house.day(3), house.day(2)])
    tokens = acme.connect(home, kinds=[Kind.USAGE])
    acme.client.subscription(tokens.subscription, house.day(3), house.day(2))
    electric, gas = (acme.client.fetch(url) for url in acme.files())
    assert contents(electric) == [
        *("LocalTimeParameters", "ReadingType", "UsagePoint", "MeterReading", "IntervalBlock"),
        *("ReadingType", "MeterReading", "IntervalBlock"),
        "UsageSummary",
    ]
    assert [one.flow for one in readings(electric)] == ["delivered"] * (92 + 96) + ["received"] * (23 + 24)
    assert days_of(house, gas) == [house.day(3), house.day(2)]
