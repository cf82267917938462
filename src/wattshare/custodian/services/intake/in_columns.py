"""Days that are read in columns, stored: laid out while those before are written; looked at only where some are met."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wattshare.custodian.formats.tables.days import Kind, PlainDays, Stretch
from wattshare.custodian.formats.tables.spool import BLOCK
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.readings import Block
from wattshare.custodian.services.intake.ahead import ahead
from wattshare.custodian.services.intake.overlaps import Overlaps
from wattshare.custodian.services.intake.placing import Place
from wattshare.custodian.services.intake.telling import Tell
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.plain_days import DayAt, Laid, PlainDay
from wattshare.custodian.store.taking import Taking

# what days of nothing but values have beside
NOTHING = (None,) * (len(BLOCK) - 7)


@dataclass
class Storing:
    """The days of one table on their way into the store, as one revision."""

    taking: Taking[Tx]
    places: Mapping[int, Place]
    revision: int
    at: int
    reason: str
    tell: Tell
    overlaps: Overlaps
    # stored up to now, and about how many there are
    done: int = 0
    total: int = 0
    # what became of each series
    tallies: dict[int, Tally] = field(default_factory=dict)
    new: Counter[int] = field(default_factory=Counter)

    def store(self, packed: Iterable[PlainDays], total: int) -> dict[int, Tally]:
        """Store every day, of about so many; what became of the readings of each series.

        Raises:
            NotPlain: they cannot be read in columns after all.
        """
        self.total = total
        with ahead(self._laid(packed)) as coming:
            if all(place.fresh for place in self.places.values()):
                # where a channel has nothing in those days, none is looked up
                self.taking.load_laid(self._through(coming), self.revision, self.at)
            else:
                for days, laid in coming:
                    self._put(days, laid)
        self._add((series, Tally(new=count)) for series, count in self.new.items())
        if self.done < self.total:
            self.tell("storing", self.done, self.done)
        return self.tallies

    def _laid(self, packed: Iterable[PlainDays]) -> Iterator[tuple[PlainDays, Laid]]:
        for days in packed:
            yield days, self.taking.lay_out(Placed(days, self.places), self.revision, self.at)

    def _put(self, days: PlainDays, laid: Laid) -> None:
        """Store days, where there may be others."""
        known = self._known(days)
        if known:
            self._put_among(days, known)
        else:
            self.taking.load_laid((laid,), self.revision, self.at)
        self._told(days, known)

    def _through(self, coming: Iterable[tuple[PlainDays, Laid]]) -> Iterator[Laid]:
        """Days that are new, which are stored when the next are asked for."""
        for days, laid in coming:
            yield laid
            self._told(days)

    def _known(self, days: PlainDays) -> frozenset[tuple[int, int]]:
        """The channels that have something where these days are."""
        late = [stretch for stretch in days.stretches if not self.places[stretch[0]].fresh]
        return self.taking.met(_ends(late, self.places)) if late else frozenset()

    def _put_among(self, days: PlainDays, known: frozenset[tuple[int, int]]) -> None:
        """Store days of which some belong to channels that have something there."""
        rows = days.rows()
        first = ((*self.places[day[0]][:2], *day[1:]) for day in rows if self.places[day[0]][:2] not in known)
        self.taking.load_plain(first, self.revision, self.at)
        met = [day for day in rows if self.places[day[0]][:2] in known]
        blocks = [block_at(self.places[day[0]], (*day[1:], *NOTHING), self.revision, self.at) for day in met]
        merged = self.taking.merge_each(blocks, self.reason)
        self.overlaps.note(zip(((day[0], day[1]) for day in met), merged, strict=True))
        self._add(zip((day[0] for day in met), merged, strict=True))

    def _add(self, found: Iterable[tuple[int, Tally]]) -> None:
        for series, tally in found:
            self.tallies[series] = self.tallies.get(series, Tally()) + tally

    def _told(self, days: PlainDays, known: Collection[tuple[int, int]] = ()) -> None:
        """Count days that are stored; new are those of channels that are not known to have any there."""
        for series, *_, readings in days.stretches:
            if not known or self.places[series][:2] not in known:
                self.new[series] += readings
        self.done += len(days)
        self.tell("storing", self.done, max(self.done, self.total))


@dataclass(frozen=True)
class Placed:
    """Days in columns, each with its channel."""

    days: PlainDays
    places: Mapping[int, Place]

    @property
    def channels(self) -> Sequence[tuple[int, int]]:
        """Usage points and channels."""
        return [self.places[series][:2] for series in self.days.series]

    @property
    def kinds(self) -> Sequence[Kind]:
        """What days have alike."""
        return self.days.kinds

    def rows(self) -> Sequence[PlainDay]:
        """Each day by itself."""
        return [(*self.places[day[0]][:2], *day[1:]) for day in self.days.rows()]

    def between(
        self, heads: Sequence[bytes], around: Sequence[tuple[bytes, bytes]], kinds: Collection[int] | None = None
    ) -> memoryview:
        """The values of each day between what stands before and behind them."""
        return self.days.between(heads, around, kinds)


def _ends(stretches: Iterable[Stretch], places: Mapping[int, Place]) -> Iterator[DayAt]:
    """The first day of each stretch, and the last."""
    for series, start, day_end, last, end, _ in stretches:
        yield (*places[series][:2], start, day_end)
        yield (*places[series][:2], last, end)


def block_at(place: Place, packed: Sequence[Any], revision: int, at: int) -> Block:
    """The block of a day that is the first of its channel, as it is staged."""
    return Block(
        usage_point_id=place.usage_point_id,
        channel=place.channel,
        **dict(zip(BLOCK, packed, strict=True)),
        first_revision=revision,
        revision=revision,
        published_at=at,
        updated_at=at,
    )
