"""What the reader refuses, what it reads with a warning, and what it makes of it."""

import pytest

from tests.espi.documents import ATOM, BARE, ESPI, HEAD, READING, codes, entry, feed, refusal
from wattshare.espi.atom import Entry
from wattshare.espi.deviations import DEVIATIONS, RULES, Known, Level, Verdict
from wattshare.espi.usage import MeterReading, ReadingType, UsagePoint
from wattshare.espi.wire import DeviationCode, read


def block(inner: str) -> str:
    return entry(f"<IntervalBlock {ESPI}>\n{inner}</IntervalBlock>")


# what stands in an IntervalBlock or ReadingType from line 9 on, the rule, the line, the element
BROKEN = {
    "start before duration": (
        block("<interval>\n<start>0</start>\n<duration>1</duration></interval>"),
        "out-of-order",
        11,
        "duration",
    ),
    "the interval after a reading": (
        block(READING.format(0) + "</IntervalReading>\n<interval><duration>1</duration><start>0</start></interval>"),
        "out-of-order",
        10,
        "interval",
    ),
    "quality after the period": (
        block(READING.format(0) + "\n<ReadingQuality><quality>0</quality></ReadingQuality></IntervalReading>"),
        "out-of-order",
        10,
        "ReadingQuality",
    ),
    "an unknown element": (block("<interval><timezone/></interval>"), "unknown-element", 9, "timezone"),
    "the element of another namespace": (
        block('<x:interval xmlns:x="urn:x"/>'),
        "unknown-element",
        9,
        "interval",
    ),
    "two values": (
        block(READING.format(0) + "\n<value>2</value></IntervalReading>"),
        "too-many",
        10,
        "value",
    ),
    "a missing duration": (block("\n<interval><start>0</start></interval>"), "incomplete", 10, "interval"),
    "text between elements": (
        block("<interval>a<duration>1</duration><start>0</start></interval>"),
        "text-between",
        9,
        "interval",
    ),
    "text after an element": (
        block("<interval><duration>1</duration>a<start>0</start></interval>"),
        "text-between",
        9,
        "interval",
    ),
    "text in an open element": (
        block("a" + READING.format(0) + "</IntervalReading>"),
        "text-between",
        8,
        "IntervalBlock",
    ),
    "an element in a value": (
        block("<interval><duration>1<x/></duration><start>0</start></interval>"),
        "elements-in-value",
        9,
        "duration",
    ),
    "an attribute": (block('<interval a="1"/>'), "unknown-attribute", 9, "interval"),
    "an attribute of a leaf": (
        block('<interval><duration b="1">1</duration></interval>'),
        "unknown-attribute",
        9,
        "duration",
    ),
    "a duration beyond UInt32": (
        block("<interval><duration>4294967296</duration><start>0</start></interval>"),
        "duration-in-milliseconds",
        9,
        "duration",
    ),
    "a negative duration": (
        block("<interval><duration>-1</duration><start>0</start></interval>"),
        "out-of-range",
        9,
        "duration",
    ),
    "a value beyond Int48": (
        block("<IntervalReading><value>140737488355329</value></IntervalReading>"),
        "out-of-range",
        9,
        "value",
    ),
    "a fractional value": (
        block("<IntervalReading><value>1.5</value></IntervalReading>"),
        "not-a-number",
        9,
        "value",
    ),
    "an empty value": (block("<IntervalReading><value/></IntervalReading>"), "empty-value", 9, "value"),
    "a fractional start": (
        block("<interval><duration>1</duration><start>1.5</start></interval>"),
        "fractional-seconds",
        9,
        "start",
    ),
    "a time before 1970": (
        block("<interval><duration>1</duration><start>-1</start></interval>"),
        "out-of-range",
        9,
        "start",
    ),
    "a time beyond 2100 in any unit": (
        block("<interval><duration>1</duration><start>99999999999999</start></interval>"),
        "out-of-range",
        9,
        "start",
    ),
    "a uom beyond UInt16": (
        entry(f"<ReadingType {ESPI}>\n<uom>65536</uom></ReadingType>"),
        "out-of-range",
        9,
        "uom",
    ),
    "an object that is unknown": (entry(f"\n<Usage {ESPI}/>"), "unknown-element", 9, "Usage"),
    "an object of another namespace": (
        entry("\n<UsagePoint xmlns='urn:x'/>"),
        "unknown-element",
        9,
        "UsagePoint",
    ),
    "a text too long": (
        entry(f"<UsagePoint {ESPI}>\n<readRoute>{'r' * 257}</readRoute></UsagePoint>"),
        "too-long",
        9,
        "readRoute",
    ),
    "neither true nor false": (
        entry(f"<UsagePoint {ESPI}>\n<isVirtual>yes</isVirtual></UsagePoint>"),
        "not-a-truth-value",
        9,
        "isVirtual",
    ),
    "flags that are not hexadecimal": (
        entry(f"<UsagePoint {ESPI}>\n<roleFlags>xy</roleFlags></UsagePoint>"),
        "not-hex",
        9,
        "roleFlags",
    ),
    "a listed word that is not listed": (
        entry(f"<UsagePoint {ESPI}>\n<amiBillingReady>perhaps</amiBillingReady></UsagePoint>"),
        "not-listed",
        9,
        "amiBillingReady",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_content_that_breaks_the_schema_is_refused_with_its_place(name: str) -> None:
    document, rule, line, element = BROKEN[name]
    caught = refusal(document)
    assert (caught.rule, caught.line, caught.element) == (rule, line, element)


ODD_ENVELOPES: dict[str, tuple[str | bytes, list[str]]] = {
    "a byte order mark": (b"\xef\xbb\xbf" + entry(f"<MeterReading {ESPI}/>").encode(), ["byte-order-mark"]),
    "junk": (b"\x1b[0m\n" + entry(f"<MeterReading {ESPI}/>").encode(), ["junk-before-xml"]),
    "a line before the declaration": (
        '\n<?xml version="1.0"?>' + entry(f"<MeterReading {ESPI}/>"),
        ["junk-before-xml"],
    ),
    "a bare id": (entry(f"<MeterReading {ESPI}/>", head=BARE), ["id-without-urn"]),
    "an id in capitals": (
        entry(f"<MeterReading {ESPI}/>", head=HEAD.replace("0a0b", "0A0B")),
        ["id-without-urn"],
    ),
    "an offset": (
        entry(f"<MeterReading {ESPI}/>", head=HEAD.replace("00Z</published>", "00-08:00</published>")),
        ["time-without-z"],
    ),
    "no zone": (
        entry(f"<MeterReading {ESPI}/>", head=HEAD.replace("00Z</updated>", "00</updated>")),
        ["time-without-z"],
    ),
    "no time": (
        entry(f"<MeterReading {ESPI}/>", head=HEAD.replace("2024-03-09T08:00:00Z</u", "now</u")),
        ["time-unreadable"],
    ),
    "the 30th of February": (
        entry(f"<MeterReading {ESPI}/>", head=HEAD.replace("2024-03-09T08:00:00Z</u", "2024-02-30T08:00:00Z</u")),
        ["time-unreadable"],
    ),
    "no head": (
        f"<entry {ATOM}><content><MeterReading {ESPI}/></content></entry>",
        ["missing-id", "missing-title", "missing-published", "missing-updated", "missing-self", "missing-up"],
    ),
    "no feed head": (f"<feed {ATOM}/>", ["missing-id", "missing-title", "missing-updated", "missing-self"]),
    "a feed that is published": (
        feed(head=HEAD),
        ["feed-published"],
    ),
    "a foreign element": (
        entry(f"<MeterReading {ESPI}/>", head=HEAD + "<d:date xmlns:d='urn:d'/>"),
        ["foreign-element"],
    ),
    "an element that Atom lacks": (entry(f"<MeterReading {ESPI}/>", head=HEAD + "<date/>"), ["atom-element"]),
    "an author": (entry(f"<MeterReading {ESPI}/>", head=HEAD + "<author><name/></author>"), ["not-kept"]),
    "xsi:type": (
        entry(
            f"<MeterReading {ESPI}/>",
            head=HEAD.replace("<title", '<title xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x"'),
        ),
        ["xsi-type"],
    ),
    "a relative link": (
        entry(f"<MeterReading {ESPI}/>", head=HEAD.replace("https://dc.example/espi/1_1/resource/X/1", "X/1")),
        ["relative-href"],
    ),
    "the same link twice": (
        entry(
            f"<MeterReading {ESPI}/>",
            head=HEAD + '<link rel="self" href="https://dc.example/espi/1_1/resource/X/1"/>',
        ),
        ["repeated-link"],
    ),
    "a link to nothing": (entry(f"<MeterReading {ESPI}/>", head=HEAD + "<link/>"), ["link-without-href"]),
    "a link without rel": (
        entry(f"<MeterReading {ESPI}/>", head=HEAD + '<link href="https://a.example/"/>'),
        ["link-without-rel"],
    ),
    "two titles": (entry(f"<MeterReading {ESPI}/>", head=HEAD + "<title>B</title>"), ["repeated-element"]),
    "two objects": (entry(f"<MeterReading {ESPI}/><MeterReading {ESPI}/>"), ["several-in-content"]),
    "three blocks": (entry(f"<IntervalBlock {ESPI}/>" * 3), ["several-in-content"]),
    "no object": (entry(""), ["no-content"]),
    "no content": (entry("").replace("<content></content>", ""), ["no-content"]),
    "text in a content": (entry(f"a<MeterReading {ESPI}/>"), ["atom-text"]),
    "an attribute that Atom lacks": (
        entry(f"<MeterReading {ESPI}/>").replace("<content", '<content a="1"'),
        ["atom-attribute"],
    ),
    "an extension": (entry(f"<MeterReading {ESPI}><extension><x/></extension></MeterReading>"), ["not-kept"]),
    "milliseconds": (
        block("<interval><duration>1</duration><start>1440585200000</start></interval>"),
        ["time-in-milliseconds"],
    ),
}


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("name", ODD_ENVELOPES)
def test_an_odd_envelope_is_read_with_a_warning(name: str, lenient: bool) -> None:
    document, expected = ODD_ENVELOPES[name]
    assert codes(document, lenient=lenient) == expected


def test_lines_are_counted_with_what_stands_before_the_xml() -> None:
    odd = entry(f"<MeterReading {ESPI}/>", head=BARE)
    [junk, bare] = read(b"junk\njunk\n" + odd.encode()).deviations
    assert (junk.line, bare.line, bare.element) == (1, 4, "id")


MENDED: dict[str, tuple[str, list[str], object]] = {
    "a fraction of a second is cut off": (
        f"<IntervalBlock {ESPI}><interval><duration>1</duration><start>1721154384.66136</start></interval>"
        "</IntervalBlock>",
        ["fractional-seconds"],
        lambda content: content[0].interval.start == 1721154384,
    ),
    "a service category without a kind is left out": (
        f"<UsagePoint {ESPI}><ServiceCategory><kind/></ServiceCategory><status>1</status></UsagePoint>",
        ["empty-value", "incomplete"],
        lambda content: content == (UsagePoint(status=1),),
    ),
    "an embedded ReadingType stands beside its MeterReading": (
        f"<MeterReading {ESPI}><ReadingType><uom>72</uom></ReadingType></MeterReading>",
        ["embedded-reading-type"],
        lambda content: content == (MeterReading(), ReadingType(uom=72)),
    ),
    "milliseconds of a duration become seconds": (
        f"<IntervalBlock {ESPI}><interval><duration>5000000000</duration><start>0</start></interval></IntervalBlock>",
        ["duration-in-milliseconds"],
        lambda content: content[0].interval.duration == 5_000_000,
    ),
    "order does not count": (
        f"<ReadingType {ESPI}><uom>72</uom><flowDirection>1</flowDirection><commodity>1</commodity></ReadingType>",
        ["out-of-order", "out-of-order"],
        lambda content: content == (ReadingType(uom=72, flow_direction=1, commodity=1),),
    ),
    "an unknown element is skipped": (
        f"<ReadingType {ESPI}><uom>72</uom><colour><shade/></colour></ReadingType>",
        ["unknown-element"],
        lambda content: content == (ReadingType(uom=72),),
    ),
    "an unknown object is skipped": (
        f"<Usage {ESPI}/>",
        ["unknown-element", "no-content"],
        lambda content: content == (),
    ),
    "an empty number is absent": (
        f"<ReadingType {ESPI}><commodity/><uom> </uom></ReadingType>",
        ["empty-value", "empty-value"],
        lambda content: content == (ReadingType(),),
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_leniently(name: str) -> None:
    content, expected, holds = MENDED[name]
    document = read(entry(content).encode(), lenient=True)
    assert [deviation.code for deviation in document.deviations] == expected
    assert isinstance(document.root, Entry)
    assert callable(holds)
    assert holds(document.root.content)
    assert refusal(entry(content)).rule == expected[0]


def test_no_sentence_tells_a_value() -> None:
    document = entry(
        f"<UsagePoint {ESPI}><status>SECRET</status></UsagePoint>", head=HEAD.replace("urn:uuid:", "SECRET")
    )
    caught = refusal(document)
    assert "SECRET" not in str(caught)
    [deviation] = read(entry(f"<UsagePoint {ESPI}/>", head=HEAD.replace("urn:uuid:", "SECRET")).encode()).deviations
    assert "SECRET" not in deviation.sentence


def test_every_deviation_and_every_rule_has_one_row() -> None:
    assert sorted(row.code for row in DEVIATIONS) == sorted(DeviationCode)
    assert {row.value for row in RULES}.isdisjoint(DeviationCode)


@pytest.mark.parametrize("row", DEVIATIONS, ids=lambda row: row.code)
def test_only_content_that_breaks_the_schema_is_refused_by_the_strict(row: Known) -> None:
    assert (row.strict is Verdict.REFUSED) == (row.level is Level.CONTENT)
    assert row.lenient is Verdict.READ
