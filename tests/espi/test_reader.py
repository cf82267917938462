"""What the reader refuses, what it reads with a warning, and that it reads as the bytes come."""

from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest

from wattshare.espi.atom import Entry, Feed
from wattshare.espi.deviations import DEVIATIONS, RULES, Known, Level, Verdict
from wattshare.espi.usage import (
    BatchList,
    IntervalBlock,
    MeterReading,
    ReadingType,
    ServiceStatus,
    UsagePoint,
)
from wattshare.espi.wire import Deviation, DeviationCode, Limits, Malformed, TooBig, read, stream

ATOM = 'xmlns="http://www.w3.org/2005/Atom"'
ESPI = 'xmlns="http://naesb.org/espi"'
CUSTOMER = 'xmlns="http://naesb.org/espi/customer"'

HEAD = """<id>urn:uuid:0a0b0c0d-0000-5000-8000-000000000001</id>
<link rel="up" href="https://dc.example/espi/1_1/resource/X"/>
<link rel="self" href="https://dc.example/espi/1_1/resource/X/1"/>
<title>A thing</title>
<published>2024-03-09T08:00:00Z</published>
<updated>2024-03-09T08:00:00Z</updated>
"""

READING = (
    "<IntervalReading><timePeriod><duration>900</duration><start>{}</start></timePeriod><value>1</value>"
)


def entry(content: str, head: str = HEAD) -> str:
    """An entry without fault around a content; its root stands on line 1, the content on line 8."""
    return f"<entry {ATOM}>\n{head}<content>{content}</content>\n</entry>"


def feed(*entries: str, head: str = HEAD.replace("<published>2024-03-09T08:00:00Z</published>\n", "")) -> str:
    return f"<feed {ATOM}>\n{head}" + "\n".join(entries) + "</feed>"


def codes(document: str | bytes, *, lenient: bool = False) -> list[DeviationCode]:
    content = document.encode() if isinstance(document, str) else document
    return [deviation.code for deviation in read(content, lenient=lenient).deviations]


def refusal(document: str | bytes, *, lenient: bool = False, limits: Limits | None = None) -> Malformed:
    content = document.encode() if isinstance(document, str) else document
    with pytest.raises(Malformed) as caught:
        read(content, lenient=lenient, limits=limits)
    return caught.value


def test_a_faultless_entry_is_read_without_a_word() -> None:
    document = read(entry(f"<MeterReading {ESPI}/>").encode())
    assert document.deviations == ()
    assert isinstance(document.root, Entry)
    assert document.root.content == (MeterReading(),)


def test_a_faultless_feed_is_read_without_a_word() -> None:
    document = read(feed(entry(f"<MeterReading {ESPI}/>"), entry(f"<MeterReading {ESPI}/>")).encode())
    assert document.deviations == ()
    assert isinstance(document.root, Feed)
    assert len(document.root.entries) == 2
    assert document.root.updated == 1709971200


def test_prefixes_are_free() -> None:
    document = (
        '<x:BatchList xmlns:x="http://naesb.org/espi"><x:resources>https://a.example/?b=1&amp;c=2'
        "</x:resources></x:BatchList>"
    )
    assert read(document.encode()).root == BatchList(resources=("https://a.example/?b=1&c=2",))


