"""The bars of a chart of one's own use, and how those of one meter and of the next one become one series."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from wattshare.custodian.model.packing import ESTIMATED, estimated_in, is_long, unpack, unpack_values
from wattshare.custodian.model.readings import Block


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One reading, or all of a local day or month. Seconds of its beginning and end."""

    start: int
    end: int
    # None: there is no reading
    value: int | None = None
    readings: int = 0
    estimated: int = 0
    corrected: int = 0
    # seconds of the longest reading that is longer than a day; 0: there is none
    longest: int = 0
    # of a month: days without a reading, between others that have some
    missing: int = 0

    def __add__(self, other: "Bar") -> "Bar":
        """The same bar with more in it."""
        values = [value for value in (self.value, other.value) if value is not None]
        return replace(
            self,
            value=sum(values) if values else None,
            readings=self.readings + other.readings,
            estimated=self.estimated + other.estimated,
            corrected=self.corrected + other.corrected,
            longest=max(self.longest, other.longest),
            missing=self.missing + other.missing,
        )

    @property
    def marked(self) -> bool:
        """Whether something of it is not as it was first metered."""
        return bool(self.estimated or self.corrected)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A block of one meter, and by what its values are multiplied to be in the unit of all."""

    block: Block
    factor: int = 1


def joined(
    by_channel: list[list[Part]], spans: Mapping[int, tuple[int, int]], corrected: Callable[[Block], frozenset[int]]
) -> Iterator[Part | tuple[Bar, ...]]:
    """What one meter after the other measured, by start: blocks that stand alone, and the bars of those that do not.

    Channels come in the order in which they count. `spans` are the starts of the first and the last block that each
    has at all.
    """
    ranked = ((part, rank) for rank, parts in enumerate(by_channel) for part in parts)
    group, until = list[tuple[Part, int]](), 0
    for part, rank in sorted(ranked, key=lambda one: (one[0].block.start, one[1])):
        if group and part.block.start >= until:
            yield from together(group, spans, corrected)
            group, until = [], 0
        group.append((part, rank))
        until = max(until, part.block.day_end)
    yield from together(group, spans, corrected)


def together(
    group: list[tuple[Part, int]],
    spans: Mapping[int, tuple[int, int]],
    corrected: Callable[[Block], frozenset[int]],
) -> Iterator[Part | tuple[Bar, ...]]:
    """The blocks of the same days: of one meter, or of several."""
    if len({rank for _, rank in group}) <= 1:
        yield from (part for part, _ in group)
        return
    taken = Taken()
    for part, _ in sorted(group, key=lambda one: one[1]):
        bars = tuple(of_readings(part, corrected(part.block)))
        outermost = ends_of(part.block, bars, spans)
        for bar in bars:
            taken.add(bar, outermost=bar.start in outermost)
    yield taken.bars()


def ends_of(block: Block, bars: tuple[Bar, ...], spans: Mapping[int, tuple[int, int]]) -> set[int]:
    """The starts of the first and the last reading of a channel, where this block has them."""
    first, last = spans.get(block.channel, (None, None))
    starts = [bar.start for bar in bars if bar.value is not None]
    return set(starts[:1] if block.start == first else ()) | set(starts[-1:] if block.start == last else ())


@dataclass(kw_only=True)
class Taken:
    """The bars of several meters, as they become one series.

    A time counts once: the meter that counts first has it. Of the interval in which a meter was swapped each of the two
    has its part, the last of one and the first of the other: both count. What reads nothing has not measured what
    another meter did.
    """

    # by beginning and end, and whether it is the first or the last one of its meter
    _known: dict[tuple[int, int], tuple[Bar, bool]] = field(default_factory=dict)
    _empty: list[Bar] = field(default_factory=list)

    def add(self, bar: Bar, *, outermost: bool) -> None:
        """Put a bar to those of the meters that count before its own."""
        at = (bar.start, bar.end)
        if bar.value is None:
            self._empty.append(bar)
        elif at in self._known:
            other, cut = self._known[at]
            if not other.value:
                self._known[at] = (bar, outermost)
            elif bar.value and cut and outermost:
                self._known[at] = (other + bar, False)
        elif not self._overlap(bar):
            self._known[at] = (bar, outermost)

    def bars(self) -> tuple[Bar, ...]:
        """All of them, by start."""
        for bar in self._empty:
            if not self._overlap(bar):
                self._known[bar.start, bar.end] = (bar, False)
        return tuple(sorted((bar for bar, _ in self._known.values()), key=lambda bar: bar.start))

    def _overlap(self, bar: Bar) -> bool:
        return any(start < bar.end and bar.start < end for start, end in self._known)


def of_readings(part: Part, corrected: frozenset[int]) -> Iterator[Bar]:
    """A bar a reading; `corrected` are the starts of those that were replaced."""
    for reading in unpack(part.block):
        yield Bar(
            start=reading.start,
            end=reading.start + reading.duration,
            value=None if reading.value is None else reading.value * part.factor,
            readings=int(reading.value is not None),
            estimated=int(bool(ESTIMATED.intersection(reading.quality))),
            corrected=int(reading.start in corrected),
            longest=reading.duration if is_long(0, reading.duration) else 0,
        )


def of_block(part: Part) -> Bar:
    """All of a block."""
    block = part.block
    if block.valueless is None:
        values = list(unpack_values(block.width, block.values))
    else:
        values = [reading.value for reading in unpack(block) if reading.value is not None]
    return Bar(
        start=block.start,
        end=block.day_end,
        value=sum(values) * part.factor if values else None,
        readings=len(values),
        estimated=estimated_in(block),
        corrected=block.corrected,
        longest=block.day_end - block.start if is_long(block.start, block.day_end) else 0,
    )
