"""What the direct encoder writes is one gzip member, and in it to the byte what the templates write."""

import ctypes
import importlib
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.custodian.services.blocks import BASE, DAYS, FEED, channel, day, irregular, item, regular, unhurried
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.render import ChannelItem, GzipPieces, Item, PointItem, pieces
from wattshare.custodian.services.disclosure.render import packed as packing
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.services.disclosure.wirepath import flow
from wattshare.custodian.services.disclosure.wirepath.deflating import gzipped
from wattshare.custodian.services.disclosure.wirepath.direct import (
    ABI,
    PACKAGE,
    ROOM,
    Absent,
    Encoder,
    Memory,
    Stream,
    chosen,
    installed,
)
from wattshare.custodian.services.disclosure.wirepath.flow import Run
from wattshare.custodian.services.disclosure.wirepath.headed import AT
from wattshare.custodian.services.disclosure.wirepath.names import Place
from wattshare.custodian.services.disclosure.wirepath.templates import Template
from wattshare.espi.atom import Entry, Link
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import PGE, STANDARD, Profile

PROFILES = pytest.mark.parametrize("profile", [PGE, STANDARD], ids=lambda profile: profile.name)
INT64 = st.integers(-(2**63), 2**63 - 1)
# few digits, many, and everything in between
NUMBERS = st.integers(-3, 120) | st.integers(9_990, 10_010) | st.integers(99_990, 100_010) | INT64


def inflated(member: bytes) -> bytes:
    """What is in a member, which is the only one; zlib checks its sum and size."""
    inflating = zlib.decompressobj(31)
    text = inflating.decompress(member)
    assert inflating.eof
    assert not inflating.unused_data
    return text


def packed(items: Sequence[Item], encoder: Encoder | None, profile: Profile = PGE) -> bytes:
    """A feed as a member."""
    return b"".join(gzipped(pieces(FEED, items, Addresses(BASE, profile), encoder=encoder).pieces))


def plain(items: Sequence[Item], profile: Profile = PGE) -> bytes:
    """The same feed by the templates."""
    return b"".join(pieces(FEED, items, Addresses(BASE, profile)))


def point(number: int) -> PointItem:
    """A usage point on its way."""
    told = UsagePoint(id=number, commodity=Commodity.ELECTRICITY, extra=None)
    return PointItem(subscription=1, point=told, kinds=frozenset({Kind.USAGE}), times=Times(0, 1_700_000_000))


# made once: Hypothesis looks a strategy over before it first draws from it
TITLES = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=200)
BLOCKS = st.lists(regular() | irregular(), min_size=1, max_size=3)


@st.composite
def feeds(draw: st.DrawFn) -> list[Item]:
    """Runs of blocks of several channels, with other entries between them."""
    made: list[Item] = []
    for number in range(draw(st.integers(1, 3))):
        of = replace(channel(number % 2 + 1), usage_point_id=draw(st.integers(0, 10**12)))
        subscription = draw(st.integers(1, 10**9))
        if draw(st.booleans()):
            made += [point(of.usage_point_id), ChannelItem(subscription=subscription, channel=of, times=Times(0, 1))]
        if draw(st.booleans()):
            title = draw(TITLES)
            made.append(Entry(id="x", title=title, links=(Link(rel="self", href=f"{BASE}/x"),)))
        blocks = draw(BLOCKS)
        repeated = draw(st.integers(1, 3))
        made += [item(block, subscription=subscription, of=of) for block in blocks * repeated]
    return made


@PROFILES
@unhurried
@given(items=feeds())
def test_any_feed_is_one_member_of_what_the_templates_write(
    encoder: Encoder, profile: Profile, items: list[Item]
) -> None:
    member = packed(items, encoder, profile)
    assert inflated(member) == plain(items, profile)
    assert packed(items, encoder, profile) == member


