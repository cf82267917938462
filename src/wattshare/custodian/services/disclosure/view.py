"""One authorization as one transaction shows it: everything asked of the store starts from the authorization."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.changes import Extent
from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.model.premises import UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.selection import Latest, Selection
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.services.disclosure.told import Told
from wattshare.custodian.store.bills import Bill, QualitySummary
from wattshare.custodian.store.database import Tx
from wattshare.espi import ids
from wattshare.espi.kinds import METERED, Kind
from wattshare.espi.profile import Profile
from wattshare.espi.window import Window

# an id in a path: nothing longer is one of ours
LONGEST_ID = 18


def whole(text: str) -> int:
    """An id that is a plain decimal number.

    Raises:
        Unknown: it is none, so nothing has it.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_ID and str(int(text)) == text):
        raise Unknown
    return int(text)


@dataclass(frozen=True, kw_only=True)
class View:
    """What an authorization opens, at one second, in one transaction."""

    tx: Tx
    held: Authorization
    addresses: Addresses
    at: int
    told: Told = field(default_factory=Told)

    def telling(self, told: Told) -> "View":
        """The same for a feed that has told something already."""
        # as a frozen value it would be set field by field: there is one for each of very many authorizations
        other = object.__new__(View)
        other.__dict__.update(self.__dict__, told=told)
        return other

    @property
    def profile(self) -> Profile:
        """Whose manners the answer has."""
        return self.addresses.profile

    @property
    def times(self) -> Times:
        """Of what has no revision of its own: as old as the authorization that shows it."""
        return Times(self.held.created_at, self.held.created_at)

    @property
    def usage(self) -> bool:
        """Whether intervals are shared."""
        return Kind.USAGE in self.held.kinds

    @property
    def summaries(self) -> bool:
        """Whether usage summaries are shared."""
        return bool(METERED & self.held.kinds)

    def points(self) -> tuple[UsagePoint, ...]:
        """The usage points, electricity before gas."""
        return self.tx.readings.usage_points(self.held, self.at) if self.summaries else ()

    def point(self, text: str) -> UsagePoint:
        """One usage point by the id of a path.

        Raises:
            Unknown: it is not there, or not this authorization's: both answer alike.
        """
        number = whole(text)
        for point in self.points():
            if point.id == number:
                return point
        raise Unknown

    def channels(self, point: UsagePoint) -> tuple[Channel, ...]:
        """The channels of a usage point, delivered before received."""
        return self._channels(point.id)

    def _channels(self, usage_point_id: int) -> tuple[Channel, ...]:
        return self.tx.readings.channels_shared(self.held, usage_point_id, self.at) if self.usage else ()

    def channel(self, point: str, text: str) -> Channel:
        """One channel by the ids of a path. Of its usage point nothing is asked: who may not see that has no channel.

        Raises:
            Unknown: there is none, or it is not this authorization's: both answer alike.
        """
        usage_point_id = whole(point)
        try:
            reading_type_id, number = ids.read_meter_reading_id(text)
        except ValueError as why:
            raise Unknown from why
        for channel in self._channels(usage_point_id):
            if (channel.reading_type_id, channel.number) == (reading_type_id, number):
                return channel
        raise Unknown

    def blocks(self, channel: Channel, selection: Selection) -> Iterator[Block]:
        """The blocks of a channel, oldest first."""
        place = (self.held, channel.usage_point_id, channel.number)
        if isinstance(selection, Latest):
            return self.tx.readings.latest_blocks(*place, selection.since, self.at, until=selection.until)
        return self.tx.readings.blocks(*place, selection, self.at, self.profile)

    def few_blocks(self, channel: Channel, window: Window | None) -> list[Block] | None:
        """The blocks of a channel, read at once; None where they are many."""
        return self.tx.readings.few_blocks(
            self.held, channel.usage_point_id, channel.number, window, self.at, self.profile
        )

    def block(self, channel: Channel, text: str) -> Block:
        """One block by the id of a path.

        Raises:
            Unknown: there is none.
        """
        place = (self.held, channel.usage_point_id, channel.number)
        found = self.tx.readings.block(*place, whole(text), self.at)
        if found is None:
            raise Unknown
        return found

    def extent(
        self, selection: Selection, point: UsagePoint | None = None, channel: Channel | None = None
    ) -> Extent | None:
        """How many blocks there are and when they changed, without reading one. None: there are none."""
        if not self.usage:
            return None
        usage_point_id = None if point is None else point.id
        if channel is not None:
            usage_point_id = channel.usage_point_id
        number = None if channel is None else channel.number
        if isinstance(selection, Latest):
            return self.tx.readings.latest_extent(
                self.held,
                selection.since,
                self.at,
                until=selection.until,
                usage_point_id=usage_point_id,
                channel=number,
            )
        return self.tx.readings.extent(
            self.held, selection, self.at, self.profile, usage_point_id=usage_point_id, channel=number
        )

    def bills(self, point: UsagePoint, selection: Selection) -> tuple[Bill, ...]:
        """The summaries of a usage point, oldest first."""
        if not self.summaries:
            return ()
        if isinstance(selection, Latest):
            return self.tx.bills.latest(self.held, point.id, selection.since, self.at, until=selection.until)
        return self.tx.bills.of(self.held, point.id, selection, self.at, self.profile)

    def bill(self, point: UsagePoint, text: str) -> Bill:
        """One summary by the id of a path.

        Raises:
            Unknown: there is none.
        """
        try:
            bill_date = ids.read_summary_id(text)
        except ValueError as why:
            raise Unknown from why
        found = self.tx.bills.one(self.held, point.id, bill_date, self.at)
        if found is None:
            raise Unknown
        return found

    def quality(self, point: UsagePoint, selection: Selection) -> tuple[QualitySummary, ...]:
        """The power quality summaries of a usage point; part of usage."""
        if not self.usage or isinstance(selection, Latest):
            return ()
        return self.tx.bills.quality(self.held, point.id, selection, self.at, self.profile)
