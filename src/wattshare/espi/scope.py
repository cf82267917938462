"""Scope strings: what an authorization is for, in the standard's words.

Read leniently, printed exactly, in one order, without a trailing semicolon.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from wattshare.espi.function_blocks import ELECTRICITY, GAS, granted, implied
from wattshare.espi.kinds import Kind, in_order
from wattshare.espi.profile import Profile
from wattshare.espi.scope_terms import SPELLINGS, WHOLE, Oddity, Term, print_order, read_terms
from wattshare.espi.window import LATEST

# String256 of the schema: Authorization/scope, ApplicationInformation/scope
LONGEST = 256

OFFLINE_AUTHORIZATION = 40
INT64 = range(-(2**63), 2**63)
BOUNDS = ("MinAuthEndDate", "PreferredAuthEndDate")


class ScopeTooLong(ValueError):
    """A scope string does not fit into the 256 characters that the schema has for it."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A scope string, taken apart. Both tuples are in the order of print; unknown terms are kept."""

    function_blocks: tuple[int, ...] = ()
    # all but FB
    terms: tuple[Term, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Scope":
        """What a scope string says, as far as it can be understood. Never refuses: see `explain`."""
        reading = read_terms(text)
        return cls(function_blocks=reading.function_blocks, terms=reading.terms)

    def write(self) -> str:
        """The scope string.

        Raises:
            ScopeTooLong: it has more than 256 characters.
        """
        blocks = "_".join(str(block) for block in self.function_blocks)
        text = ";".join([*([f"FB={blocks}"] if blocks else []), *(str(term) for term in self.terms)])
        if len(text) > LONGEST:
            raise ScopeTooLong(f"A scope has at most {LONGEST} characters; this one has {len(text)}.")
        return text

    def value(self, name: str) -> str | None:
        """The value of a term, by the name that is printed; None where it is absent."""
        return next((term.value for term in self.terms if term.name == name), None)

    def number(self, name: str) -> int | None:
        """The value of a term that is a whole number; None where it is absent or something else."""
        value = self.value(name)
        return int(value) if value is not None and WHOLE.fullmatch(value) else None

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of data that it is for: those it names, else those that its function blocks are about."""
        words = self.value("AdditionalScope")
        if words is None:
            return implied(self.function_blocks)
        return frozenset(kind for word in words.split("_") if (kind := Kind.named(word)))

    @property
    def history_seconds(self) -> int | None:
        """How far back from now its data goes."""
        return self.number("HistoryLength")

    @property
    def accounts(self) -> int | None:
        """How many service agreements it covers."""
        return self.number("AccountCollection")

    @property
    def third_party_id(self) -> int | None:
        """The third party that it is for: its ThirdPartyID, which is its BulkID."""
        return self.number("BR")


def grant(
    kinds: Iterable[Kind],
    commodities: Iterable[int],
    *,
    history_seconds: int,
    accounts: int,
    third_party_id: int,
    profile: Profile,
    offline: bool = False,
) -> Scope:
    """The scope of an authorization: `kinds` of data on services of `commodities` (ServiceKind numbers).

    `accounts` counts its service agreements. `offline` says that it was made without OAuth, which the profile
    may say of all.
    """
    shared, services = in_order(kinds), frozenset(commodities)
    blocks = [*profile.always_blocks]
    if offline and OFFLINE_AUTHORIZATION not in blocks:
        blocks.append(OFFLINE_AUTHORIZATION)
    blocks += [block for block in profile.shared_blocks if granted(block, shared, services)]
    terms = (
        ("AdditionalScope", "_".join(kind.term for kind in shared)),
        ("IntervalDuration", "900_3600"),
        ("BlockDuration", "Daily"),
        ("HistoryLength", str(history_seconds)),
        ("AccountCollection", str(accounts)),
        ("BR", str(third_party_id)),
        ("dataCustodianId", profile.data_custodian_id),
    )
    return Scope(
        function_blocks=print_order(blocks),
        terms=tuple(Term(name=name, value=value) for name, value in terms if value),
    )


def registered(
    kinds: Iterable[Kind],
    commodities: Iterable[int] = (ELECTRICITY, GAS),
    *,
    history_seconds: int,
    third_party_id: int,
    profile: Profile,
) -> Scope:
    """The most that a third party may be granted: the scope of its ApplicationInformation."""
    most = grant(
        kinds,
        commodities,
        history_seconds=history_seconds,
        accounts=0,
        third_party_id=third_party_id,
        profile=profile,
    )
    return Scope(
        function_blocks=most.function_blocks,
        terms=tuple(term for term in most.terms if term.name != "AccountCollection"),
    )


def authorization_bounds(text: str) -> tuple[int | None, int | None]:
    """What the scope of an authorize request says of the end: not before, preferably at; UTC epoch seconds.

    A time outside the years 1970 to 2100 counts as the nearest second within. Whether the first lies in the
    past is for the caller to ask, who has the clock.

    Raises:
        ValueError: a term is no signed 64-bit number, stands twice, or the second comes before the first. The
            sentence names the term.
    """
    reading = read_terms(text)
    for remark in reading.remarks:
        if remark.oddity is Oddity.REPEATED and remark.term in BOUNDS:
            raise ValueError(f"{remark.term} stands more than once.")
        if remark.oddity is Oddity.NO_VALUE and SPELLINGS.get(remark.term.lower()) in BOUNDS:
            raise ValueError(f"{remark.term} has no value.")
    least, preferred = (_bound(Scope(terms=reading.terms), name) for name in BOUNDS)
    if least is not None and preferred is not None and preferred < least:
        raise ValueError("PreferredAuthEndDate is before MinAuthEndDate.")
    return least, preferred


def _bound(scope: Scope, name: str) -> int | None:
    if scope.value(name) is None:
        return None
    seconds = scope.number(name)
    if seconds is None or seconds not in INT64:
        raise ValueError(f"{name} is not a number of epoch seconds.")
    return min(max(seconds, 0), LATEST)
