"""Feeds, entries and contents, put together from their children one after the other. RFC 4287 §4.1."""

import calendar
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from lxml import etree

from wattshare.espi.atom import Entry, Feed, Link, Resource
from wattshare.espi.deviations import DeviationCode
from wattshare.espi.fields import ATOM
from wattshare.espi.reading import Reading
from wattshare.espi.strict import Assembly, is_resource, read_resource

A = "{" + ATOM + "}"
_UUID_URN = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,20})?(?:(?P<z>[Zz])|([+-])(\d\d):(\d\d))?", re.ASCII
)
_YEARS = range(1970, 2100)
_TEXT_ATTRIBUTES = frozenset({"type"})
_LINK_ATTRIBUTES = frozenset({"href", "rel", "type", "hreflang", "title", "length"})
_CONTENT_ATTRIBUTES = frozenset({"type", "src"})
_NONE: frozenset[str] = frozenset()
_UNUSED_IN_BOTH = frozenset({A + "author", A + "category", A + "contributor", A + "rights"})
_UNUSED_IN_FEED = _UNUSED_IN_BOTH | {A + "generator", A + "icon", A + "logo", A + "subtitle"}
_UNUSED_IN_ENTRY = _UNUSED_IN_BOTH | {A + "source", A + "summary"}


class Frame(Protocol):
    """An element that is read while it is still open."""

    element: etree._Element
    depth: int

    def opens(self, child: etree._Element) -> "Frame | None":
        """The frame of a child that is to be read while it is open, too."""

    def take(self, child: etree._Element) -> None:
        """Read a child that has ended."""

    def close(self, frame: "Frame") -> None:
        """Take what a child's frame has made."""

    def stray(self) -> None:
        """Text stands between the children."""

    def finish(self) -> object:
        """What it is, when all children have been taken."""


@dataclass(kw_only=True)
class _Head:
    """What feeds and entries have alike."""

    element: etree._Element
    reading: Reading
    times: frozenset[str]
    texts: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, int | None] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)

    def take(self, child: etree._Element) -> bool:
        """Read a child, if it is one of the head's."""
        match str(child.tag).removeprefix(A):
            case "link":
                self._take_link(child)
            case "id" | "title" as name:
                if self._first(child, name in self.texts):
                    self.texts[name] = self._text(child)
                if name == "id":
                    self._check_id(child)
            case name if name in self.times:
                if self._first(child, name in self.seconds):
                    self.seconds[name] = self._time(child)
            case _:
                return False
        return True

    def _first(self, child: etree._Element, taken: bool) -> bool:
        if taken:
            self.reading.note(DeviationCode.REPEATED_ELEMENT, child)
        return not taken

    def _text(self, child: etree._Element) -> str:
        self.reading.check_atom_attributes(child, _TEXT_ATTRIBUTES)
        return self.reading.text_of(child)

    def _check_id(self, child: etree._Element) -> None:
        if not _UUID_URN.fullmatch(child.text or ""):
            self.reading.note(DeviationCode.ID_WITHOUT_URN, child)

    def _time(self, child: etree._Element) -> int | None:
        text = self._text(child).strip()
        found = _TIME.fullmatch(text)
        second = _second(found) if found else None
        if found is None or second is None:
            self.reading.note(DeviationCode.TIME_UNREADABLE, child)
        elif not found["z"]:
            self.reading.note(DeviationCode.TIME_WITHOUT_Z, child)
        return second

    def _take_link(self, child: etree._Element) -> None:
        self.reading.check_atom_attributes(child, _LINK_ATTRIBUTES)
        self.reading.skip(child, 0)
        href, rel, kind = child.get("href"), child.get("rel"), child.get("type")
        if href is None:
            self.reading.note(DeviationCode.LINK_WITHOUT_HREF, child)
            return
        if rel is None:
            self.reading.note(DeviationCode.LINK_WITHOUT_REL, child)
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", href):
            self.reading.note(DeviationCode.RELATIVE_HREF, child)
        link = Link(rel="alternate" if rel is None else rel, href=href, type=kind)
        if link in self.links:
            self.reading.note(DeviationCode.REPEATED_LINK, child)
        self.links.append(link)

    def name_what_is_missing(self, rels: dict[str, DeviationCode]) -> None:
        missing = [code for name, code in _MISSING_TEXTS.items() if name not in self.texts]
        missing += [_MISSING_TIMES[name] for name in sorted(self.times) if name not in self.seconds]
        have = {link.rel for link in self.links}
        missing += [code for rel, code in rels.items() if rel not in have]
        for code in missing:
            self.reading.note(code, self.element)


_MISSING_TEXTS = {"id": DeviationCode.MISSING_ID, "title": DeviationCode.MISSING_TITLE}
_MISSING_TIMES = {"published": DeviationCode.MISSING_PUBLISHED, "updated": DeviationCode.MISSING_UPDATED}


def _second(found: re.Match[str]) -> int | None:
    *wall, _, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = map(int, wall)
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    shift = 3600 * int(hours) + 60 * int(minutes) if sign else 0
    at = calendar.timegm(local.timetuple()) + (shift if sign == "-" else -shift)
    return at if year in _YEARS and at >= 0 else None


