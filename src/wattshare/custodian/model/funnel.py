"""Where customers give up: an app's request on its way from arrival to first data, and what may be told of many.

A passage is one request. It moves forward only, so a page that is loaded again counts once. What is told of it is a
count; a count under five is left out, and so is what it could be worked out from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

# counts below are not told to anybody outside
FEWEST = 5


class Step(IntEnum):
    """How far a request came. The order is that of the pages."""

    ARRIVED = 0
    IDENTIFIED = 1
    AUTHENTICATED = 2
    CHOSEN = 3
    SHARED = 4
    EXCHANGED = 5
    DELIVERED = 6

    @property
    def label(self) -> str:
        """Its name in what is told."""
        return self.name.lower()


MEANT = {
    Step.ARRIVED: "the app's request was taken, and the first page shown",
    Step.IDENTIFIED: "the customer said who they are, by one of the ways in",
    Step.AUTHENTICATED: "the customer proved it",
    Step.CHOSEN: "homes are chosen, or there is only one",
    Step.SHARED: "the customer pressed Share",
    Step.EXCHANGED: "the app redeemed its code for a token",
    Step.DELIVERED: "the app was given data of it for the first time",
}
# what is told of a request that went no further than this step
GIVEN_UP = {
    Step.ARRIVED: "before_identification",
    Step.IDENTIFIED: "before_authentication",
    Step.AUTHENTICATED: "before_choice",
    Step.CHOSEN: "before_decision",
    Step.SHARED: "before_token",
    Step.EXCHANGED: "before_data",
}


class Fate(StrEnum):
    """What became of a request; one that was delivered is over at its last step."""

    OPEN = "open"
    OVER = "over"
    DECLINED = "declined"


class Dimension(StrEnum):
    """What counts are told by."""

    APP = "app"
    DEVICE = "device"
    LANGUAGE = "language"
    WAY = "way"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One request of an app, as long as it is on its way."""

    request_id: str
    third_party_id: int
    # the second at which the local day of its arrival began
    day: int
    device: str
    language: str
    # by which way in; "": none yet
    way: str = ""
    step: Step = Step.ARRIVED
    # what the customer said yes to, until data was delivered
    authorization_id: int | None = None


Counts = Mapping[tuple[Step, Fate], int]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One line of what is told: of all requests, or of those that have something in common."""

    dimension: Dimension | None
    value: str
    # by name; None: left out, as it is too small or would give a small one away
    reached: Mapping[str, int | None] = field(default_factory=dict)
    abandoned: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def cells(self) -> dict[str, int | None]:
        """Every count by its name, in the order of a table."""
        return {**self.reached, **{f"abandoned_{name}": count for name, count in self.abandoned.items()}}


def exact(dimension: Dimension | None, value: str, counts: Counts) -> Told:
    """A line with nothing left out."""
    reached: dict[str, int | None] = {}
    for step in Step:
        if step is Step.SHARED:
            shared = at_least(counts, step)
            declined = of_fate(counts, Fate.DECLINED)
            reached |= {"decided": shared + declined, "shared": shared, "declined": declined}
        else:
            reached[step.label] = at_least(counts, step)
    reached["open"] = of_fate(counts, Fate.OPEN)
    abandoned = {name: counts.get((step, Fate.OVER), 0) for step, name in GIVEN_UP.items()}
    return Told(dimension=dimension, value=value, reached=reached, abandoned=abandoned)


def guarded(dimension: Dimension | None, value: str, counts: Counts) -> Told:
    """A line from which no count under five can be read, nor worked out from the others of the line."""
    told = exact(dimension, value, counts)
    steps = {step: at_least(counts, step) for step in Step}
    shown = chain([steps[step] for step in Step])
    kept = {step: steps[step] if shown[step] else None for step in Step}
    # of those that stopped at a step: who did not just leave, but said no or is still there
    rest = {step: sum(counts.get((step, fate), 0) for fate in (Fate.OPEN, Fate.DECLINED)) for step in GIVEN_UP}
    abandoned: dict[str, int | None] = {}
    hidden = 0
    for step, name in GIVEN_UP.items():
        count = counts.get((step, Fate.OVER), 0)
        is_told = shown[step] and shown[step + 1] and large(count) and large(rest[step])
        abandoned[name] = count if is_told else None
        hidden += 0 if is_told else rest[step]
    declined, still = of_fate(counts, Fate.DECLINED), of_fate(counts, Fate.OPEN)
    told_both = large(declined) and large(still) and large(hidden)
    both = kept[Step.SHARED] is not None and told_both
    reached = {
        **{name: kept[step] for step in Step for name in (step.label,)},
        "declined": declined if told_both else None,
        "decided": steps[Step.SHARED] + declined if both else None,
        "open": still if told_both else None,
    }
    return replace(told, reached={name: reached[name] for name in told.reached}, abandoned=abandoned)


def together(total: Told, lines: Sequence[Told]) -> tuple[Told, ...]:
    """Lines that make up a total: where just a little is left out of a column, one more is."""
    columns = {name: [line.cells[name] for line in lines] for name in total.cells}
    for name, whole in total.cells.items():
        column = columns[name]
        while whole is not None and not large(whole - sum(count or 0 for count in column)):
            left = [(count, place) for place, count in enumerate(column) if count]
            if not left:
                break
            column[min(left)[1]] = None
    return tuple(
        replace(
            line,
            reached={name: columns[name][place] for name in line.reached},
            abandoned={name: columns[f"abandoned_{name}"][place] for name in line.abandoned},
        )
        for place, line in enumerate(lines)
    )


def large(count: int) -> bool:
    """Whether a count may be told."""
    return count == 0 or count >= FEWEST


def chain(counts: Iterable[int]) -> list[bool]:
    """Which of these falling counts are told, so that each and what it differs by from the one told before is large."""
    before: int | None = None
    shown = []
    for count in counts:
        told = large(count) and (before is None or large(before - count))
        shown.append(told)
        before = count if told else before
    return shown


def at_least(counts: Counts, step: Step) -> int:
    """How many came to a step."""
    return sum(count for (reached, _), count in counts.items() if reached >= step)


def of_fate(counts: Counts, fate: Fate) -> int:
    """How many had one fate."""
    return sum(count for (_, other), count in counts.items() if other is fate)
