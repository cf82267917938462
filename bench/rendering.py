"""R1, R2, R3: blocks into XML and gzip, in this process; R2d and R3d: into gzip without the XML."""

import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from lxml import etree
from tests.espi.schemas import faults

from bench.machine import median, memcpy, seconds
from bench.outcome import Outcome, Wrong
from bench.utility import Utility
from wattshare.custodian.house import House
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.render import BlockItem, Item, entry_of, pieces
from wattshare.custodian.services.disclosure.wirepath.deflating import gzipped
from wattshare.custodian.services.disclosure.wirepath.direct import Absent, installed
from wattshare.custodian.services.disclosure.wirepath.member import compressing
from wattshare.espi import wire
from wattshare.espi.atom import Feed, Link

SLOWEST = 6
# the readings and the feed that are given to whoever does it another way
FEW = 20
# where the official schemas are, and how many days of the year are held against them
FIXTURES, MONTHS = "WATTSHARE_FIXTURES", 12


def measure(utility: Utility) -> Iterator[Outcome]:
    """All of them, and the peers beside them."""
    feed, items, addresses = read(utility)
    xml = b"".join(pieces(feed, items, addresses))
    member = b"".join(compressing(pieces(feed, items, addresses)))
    check(xml, member, feed, items, addresses)
    judged = valid(feed, items, addresses)
    readings = sum(item.block.count for item in items if isinstance(item, BlockItem))
    copied = [memcpy()]
    rendering = median(seconds(lambda: sum(map(len, pieces(feed, items, addresses))), 9))
    copied.append(memcpy())
    gzipping = median(seconds(lambda: sum(map(len, compressing(pieces(feed, items, addresses)))), 9))
    copied.append(memcpy())
    tree = median(seconds(lambda: by_tree(feed, items[:FEW], addresses), 3)) * len(items) / FEW
    size = len(zlib.compress(xml, SLOWEST))
    base = {"readings": readings, "xml_bytes": len(xml)}
    # each is held against the copying before and after it
    first, second = (sum(copied[:2]) / 2, sum(copied[1:]) / 2)
    yield Outcome(
        id="R1",
        figure=len(xml) / rendering / first,
        parts=base | {"memcpy_bytes_a_second": first, "seconds": rendering, "readings_a_second": readings / rendering},
        note=f"{readings / rendering / 1e6:.1f} M readings/s; {judged}",
    )
    yield Outcome(
        id="R2",
        figure=len(xml) / gzipping / second,
        parts=base | {"memcpy_bytes_a_second": second, "seconds": gzipping, "lxml_tree_and_zlib_6_seconds": tree},
        note=f"{readings / gzipping / 1e6:.1f} M readings/s; a tree and zlib-6 take {tree / gzipping:.0f} × as long",
    )
    yield Outcome(
        id="R3",
        figure=len(member) / size,
        parts={"gzip_bytes": len(member), "zlib_6_bytes": size},
        note=f"{len(member) / readings:.1f} B a reading",
    )
    yield from directly(xml, feed, items, addresses, base | {"zlib_6_bytes": size})


def directly(
    xml: bytes, feed: Feed, items: list[Item], addresses: Addresses, base: Mapping[str, float]
) -> Iterator[Outcome]:
    """The two by the direct encoder, where it is installed."""
    try:
        encoder = installed()
    except Absent as why:
        yield from (Outcome(id=name, note=str(why)) for name in ("R2d", "R3d"))
        return

    def packed() -> Iterator[bytes]:
        return gzipped(pieces(feed, items, addresses, encoder=encoder).pieces)

    check(xml, member := b"".join(packed()), feed, items, addresses)
    before = memcpy()
    packing = median(seconds(lambda: sum(map(len, packed())), 25))
    copied, readings, size = (before + memcpy()) / 2, base["readings"], base["zlib_6_bytes"]
    yield Outcome(
        id="R2d",
        figure=len(xml) / packing / copied,
        parts={**base, "memcpy_bytes_a_second": copied, "seconds": packing},
        note=f"{readings / packing / 1e6:.1f} M readings/s; {packing * 1e3:.2f} ms",
    )
    yield Outcome(
        id="R3d",
        figure=len(member) / size,
        parts={"gzip_bytes": len(member), "zlib_6_bytes": size},
        note=f"{len(member) / readings:.1f} B a reading",
    )


def read(utility: Utility) -> tuple[Feed, list[Item], Addresses]:
    """The year, as it is read for a third party, and the feed around it."""
    with utility.opened() as house:
        at, addresses, items = house.now(), house.addresses, read_blocks(house, utility)
    links = (Link(rel="self", href=addresses.base + utility.facts["feed"]),)
    return Feed(id="bench", title="Bench", updated=at, links=links), items, addresses


def read_blocks(house: House, utility: Utility) -> list[Item]:
    """Its blocks.

    Raises:
        Wrong: the authorization is gone.
    """
    told, at = utility.facts, house.now()
    with house.store.read(told["held"]) as tx:
        held = tx.authorizations.by_id(told["held"])
        if held is None:
            raise Wrong("the authorization of the year is gone")
        [channel] = tx.readings.channels_shared(held, told["id"], at)
        blocks = tx.readings.blocks(held, told["id"], channel.number, None, at, house.profile)
        return [BlockItem(subscription=held.id, channel=channel, block=block) for block in blocks]


def check(xml: bytes, member: bytes, feed: Feed, items: list[Item], addresses: Addresses) -> None:
    """The gate: one member, whose bytes are those of the typed writer, and well-formed.

    Raises:
        Wrong: they are not.
    """
    inflating = zlib.decompressobj(31)
    if inflating.decompress(member) != xml or not inflating.eof or inflating.unused_data:
        raise Wrong("the gzip member holds something else")
    if typed(feed, items, addresses) != xml:
        raise Wrong("the feed is not what the typed writer makes of it")
    etree.fromstring(xml, etree.XMLParser(huge_tree=True))


def valid(feed: Feed, items: list[Item], addresses: Addresses) -> str:
    """The gate's other half: the official schemas have nothing against it. What is to be said of it.

    Raises:
        Wrong: they have.
    """
    folder = os.environ.get(FIXTURES)
    if not folder:
        return f"not held against the official schemas: {FIXTURES} names no folder that has them"
    months = items[:: max(1, len(items) // MONTHS)]
    against = faults(b"".join(pieces(feed, months, addresses)), Path(folder), addresses.profile.schema)
    if against:
        raise Wrong(f"the schemas refuse the feed: {against[0]}")
    return f"valid by the schemas of {addresses.profile.schema}"


def typed(feed: Feed, items: list[Item], addresses: Addresses) -> bytes:
    """The same feed by the typed writer."""
    profile = addresses.profile
    entries = (wire.entry(entry_of(item, addresses), profile) for item in items)
    return wire.feed_head(feed, profile) + b"".join(entries) + wire.feed_tail(profile)


def by_tree(feed: Feed, items: list[Item], addresses: Addresses) -> int:
    """What servers mostly do: a tree of elements, written as text, compressed by zlib. How many bytes."""
    specimen = etree.fromstring(typed(feed, items, addresses))
    root = grown(specimen)
    return len(zlib.compress(etree.tostring(root), SLOWEST))


def grown(specimen: "etree._Element") -> "etree._Element":
    """A tree like another one, built element by element."""
    root = etree.Element(specimen.tag, specimen.attrib, nsmap=specimen.nsmap)
    stack = [(specimen, root)]
    while stack:
        like, made = stack.pop()
        for child in like:
            element = etree.SubElement(made, child.tag, child.attrib)
            element.text = child.text
            stack.append((child, element))
    return root