@dataclass(kw_only=True)
class FeedFrame:
    """A feed. Its entries leave it one by one; what it makes is the rest."""

    element: etree._Element
    reading: Reading
    depth: int
    _head: _Head = field(init=False)

    def __post_init__(self) -> None:
        self.reading.check_atom_attributes(self.element, _NONE)
        self._head = _Head(element=self.element, reading=self.reading, times=frozenset({"updated"}))

    def opens(self, child: etree._Element) -> "EntryFrame | None":
        if child.tag != A + "entry":
            return None
        return EntryFrame(element=child, reading=self.reading, depth=self.depth + 1)

    def take(self, child: etree._Element) -> None:
        if self._head.take(child):
            return
        if child.tag == A + "published":
            self.reading.note(DeviationCode.FEED_PUBLISHED, child)
        else:
            _name_odd_child(child, _UNUSED_IN_FEED, self.reading)
        self.reading.skip(child, self.depth + 1)

    def close(self, frame: Frame) -> None:
        """An entry has ended; it is handed on, not kept."""

    def stray(self) -> None:
        self.reading.note(DeviationCode.ATOM_TEXT, self.element)

    def finish(self) -> Feed:
        self._head.name_what_is_missing({"self": DeviationCode.MISSING_SELF})
        return Feed(
            id=self._head.texts.get("id", ""),
            title=self._head.texts.get("title"),
            updated=self._head.seconds.get("updated"),
            links=tuple(self._head.links),
            entries=(),
        )


@dataclass(kw_only=True)
class EntryFrame:
    """An entry, in a feed or alone."""

    element: etree._Element
    reading: Reading
    depth: int
    _head: _Head = field(init=False)
    _content: "ContentFrame | None" = None

    def __post_init__(self) -> None:
        self.reading.check_atom_attributes(self.element, _NONE)
        times = frozenset({"published", "updated"})
        self._head = _Head(element=self.element, reading=self.reading, times=times)

    def opens(self, child: etree._Element) -> "ContentFrame | None":
        if child.tag != A + "content" or self._content is not None:
            return None
        return ContentFrame(element=child, reading=self.reading, depth=self.depth + 1)

    def take(self, child: etree._Element) -> None:
        if self._head.take(child):
            return
        if child.tag == A + "content":
            self.reading.note(DeviationCode.REPEATED_ELEMENT, child)
        else:
            _name_odd_child(child, _UNUSED_IN_ENTRY, self.reading)
        self.reading.skip(child, self.depth + 1)

    def close(self, frame: Frame) -> None:
        if isinstance(frame, ContentFrame):
            self._content = frame

    def stray(self) -> None:
        self.reading.note(DeviationCode.ATOM_TEXT, self.element)

    def finish(self) -> Entry:
        rels = {"self": DeviationCode.MISSING_SELF, "up": DeviationCode.MISSING_UP}
        self._head.name_what_is_missing(rels)
        content = tuple(self._content.resources) if self._content else ()
        if self._content is None or not self._content.objects:
            self.reading.note(DeviationCode.NO_CONTENT, self.element)
        return Entry(
            id=self._head.texts.get("id", ""),
            links=tuple(self._head.links),
            title=self._head.texts.get("title"),
            published=self._head.seconds.get("published"),
            updated=self._head.seconds.get("updated"),
            content=content,
        )


@dataclass(kw_only=True)
class ContentFrame:
    """The content of an entry: one object by the rules, several or none in fact."""

    element: etree._Element
    reading: Reading
    depth: int
    resources: list[Resource] = field(default_factory=list)
    # objects that began here, also those that were left out
    objects: int = 0

    def __post_init__(self) -> None:
        self.reading.check_atom_attributes(self.element, _CONTENT_ATTRIBUTES)

    def opens(self, child: etree._Element) -> Assembly | None:
        if not is_resource(child):
            return None
        return Assembly.of_resource(child, self.reading, self.depth + 1)

    def take(self, child: etree._Element) -> None:
        if is_resource(child):
            self.close(read_resource(child, self.reading, self.depth + 1))
            return
        self.reading.note(DeviationCode.UNKNOWN_ELEMENT, child)
        self.reading.skip(child, self.depth + 1)

    def close(self, frame: Frame) -> None:
        self.objects += 1
        if self.objects == 2:
            self.reading.note(DeviationCode.SEVERAL_IN_CONTENT, self.element)
        if isinstance(frame, Assembly):
            self.resources += frame.resources()

    def stray(self) -> None:
        self.reading.note(DeviationCode.ATOM_TEXT, self.element)

    def finish(self) -> None:
        """Nothing is owed: the entry asks for what is here."""


def _name_odd_child(child: etree._Element, unused: frozenset[str], reading: Reading) -> None:
    if child.tag in unused:
        reading.note(DeviationCode.NOT_KEPT, child)
    elif str(child.tag).startswith(A):
        reading.note(DeviationCode.ATOM_ELEMENT, child)
    else:
        reading.note(DeviationCode.FOREIGN_ELEMENT, child)
