"""What a document may do that the standard does not say, and what becomes of it.

Both tables are data: the reader asks them for its verdict, and the reference page is printed from them.
No sentence holds a value of the document, because sentences go into logs and answers: only names of elements.
"""

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """Where a deviation lies."""

    # before the root element
    DOCUMENT = "document"
    # the envelope: feeds, entries, links
    ATOM = "atom"
    # ESPI content that the schema lets pass, but that cannot be meant as it stands or cannot be kept
    VALUE = "value"
    # ESPI content that breaks the schema
    CONTENT = "content"


class Verdict(enum.StrEnum):
    """What the reader does about a deviation."""

    READ = "read"
    REFUSED = "refused"


class DeviationCode(enum.StrEnum):
    """A departure that the reader knows by name."""

    BYTE_ORDER_MARK = "byte-order-mark"
    JUNK_BEFORE_XML = "junk-before-xml"
    XSI_TYPE = "xsi-type"
    ATOM_ATTRIBUTE = "atom-attribute"
    ATOM_ELEMENT = "atom-element"
    ATOM_TEXT = "atom-text"
    FOREIGN_ELEMENT = "foreign-element"
    FEED_PUBLISHED = "feed-published"
    MISSING_ID = "missing-id"
    MISSING_TITLE = "missing-title"
    MISSING_PUBLISHED = "missing-published"
    MISSING_UPDATED = "missing-updated"
    MISSING_SELF = "missing-self"
    MISSING_UP = "missing-up"
    REPEATED_ELEMENT = "repeated-element"
    REPEATED_LINK = "repeated-link"
    LINK_WITHOUT_HREF = "link-without-href"
    LINK_WITHOUT_REL = "link-without-rel"
    RELATIVE_HREF = "relative-href"
    ID_WITHOUT_URN = "id-without-urn"
    TIME_WITHOUT_Z = "time-without-z"
    TIME_UNREADABLE = "time-unreadable"
    NO_CONTENT = "no-content"
    SEVERAL_IN_CONTENT = "several-in-content"
    TIME_IN_MILLISECONDS = "time-in-milliseconds"
    NOT_KEPT = "not-kept"
    UNKNOWN_ELEMENT = "unknown-element"
    OUT_OF_ORDER = "out-of-order"
    FRACTIONAL_SECONDS = "fractional-seconds"
    DURATION_IN_MILLISECONDS = "duration-in-milliseconds"
    EMPTY_VALUE = "empty-value"
    TEXT_FOR_STATUS = "text-for-status"
    EMBEDDED_READING_TYPE = "embedded-reading-type"
    MISSING_ITEM_KIND = "missing-item-kind"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, kw_only=True)
class Known:
    """One row of the table of deviations: what it is, and the verdict of both manners of reading."""

    code: DeviationCode
    level: Level
    strict: Verdict
    lenient: Verdict = Verdict.READ
    # what is the case; `{name}` is the element or attribute that it is about
    sentence: str
    # what was made of it
    outcome: str

    def verdict(self, *, lenient: bool) -> Verdict:
        """The verdict of one manner of reading."""
        return self.lenient if lenient else self.strict


def _passes(code: DeviationCode, level: Level, sentence: str, outcome: str) -> Known:
    return Known(code=code, level=level, strict=Verdict.READ, sentence=sentence, outcome=outcome)


def _breaks(code: DeviationCode, sentence: str, outcome: str) -> Known:
    return Known(code=code, level=Level.CONTENT, strict=Verdict.REFUSED, sentence=sentence, outcome=outcome)


_C = DeviationCode

