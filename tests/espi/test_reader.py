"""What is read at all: documents of every kind, hostile ones, limits, and bytes as they come."""

from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.espi.documents import ATOM, BARE, CUSTOMER, ESPI, READING, entry, feed, refusal
from wattshare.espi.atom import Entry, Feed
from wattshare.espi.usage import (
    BatchList,
    IntervalBlock,
    MeterReading,
    ReadingType,
    ServiceStatus,
    UsagePoint,
)
from wattshare.espi.wire import Deviation, Limits, Malformed, TooBig, read, stream


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
    "a prefix that nobody declared": (f"<feed {ATOM}>\n<x:title/></feed>", "well-formed", 2),
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
    "NUL": (b"<feed " + ATOM.encode() + b">\n<title>a\x00b</title></feed>", "well-formed", 2),
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


SPOILT = feed(
    entry(f"<UsagePoint {ESPI}><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint>"),
    entry(f"<IntervalBlock {ESPI}>" + (READING.format(900) + "</IntervalReading>") * 9 + "</IntervalBlock>"),
).encode()
BITS = [
    b"<",
    b">",
    b"&",
    b"'",
    b"/",
    b"\x00",
    b"\xff",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"<?x ?>",
    b'xmlns=""',
    b"x:",
]


@settings(deadline=None, max_examples=100)
@given(
    first=st.integers(0, len(SPOILT)),
    length=st.integers(0, 40),
    bit=st.sampled_from(BITS) | st.binary(max_size=4),
    size=st.sampled_from([1, 50, 3000]),
    lenient=st.booleans(),
)
def test_a_spoilt_document_is_read_or_refused(first: int, length: int, bit: bytes, size: int, lenient: bool) -> None:
    document = SPOILT[:first] + bit + SPOILT[first + length :]
    found = []
    for source in (document, cast(BinaryIO, Trickle(list(_pieces(document, size))))):
        try:
            found.append(str(read(source, lenient=lenient)))
        except Malformed as refused:
            found.append(str(refused))
    assert found[0] == found[1]
    assert not found[0].startswith("line 0")


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
