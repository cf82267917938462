"""The elements of a document that are open, from the root down, and how their children leave the tree."""

from collections.abc import Iterable, Iterator

from lxml import etree

from wattshare.espi.atom import Entry, Feed, Resource
from wattshare.espi.deviations import Deviation, Rule, refusal
from wattshare.espi.frames import A, EntryFrame, FeedFrame, Frame
from wattshare.espi.reading import Reading
from wattshare.espi.strict import Assembly


class Spine:
    """The open frames of one document.

    A child is taken when its successor has begun, or when its parent has ended, and is then cut off. The last
    child of an element that may still be open stays: the parser may yet append to the text after it.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._frames: list[Frame] = []
        # the last child of the innermost frame, where a frame has read it already
        self._read: etree._Element | None = None
        # bytes that have come since anything was read
        self._held = 0

    def follow(
        self, events: Iterable[tuple[str, etree._Element]], *, grown: int
    ) -> Iterator[Feed | Entry | Resource | Deviation]:
        """Read as far as a chunk of `grown` bytes allows.

        Raises:
            Malformed: a rule is broken, or one part grows beyond the limit.
        """
        self._held += grown
        for event, element in events:
            if event == "start":
                self._begin(element)
                continue
            made = self._end(element)
            yield from self._reading.noted()
            yield from made
        if self._frames:
            self._take(self._frames[-1], len(self._frames[-1].element) - 1)
        yield from self._reading.noted()
        if self._held > self._reading.limits.part:
            line = self._reading.line(self._frames[-1].element) if self._frames else 1
            raise refusal(Rule.LIMIT_PART, line=line)

    def _begin(self, element: etree._Element) -> None:
        parent = self._frames[-1] if self._frames else None
        if parent is None:
            self._push(self._root(element))
        elif element.getparent() is parent.element:
            self._take(parent, parent.element.index(element))
            if frame := parent.opens(element):
                self._push(frame)

    def _root(self, element: etree._Element) -> Frame:
        if element.tag == A + "feed":
            return FeedFrame(element=element, reading=self._reading, depth=1)
        if element.tag == A + "entry":
            return EntryFrame(element=element, reading=self._reading, depth=1)
        return Assembly.of_resource(element, self._reading, 1)

    def _push(self, frame: Frame) -> None:
        if frame.depth > self._reading.limits.depth:
            raise self._reading.refusal(Rule.LIMIT_DEPTH, frame.element)
        self._frames.append(frame)
        self._read = None
        self._held = 0

    def _end(self, element: etree._Element) -> tuple[Feed | Entry | Resource, ...]:
        if not self._frames or element is not self._frames[-1].element:
            return ()
        frame = self._frames.pop()
        self._take(frame, len(element))
        if element.text and not element.text.isspace():
            frame.stray()
        made = frame.finish()
        element.clear(keep_tail=True)
        self._read = element
        self._held = 0
        if self._frames:
            self._frames[-1].close(frame)
        if isinstance(made, Entry | Feed):
            return (made,)
        return () if self._frames else self._alone(frame)

    def _alone(self, frame: Frame) -> tuple[Resource, ...]:
        """The one object of a document that is no feed and no entry."""
        resources = frame.resources() if isinstance(frame, Assembly) else []
        if len(resources) > 1:
            # without a content there is no place beside it
            raise self._reading.refusal(Rule.ROOT, frame.element)
        return tuple(resources)

    def _take(self, frame: Frame, count: int) -> None:
        """Have a frame read its first children, and cut them off."""
        if count <= 0:
            return
        if isinstance(frame, Assembly) and (lead := frame.run_begins(count)) is not None:
            self._take_singly(frame, frame.element[:lead])
            run = frame.take_run(count - lead)
            if run:
                _look_after(frame.element[run - 1], frame)
            del frame.element[:run]
            count -= lead + run
        self._take_singly(frame, frame.element[:count])
        self._read = None
        self._held = 0

    def _take_singly(self, frame: Frame, children: list[etree._Element]) -> None:
        for child in children:
            if child is not self._read:
                frame.take(child)
            _look_after(child, frame)
        del frame.element[: len(children)]


def _look_after(child: etree._Element, frame: Frame) -> None:
    """Have a frame judge a text that stands behind one of its children."""
    if child.tail and not child.tail.isspace():
        frame.stray()