@st.composite
def days(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int, list[int], bytes, bytes]]]:
    """A template of any text with slots, and what days fill it with."""
    text = st.binary(max_size=40).map(lambda one: one.replace(b"%", b"&"))
    alike = draw(st.lists(text, min_size=1, max_size=3))
    segment = st.sampled_from(alike) | text | st.sampled_from(alike).map(lambda one: one * draw(st.integers(1, 30)))
    head = draw(st.lists(text, min_size=5, max_size=5))
    numbers = draw(st.lists(segment, max_size=12))
    template = b"%b".join((*head, draw(text))) + b"".join(b"%ld" + one for one in numbers)
    filled = []
    for _ in range(draw(st.integers(1, 4))):
        width = draw(st.sampled_from((1, 2, 4, 8)))
        most = 2 ** (8 * width - 1)
        values = [
            (value + most) % (2 * most) - most
            for value in draw(st.lists(NUMBERS, min_size=len(numbers), max_size=len(numbers)))
        ]
        stamps = st.binary(max_size=30)
        filled.append((draw(st.integers(0, 2**63 - 1)), width, values, draw(stamps), draw(stamps)))
    return template, filled


@unhurried
@given(given_=days(), before=st.binary(max_size=300), href=st.binary(max_size=300))
def test_any_template_can_be_filled_with_any_numbers(
    encoder: Encoder, given_: tuple[bytes, list[Any]], before: bytes, href: bytes
) -> None:
    text, filled = given_
    compiled = encoder.template(text, text.count(b"%ld"))
    assert compiled is not None
    template, place = Template(text, None, compiled), Place(href, b"name space" + href)
    run = Run(encoder, place)
    for start, width, values, published, updated in filled:
        numbers = b"".join(value.to_bytes(width, "little", signed=True) for value in values)
        run.templates.append(template)
        run.records += compiled.address, start, width, len(numbers), len(published), len(updated)
        run.data += published, updated, numbers
    expected = b"".join(
        text % (place.name(start), href, href, published, updated, *values)
        for start, _, values, published, updated in filled
    )
    assert b"".join(run.texts()) == expected
    assert len(expected) >= run.least
    assert inflated(b"".join(gzipped([before, run, before, run]))) == (before + expected) * 2


@unhurried
@given(parts=st.lists(st.binary(max_size=500) | st.binary(max_size=30).map(lambda one: one * 2_000), max_size=12))
def test_text_of_any_size_goes_through_the_window(encoder: Encoder, parts: list[bytes]) -> None:
    stream = encoder.begin()
    # more than the window holds, and the same again from as far away as may be referred to
    parts = [*parts, *parts, bytes(range(256)) * 130, *parts]
    body = b"".join([*(stream.text(part) for part in parts), stream.end()])
    text = b"".join(parts)
    assert zlib.decompress(body, -15) == text
    assert (stream.crc, stream.size) == (zlib.crc32(text), len(text))


def test_days_of_five_minutes_are_longer_than_the_window_and_half_minutes_are_left_to_the_templates(
    encoder: Encoder,
) -> None:
    fives = [day(range(5_000, 5_300), on=on, step=300) for on in DAYS] * 3
    of, halves = channel(), day([7, 123_456] * 1_500, step=30)
    items: list[Item] = [item(one, of=of) for one in (*fives, halves, *fives)]
    made = list(packing(items, Addresses(BASE, PGE), encoder))
    assert [type(one) for one in made] == [Run, bytes, Run]
    assert inflated(packed(items, encoder)) == plain(items)


