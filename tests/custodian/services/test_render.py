"""What leaves by the fast way is, to the byte, what the typed writer writes."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.custodian.services.blocks import (
    BASE,
    DAYS,
    FEED,
    LAST,
    START,
    channel,
    day,
    irregular,
    item,
    regular,
    spread,
    unhurried,
)
from wattshare.custodian.model.packing import pack
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.model.readings import Block, Reading
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.render import (
    ChannelItem,
    GzipPieces,
    Item,
    PointItem,
    document_of,
    entry_of,
    pieces,
)
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.services.disclosure.wirepath.blocks import Blocks
from wattshare.custodian.services.disclosure.wirepath.combining import combine, combined
from wattshare.custodian.services.disclosure.wirepath.headed import AT
from wattshare.custodian.services.disclosure.wirepath.templates import Form, Shelf
from wattshare.custodian.store.plain import write_text
from wattshare.espi import ids, usage, wire
from wattshare.espi.atom import Entry, Link
from wattshare.espi.days import day_bounds
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import PGE, STANDARD, Profile
from wattshare.espi.usage import MeterReading

PROFILES = pytest.mark.parametrize("profile", [PGE, STANDARD], ids=lambda profile: profile.name)


def both(items: Sequence[Item], profile: Profile) -> tuple[bytes, bytes]:
    """A feed by the fast way and by the typed writer."""
    addresses = Addresses(BASE, profile)
    feed = replace(FEED, entries=tuple(entry_of(one, addresses) for one in items))
    return b"".join(pieces(FEED, items, addresses)), wire.write(feed, profile, customer=False)


@PROFILES
@unhurried
@given(blocks=st.lists(regular() | irregular(), min_size=1, max_size=3))
def test_any_block_of_the_store_is_written_as_by_the_typed_writer(profile: Profile, blocks: list[Block]) -> None:
    fast, typed = both([item(block) for block in blocks], profile)
    assert fast == typed


@PROFILES
@unhurried
@given(block=regular(), published=st.integers(0, LAST), updated=st.integers(0, LAST))
@example(block=day(), published=0, updated=253_402_300_799)
def test_times_of_revisions_are_those_of_the_block(
    profile: Profile, block: Block, published: int, updated: int
) -> None:
    fast, typed = both([item(replace(block, published_at=published, updated_at=updated))], profile)
    assert fast == typed


@PROFILES
@unhurried
@given(
    subscription=st.integers(0, 10**12),
    point=st.integers(0, 10**12),
    number=st.integers(1, 400),
    uom=st.none() | st.integers(0, 200),
    start=st.integers(0, LAST),
)
def test_addresses_and_ids_are_those_of_the_typed_entry(
    profile: Profile, subscription: int, point: int, number: int, uom: int | None, start: int
) -> None:
    of = replace(channel(number, ids.reading_type_id(uom, 769, 900, 19)), usage_point_id=point)
    block = replace(day(), start=start, count=1, values=b"\7", width=1, quality=None)
    fast, typed = both([item(block, subscription=subscription, of=of)], profile)
    assert fast == typed


@PROFILES
@pytest.mark.parametrize("on", DAYS, ids=str)
@pytest.mark.parametrize(("step", "offset"), [(900, 0), (3_600, 0), (86_400, 1), (3_600, 1)])
def test_days_of_every_length_have_their_own_template(profile: Profile, on: date, step: int, offset: int) -> None:
    start, end = day_bounds(on, PGE.zone)
    assert (end - start) // 3_600 in {23, 24, 25}
    blocks = [day([value] * 300, on=on, step=min(step, end - start), offset=offset) for value in (0, -5, 123_456)]
    fast, typed = both([item(block) for block in blocks], profile)
    assert fast == typed


@PROFILES
def test_the_same_shape_with_other_costs_and_other_dates_is_written_anew(profile: Profile) -> None:
    costs = ([1], [2, None], [None, 2], [None], [-(2**47), 2**47])
    blocks = [day(on=on, cost=spread(cost, 100)) for on in DAYS for cost in costs]
    fast, typed = both([item(block) for block in (*blocks, *reversed(blocks))], profile)
    assert fast == typed


@PROFILES
def test_channels_and_subscriptions_take_turns(profile: Profile) -> None:
    channels = [channel(1), channel(2), replace(channel(1), usage_point_id=5_390_000_002)]
    items: list[Item] = [
        item(day(on=on), subscription=subscription, of=of)
        for subscription in (4_100_001, 4_100_002)
        for of in channels
        for on in DAYS
    ]
    between = Entry(id="6f1c2d7e-0000-5000-8000-000000000002", links=(Link(rel="self", href=f"{BASE}/x"),))
    items.insert(5, replace(between, content=(MeterReading(),)))
    fast, typed = both(items, profile)
    assert fast == typed


@PROFILES
@unhurried
@given(block=regular() | irregular())
def test_a_block_alone_is_a_document_of_the_typed_writer(profile: Profile, block: Block) -> None:
    addresses = Addresses(BASE, profile)
    alone = item(block)
    assert document_of(alone, addresses) == wire.write(entry_of(alone, addresses), profile)


EXTRAS = (
    None,
    write_text(usage.UsagePoint(service_category=usage.ServiceCategory(kind=0), status=1)),
    write_text(usage.UsagePoint(service_category=usage.ServiceCategory(kind=1), is_virtual=False)),
)


@PROFILES
@unhurried
@given(
    subscription=st.integers(0, 10**12),
    points=st.lists(st.integers(0, 10**12), min_size=1, max_size=3),
    kinds=st.frozensets(st.sampled_from(Kind)),
    commodity=st.sampled_from(Commodity),
    extra=st.sampled_from(EXTRAS),
    number=st.integers(1, 400),
    published=st.integers(0, LAST),
    updated=st.integers(0, LAST),
)
def test_usage_points_and_channels_are_written_as_by_the_typed_writer(
    profile: Profile,
    subscription: int,
    points: list[int],
    kinds: frozenset[Kind],
    commodity: Commodity,
    extra: str | None,
    number: int,
    published: int,
    updated: int,
) -> None:
    times, items = Times(published, updated), list[Item]()
    for point in points:
        told = UsagePoint(id=point, commodity=commodity, extra=extra)
        items.append(PointItem(subscription=subscription, point=told, kinds=kinds, times=times))
        of = replace(channel(number), usage_point_id=point)
        items.append(ChannelItem(subscription=subscription, channel=of, times=times))
    fast, typed = both(items, profile)
    assert fast == typed
    addresses = Addresses(BASE, profile)
    for one in items:
        assert document_of(one, addresses) == wire.write(entry_of(one, addresses), profile)


def test_the_head_of_a_file_is_settled_when_the_last_thing_in_it_is_written() -> None:
    addresses, items = Addresses(BASE, PGE), [item(day(on=on)) for on in DAYS] * 20
    heads = iter([FEED, replace(FEED, updated=1_710_000_000)])
    flowing = GzipPieces(feed=lambda: next(heads), items=items, addresses=addresses)
    member = b"".join(flowing)
    # before it is written over, the check sum is that of another file
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(member)
    settled = member[:AT] + flowing.head + member[AT + len(flowing.head) :]
    feed = b"".join(pieces(replace(FEED, updated=1_710_000_000), items, addresses))
    assert gzip.decompress(settled) == feed
    assert flowing.identity_bytes == len(feed)


@given(one=st.binary(max_size=100), other=st.binary(max_size=5_000))
def test_check_sums_of_two_texts_make_that_of_both(one: bytes, other: bytes) -> None:
    crc = zlib.crc32(one + other)
    given_ = zlib.crc32(one), zlib.crc32(other), len(other)
    assert combine(*given_) == combined(*given_) == crc


def late(start: int) -> Block:
    """A block of one hour from a second on."""
    readings = [Reading(start=start, duration=3_600, value=1)]
    return pack(readings, usage_point_id=1, channel=1, start=start, day_end=start + 86_400)


REFUSED = {
    "a value of more than 48 bits": day([2**47 + 1]),
    "a cost of more than 48 bits": day(cost=[2**47 + 1] * 100),
    "a quality that is no number of the schema's": day(quality=[(70_000,)] * 100),
    "a start after the last second of the schema": late(LAST + 1),
    "a last reading after the last second": replace(day(), start=LAST - 900),
    "a duration of more than 32 bits": replace(day(), duration=2**32),
    "a revision before the epoch": replace(day(), published_at=-1),
    "a revision after the year 9999": replace(day(), updated_at=253_402_300_800),
}


@PROFILES
@pytest.mark.parametrize("block", REFUSED.values(), ids=REFUSED)
def test_what_the_typed_writer_refuses_does_not_leave(profile: Profile, block: Block) -> None:
    addresses = Addresses(BASE, profile)
    with pytest.raises(ValueError, match=r"\w"):
        wire.entry(entry_of(item(block), addresses), profile)
    with pytest.raises(ValueError, match=r"\w"):
        list(pieces(FEED, [item(block)], addresses))


def test_a_base_with_signs_that_xml_escapes_is_escaped_in_links_and_not_in_ids() -> None:
    addresses = Addresses("https://data.example/a&b%25", PGE)
    one = item(day())
    assert b"".join(pieces(FEED, [one], addresses)) == wire.write(
        replace(FEED, entries=(entry_of(one, addresses),)), PGE, customer=False
    )


def test_a_feed_is_written_while_its_blocks_are_read() -> None:
    taken = 0

    def blocks() -> Iterator[Item]:
        nonlocal taken
        for _ in range(50):
            taken += 1
            yield item(day())

    flowing = pieces(FEED, blocks(), Addresses(BASE, PGE))
    for expected in range(50):
        next(flowing)
        assert taken == expected


def test_a_gzip_member_holds_the_same_feed_and_counts_it() -> None:
    addresses, items = Addresses(BASE, PGE), [item(day(on=on)) for on in DAYS] * 20
    flowing = GzipPieces(feed=lambda: FEED, items=items, addresses=addresses)
    member, feed = b"".join(flowing), b"".join(pieces(FEED, items, addresses))
    assert gzip.decompress(member) == feed
    assert flowing.identity_bytes == len(feed)
    # one member, and nothing of the time at which it was made
    inflating = zlib.decompressobj(31)
    inflating.decompress(member)
    assert inflating.eof
    assert not inflating.unused_data
    assert member[4:8] == bytes(4)
    assert b"".join(GzipPieces(feed=lambda: FEED, items=items, addresses=addresses)) == member


def test_templates_are_kept_up_to_a_size_and_made_anew_when_they_are_gone() -> None:
    blocks = Blocks.of(Addresses(BASE, PGE))
    small = replace(blocks, templates=replace(blocks.templates, days=Shelf(200_000), forms=Shelf(200_000)))
    place = blocks.place(1, channel())
    dated = [replace(day(), start=START + 86_400 * number) for number in range(40)]
    for one in (*dated, *dated):
        assert small.entry(place, one) == blocks.entry(place, one)
        assert small.templates.days.size <= 200_000
    assert 0 < small.templates.forms.size < 100_000
    assert blocks.templates.days.size > 800_000


def test_what_is_in_use_stays_on_a_shelf() -> None:
    shelf = Shelf[Form](10_000)
    used = shelf.put("used", Form(b"used", (), None))
    for number in range(100):
        shelf.put(number, Form(b"other", (), None))
        assert shelf.find("used") is used
        assert shelf.size <= 10_000
    assert shelf.find(0) is None


def test_threads_that_share_a_small_shelf_write_what_one_alone_does() -> None:
    blocks = Blocks.of(Addresses(BASE, PGE))
    shared = replace(blocks, templates=replace(blocks.templates, days=Shelf(200_000), forms=Shelf(200_000)))
    place = blocks.place(1, channel())
    dated = [
        replace(day(cost=[number] * 100), start=START + 86_400 * number, valueless=bytes([number % 5]))
        for number in range(40)
    ]
    alone = [blocks.entry(place, one) for one in dated]

    def write(_: int) -> list[bytes]:
        return [shared.entry(place, one) for one in dated]

    with ThreadPoolExecutor(8) as threads:
        assert all(written == alone for written in threads.map(write, range(40)))
    assert shared.templates.days.size <= 200_000
