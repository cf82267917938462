"""Elements of the standard read into values, by the declarations of their types. espi.xsd, customer.xsd.

An `Assembly` is one element of a type: it takes the children one after the other, looks each up in the
type's plan, and builds the value when all have come. What the schema forbids is handed to the reading,
which refuses it, or names it and lets it be mended.
"""

from collections.abc import Sequence
from typing import Any

from lxml import etree

from wattshare.espi.atom import Resource
from wattshare.espi.deviations import DeviationCode, Rule
from wattshare.espi.fields import ESPI
from wattshare.espi.lifting import ATTRIBUTE
from wattshare.espi.mending import mend
from wattshare.espi.plain_readings import PlainReadings, gathered
from wattshare.espi.plans import RESOURCES, Absent, Plan, Slot
from wattshare.espi.reading import Reading
from wattshare.espi.runs import READING, SHORTEST, read_run
from wattshare.espi.scalars import Unfit

_BLOCK = RESOURCES[f"{{{ESPI}}}IntervalBlock"]
_READING = _BLOCK.slots[READING].plan
# what may stand before the first reading: batchItemInfo, interval, and an extension or two
_LEAD = 4


class Assembly:
    """One element of a type of the standard, while its children come."""

    __slots__ = ("_at", "_beside", "_plan", "_reading", "_value", "_values", "depth", "element")

    def __init__(self, element: etree._Element, plan: Plan, reading: Reading, depth: int) -> None:
        self.element = element
        self.depth = depth
        self._plan = plan
        self._reading = reading
        self._values: dict[str, Any] = {}
        self._at = 0
        self._beside: list[Resource] = []
        self._value: Any = None
        if element.attrib:
            reading.check_attributes(element)

    @classmethod
    def of_resource(cls, element: etree._Element, reading: Reading, depth: int) -> "Assembly":
        """The assembly of an element that may be a content or a document."""
        return cls(element, RESOURCES[str(element.tag)], reading, depth)

    def opens(self, child: etree._Element) -> None:
        """Children are read when they have ended."""

    def close(self, frame: object) -> None:
        """None of its children has a frame."""

    def stray(self) -> None:
        raise self._reading.refusal(Rule.TEXT_BETWEEN, self.element)

    def take(self, child: etree._Element) -> None:
        """Read a child.

        Raises:
            Malformed: it is not what the schema has here.
        """
        slot = self._plan.slots.get(child.tag)  # type: ignore[arg-type]  # elements have names only
        if slot is None:
            self._take_unknown(child)
            return
        if slot.plan is _READING and child.attrib and (run := self._lifted(child)):
            self._take_readings(run)
            return
        if slot.index < self._at:
            self._reading.note(DeviationCode.OUT_OF_ORDER, child)
        else:
            self._at = slot.index
        if slot.wrapper and self._wraps(slot.wrapper, child):
            self._take_wrapped(slot, slot.wrapper, child)
            return
        value = self._nested(slot.plan, child) if slot.plan else self._leaf(slot, child)
        if value is Absent:
            return
        if slot.many:
            self._values.setdefault(slot.attribute, []).append(value)
        elif slot.attribute in self._values:
            raise self._reading.refusal(Rule.TOO_MANY, child)
        else:
            self._values[slot.attribute] = value

    def _leaf(self, slot: Slot, child: etree._Element) -> Any:
        if child.attrib:
            self._reading.check_attributes(child)
        text = self._reading.text_of(child)
        try:
            return slot.parse(text)
        except Unfit as unfit:
            mended = mend(slot, text, unfit.rule)
            if mended is None:
                raise self._reading.refusal(unfit.rule, child) from None
            self._reading.note(mended[0], child)
            return mended[1]

    def _nested(self, plan: Plan, child: etree._Element) -> Any:
        inner = Assembly(child, plan, self._reading, self.depth + 1)
        if plan.bare is not None and not len(child) and child.text and not child.text.isspace():
            self._reading.note(DeviationCode.TEXT_FOR_STATUS, child)
            return plan.build(**{plan.bare: child.text.strip()})
        inner.take_all()
        return inner.finish()

    @staticmethod
    def _wraps(wrapper: Plan, child: etree._Element) -> bool:
        """Whether it stands around items; in one generation the same name is an item itself."""
        return not len(child) or any(inner.tag in wrapper.slots for inner in child)

    def _take_wrapped(self, slot: Slot, wrapper: Plan, child: etree._Element) -> None:
        if slot.attribute in self._values:
            raise self._reading.refusal(Rule.TOO_MANY, child)
        items = self._nested(wrapper, child)
        if items is not Absent:
            self._values[slot.attribute] = list(items)

    def run_begins(self, count: int) -> int | None:
        """Where the first reading stands, if among `count` children are as many from there on as are worth a run."""
        if self._plan is not _BLOCK:
            return None
        first = (at for at, child in enumerate(self.element[: min(_LEAD, count)]) if child.tag == READING)
        return next((at for at in first if count - at >= SHORTEST), None)

    def take_run(self, most: int) -> int:
        """Read as many of the first `most` children as are plain readings, and say how many that is."""
        readings = read_run(self.element, most)
        if readings:
            self._take_readings(readings)
        return len(readings)

    def _lifted(self, child: etree._Element) -> PlainReadings | None:
        """The run that a reading is left of."""
        return self._reading.lifted.pop(child.get(ATTRIBUTE, ""), None)

    def _take_readings(self, readings: PlainReadings) -> None:
        slot = _BLOCK.slots[READING]
        self._at = slot.index
        self._values.setdefault(slot.attribute, []).append(readings)

    def take_all(self) -> None:
        """Read all children of an element that has ended.

        Raises:
            Malformed: they are not what the schema has here.
        """
        if self.depth > self._reading.limits.depth:
            raise self._reading.refusal(Rule.LIMIT_DEPTH, self.element)
        text = self.element.text
        if text and not text.isspace():
            self.stray()
        for child in self.element:
            self.take(child)
            if child.tail and not child.tail.isspace():
                self.stray()

    def _take_unknown(self, child: etree._Element) -> None:
        if child.tag in self._plan.embeds:
            self._reading.note(DeviationCode.EMBEDDED_READING_TYPE, child)
            self._beside += read_resource(child, self._reading, self.depth + 1).resources()
            return
        kept_nowhere = child.tag in self._plan.passed_over
        if kept_nowhere and self._values:
            # it begins an object, or is not there
            self._reading.note(DeviationCode.OUT_OF_ORDER, child)
        self._reading.note(DeviationCode.NOT_KEPT if kept_nowhere else DeviationCode.UNKNOWN_ELEMENT, child)
        self._reading.skip(child, self.depth + 1)

    def finish(self) -> Any:
        """The value, when all children have come; `Absent` where it cannot be without what is missing.

        Raises:
            Malformed: something is missing, or there is too much of it.
        """
        values = self._values
        for slot in self._plan.many:
            if slot.attribute in values:
                found = values[slot.attribute]
                if self._plan is _BLOCK:
                    found = gathered(found, columns=self._reading.columns)
                values[slot.attribute] = self._counted(slot, found)
        for slot in self._plan.required:
            if slot.attribute in values:
                continue
            if slot.stand_in is None:
                self._reading.note(DeviationCode.INCOMPLETE, self.element, slot.name)
                return Absent
            self._reading.note(DeviationCode.MISSING_ITEM_KIND, self.element)
            values[slot.attribute] = slot.stand_in
        self._value = self._plan.build(**values)
        return self._value

    def _counted(self, slot: Slot, found: Sequence[Any]) -> Sequence[Any]:
        if slot.most is not None and len(found) > slot.most:
            raise self._reading.refusal(Rule.TOO_MANY, self.element, slot.name)
        if len(found) < slot.least:
            raise self._reading.refusal(Rule.TOO_FEW, self.element, slot.name)
        return found if isinstance(found, PlainReadings) else tuple(found)

    def resources(self) -> list[Resource]:
        """The object, where it could be built, and what stood inside it and belongs beside it."""
        own = [] if self._value is None else [self._value]
        return own + self._beside


def read_resource(element: etree._Element, reading: Reading, depth: int) -> Assembly:
    """An object that has ended.

    Raises:
        Malformed: it breaks the schema.
    """
    assembly = Assembly.of_resource(element, reading, depth)
    assembly.take_all()
    assembly.finish()
    return assembly


def is_resource(element: etree._Element) -> bool:
    """Whether an element may be a content or a document."""
    return element.tag in RESOURCES