DEVIATIONS: tuple[Known, ...] = (
    _passes(_C.BYTE_ORDER_MARK, Level.DOCUMENT, "The document begins with a byte order mark.", "Passed over."),
    _passes(_C.JUNK_BEFORE_XML, Level.DOCUMENT, "Something stands before the XML.", "Passed over."),
    _passes(_C.XSI_TYPE, Level.ATOM, "{name} carries xsi:type, which says nothing here.", "Ignored."),
    _passes(_C.ATOM_ATTRIBUTE, Level.ATOM, "Atom has no attribute {name} here.", "Ignored."),
    _passes(_C.ATOM_ELEMENT, Level.ATOM, "Atom has no element {name} here.", "Skipped."),
    _passes(_C.ATOM_TEXT, Level.ATOM, "{name} holds text between its elements.", "Ignored."),
    _passes(_C.FOREIGN_ELEMENT, Level.ATOM, "{name} is no part of a feed or an entry.", "Skipped."),
    _passes(_C.FEED_PUBLISHED, Level.ATOM, "A feed has no published.", "Ignored."),
    _passes(_C.MISSING_ID, Level.ATOM, "{name} has no id.", "Read without."),
    _passes(_C.MISSING_TITLE, Level.ATOM, "{name} has no title.", "Read without."),
    _passes(_C.MISSING_PUBLISHED, Level.ATOM, "{name} has no published.", "Read without."),
    _passes(_C.MISSING_UPDATED, Level.ATOM, "{name} has no updated.", "Read without."),
    _passes(_C.MISSING_SELF, Level.ATOM, "{name} has no self link.", "Read without; nothing can point to it."),
    _passes(
        _C.MISSING_UP,
        Level.ATOM,
        "{name} has no up link.",
        "Read without; its place must come from elsewhere.",
    ),
    _passes(_C.REPEATED_ELEMENT, Level.ATOM, "{name} stands more than once.", "The first one counts."),
    _passes(_C.REPEATED_LINK, Level.ATOM, "The same link stands more than once.", "Kept as it stands."),
    _passes(_C.LINK_WITHOUT_HREF, Level.ATOM, "A link has no href.", "Skipped."),
    _passes(_C.LINK_WITHOUT_REL, Level.ATOM, "A link has no rel.", "Read as alternate, as Atom has it."),
    _passes(_C.RELATIVE_HREF, Level.ATOM, "The href of a link is relative.", "Kept as it stands."),
    _passes(_C.ID_WITHOUT_URN, Level.ATOM, "The id is not urn:uuid: and a lower-case UUID.", "Kept as it stands."),
    _passes(_C.TIME_WITHOUT_Z, Level.ATOM, "{name} does not end in Z.", "Its offset was applied; none is UTC."),
    _passes(_C.TIME_UNREADABLE, Level.ATOM, "{name} is no time between 1970 and 2100.", "Left out."),
    _passes(_C.NO_CONTENT, Level.ATOM, "The entry holds no object.", "Read without."),
    _passes(_C.SEVERAL_IN_CONTENT, Level.ATOM, "One content holds several objects.", "All were read."),
    _passes(
        _C.TIME_IN_MILLISECONDS,
        Level.VALUE,
        "{name} lies after 2100 when read as seconds.",
        "Read as milliseconds, cut to seconds.",
    ),
    _passes(_C.NOT_KEPT, Level.VALUE, "{name} may stand here, but nothing keeps it.", "Skipped."),
    _breaks(_C.UNKNOWN_ELEMENT, "The standard has no {name} here.", "Skipped."),
    _breaks(_C.OUT_OF_ORDER, "{name} stands after what must follow it.", "Read where it stands."),
    _breaks(_C.FRACTIONAL_SECONDS, "{name} has a fraction of a second.", "The fraction was cut off."),
    _breaks(
        _C.DURATION_IN_MILLISECONDS,
        "{name} is too long for seconds.",
        "Read as milliseconds, and as the longest duration of the standard where that is still too long.",
    ),
    _breaks(_C.EMPTY_VALUE, "{name} is empty, where a value must be.", "Taken as absent."),
    _breaks(_C.TEXT_FOR_STATUS, "{name} is bare text, where a structure must be.", "Read as its value."),
    _breaks(
        _C.EMBEDDED_READING_TYPE,
        "A ReadingType stands inside a MeterReading.",
        "Read as if it stood beside it in the same content.",
    ),
    _breaks(_C.MISSING_ITEM_KIND, "{name} has no itemKind.", "Read as 10, information."),
    _breaks(_C.INCOMPLETE, "{name} is missing, and must be there.", "What lacks it was left out as a whole."),
)