@pytest.mark.parametrize(
    ("document", "root"),
    [
        (
            f"<ServiceStatus {ESPI}><currentStatus>1</currentStatus></ServiceStatus>",
            ServiceStatus(current_status=1),
        ),
        (f"<BatchList {ESPI}/>", BatchList(resources=())),
        (f"<BatchList {CUSTOMER}><resources>https://a.example/</resources></BatchList>", None),
        (f"<MeterReading {ESPI}/>", MeterReading()),
        (f"<ReadingType {ESPI}><uom>72</uom></ReadingType>", ReadingType(uom=72)),
        (f"<UsagePoint {ESPI}/>", UsagePoint()),
    ],
)
def test_an_object_may_be_a_document_of_its_own(document: str, root: object) -> None:
    found = read(document.encode())
    assert found.deviations == ()
    if root is not None:
        assert found.root == root


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ATTRIBUTES = " ".join(f'a{n}="1"' for n in range(70))
HOSTILE: dict[str, tuple[str | bytes, str, int | None]] = {
    "an external entity": (
        f'<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n{entry(f"<MeterReading {ESPI}/>")}',
        "dtd",
        1,
    ),
    "an external document type": (
        '<?xml version="1.0"?>\n<!DOCTYPE f SYSTEM "http://a.example/x.dtd">\n<f/>',
        "dtd",
        2,
    ),
    "a billion laughs": (f'\n<!DOCTYPE f [<!ENTITY l0 "lol">{LAUGHS}]><feed {ATOM}>&l9;</feed>', "dtd", 2),
    "laughs in an attribute": (f'<!DOCTYPE f [{LAUGHS}]><feed {ATOM} a="&l9;"/>', "dtd", 1),
    "a document type in lower case": (f"<!doctype html><feed {ATOM}/>", "dtd", 1),
    "an unknown entity": (f"<feed {ATOM}>\n<title>&nbsp;</title></feed>", "entity", 2),
    "an unknown entity in an attribute": (f'<feed {ATOM}>\n\n<link href="&x;"/></feed>', "entity", 3),
    "a depth bomb": ("<a>" * 100_000, "root", 1),
    "a depth bomb in a feed": (f"<feed {ATOM}>" + "<a>" * 100_000, "limit-part", 1),
    "a shallow depth bomb": (f"<feed {ATOM}>\n" + "<a>" * 40 + "</a>" * 40 + "</feed>", "limit-depth", 2),
    "a long name": (f"<feed {ATOM}><{'a' * 100_000}/></feed>", "limit-part", 1),
    "many attributes": (f"<feed {ATOM}>\n<x {ATTRIBUTES}/></feed>", "limit-attributes", 2),
    "a long title": (f"<feed {ATOM}>\n<title>{'t' * 2**21}</title></feed>", "limit-text", 2),
    "a very long title": (f"<feed {ATOM}>\n<title>{'t' * 2**24}</title></feed>", "limit-part", None),
    "a number of 21 digits": (
        entry(
            f"<IntervalBlock {ESPI}><interval><duration>1</duration>\n<start>{'1' * 21}</start></interval>"
            "</IntervalBlock>"
        ),
        "not-a-number",
        9,
    ),
    "a number of a million digits": (
        entry(f"<ReadingType {ESPI}>\n<uom>{'9' * 1_000_000}</uom></ReadingType>"),
        "not-a-number",
        9,
    ),
    "digits that are not ASCII": (
        entry(f"<ReadingType {ESPI}>\n<uom>٧٢</uom></ReadingType>"),
        "not-a-number",
        9,
    ),
    "an underscore in a number": (
        entry(f"<ReadingType {ESPI}>\n<uom>7_2</uom></ReadingType>"),
        "not-a-number",
        9,
    ),
    "NUL": (b"<feed " + ATOM.encode() + b">\n<title>a\x00b</title></feed>", "encoding", 1),
    "NUL late": (
        b"<feed " + ATOM.encode() + b">\n<title>" + b"a" * 2000 + b"\x00</title></feed>",
        "well-formed",
        2,
    ),
    "a reference to NUL": (f"<feed {ATOM}>\n<title>&#0;</title></feed>", "well-formed", 2),
    "a control character": (f"<feed {ATOM}>\n<title>&#27;</title></feed>", "well-formed", 2),
    "a document cut short": (feed(entry(f"<MeterReading {ESPI}/>"))[:-3], "well-formed", None),
    "a document cut short in an entry": (entry(f"<MeterReading {ESPI}/>")[:-20], "well-formed", None),
    "nothing": ("", "well-formed", 1),
    "blanks": ("  \n ", "well-formed", None),
    "only a declaration": ('<?xml version="1.0"?>', "well-formed", None),
    "only a comment": ("<!-- ", "well-formed", None),
    "text": ("Service Unavailable", "well-formed", 1),
    "JSON": ('{"error": "invalid_token"}', "well-formed", 1),
    "HTML": ("<html><body><p>Sign in</p></body></html>", "root", 1),
    "a feed without its namespace": ("\n<feed><title/></feed>", "root", 2),
    "an element that is no object": (f"<IntervalReading {ESPI}/>", "root", 1),
    "two documents": (f"<MeterReading {ESPI}/>\n<MeterReading {ESPI}/>", "well-formed", 2),
    "tags that cross": (f"<feed {ATOM}>\n<title></feed></title>", "well-formed", 2),
    "Latin-1 without saying so": (f"<feed {ATOM}>\n<title>é</title></feed>".encode("latin-1"), "encoding", 2),
    "Latin-1 said": (f'<?xml version="1.0" encoding="ISO-8859-1"?><feed {ATOM}/>', "encoding", 1),
    "UTF-16": (f"<feed {ATOM}/>".encode("utf-16"), "encoding", 1),
    "UTF-16 without a mark": (f"<feed {ATOM}/>".encode("utf-16-le"), "encoding", 1),
    "UTF-7 said": (f'<?xml version="1.0" encoding="utf-7"?><feed {ATOM}/>', "encoding", 1),
}


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_in_either_manner(name: str, lenient: bool) -> None:
    document, rule, line = HOSTILE[name]
    caught = refusal(document, lenient=lenient)
    assert caught.rule == rule
    assert line is None or caught.line == line
    assert isinstance(caught, TooBig) == rule.startswith("limit-")
    assert caught.rule in str(caught)