def test_where_runs_are_cut_is_not_seen(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    of = channel()
    items: list[Item] = [item(day(on=on, step=step), of=of) for step in (900, 3_600) for on in DAYS * 30]
    member = packed(items, encoder)
    for longest in (1, 7, 1_000):
        monkeypatch.setattr("wattshare.custodian.services.disclosure.render.LONGEST", longest)
        assert packed(items, encoder) == member
    assert flow.LONGEST == 64


def test_what_is_not_one_channel_after_another_is_smaller_too(encoder: Encoder) -> None:
    items: list[Item] = []
    for number in range(150):
        of = replace(channel(), usage_point_id=5_390_000_000 + number * 1_234_567)
        values = [100 + (number * 31 + place * 17) % 900 for place in range(96)]
        items += [
            point(of.usage_point_id),
            ChannelItem(subscription=number, channel=of, times=Times(0, 1)),
            item(day(values), subscription=number, of=of),
        ]
    member, by_templates = packed(items, encoder), packed(items, None)
    assert inflated(member) == inflated(by_templates) == plain(items)
    assert len(member) < len(by_templates)


@pytest.mark.parametrize("zeros", [1, 1_000])
def test_values_that_end_with_zeros_and_tariffs_that_change_are_smaller_too(encoder: Encoder, zeros: int) -> None:
    tariffs = [5 if 60 <= place < 80 else 6 for place in range(96)]
    items: list[Item] = []
    for number in range(150):
        of = replace(channel(), usage_point_id=5_390_000_000 + number * 1_234_567)
        # none at night
        values = [zeros * ((number * 31 + place * 17) % 900 if place > 20 else 0) for place in range(96)]
        items += [point(of.usage_point_id), item(day(values, tou=tariffs), subscription=number, of=of)]
    member, by_templates = packed(items, encoder), packed(items, None)
    assert inflated(member) == inflated(by_templates) == plain(items)
    assert len(member) < len(by_templates)


@pytest.mark.parametrize("cost", [(), [None, 12, None, None, 7, 3, None] * 15], ids=["all alike", "some with a cost"])
@pytest.mark.parametrize("quality", [(), [(17,), (8,), (17,), (17,), (8,)] * 21], ids=["one quality", "two"])
def test_days_whose_readings_are_unlike_are_hardly_larger_than_by_the_templates(
    encoder: Encoder, quality: list[tuple[int, ...]], cost: list[int | None]
) -> None:
    items = [item(day([place * 37 % 91 for place in range(100)], on=on, quality=quality, cost=cost)) for on in DAYS]
    assert len(packed(items, encoder)) < 1.2 * len(packed(items, None))


def test_a_file_whose_head_is_settled_last_has_days_as_well(encoder: Encoder) -> None:
    addresses, items = Addresses(BASE, PGE), [item(day(on=on)) for on in DAYS] * 20
    heads = iter([FEED, replace(FEED, updated=1_710_000_000)])
    flowing = GzipPieces(feed=lambda: next(heads), items=items, addresses=addresses, encoder=encoder)
    member = b"".join(flowing)
    feed = b"".join(pieces(replace(FEED, updated=1_710_000_000), items, addresses))
    assert inflated(member[:AT] + flowing.head + member[AT + len(flowing.head) :]) == feed
    assert flowing.identity_bytes == len(feed)


def test_a_feed_is_written_while_its_blocks_are_read(encoder: Encoder) -> None:
    taken = 0

    def blocks() -> Iterator[Item]:
        nonlocal taken
        of = channel()
        for _ in range(1_000):
            taken += 1
            yield item(day(), of=of)

    flowing = gzipped(pieces(FEED, blocks(), Addresses(BASE, PGE), encoder=encoder).pieces)
    # the header and what goes before the first run
    for _ in range(3):
        next(flowing)
    assert 0 < taken < 300


def test_threads_at_the_same_time_write_what_one_alone_does(encoder: Encoder) -> None:
    feeds_ = [[item(day(range(start, start + 100), on=on)) for on in DAYS * 10] for start in (1, 990, 99_990)]
    alone = [packed(items, encoder) for items in feeds_]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: (number % 3, packed(feeds_[number % 3], encoder)), range(60)))
    for number, members in groupby(sorted(made), lambda one: one[0]):
        assert all(member == alone[number] for _, member in members)


