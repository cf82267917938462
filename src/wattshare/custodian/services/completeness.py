"""What is missing: expected and received readings of every channel, by day."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.completeness import (
    PLACE,
    Counts,
    Reach,
    Received,
    by_day,
    in_total,
    life_of,
    rivals,
)
from wattshare.custodian.model.errors import BadRequest, Unknown
from wattshare.custodian.model.readings import Channel
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_bounds, day_of
from wattshare.espi.profile import Profile

# how far back is looked where nothing else is said
DAYS = 30
# usage points that are looked at together
PAGE = 200


@dataclass(frozen=True, kw_only=True)
class Whole:
    """One channel's days."""

    channel: Channel
    days: tuple[tuple[date, Counts], ...]

    @property
    def total(self) -> Counts:
        """All days together."""
        return in_total(counts for _, counts in self.days)


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """Answers what is there and what is not."""

    store: Store
    now: Clock
    profile: Profile

    def stretch(self, first: date | None, last: date | None) -> tuple[date, date]:
        """The days that are asked for: up to yesterday, and thirty of them, where nothing else is said.

        Raises:
            BadRequest: they end before they begin.
        """
        last = last or day_of(self.now(), self.profile.zone) - timedelta(days=1)
        first = first or last - timedelta(days=DAYS - 1)
        if first > last:
            raise BadRequest("The days end before they begin.", field="from")
        return first, last

    def points(self, usage_point: int | None, account: str | None) -> tuple[int, ...]:
        """The usage points that are asked for: one, an account's, or all.

        Raises:
            Unknown: there is none.
        """
        with self.store.read(Purpose.UPKEEP) as tx:
            if usage_point is not None:
                found = tx.customers.usage_point(usage_point)
                if found is None:
                    raise Unknown("There is no such usage point.", field="usage_point")
                return (found.id,)
            if account is None:
                return tx.customers.usage_point_ids()
            holder = tx.customers.by_account_number(account)
            if holder is None:
                raise Unknown("No account has this number.", field="account")
            services = tx.customers.services(holder.customer_id)
            return tuple(sorted({one.usage_point.id for one in services if one.account.id == holder.id}))

    def of(self, usage_point_ids: tuple[int, ...], first: date, last: date) -> Iterator[Whole]:
        """Every channel of some usage points, a page of them at a time."""
        after = day_bounds(last, self.profile.zone)[1]
        # a gas day starts a second after midnight
        begin = day_bounds(first, self.profile.zone)[0]
        for place in range(0, len(usage_point_ids), PAGE):
            page = usage_point_ids[place : place + PAGE]
            with self.store.read(Purpose.UPKEEP) as tx:
                received = groupby(tx.completeness.received(page, begin, after), key=PLACE)
                known = {place: tuple(blocks) for place, blocks in received}
                spans = tx.completeness.spans(page)
                for point in page:
                    yield from self._of_point(tx, point, known, spans, first, last)

    def _of_point(
        self,
        tx: Tx,
        point: int,
        known: dict[tuple[int, int], tuple[Received, ...]],
        spans: dict[tuple[int, int], tuple[int, int]],
        first: date,
        last: date,
    ) -> Iterator[Whole]:
        channels, meters = tx.readings.channels(point), tx.customers.meters_at(point)
        agreements = tx.customers.agreements_of(point)
        reaches = self._reaches(tx, point, channels, spans)
        for channel in channels:
            counted = by_day(
                known.get((point, channel.number), ()),
                first,
                last,
                self.profile.zone,
                channel=channel,
                life=life_of(channel, reaches, channels, meters),
                agreements=agreements,
            )
            yield Whole(channel=channel, days=tuple(counted))

    def _reaches(
        self, tx: Tx, point: int, channels: tuple[Channel, ...], spans: dict[tuple[int, int], tuple[int, int]]
    ) -> dict[int, Reach]:
        """How far each channel reaches; where one begins on the last day of another, to the reading."""
        coarse = {number: Reach(first=first, last=last) for (at, number), (first, last) in spans.items() if at == point}
        found = dict(coarse)
        for channel in channels:
            for other in rivals(channel, channels):
                if not {channel.number, other.number} <= coarse.keys():
                    continue
                last, first = coarse[channel.number].last, coarse[other.number].first
                if day_of(last, self.profile.zone) != day_of(first, self.profile.zone):
                    continue
                ended = tx.completeness.readings_at(point, channel.number, last)
                begun = tx.completeness.readings_at(point, other.number, first)
                if ended and begun:
                    found[channel.number] = replace(found[channel.number], last=ended[-1].start)
                    ends = begun[0].start + begun[0].duration
                    found[other.number] = replace(found[other.number], first=begun[0].start, first_end=ends)
        return found
