"""Channels of a file: which of ours they are, and the readings in them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from wattshare.custodian.formats import hrefs
from wattshare.custodian.formats.green_button import ChannelEntry, Unplaceable, days_of, place_untimed
from wattshare.custodian.formats.linking import Linked
from wattshare.custodian.formats.remarks import Remark
from wattshare.custodian.model.changes import Overlapping, Tally, sum_of
from wattshare.custodian.model.packing import day_length, pack
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.services.intake import future
from wattshare.custodian.services.intake.commodities import assumed_type, completed
from wattshare.custodian.services.intake.report import ChannelReport, Preview
from wattshare.custodian.store.channels import channel_rank
from wattshare.custodian.store.database import Tx
from wattshare.espi import ids
from wattshare.espi.days import day_bounds, day_of
from wattshare.espi.profile import Profile
from wattshare.espi.units import UnitSymbol
from wattshare.espi.usage import ReadingType

NAMED = "channel"
# readings that a trial shows
SHOWN = 10
UNITS = {unit.value: unit.name.lower() for unit in UnitSymbol}
# a local day, whether it is one long reading, and its readings
Day = tuple[int, bool, list[Reading] | Block]


@dataclass(frozen=True, kw_only=True)
class Channels:
    """Channels of usage points, in one transaction; what is put has one revision."""

    tx: Tx
    profile: Profile
    linked: Linked
    revision: int
    at: int
    reason: str
    # the first readings as they are kept
    shown: list[Preview] = field(default_factory=list)

    def take(self, point: str, here: int) -> list[ChannelReport]:
        """Put all readings that a file has of one usage point.

        Raises:
            Unplaceable: readings have no meaning or no time.
        """
        found = [(entry, self._type_of(entry, here)) for entry in self.linked.channels_of(point)]
        metered = [(entry, of) for entry, of in found if of is not None]
        reports, used = [], set[int]()
        for entry, of in sorted(metered, key=lambda pair: _rank(pair[1])):
            alone = sum(other == of for _, other in metered) == 1
            channel = self._channel(entry, of, here, used, alone=alone)
            used.add(channel.number)
            reports.append(
                ChannelReport(
                    named=point,
                    usage_point_id=here,
                    channel=channel.number,
                    reading_type_id=channel.reading_type_id,
                    readings=self._put(entry, channel),
                )
            )
            self._show(entry, channel, point)
        return reports

    def _show(self, entry: ChannelEntry, channel: Channel, point: str) -> None:
        """Note the first readings, for whoever only tries a file."""
        staged, of = self.linked.staged, channel.reading_type
        chunks = staged.spool.chunks(list(staged.channels).index(entry.key)) if len(self.shown) < SHOWN else ()
        for reading in islice((one for chunk in chunks for one in chunk.readings), SHOWN - len(self.shown)):
            self.shown.append(
                Preview(
                    row=len(self.shown) + 1,
                    read="",
                    named=point,
                    flow=of.flow_direction,
                    start=reading.start,
                    duration=reading.duration,
                    value=reading.value,
                    power_of_ten=of.power_of_ten_multiplier or 0,
                    unit=UNITS.get(of.uom or 0, f"unit {of.uom}"),
                    quality=next(iter(reading.quality), None),
                )
            )

    def _type_of(self, entry: ChannelEntry, here: int) -> ReadingType | None:
        """What the readings mean: as the file says, as is known here, or as the profile has it."""
        said = self.linked.reading_type_of(entry) or self._known_type(entry, here)
        point = self.tx.customers.usage_point(here)
        commodity = point.commodity if point else Commodity.ELECTRICITY
        if said is not None or not self.linked.parents_of.get(entry.key):
            return None if said is None else completed(said, commodity, self.profile)
        length = self.linked.usual_length(entry)
        assumed = assumed_type(commodity, length, self.profile)
        if assumed is None or not length:
            raise Unplaceable("no ReadingType says what the values mean.", element="MeterReading", place=entry.key)
        self.linked.staged.warnings.remark(Remark.READING_TYPE_ASSUMED, entry.key)
        return assumed

    def _known_type(self, entry: ChannelEntry, here: int) -> ReadingType | None:
        """The reading type that an id of ours names, for a part of one of our own feeds."""
        try:
            name, number = ids.read_meter_reading_id(hrefs.last_of(entry.links.self_href or ""))
        except ValueError:
            return None
        for channel in self.tx.readings.channels(here):
            if (channel.reading_type_id, channel.number) == (name, number):
                return channel.reading_type
        return None

    def _channel(self, entry: ChannelEntry, of: ReadingType, here: int, used: set[int], *, alone: bool) -> Channel:
        """Ours: the one that had this name, else the only one of that type, else a new one."""
        name = self.tx.readings.put_reading_type(of)
        called = f"{here}|{entry.key}|{name}"
        known = self.tx.imports.known(NAMED, called)
        same = [
            channel
            for channel in self.tx.readings.channels(here)
            if channel.reading_type_id == name and channel.number not in used
        ]
        for channel in same:
            if channel.number == known:
                return channel
        if len(same) == 1 and alone:
            found = same[0]
        else:
            found = self.tx.readings.add_channel(
                Channel(usage_point_id=here, number=0, reading_type_id=name, reading_type=of)
            )
        if known is None:
            self.tx.imports.learn(NAMED, called, found.number)
        return found

    def _put(self, entry: ChannelEntry, channel: Channel) -> Tally:
        staged, step = self.linked.staged, channel.reading_type.interval_length or 0
        number = list(staged.channels).index(entry.key)
        for parent in self.linked.parents_of.get(entry.key, ()):
            place_untimed(staged, self.profile, parent, step)
            staged.spool.assign(parent, number)
        blocks = (
            self._packed(channel, day, found)
            if isinstance(found, Block)
            else self._block(channel, day, found, step, long=long)
            for day, long, found in self._noticed(days_of(staged, number))
        )
        starts = list[int]()
        each = self.tx.readings.merge_each(_noting(blocks, starts), self.reason)
        for start, tally in zip(starts, each, strict=True):
            if isinstance(tally, Overlapping):
                staged.warnings.remark(Remark.OVERLAPPING_READINGS, str(start), tally.overlapping)
        return sum_of(each)

    def _noticed(self, days: Iterable[Day]) -> Iterator[Day]:
        """Days as they pass by; readings of the future are told of."""
        latest = future.latest(self.at)
        for day, long, found in days:
            if isinstance(found, Block):
                starts: Sequence[int] = range(day, day + found.count * found.step, found.step)
            else:
                starts = [reading.start for reading in found]
            if starts and starts[-1] > latest:
                ahead = [start for start in starts if start > latest]
                self.linked.staged.warnings.remark(Remark.FUTURE_READINGS, str(ahead[0]), len(ahead))
            yield day, long, found

    def _packed(self, channel: Channel, day: int, block: Block) -> Block:
        """A local day that came as it is kept."""
        day_end = day_bounds(day_of(day, self.profile.zone), self.profile.zone)[1]
        return replace(
            block,
            usage_point_id=channel.usage_point_id,
            channel=channel.number,
            start=day,
            day_end=day_end,
            duration=max(day_length(day, day_end), block.count * block.step),
            first_revision=self.revision,
            revision=self.revision,
            published_at=self.at,
            updated_at=self.at,
        )

    def _block(self, channel: Channel, day: int, readings: list[Reading], step: int, *, long: bool) -> Block:
        """A local day, or a long reading. A day whose readings start a second late, as gas days do, does so too."""
        offset = readings[0].start - day
        late = offset in {metering.day_offset for metering in self.profile.meterings}
        last_end = max(reading.start + reading.duration for reading in readings)
        return pack(
            readings,
            usage_point_id=channel.usage_point_id,
            channel=channel.number,
            start=day + offset if late else day,
            day_end=last_end if long else day_bounds(day_of(day, self.profile.zone), self.profile.zone)[1],
            step=step,
            revision=self.revision,
            at=self.at,
        )


def _rank(of: ReadingType) -> tuple[int, int]:
    """Delivered before received, as channels are numbered."""
    return channel_rank(Channel(usage_point_id=0, number=0, reading_type_id="", reading_type=of))


def _noting(blocks: Iterable[Block], starts: list[int]) -> Iterator[Block]:
    """Blocks as they pass by; where each starts is kept."""
    for block in blocks:
        starts.append(block.start)
        yield block
