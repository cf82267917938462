"""What is odd about a file beside what the reader of XML names: mostly how its parts hang together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wattshare.espi.wire import Deviation

# places that are named; the rest is counted
NAMED = 10


class Remark(StrEnum):
    """An oddity that was read all the same."""

    LINK_TO_CHILD = "link-to-child"
    LINK_BY_PATH = "link-by-path"
    LINK_CONTRADICTS = "link-contradicts"
    LINK_BY_PLACE = "link-by-place"
    PARENT_ABSENT = "parent-absent"
    READING_TYPE_ASSUMED = "reading-type-assumed"
    READING_TYPE_TWICE = "reading-type-twice"
    COMMODITY_ASSUMED = "commodity-assumed"
    CONFLICTING_READINGS = "conflicting-readings"
    OVERLAPPING_READINGS = "overlapping-readings"
    FUTURE_READINGS = "future-readings"
    HOUR_ASSUMED = "hour-assumed"
    LENGTH_ASSUMED = "length-assumed"
    LIKE_REGISTERS = "like-registers"
    SPACED_READINGS = "spaced-readings"
    OTHER_ZONE = "other-zone"
    NO_METERING = "no-metering"
    NOT_KEPT = "not-stored"
    CUSTOMER_WITHOUT_ACCOUNT = "customer-without-account"
    AGREEMENT_WITHOUT_START = "agreement-without-start"


SENTENCES: Mapping[Remark, str] = {
    Remark.LINK_TO_CHILD: "A related link leads to the part itself, not to the collection that it is in.",
    Remark.LINK_BY_PATH: "No link joins a part to its parent; its address stands below the parent's.",
    Remark.LINK_CONTRADICTS: "The up and the self of a part name different parents; the self counts.",
    Remark.LINK_BY_PLACE: "No link joins a part to its parent; the file has only one that it can belong to.",
    Remark.PARENT_ABSENT: "What a part belongs to is not in the file; its address names it.",
    Remark.READING_TYPE_ASSUMED: (
        "No ReadingType says what the values mean; they are read as the profile has them for this service."
    ),
    Remark.READING_TYPE_TWICE: (
        "One address stands for several ReadingTypes; the one of the readings' own length counts, else the first."
    ),
    Remark.COMMODITY_ASSUMED: "Nothing says which service it is; it is taken to be electricity.",
    Remark.CONFLICTING_READINGS: "Readings of one channel start together and differ; the last one counts.",
    Remark.OVERLAPPING_READINGS: "A reading starts before another one of its channel has ended; both are kept.",
    Remark.FUTURE_READINGS: "A reading starts more than a day from now.",
    Remark.HOUR_ASSUMED: "An end may be of either of two hours, of which one is missing; the second is assumed.",
    Remark.LENGTH_ASSUMED: (
        "A reading over the change of the clock may be shorter, as others are; from its start to its end is assumed."
    ),
    Remark.LIKE_REGISTERS: (
        "No value falls, as if a register were read; a reading is what was used in its interval, not what it shows."
    ),
    Remark.SPACED_READINGS: (
        "Between readings of a channel the same time is always left out; they may be longer than they are taken to be."
    ),
    Remark.OTHER_ZONE: "LocalTimeParameters are not those of the utility's zone; its days are kept.",
    Remark.NO_METERING: "Read and checked; it holds no metering, so nothing of it is kept.",
    Remark.NOT_KEPT: "Read and checked; nothing keeps it.",
    Remark.CUSTOMER_WITHOUT_ACCOUNT: "A customer without an account is not kept: nothing would find it again.",
    Remark.AGREEMENT_WITHOUT_START: "An agreement does not say since when it runs; always is assumed.",
}


@dataclass(frozen=True, kw_only=True)
class Warned:
    """Every time that a file is odd in one way."""

    # a Remark, or a DeviationCode of espi
    code: str
    sentence: str
    count: int
    # where first; None where the reader of XML did not meet it
    line: int | None = None
    # addresses or starts, the first few
    places: tuple[str, ...] = ()


def warned(remark: Remark, count: int, places: tuple[str, ...]) -> Warned:
    """That a table is odd in one way, so many times."""
    return Warned(code=remark, sentence=SENTENCES[remark], count=count, places=places)


@dataclass
class Warnings:
    """What was met in one file, by code."""

    by_code: dict[str, Warned] = field(default_factory=dict)

    def remark(self, remark: Remark, place: str = "", count: int = 1) -> None:
        """Note an oddity, or so many of a kind."""
        self._note(remark, SENTENCES[remark], None, place, count)

    def deviation(self, deviation: Deviation) -> None:
        """Note what the reader of XML met."""
        self._note(deviation.code, deviation.sentence, deviation.line, "")

    def _note(self, code: str, sentence: str, line: int | None, place: str, count: int = 1) -> None:
        known = self.by_code.get(code)
        places = known.places if known else ()
        if place and place not in places and len(places) < NAMED:
            places += (place,)
        self.by_code[code] = Warned(
            code=code,
            sentence=known.sentence if known else sentence,
            count=known.count + count if known else count,
            line=known.line if known else line,
            places=places,
        )

    def all(self) -> tuple[Warned, ...]:
        """By code."""
        return tuple(self.by_code[code] for code in sorted(self.by_code))
