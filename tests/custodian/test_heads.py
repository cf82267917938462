"""The heads of feeds: what they say of the whole must fit what they hold."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import etree

from tests.conversations.stage import channel, metered
from tests.custodian.houses import BASE, DAY
from tests.custodian.servers import OpenStore
from tests.custodian.test_statuses import Scene, staged
from wattshare.custodian.model.premises import ProgramCode
from wattshare.custodian.store.plain import write_text
from wattshare.espi.usage import UsagePoint

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory, open_store: OpenStore) -> Iterator[Scene]:
    """A customer who consented a week after the last of their data came in."""
    with staged(tmp_path_factory.mktemp("heads"), open_store, "PGE") as scene:
        world = scene.world
        home = world.home()
        world.house.clock.advance(7 * DAY)
        pair = world.connect(world.parties["Acme Energy"], home)
        client = world.client_token(world.parties["Acme Energy"])
        yield Scene(
            world=world,
            access=pair["access_token"],
            client=client,
            registration=scene.registration,
            held=pair["held"].id,
            point=home.usage_points[0],
            below=world.below(home.usage_points[0]),
            other_access=scene.other_access,
            other_held=scene.other_held,
            other_point=scene.other_point,
        )


def the_greatest_is_on_top(document: str) -> None:
    """`updated` of the feed is the last change of anything in it."""
    feed = etree.fromstring(document.encode())
    times = [entry.findtext(f"{ATOM}updated", "") for entry in feed.findall(f"{ATOM}entry")]
    assert times
    assert feed.findtext(f"{ATOM}updated") == max(times)


def feeds(later: Scene) -> dict[str, str]:
    """Every feed that is given at once, and the token that opens it."""
    return {
        f"/Batch{later.usage_point}": later.access,
        f"/Subscription/{later.held}/UsagePoint": later.access,
        f"{later.usage_point}/MeterReading": later.access,
        f"{later.usage_point}/UsageSummary": later.access,
        later.blocks: later.access,
        f"/Batch/RetailCustomer/{later.held}": later.access,
        f"/Batch/RetailDRPrgInfo/{later.held}": later.access,
        "/Authorization": later.client,
    }


def test_a_feed_is_as_new_as_the_newest_thing_in_it(later: Scene) -> None:
    for path, token in feeds(later).items():
        the_greatest_is_on_top(later.get(path, token=token).text)


def test_a_feed_that_its_reader_has_is_not_sent_again(later: Scene) -> None:
    for path, token in feeds(later).items():
        first = later.get(path, token=token)
        assert first["cache-control"] == "private, no-cache", path
        again = later.get(path, token=token, headers=[("if-none-match", str(first["etag"]))])
        assert (again.status, again.body, again["etag"]) == (304, b"", first["etag"]), path
        assert again["vary"] == first["vary"] == "Accept-Encoding", path


def test_an_empty_feed_is_as_old_as_the_permission(later: Scene) -> None:
    world = later.world
    party, home = world.party("Empty Feeds"), world.house.home(days=0, bills=0)
    pair = world.connect(party, home)
    told = later.get(f"/Batch/RetailDRPrgInfo/{pair['held'].id}", token=pair["access_token"])
    day = datetime.fromtimestamp(world.house.clock(), UTC).date().isoformat()
    assert str(etree.fromstring(told.body).findtext(f"{ATOM}updated")).startswith(day)


@pytest.mark.parametrize(
    "row", ["/Batch/Subscription/{held}", "/Batch/Bulk/{bulk}", "/Batch/BulkRetailCustomerInfo/{bulk}"]
)
def test_a_file_is_as_new_as_the_newest_thing_in_it(later: Scene, row: str) -> None:
    house, bulk = later.world.house, later.world.parties["Acme Energy"].party.id
    token = later.access if "Subscription" in row else later.client
    assert later.get(row.format(held=later.held, bulk=bulk), token=token).status == 202
    house.receivers.heard.clear()
    house.work()
    urls = [
        part.decode().partition("</")[0]
        for _, body, _ in house.receivers.heard
        for part in body.split(b"resources>")
        if b"?correlationID=" in part
    ]
    assert urls
    for url in urls:
        file = later.line.ask(url.removeprefix(BASE), token=token)
        the_greatest_is_on_top(file.text)
        condition = [("if-none-match", str(file["etag"]))]
        again = later.line.ask(url.removeprefix(BASE), token=token, headers=condition)
        assert (again.status, again.body, again["etag"]) == (304, b"", file["etag"])
        assert again["vary"] == file["vary"] == "Accept-Encoding"
        packed = [*condition, ("accept-encoding", "gzip")]
        assert later.line.ask(url.removeprefix(BASE), token=token, headers=packed).status == 200


def body_and_tag(later: Scene, path: str) -> tuple[bytes, str]:
    """An answer, and the validator that it has."""
    answer = later.get(path, token=later.access)
    return answer.body, str(answer["etag"])


def test_whatever_changes_of_a_batch_changes_its_validator(later: Scene) -> None:
    house, path = later.world.house, f"/Batch{later.usage_point}"
    seen = [body_and_tag(later, path), body_and_tag(later, f"{path}?published-min=2024-03-12T00:00:00Z")]

    def see() -> None:
        """Every answer that is new has a validator of its own."""
        for number, window in enumerate(("", "?published-min=2024-03-12T00:00:00Z")):
            body, tag = body_and_tag(later, path + window)
            assert body != seen[number][0]
            assert tag != seen[number][1]
            seen[number] = body, tag

    with house.store.begin() as tx:
        point = tx.customers.usage_point(later.point)
        assert point is not None
        tx.customers.change_usage_point(replace(point, extra=write_text(UsagePoint(status=1))))
    see()
    # another channel, all of which lies before the window
    metered(house, channel(house, later.point, flow=19), [date(2024, 3, 4)])
    see()
    with house.store.begin() as tx:
        tx.programs.put_code(ProgramCode(what="tou", code=6, name="Night"))
    see()


def test_a_bill_that_is_corrected_within_a_second_has_another_validator(later: Scene) -> None:
    house, path = later.world.house, f"{later.usage_point}/UsageSummary"
    seen = set[tuple[bytes, str]]()
    for amount in (5, 6, 7):
        house.bill(later.point, 1, mark=amount)
        seen.add(body_and_tag(later, path))
    assert len({body for body, _ in seen}) == len({tag for _, tag in seen}) == 3
