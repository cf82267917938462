"""The heads of feeds: what they say of the whole must fit what they hold."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from lxml import etree

from tests.custodian.houses import BASE, DAY
from tests.custodian.servers import OpenStore
from tests.custodian.test_statuses import Scene, staged

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