SMALL = feed(*[entry(f"<MeterReading {ESPI}/>") for _ in range(10)])


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (Limits(bytes=len(SMALL) - 1), "limit-bytes"),
        (Limits(elements=40), "limit-elements"),
        (Limits(depth=3), "limit-depth"),
        (Limits(attributes=1), "limit-attributes"),
        (Limits(text=4), "limit-text"),
    ],
)
def test_a_document_beyond_a_limit_is_refused(limits: Limits, rule: str) -> None:
    read(SMALL.encode(), limits=Limits(bytes=len(SMALL), elements=100, depth=4, attributes=2, text=64))
    assert isinstance(refusal(SMALL, limits=limits), TooBig)
    assert refusal(SMALL, limits=limits).rule == rule


def test_what_cannot_be_cut_off_may_not_grow_beyond_its_limit() -> None:
    document = f"<feed {ATOM}>\n<x>" + "<y/>" * 100_000 + "</x></feed>"
    assert refusal(document, limits=Limits(part=200_000)).rule == "limit-part"


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
        block(
            READING.format(0)
            + "</IntervalReading>\n<interval><duration>1</duration><start>0</start></interval>"
        ),
        "out-of-order",
        10,
        "interval",
    ),
    "quality after the period": (
        block(
            READING.format(0) + "\n<ReadingQuality><quality>0</quality></ReadingQuality></IntervalReading>"
        ),
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


BARE = HEAD.replace("urn:uuid:", "")
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
        entry(
            f"<MeterReading {ESPI}/>", head=HEAD.replace("2024-03-09T08:00:00Z</u", "2024-02-30T08:00:00Z</u")
        ),
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
            head=HEAD.replace(
                "<title", '<title xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x"'
            ),
        ),
        ["xsi-type"],
    ),
    "a relative link": (
        entry(
            f"<MeterReading {ESPI}/>", head=HEAD.replace("https://dc.example/espi/1_1/resource/X/1", "X/1")
        ),
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
        f"<IntervalBlock {ESPI}><interval><duration>5000000000</duration><start>0</start></interval>"
        "</IntervalBlock>",
        ["duration-in-milliseconds"],
        lambda content: content[0].interval.duration == 5_000_000,
    ),
    "order does not count": (
        f"<ReadingType {ESPI}><uom>72</uom><flowDirection>1</flowDirection><commodity>1</commodity>"
        "</ReadingType>",
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
    [deviation] = read(
        entry(f"<UsagePoint {ESPI}/>", head=HEAD.replace("urn:uuid:", "SECRET")).encode()
    ).deviations
    assert "SECRET" not in deviation.sentence


def test_every_deviation_and_every_rule_has_one_row() -> None:
    assert sorted(row.code for row in DEVIATIONS) == sorted(DeviationCode)
    assert {row.value for row in RULES}.isdisjoint(DeviationCode)


@pytest.mark.parametrize("row", DEVIATIONS, ids=lambda row: row.code)
def test_only_content_that_breaks_the_schema_is_refused_by_the_strict(row: Known) -> None:
    assert (row.strict is Verdict.REFUSED) == (row.level is Level.CONTENT)
    assert row.lenient is Verdict.READ


class Trickle:
    """A file that gives one piece a time, and knows how much it has given."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        self.given += 1
        return self.pieces[self.given - 1] if self.given <= len(self.pieces) else b""


def test_entries_come_before_the_document_has_ended() -> None:
    one = entry(f"<MeterReading {ESPI}/>").encode()
    source = Trickle([f"<feed {ATOM}>".encode(), one, one, one, b"</feed>"])
    seen = [
        (type(item).__name__, source.given)
        for item in stream(cast(BinaryIO, source))
        if not isinstance(item, Deviation)
    ]
    assert seen == [("Entry", 2), ("Entry", 3), ("Entry", 4), ("Feed", 5)]


def test_what_deviates_in_an_entry_comes_before_it() -> None:
    bare = entry(f"<MeterReading {ESPI}/>", head=BARE)
    kinds = [type(item).__name__ for item in stream(feed(bare, bare).encode())]
    assert kinds == ["Deviation", "Entry", "Deviation", "Entry", "Feed"]


def _pieces(document: bytes, size: int) -> Iterator[bytes]:
    return (document[at : at + size] for at in range(0, len(document), size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_where_the_bytes_are_parted_does_not_matter(size: int) -> None:
    readings = "".join(f"{READING.format(900 * n)}</IntervalReading>\n" for n in range(20))
    document = feed(
        entry(f"<UsagePoint {ESPI}/>", head=BARE),
        entry(f"<IntervalBlock {ESPI}>{readings}</IntervalBlock>" * 2),
    ).encode()
    whole, parted = read(document), read(cast(BinaryIO, Trickle(list(_pieces(document, size)))))
    assert parted == whole
    assert isinstance(whole.root, Feed)
    [first, second] = whole.root.entries[1].content
    assert first == second
    assert isinstance(first, IntervalBlock)
    assert len(first.reading) == 20
