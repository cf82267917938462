"""Readings that the parser never sees are those that it would have seen, whatever stands around them."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.espi.documents import ESPI, entry, feed
from wattshare.espi import lifting, reader, runs
from wattshare.espi.atom import Entry
from wattshare.espi.plain_readings import PlainReadings
from wattshare.espi.usage import IntervalBlock
from wattshare.espi.wire import Limits, Malformed, stream


class Pieces(BytesIO):
    """A file that gives no more than so many bytes at a time."""

    def __init__(self, document: bytes, size: int) -> None:
        super().__init__(document)
        self.most = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.most if size is None or size < 0 else min(size, self.most))


class Unlifted(lifting.Lifting):
    """Every byte goes to the parser."""

    def feed(self, chunk: bytes) -> bytes:
        return chunk


def told(document: bytes, size: int, **manner: Any) -> list[object]:
    """All that comes of a document, or why it is refused."""
    found = list[object]()
    try:
        found.extend(stream(Pieces(document, size), **manner))
    except Malformed as refused:
        # what came before is given up
        return [str(refused)]
    return found


def both(document: bytes, size: int, **manner: Any) -> tuple[list[object], list[object]]:
    """The same, and what it is where nothing is lifted and nothing read in runs."""
    lifted = told(document, size, **manner)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "Lifting", Unlifted)
        patch.setattr(runs, "alike", lambda *_, **__: None)
        return lifted, told(document, size, **manner)


def leaf(p: str, name: str, text: object) -> str:
    return f"<{p}{name}>{text}</{p}{name}>"


def reading(p: str, start: object, value: object, more: str = "", blank: str = "", head: str = "") -> str:
    period = leaf(p, "timePeriod", leaf(p, "duration", 900) + blank + leaf(p, "start", start))
    return f"{blank}<{p}IntervalReading>{head}{period}{blank}{leaf(p, 'value', value)}{more}</{p}IntervalReading>"


# what a number may look like, and what may stand behind or before a reading
NUMBERS = st.integers(-999, 99_999).map(str) | st.sampled_from(
    ["007", "+5", " 5", "-0", "1_0", "9" * 15, "", "x", "5\x0b"]
)
ODD = ["", "", "", "", "<!-- a -->", "<?a b?>", "a", "<![CDATA[ ]]>", "&#32;", "<x/>", "\n\n"]
LEAD = "<{p}interval>%s<{p}duration>86400</{p}duration>%s<{p}start>0</{p}start>%s</{p}interval>%s"
LEADS = [
    "",
    LEAD % ("", "", "", ""),
    LEAD % ("\n", "<!-- - -->", "\n<!---->", "<!-- <a> -->"),
    LEAD % ("<!--->", "", "", "-->"),
]
AROUND = [
    "{}",
    "{}",
    "{}",
    "<!--{}-->",
    "<![CDATA[{}]]>",
    "<x>{}</x>",
    "<{p}UsagePoint{espi}>{}</{p}UsagePoint>",
    '<x a="{}"/>',
    "<y:IntervalBlock xmlns:y='urn:y'>{}</y:IntervalBlock>",
]


@st.composite
def blocks(draw: st.DrawFn, p: str) -> str:
    """A block, mostly of readings that are alike."""
    blank = draw(st.sampled_from(["", "\n ", "\r\n", " \t"]))
    parts = list[str]()
    for _ in range(draw(st.integers(1, 3))):
        step, head = draw(st.sampled_from([900, 0, 3600])), leaf(p, "ReadingQuality", leaf(p, "quality", 17))
        more = draw(st.sampled_from(["", leaf(p, "tou", 1)]))
        parts += [
            reading(
                p,
                86_400 + step * at,
                draw(st.integers(-5, 9_999)),
                more,
                blank,
                draw(st.sampled_from([head, head, ""])),
            )
            for at in range(draw(st.integers(1, 12)))
        ]
    at = draw(st.integers(0, len(parts)))
    if draw(st.booleans()):
        parts.insert(at, draw(st.sampled_from(ODD)))
    if draw(st.integers(0, 3)) == 0:
        parts.insert(at, reading(p, draw(NUMBERS), draw(NUMBERS), "", blank))
    opening = ("" if p else f" {ESPI}") + draw(st.sampled_from(["", "", " ", " xmlns:z='urn:z'", " a='>'", "/"]))
    lead = draw(st.sampled_from(LEADS)).format(p=p)
    block = f"<{p}IntervalBlock{opening}>{lead}{''.join(parts)}{blank}</{p}IntervalBlock>"
    return (
        draw(st.sampled_from(AROUND)).replace("{p}", p).replace("{espi}", "" if p else f" {ESPI}").replace("{}", block)
    )


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    p = draw(st.sampled_from(["", "n:", "a.b:", "é:"]))
    declared = f"xmlns:{p[:-1]}='http://naesb.org/espi'" if p else ""
    contents = draw(st.lists(blocks(p), min_size=1, max_size=3))
    entries = [entry(content).replace("<content>", f"<content {declared}>") for content in contents]
    prolog = draw(st.sampled_from(["", "<?xml version='1.0'?>\n", "<!-- <a> -->\n<?b c?>"]))
    return (prolog + feed(*entries)).encode()


@settings(deadline=None, max_examples=100)
@given(documents(), st.sampled_from([1, 7, 100, 1_000, 65_536]), st.booleans())
def test_nothing_else_is_read_than_by_the_parser_alone(document: bytes, size: int, lenient: bool) -> None:
    lifted, parsed = both(document, size, lenient=lenient)
    assert lifted == parsed


@settings(deadline=None, max_examples=100)
@given(
    documents(),
    st.integers(0, 5_000),
    st.integers(0, 40),
    st.sampled_from(
        [b"<", b">", b"</", b"\x01", b"\x0c", b"\xff", b"<!--", b"]]>", b"<![CDATA[", b"IntervalBlock>", b"1"]
    ),
    st.sampled_from([50, 65_536]),
)
def test_a_spoilt_document_is_refused_as_by_the_parser_alone(
    document: bytes, first: int, length: int, bit: bytes, size: int
) -> None:
    lifted, parsed = both(document[:first] + bit + document[first + length :], size)
    assert lifted == parsed


def day(count: int = 96) -> str:
    readings = "".join(reading("", 86_400 + 900 * at, at * at, "", "\n") for at in range(count))
    return f"<IntervalBlock {ESPI}>{readings}\n</IntervalBlock>"


def document_of(*contents: str) -> bytes:
    return feed(*map(entry, contents)).encode()


def seen(document: bytes, size: int = 65_536) -> bytes:
    """What the parser gets, where somebody takes all that was lifted."""
    way, parts = lifting.Lifting(), list[bytes]()
    for at in range(0, len(document), size):
        parts.append(way.feed(document[at : at + size]))
        way.runs.clear()
    return b"".join([*parts, way.rest()])


@pytest.mark.parametrize("size", [100, 1_000, 5_000, 65_536])
def test_the_parser_sees_little_of_long_runs(size: int) -> None:
    document = document_of(*[day(count=1_000)] * 3)
    assert len(seen(document, size)) < len(document) / 3
    assert seen(document, size).count(b"\n") == document.count(b"\n")
    lifted, parsed = both(document, size)
    assert lifted == parsed


HIDING = ["<!-- {} -->", "<x><![CDATA[{}]]></x>", "<?a {}?>"]


@pytest.mark.parametrize("hiding", HIDING)
@pytest.mark.parametrize("size", [1, 100, 65_536])
def test_what_hides_tags_is_stepped_over(hiding: str, size: int) -> None:
    hidden = hiding.replace("{}", day(count=9))
    document = document_of(hidden + day())
    assert hidden.encode() in seen(document, size)
    assert len(seen(document, size)) < len(document) - len(day()) / 2
    lifted, parsed = both(document, size, lenient=True)
    assert lifted == parsed


def test_what_hides_tags_for_long_is_left_to_the_parser() -> None:
    document = document_of(f"<!-- {'a' * 70_000} -->{day()}")
    assert seen(document) == document


def test_a_comment_may_stand_in_the_interval() -> None:
    interval = "<interval> <duration>86400</duration><!-- a --> <start>0</start>\n<!-- b --></interval> <!-- c -->"
    document = document_of(day().replace(f"<IntervalBlock {ESPI}>", f"<IntervalBlock {ESPI}>{interval}"))
    assert len(seen(document)) < len(document) / 3
    lifted, parsed = both(document, 65_536)
    assert lifted == parsed


@pytest.mark.parametrize(
    "much",
    [
        "<!---->",
        "<?a?>",
        "<IntervalBlock>",
        "<IntervalBlock></IntervalBlock>",
        "IntervalBlock ",
        "<",
        "<IntervalBlock ",
    ],
)
def test_what_looks_like_much_is_soon_passed(much: str) -> None:
    """Not in a time, but in how often the bytes are looked through."""
    document = (much * 20_000).encode()
    looked = []

    class Counted(bytes):
        """Counts what is looked through; not all of it is, but for the longest."""

        def find(self, *given: Any) -> int:
            found = super().find(*given)
            begin = given[1] if len(given) > 1 else 0
            looked.append((found if found >= 0 else given[2] if len(given) > 2 else len(self)) - begin)
            return found

    way = lifting.Lifting()
    way._kept = Counted(document[:65_536])
    way._handed_on(last=False)
    assert sum(looked) < 10 * 65_536


def test_readings_of_another_namespace_are_not_read() -> None:
    document = document_of(day()).replace(b"naesb.org/espi", b"naesb.org/other")
    lifted, parsed = both(document, 65_536, lenient=True)
    assert lifted == parsed
    assert not any(content for item in lifted if isinstance(item, Entry) for content in item.content)


def test_lines_and_limits_are_those_of_the_document() -> None:
    document = document_of(day(), f"<UsagePoint {ESPI}>a</UsagePoint>")
    [refused] = told(document, 65_536)
    line = document[: document.index(b"<UsagePoint ")].count(b"\n") + 1
    assert str(refused).startswith(f"line {line},")
    deep = document_of(f"<UsagePoint {ESPI}><x>{day()}</x></UsagePoint>")
    for depth in range(4, 12):
        lifted, parsed = both(deep, 65_536, lenient=True, limits=Limits(depth=depth))
        assert lifted == parsed
    assert told(document, 65_536, limits=Limits(elements=200)) != told(document, 65_536)


def test_runs_that_nobody_asks_for_do_not_pile_up() -> None:
    way = lifting.Lifting()
    document = document_of(f"<x>{day(count=4) * 2_000}</x>")
    for at in range(0, len(document), 5_000):
        way.feed(document[at : at + 5_000])
    assert len(way.runs) < 500


def in_columns(document: bytes, size: int = 65_536) -> Iterator[IntervalBlock]:
    """The blocks of a document."""
    for item in stream(Pieces(document, size), columns=True):
        if isinstance(item, Entry):
            yield from (content for content in item.content if isinstance(content, IntervalBlock))


@pytest.mark.parametrize("size", [100, 65_536])
def test_who_asks_for_columns_gets_them_where_readings_are_plain(size: int) -> None:
    twice = leaf("", "ReadingQuality", leaf("", "quality", 8)) + leaf("", "ReadingQuality", leaf("", "quality", 9))
    odd = day(count=5).replace("</IntervalBlock>", reading("", 1, 2, head=twice) + "</IntervalBlock>")
    plain, few, mixed = in_columns(document_of(day(), day(count=2), odd), size)
    assert isinstance(plain.reading, PlainReadings)
    assert isinstance(few.reading, PlainReadings)
    assert plain.reading.columns["value"] == [at * at for at in range(96)]
    assert [one.value for one in few.reading] == [0, 1]
    assert isinstance(mixed.reading, tuple)
    assert len(mixed.reading) == 6


def test_plain_readings_are_as_a_tuple_of_them() -> None:
    [block] = in_columns(document_of(day()))
    readings, same = block.reading, tuple(block.reading)
    assert isinstance(readings, PlainReadings)
    assert readings == same
    assert same == readings
    assert hash(readings) == hash(same)
    assert readings[3] == same[3]
    assert readings[1:3] == same[1:3]
    assert readings != same[1:]
    assert len(readings) == len(same) == 96