KNOWN: dict[DeviationCode, Known] = {row.code: row for row in DEVIATIONS}


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One place where a document deviates, and how it was read all the same.

    `line` counts from 1. `element` is the local name of the element that it was met in.
    """

    code: DeviationCode
    line: int
    element: str
    sentence: str


class Rule(enum.StrEnum):
    """A rule whose breach no manner of reading lets pass."""

    WELL_FORMED = "well-formed"
    DTD = "dtd"
    ENTITY = "entity"
    ENCODING = "encoding"
    ROOT = "root"
    UNKNOWN_ATTRIBUTE = "unknown-attribute"
    TEXT_BETWEEN = "text-between"
    ELEMENTS_IN_VALUE = "elements-in-value"
    TOO_MANY = "too-many"
    TOO_FEW = "too-few"
    NOT_A_NUMBER = "not-a-number"
    OUT_OF_RANGE = "out-of-range"
    TOO_LONG = "too-long"
    NOT_LISTED = "not-listed"
    NOT_HEX = "not-hex"
    NOT_A_TRUTH_VALUE = "not-a-truth-value"
    LIMIT_BYTES = "limit-bytes"
    LIMIT_DEPTH = "limit-depth"
    LIMIT_ELEMENTS = "limit-elements"
    LIMIT_ATTRIBUTES = "limit-attributes"
    LIMIT_TEXT = "limit-text"
    LIMIT_PART = "limit-part"


_R = Rule

RULES: dict[Rule, str] = {
    _R.WELL_FORMED: "The document is not well-formed XML.",
    _R.DTD: "The document brings a document type, which is not read.",
    _R.ENTITY: "The document uses an entity that XML does not have by itself.",
    _R.ENCODING: "The document is not UTF-8.",
    _R.ROOT: "{name} is neither a feed nor an entry nor an object of the standard.",
    _R.UNKNOWN_ATTRIBUTE: "{name} has an attribute, where the standard has none.",
    _R.TEXT_BETWEEN: "{name} holds text between its elements.",
    _R.ELEMENTS_IN_VALUE: "{name} holds elements, where a value must be.",
    _R.TOO_MANY: "{name} stands more often than it may.",
    _R.TOO_FEW: "{name} is missing, or stands less often than it must.",
    _R.NOT_A_NUMBER: "{name} is not a whole number in digits.",
    _R.OUT_OF_RANGE: "{name} is outside the range of its type.",
    _R.TOO_LONG: "{name} is longer than its type allows.",
    _R.NOT_LISTED: "{name} is none of the values that its type lists.",
    _R.NOT_HEX: "{name} is not a hexadecimal number of its type's length.",
    _R.NOT_A_TRUTH_VALUE: "{name} is neither true nor false.",
    _R.LIMIT_BYTES: "The document has more bytes than are read.",
    _R.LIMIT_DEPTH: "{name} nests deeper than is read.",
    _R.LIMIT_ELEMENTS: "The document has more elements than are read.",
    _R.LIMIT_ATTRIBUTES: "{name} has more attributes than are read.",
    _R.LIMIT_TEXT: "{name} holds a longer text than is read.",
    _R.LIMIT_PART: "One part of the document is larger than is read at a time.",
}


class Malformed(Exception):
    """A document that is not read, with the place and the rule.

    `rule` is a `Rule`, or the `DeviationCode` that this manner of reading refuses.
    """

    def __init__(self, rule: Rule | DeviationCode, *, line: int, element: str, sentence: str) -> None:
        super().__init__(f"line {line}, {element or 'document'}: {sentence} ({rule})")
        self.rule = rule
        self.line = line
        self.element = element
        self.sentence = sentence


class TooBig(Malformed):
    """A document beyond one of the reader's limits."""


def refusal(rule: Rule, *, line: int, element: str = "", name: str = "", why: str = "") -> Malformed:
    """The refusal that a rule's breach brings; `name` is what the sentence is about, else the element."""
    kind = TooBig if rule.startswith("limit-") else Malformed
    sentence = RULES[rule].format(name=name or element)
    if why:
        sentence = f"{sentence.removesuffix('.')}: {why}."
    return kind(rule, line=line, element=element, sentence=sentence)
