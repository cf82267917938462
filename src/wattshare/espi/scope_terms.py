"""The terms of a scope string, read leniently: nothing is refused, and whatever is odd is remarked upon."""

import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wattshare.espi.function_blocks import FUNCTION_BLOCKS
from wattshare.espi.kinds import Kind, in_order

# the names in the order in which they are printed, with the spelling that is printed
NAMES = (
    "FB",
    "AdditionalScope",
    "IntervalDuration",
    "BlockDuration",
    "HistoryLength",
    "SubscriptionFrequency",
    "AccountCollection",
    "BR",
    "dataCustodianId",
    "MinAuthEndDate",
    "PreferredAuthEndDate",
)
SPELLINGS = {name.lower(): name for name in NAMES}
LISTS = frozenset({"FB", "AdditionalScope", "IntervalDuration", "BlockDuration"})
NUMBERS = frozenset({"HistoryLength", "AccountCollection", "MinAuthEndDate", "PreferredAuthEndDate"})

# the order of function blocks in print; others follow by number
BLOCK_ORDER = (1, 3, 8, 13, 14, 18, 19, 31, 32, 35, 37, 38, 39, 40, 4, 5, 10, 15, 16, 46, 47)
PLACES = {block: place for place, block in enumerate(BLOCK_ORDER)}

# blanks and commas that stand where a semicolon should: a name and an equals sign follow
GAP = re.compile(r"(?<![\s,])[\s,]++(?=[A-Za-z][\w-]*+\s*+=)")
ITEM_GAP = re.compile(r"[_,+\s]+")
WRONG_ITEM_GAP = re.compile(r"[,+\s]")
BLOCK = re.compile(r"[0-9]{1,4}")
BARE_LIST = re.compile(r"[0-9]+(?:[_,+\s]++[0-9]+)*+")
WHOLE = re.compile(r"-?[0-9]{1,20}")


class Oddity(enum.StrEnum):
    """What can be odd about a term."""

    # not understood, and so without effect
    UNKNOWN_TERM = "unknown_term"
    UNKNOWN_BLOCK = "unknown_block"
    UNKNOWN_WORD = "unknown_word"
    NOT_A_NUMBER = "not_a_number"
    NO_VALUE = "no_value"
    # understood all the same
    SPELLING = "spelling"
    SEPARATOR = "separator"
    REPEATED = "repeated"

    @property
    def lost(self) -> bool:
        """Whether the thing has no effect."""
        return self not in (Oddity.SPELLING, Oddity.SEPARATOR, Oddity.REPEATED)


