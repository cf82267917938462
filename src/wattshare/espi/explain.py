"""A scope string in words: what is asked, what can be granted, what was dropped and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wattshare.espi.days import EPOCH, SECOND
from wattshare.espi.function_blocks import ELECTRICITY, FUNCTION_BLOCKS, GAS, GRANTED_FOR
from wattshare.espi.kinds import ALL_KINDS, Kind, in_order
from wattshare.espi.profile import Profile
from wattshare.espi.scope import LONGEST, Scope, ScopeTooLong
from wattshare.espi.scope_terms import Remark, read_terms
from wattshare.espi.window import LATEST

DAY = 86_400
INTERVALS = ("900", "3600")

KINDS = {
    Kind.USAGE: "What meters read, interval by interval, and what was used in each billing period.",
    Kind.BILLING: "What was billed, and for what.",
    Kind.BASIC: "Who the customer is, where service is delivered, by which agreements and meters.",
    Kind.ACCOUNT: "Account numbers, mailing addresses and billing cycles.",
    Kind.PROGRAM_ENROLLMENT: "The demand response programmes that the customer is enrolled in.",
}
SERVICES = {ELECTRICITY: "electricity", GAS: "gas"}


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A part of a scope string, and a sentence about it."""

    term: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a scope string comes to."""

    # the string as we print it; None where that is too long
    scope: str | None
    asked: tuple[Sentence, ...]
    granted: tuple[Sentence, ...]
    # asked, and not granted: with the reason
    dropped: tuple[Sentence, ...]
    # understood, though oddly written
    warnings: tuple[Sentence, ...]


def explain(
    text: str,
    *,
    profile: Profile,
    kinds_possible: Iterable[Kind] = ALL_KINDS,
    history_seconds: int | None = None,
) -> Explanation:
    """What a scope string asks of a utility, and what comes of it. Explains any text.

    `kinds_possible` and `history_seconds` are what the third party is registered for.
    """
    reading = read_terms(text)
    scope = Scope(function_blocks=reading.function_blocks, terms=reading.terms)
    possible = frozenset(kinds_possible)
    case = _Case(
        scope=scope,
        profile=profile,
        asked=scope.kinds or possible,
        possible=possible,
        history=profile.history_seconds if history_seconds is None else history_seconds,
    )
    return Explanation(
        scope=_printed(scope),
        asked=tuple(_asked(scope)),
        granted=tuple(case.granted()),
        dropped=(*case.dropped(), *_remarked(reading.remarks, lost=True)),
        warnings=(*case.warnings(), *_remarked(reading.remarks, lost=False)),
    )


def _printed(scope: Scope) -> str | None:
    try:
        return scope.write()
    except ScopeTooLong:
        return None


def _remarked(remarks: Iterable[Remark], *, lost: bool) -> Iterator[Sentence]:
    for remark in dict.fromkeys(remarks):
        if remark.oddity.lost == lost:
            yield Sentence(term=remark.term, sentence=remark.sentence)


def _asked(scope: Scope) -> Iterator[Sentence]:
    """Each understood part, in words."""
    for block in scope.function_blocks:
        if block in FUNCTION_BLOCKS:
            yield Sentence(term=f"FB={block}", sentence=FUNCTION_BLOCKS[block])
    if scope.value("AdditionalScope") is not None:
        yield from _kinds(scope.kinds)
    for term in scope.terms:
        if term.value and (sentence := _words(term.name, term.value, scope.number(term.name))):
            yield Sentence(term=str(term), sentence=sentence)


def _kinds(kinds: Iterable[Kind]) -> Iterator[Sentence]:
    for kind in in_order(kinds):
        yield Sentence(term=f"AdditionalScope={kind.term}", sentence=KINDS[kind])


def _words(name: str, value: str, number: int | None) -> str | None:
    """A term other than function blocks and kinds, in words; None where it has no meaning."""
    match name:
        case "IntervalDuration":
            return f"Readings of {_list(_interval(item) for item in value.split('_'))}."
        case "BlockDuration":
            return f"Readings come in blocks: {value.lower().replace('_', ', ')}."
        case "SubscriptionFrequency":
            return f"New data this often: {value}."
        case "BR":
            return f"For the third party {value}."
        case "dataCustodianId":
            return f"From the data custodian {value}."
    return None if number is None else _counted(name, number)


def _counted(name: str, number: int) -> str | None:
    match name:
        case "HistoryLength":
            return f"Data of up to {f'{number // DAY} days' if number >= DAY else f'{number} seconds'} back."
        case "AccountCollection":
            return f"Data of {number} service agreement{'' if number == 1 else 's'}."
        case "MinAuthEndDate":
            return f"The customer may not choose an end before {_day(number)}."
        case "PreferredAuthEndDate":
            return f"{_day(number)} is proposed to the customer as the end."
    return None


def _interval(item: str) -> str:
    """The length of an interval: in minutes, where it is a number of seconds that has some."""
    if not (item.isascii() and item.isdigit() and len(item) <= 9):
        return item
    seconds = int(item)
    return f"{seconds // 60} minutes" if seconds and seconds % 60 == 0 else f"{seconds} seconds"


def _day(seconds: int) -> str:
    if not 0 <= seconds <= LATEST:
        return f"second {seconds}"
    return f"{EPOCH + seconds * SECOND:%Y-%m-%d}"


def _list(words: Iterable[str], last: str = "and") -> str:
    *others, final = words
    return f"{', '.join(others)} {last} {final}" if others else final


@dataclass(frozen=True, kw_only=True)
class _Case:
    """One scope before one utility."""

    scope: Scope
    profile: Profile
    asked: frozenset[Kind]
    possible: frozenset[Kind]
    # seconds
    history: int

    def granted(self) -> Iterator[Sentence]:
        """What an authorization of this scope would say."""
        for block in self.profile.function_blocks:
            if not self._why_not(block):
                yield Sentence(term=f"FB={block}", sentence=FUNCTION_BLOCKS[block] + self._condition(block))
        yield from _kinds(self.asked & self.possible)
        for name, value in (
            ("IntervalDuration", "_".join(INTERVALS)),
            ("BlockDuration", "Daily"),
            ("HistoryLength", str(self.history)),
            ("dataCustodianId", self.profile.data_custodian_id),
        ):
            number = self.history if name == "HistoryLength" else None
            yield Sentence(term=f"{name}={value}", sentence=_words(name, value, number) or "")

    def dropped(self) -> Iterator[Sentence]:
        """What is asked and understood, and still not granted."""
        for block in self.scope.function_blocks:
            if block in FUNCTION_BLOCKS and (reason := self._why_not(block)):
                yield Sentence(term=f"FB={block}", sentence=reason)
        for kind in in_order(self.asked - self.possible):
            reason = "The third party is not registered for this kind of data."
            yield Sentence(term=f"AdditionalScope={kind.term}", sentence=reason)
        for term in self.scope.terms:
            if term.value and (reason := self._why_not_term(term.name, term.value)):
                yield Sentence(term=str(term), sentence=reason)

    def warnings(self) -> Iterator[Sentence]:
        """What is granted, and may be meant otherwise."""
        if not self.scope.kinds:
            sentence = "It names no kind of data: what the third party is registered for is offered."
            yield Sentence(term="AdditionalScope", sentence=sentence)
        history = self.scope.history_seconds
        if history is not None and history < DAY:
            sentence = f"HistoryLength counts seconds; {history} of them is less than a day. Months, perhaps?"
            yield Sentence(term="HistoryLength", sentence=sentence)
        if _printed(self.scope) is None:
            yield Sentence(term="", sentence=f"A scope of ours has at most {LONGEST} characters; this one is longer.")

    def _why_not(self, block: int) -> str | None:
        """Why a function block is not granted; None where it is."""
        if block not in self.profile.function_blocks:
            return "This utility does not offer it."
        if block in self.profile.always_blocks or block not in GRANTED_FOR:
            return None
        wanted, _ = GRANTED_FOR[block]
        named = _list((kind.term for kind in in_order(wanted)), "or")
        if wanted.isdisjoint(self.asked):
            return f"It goes with {named}, which is not asked for."
        if wanted.isdisjoint(self.possible):
            return f"It goes with {named}, which the third party is not registered for."
        return None if not wanted.isdisjoint(self.asked & self.possible) else f"It goes with {named}."

    def _condition(self, block: int) -> str:
        """What else a granted block waits for."""
        if block in self.profile.always_blocks:
            return "" if block in self.scope.function_blocks else " Part of every authorization."
        services = GRANTED_FOR[block][1] if block in GRANTED_FOR else frozenset[int]()
        if not services:
            return ""
        return f" Where {_list((SERVICES[service] for service in sorted(services)), 'or')} is shared."

    def _why_not_term(self, name: str, value: str) -> str | None:
        """Why a term has no effect, or not all of it; None where it has."""
        match name:
            case "IntervalDuration":
                other = [_interval(item) for item in value.split("_") if item not in INTERVALS]
                return f"Readings of {_list(other)} are not chosen by scope: they come as metered." if other else None
            case "BlockDuration":
                return None if value.lower() == "daily" else "Blocks are of one local day."
            case "SubscriptionFrequency":
                return "How often notices come is set at registration, not by scope."
            case "HistoryLength" if self.scope.history_seconds != self.history:
                return "How far back data goes is set at registration, not by scope."
            case "dataCustodianId":
                ours = self.profile.data_custodian_id
                return None if value.lower() == ours.lower() else f"This data custodian is {ours}."
        return None
