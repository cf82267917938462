"""One reading of one document: its manner, its limits, and what it has noted on the way."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from wattshare.espi.deviations import KNOWN, Deviation, DeviationCode, Malformed, Rule, Verdict, refusal
from wattshare.espi.limits import Limits
from wattshare.espi.plain_readings import PlainReadings

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_XSI_TYPE = XSI + "type"
# the two that only tell a validator where to look
_XSI_HINTS = frozenset({XSI + "schemaLocation", XSI + "noNamespaceSchemaLocation"})
_LONGEST_NAME = 64


def name_of(element: etree._Element) -> str:
    """The local name of an element, fit for a sentence."""
    return shown(str(element.tag).rpartition("}")[2])


def shown(name: str) -> str:
    """A name out of a document, fit for a sentence."""
    return name[:_LONGEST_NAME].encode("ascii", "backslashreplace").decode("ascii")


@dataclass(kw_only=True)
class Reading:
    """What the frames of a document share while it is read."""

    limits: Limits
    lenient: bool
    # whether plain readings of a block stay in columns
    columns: bool = False
    # runs of readings that the parser has not seen, see `lifting`
    lifted: dict[str, PlainReadings] = field(default_factory=dict)
    # line breaks that the parser has not seen
    lines: int = 0
    _noted: list[Deviation] = field(default_factory=list)

    def line(self, element: etree._Element) -> int:
        """The line that an element begins on. Beyond line 65,535 it may be one too high."""
        return (element.sourceline or 0) + self.lines

    def note(self, code: DeviationCode, element: etree._Element, name: str = "") -> None:
        """Write a deviation down; `name` is what its sentence is about, else the element itself.

        Raises:
            Malformed: this manner of reading refuses it.
        """
        known, where = KNOWN[code], name_of(element)
        if known.verdict(lenient=self.lenient) is Verdict.REFUSED:
            cause = known.sentence.format(name=name or where)
            raise Malformed(code, line=self.line(element), element=where, sentence=cause)
        self.note_at(code, line=self.line(element), element=where, name=name or where)

    def note_at(self, code: DeviationCode, *, line: int, element: str, name: str = "") -> None:
        """Write down a deviation that passes in every manner of reading."""
        known = KNOWN[code]
        sentence = f"{known.sentence.format(name=name or element)} {known.outcome}"
        self._noted.append(Deviation(code=code, line=line, element=element, sentence=sentence))

    def noted(self) -> Iterator[Deviation]:
        """What was written down since the last time, once."""
        noted, self._noted = self._noted, []
        yield from noted

    def refusal(self, rule: Rule, element: etree._Element, name: str = "") -> Malformed:
        """The refusal of an element."""
        return refusal(rule, line=self.line(element), element=name_of(element), name=name)

    def text_of(self, element: etree._Element) -> str:
        """The text of an element that holds nothing else."""
        if len(element):
            raise self.refusal(Rule.ELEMENTS_IN_VALUE, element)
        text = element.text or ""
        if len(text) > self.limits.text:
            raise self.refusal(Rule.LIMIT_TEXT, element)
        return text

    def skip(self, element: etree._Element, depth: int) -> None:
        """Pass over an element of no meaning, within the limits. `depth` is the element's own."""
        if depth > self.limits.depth:
            raise self.refusal(Rule.LIMIT_DEPTH, element)
        if len(element.attrib) > self.limits.attributes:
            raise self.refusal(Rule.LIMIT_ATTRIBUTES, element)
        for child in element:
            self.skip(child, depth + 1)

    def check_attributes(self, element: etree._Element) -> None:
        """Let no attribute pass on an element of the standard, which has none."""
        for name in element.attrib:
            if name == _XSI_TYPE:
                self.note(DeviationCode.XSI_TYPE, element)
            elif name not in _XSI_HINTS:
                raise self.refusal(Rule.UNKNOWN_ATTRIBUTE, element)

    def check_atom_attributes(self, element: etree._Element, allowed: frozenset[str]) -> None:
        """Name the attributes of an Atom element that Atom does not have."""
        if len(element.attrib) > self.limits.attributes:
            raise self.refusal(Rule.LIMIT_ATTRIBUTES, element)
        for name in element.attrib:
            if name == _XSI_TYPE:
                self.note(DeviationCode.XSI_TYPE, element)
            elif name not in allowed and not str(name).startswith("{"):
                self.note(DeviationCode.ATOM_ATTRIBUTE, element, shown(str(name)))