@dataclass(frozen=True, kw_only=True)
class Remark:
    """Something odd: where it stands, and in words what was made of it."""

    oddity: Oddity
    term: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Term:
    """A name and its value; None where there is no equals sign."""

    name: str
    value: str | None

    def __str__(self) -> str:
        """As it stands in a scope string."""
        return self.name if self.value is None else f"{self.name}={self.value}"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a scope string was understood to say. `terms` are in the order of print, unknown ones last."""

    function_blocks: tuple[int, ...]
    terms: tuple[Term, ...]
    remarks: tuple[Remark, ...]


def print_order(blocks: Iterable[int]) -> tuple[int, ...]:
    """Function blocks in the order of print, each once."""
    return tuple(sorted(frozenset(blocks), key=lambda block: (PLACES.get(block, len(PLACES)), block)))


def read_terms(text: str) -> Reading:
    """What a scope string says. Never refuses."""
    remarks: list[Remark] = []
    known: dict[str, list[str]] = {}
    unknown: list[Term] = []
    for term in _split(text, remarks):
        name = SPELLINGS.get(term.name.lower())
        if name is None or term.value is None:
            unknown.append(term)
            remarks.append(_remark_unknown(term))
            continue
        if term.name != name:
            _remark(remarks, Oddity.SPELLING, term.name, f"Read as {name}.")
        _take(known, name, term.value, remarks)
    blocks = print_order(_blocks(known.pop("FB", []), remarks))
    terms = [term for name in NAMES if name in known for term in _known(name, known[name], remarks)]
    return Reading(function_blocks=blocks, terms=(*terms, *unknown), remarks=tuple(remarks))


def _remark(remarks: list[Remark], oddity: Oddity, term: str, sentence: str) -> None:
    remarks.append(Remark(oddity=oddity, term=term, sentence=sentence))


def _split(text: str, remarks: list[Remark]) -> Iterator[Term]:
    """The terms as written, without the blanks around them."""
    for part in text.split(";"):
        pieces = [piece.strip() for piece in GAP.split(part)]
        pieces = [piece for piece in pieces if piece]
        if len(pieces) > 1:
            _remark(remarks, Oddity.SEPARATOR, pieces[1], "Terms are separated by a semicolon.")
        for piece in pieces:
            name, equals, value = piece.partition("=")
            yield Term(name=name.strip(), value=value.strip() if equals else None)


def _remark_unknown(term: Term) -> Remark:
    if term.value is None and BARE_LIST.fullmatch(term.name):
        sentence = "Numbers without a name have no effect; function blocks are written FB=1_3_4."
        return Remark(oddity=Oddity.UNKNOWN_TERM, term=term.name, sentence=sentence)
    if term.value is None:
        sentence = "A term is a name, an equals sign and a value; this one has no effect."
        return Remark(oddity=Oddity.NO_VALUE, term=term.name, sentence=sentence)
    return Remark(oddity=Oddity.UNKNOWN_TERM, term=str(term), sentence="No such term is known; it has no effect.")


def _take(known: dict[str, list[str]], name: str, value: str, remarks: list[Remark]) -> None:
    """Add a value to what is known by that name: lists grow, of single values the first counts."""
    if name in LISTS:
        if WRONG_ITEM_GAP.search(value):
            _remark(remarks, Oddity.SEPARATOR, name, f"Values of {name} are joined by an underscore.")
        if name in known:
            _remark(remarks, Oddity.REPEATED, name, f"{name} stands more than once; its lists are joined.")
        known.setdefault(name, []).extend(item for item in ITEM_GAP.split(value) if item)
    elif name in known:
        _remark(remarks, Oddity.REPEATED, name, f"{name} stands more than once; the first counts.")
    else:
        known[name] = [value]


def _blocks(items: list[str], remarks: list[Remark]) -> Iterator[int]:
    for item in items:
        if not BLOCK.fullmatch(item):
            _remark(remarks, Oddity.NOT_A_NUMBER, f"FB={item}", "A function block is a number.")
            continue
        if int(item) not in FUNCTION_BLOCKS:
            _remark(
                remarks,
                Oddity.UNKNOWN_BLOCK,
                f"FB={item}",
                "The standard has no function block of that number.",
            )
        yield int(item)


def _known(name: str, values: list[str], remarks: list[Remark]) -> Iterator[Term]:
    """The term of a known name, tidied; none where a list is empty."""
    if name == "AdditionalScope":
        values = list(_kinds(values, remarks))
    if name in NUMBERS and not WHOLE.fullmatch(values[0]):
        _remark(remarks, Oddity.NOT_A_NUMBER, f"{name}={values[0]}", f"{name} is a whole number.")
    if name not in LISTS:
        yield Term(name=name, value=values[0])
    elif values:
        yield Term(name=name, value="_".join(dict.fromkeys(values)))
    else:
        _remark(remarks, Oddity.NO_VALUE, name, f"{name} names nothing.")


def _kinds(words: list[str], remarks: list[Remark]) -> Iterator[str]:
    """The words for kinds in their order, then words that are none."""
    named = {word: Kind.named(word) for word in words}
    yield from (kind.term for kind in in_order(kind for kind in named.values() if kind))
    for word, kind in named.items():
        if kind is None:
            sentence = "No such kind of data is known; it has no effect."
            _remark(remarks, Oddity.UNKNOWN_WORD, f"AdditionalScope={word}", sentence)
            yield word
        elif word != kind.term:
            _remark(remarks, Oddity.SPELLING, word, f"Read as {kind.term}.")