TEMPLATES = {
    "numbers by another name": b"%b%b%b%b%b%d",
    "a sign that is no slot": b"%b%b%b%b%b 100%% %ld",
    "a slot at its end": b"%b%b%b%b%b%ld%",
    "a slot too few": b"%b%b%b%b%ld",
    "a slot too many": b"%b%b%b%b%b%b%ld",
    "numbers before the end of the head": b"%b%b%ld%b%b%b",
    "another kind of slot": b"%b%b%b%b%b%s",
    "a head that is too long": b"%b%b%b%b%b" + b"x" * 40_000 + b"%ld",
    "more readings than there is room for": b"%b%b%b%b%b" + b"%ld x" * 4_000,
}


@pytest.mark.parametrize("text", TEMPLATES.values(), ids=TEMPLATES)
def test_templates_of_another_kind_are_not_taken(encoder: Encoder, text: bytes) -> None:
    assert encoder.template(text, text.count(b"d")) is None


@pytest.mark.parametrize("wrong", [{"width": 3}, {"size": 15}, {"start": -1}, {"published": 500}, {"updated": -1}])
def test_a_day_that_is_not_what_it_says_is_refused(encoder: Encoder, wrong: dict[str, int]) -> None:
    compiled = encoder.template(b"%b%b%b%b%b%ld,%ld", 2)
    assert compiled is not None
    said = {"start": 1, "width": 8, "size": 16, "published": 1, "updated": 1} | wrong
    run = Run(encoder, Place(b"x", b"x"), records=[compiled.address, *said.values()], data=[b"1", b"2", bytes(16)])
    with pytest.raises(ValueError, match="day 0"):
        encoder.begin().days(run)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_days_of_few_readings(encoder: Encoder, count: int) -> None:
    of = channel()
    items: list[Item] = [
        item(day(range(5, 5 + count), on=on, step=82_800 // count), of=of) for on in DAYS for _ in range(3)
    ]
    assert inflated(packed(items, encoder)) == plain(items)


def test_little_room_is_used_again_and_again(encoder: Encoder) -> None:
    of = channel()
    runs = list(
        pieces(FEED, [item(day(on=on), of=of) for on in DAYS * 20], Addresses(BASE, PGE), encoder=encoder).pieces
    )
    bodies = []
    for room in (16 * 1024, 20_000, ROOM):
        state = ctypes.create_string_buffer(b"\xff" * encoder.calls.wattshare_state_size())
        stream = Stream(encoder, Memory(state, ctypes.create_string_buffer(room)))
        parts = [stream.days(one) if isinstance(one, Run) else stream.text(one) for one in runs]
        bodies.append(b"".join([*parts, stream.end()]))
    assert bodies[0] == bodies[1] == bodies[2]
    assert len(bodies[0]) > 16 * 1024
    tight = Stream(encoder, Memory(encoder.begin()._memory.state, ctypes.create_string_buffer(300)))
    with pytest.raises(RuntimeError, match="no room"):
        tight.days(next(one for one in runs if isinstance(one, Run)))


# which one is used


@pytest.mark.usefixtures("encoder")
def test_the_setting_chooses() -> None:
    assert chosen("auto") is chosen("direct") is installed()
    assert installed().calls.wattshare_abi() == importlib.import_module(PACKAGE).ABI == ABI
    assert chosen("templates") is None


@pytest.mark.parametrize(
    ("package", "why"),
    [
        (None, "wattshare-direct is not installed"),
        (SimpleNamespace(ABI=99, __version__="9.9"), r"wattshare-direct 9\.9 is of another release"),
        (SimpleNamespace(ABI=ABI, __version__="9.9", LIBRARY="/nowhere/direct.so"), "cannot be loaded"),
    ],
)
def test_where_it_is_not_there_the_templates_are_used_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, package: object, why: str
) -> None:
    def imported(_: str) -> object:
        if package is None:
            raise ImportError
        return package

    monkeypatch.setattr(importlib, "import_module", imported)
    installed.cache_clear()
    try:
        assert chosen("auto") is None
        assert chosen("templates") is None
        with pytest.raises(Absent, match=why):
            chosen("direct")
    finally:
        installed.cache_clear()
