"""What goes into the files of a batch: who, in which file, in which order.

A file holds one commodity; a usage point is whole in one file; a file is closed at the size that settings name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from wattshare.custodian.model.premises import Commodity, Service, UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.disclosure import customers, feeds
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.disclosure import program_entries
from wattshare.custodian.services.disclosure.render import Item
from wattshare.custodian.services.disclosure.selection import Latest, Selection
from wattshare.custodian.services.disclosure.told import Told
from wattshare.custodian.services.disclosure.view import View
from wattshare.custodian.services.disclosure.windows import latest_of_batch
from wattshare.custodian.services.members import Members
from wattshare.custodian.store.bills import Bill
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.deltas import Asked
from wattshare.espi.endpoints import Document, Endpoint, Shape
from wattshare.espi.window import Window

# bytes of XML that a block of a quarter-hourly day takes, and any other entry: for cutting files, not for headers
BLOCK_BYTES, ENTRY_BYTES = 25_000, 1_500
NEWS = "news "
# before every section
NOBODY = (0, -1)


@dataclass(frozen=True, kw_only=True)
class Whose:
    """Whose data goes in: all authorizations of a third party that are alive, or one of them."""

    third_party_id: int
    only: int | None = None


class Place(NamedTuple):
    """Where a batch has got to: the last usage point of the last file that is there."""

    # None: files of customers
    commodity: Commodity | None
    # as the sections' keys are
    key: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One usage point of one authorization (or one whole authorization, for customer files) in a file."""

    view: View
    point: UsagePoint | None
    blocks: int
    entries: int
    updated: int
    # given what the file has told already
    items: Callable[[View], Iterator[Item]]

    @property
    def key(self) -> tuple[int, int]:
        """(authorization, usage point); 0 for a whole authorization."""
        return self.view.held.id, self.point.id if self.point is not None else 0

    @property
    def size(self) -> int:
        """Roughly how many bytes it takes."""
        return self.blocks * BLOCK_BYTES + self.entries * ENTRY_BYTES


@dataclass(kw_only=True)
class Filling:
    """The sections of one file on their way into it, and what is known of those that have passed."""

    sections: Iterator[Section]
    commodity: Commodity | None = None
    members: Members = field(default_factory=Members)
    # the greatest time of change
    updated: int = 0
    # blocks, bills and the like
    entries: int = 0
    usage_points: int = 0

    def __iter__(self) -> Iterator[Section]:
        """Let them pass."""
        for section in self.sections:
            self.members.add(*section.key)
            self.updated = max(self.updated, section.updated)
            self.entries += section.blocks + section.entries
            self.usage_points += section.point is not None
            yield section


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """Says what goes into the files of batches, one after the other. Nothing is kept of a section that has passed."""

    addresses: Addresses
    # where a file is closed
    volume_bytes: int

    def files(
        self, tx: Tx, endpoint: Endpoint, whose: Whose, selection: Selection, at: int, *, after: Place | None = None
    ) -> Iterator[Filling]:
        """The files, in order, each to be taken to its end; those that would hold nothing are not among them.

        `after`: what stands in files up to there is not told again.
        """
        for commodity, sections in self._groups(tx, endpoint, whose, selection, at, after):
            yield from (Filling(sections=cut, commodity=commodity) for cut in self._cut(sections))

    def again(
        self, tx: Tx, endpoint: Endpoint, whose: Whose, selection: Selection, at: int, *, among: Members
    ) -> Filling:
        """One file of those that are among some members, and still share."""
        groups = self._groups(tx, endpoint, whose, selection, at)
        return Filling(sections=(one for _, sections in groups for one in sections if one.key in among))

    def items(self, endpoint: Endpoint, filling: Filling) -> Iterator[Item]:
        """The entries of one file. Shared objects stand once in it."""
        told, usage, last = Told(), None, None
        customer = endpoint.document is Document.CUSTOMER_FEED
        for section in filling:
            view = section.view.telling(told)
            if last is None and not customer:
                yield from feeds.opening(view)
            # the names of codes are told with usage only
            usage, last = usage or (view if view.usage else None), view
            yield from section.items(view)
        if last is not None and not customer:
            yield from feeds.closing(usage or last)

    # parts

    def _groups(
        self,
        tx: Tx,
        endpoint: Endpoint,
        whose: Whose,
        selection: Selection,
        at: int,
        after: Place | None = None,
    ) -> Iterator[tuple[Commodity | None, Iterator[Section]]]:
        """What may stand in one file: customers, or one commodity. All of it, or what comes after a place."""
        if endpoint.document is Document.CUSTOMER_FEED:
            key = NOBODY if after is None else after.key
            yield None, behind(self._customers(tx, endpoint, whose, at, key[0]), key)
            return
        supplied = tx.deltas.commodities(whose.third_party_id, whose.only, at)
        begun = list(Commodity).index(after.commodity) if after is not None and after.commodity is not None else 0
        for number, commodity in enumerate(Commodity):
            if commodity not in supplied or number < begun:
                continue
            key = after.key if after is not None and commodity is after.commodity else NOBODY
            if isinstance(selection, Latest):
                yield commodity, behind(self._news(tx, whose, selection, at, commodity, key[0]), key)
            else:
                yield commodity, behind(self._metered(tx, whose, selection, at, commodity, key[0]), key)

    def _views(self, tx: Tx, whose: Whose, at: int, least: int) -> Iterator[View]:
        for held in tx.deltas.authorizations(whose.third_party_id, whose.only, at, least=least):
            yield View(tx=tx, held=held, addresses=self.addresses, at=at)

    def _news(
        self, tx: Tx, whose: Whose, latest: Latest, at: int, commodity: Commodity, least: int
    ) -> Iterator[Section]:
        asked = Asked(
            third_party_id=whose.third_party_id,
            only=whose.only,
            commodity=commodity,
            at=at,
            since=latest.since,
            until=latest.until,
            changes_only=latest.changes_only,
            least=least,
        )
        for held, point, channels, blocks, bills in tx.deltas.news(asked):
            view = View(tx=tx, held=held, addresses=self.addresses, at=at)
            times = (*(block.updated_at for block in blocks), *(bill.updated_at for bill in bills))
            yield Section(
                view=view,
                point=point,
                blocks=len(blocks),
                entries=len(bills),
                updated=max(view.times.updated, *times),
                items=partial(known_items, point, channels, blocks, bills),
            )

    def _metered(
        self, tx: Tx, whose: Whose, selection: Selection, at: int, commodity: Commodity, least: int
    ) -> Iterator[Section]:
        for view in self._views(tx, whose, at, least):
            for point in view.points():
                if point.commodity is not commodity:
                    continue
                extent, bills = view.extent(selection, point), view.bills(point, selection)
                quality = view.quality(point, selection)
                if extent is None and not bills and not quality:
                    continue
                yield Section(
                    view=view,
                    point=point,
                    blocks=extent.count if extent else 0,
                    entries=len(bills) + len(quality),
                    updated=latest_of_batch(view, extent, bills, quality),
                    items=partial(feeds.of_point, point=point, selection=selection),
                )

    def _customers(self, tx: Tx, endpoint: Endpoint, whose: Whose, at: int, least: int) -> Iterator[Section]:
        for view in self._views(tx, whose, at, least):
            # read once, and told twice: once to be counted
            services = services_for(view, endpoint)
            entries = sum(1 for _ in customer_items(view, endpoint, services))
            if entries:
                yield Section(
                    view=view,
                    point=None,
                    blocks=0,
                    entries=entries,
                    updated=view.held.created_at,
                    items=partial(customer_items, endpoint=endpoint, services=services),
                )

    def _cut(self, sections: Iterator[Section]) -> Iterator[Iterator[Section]]:
        """The sections of one file after the other; each is to be taken to its end before the next."""
        ahead = next(sections, None)

        def filling() -> Iterator[Section]:
            nonlocal ahead
            size = 0
            while ahead is not None and (not size or size + ahead.size <= self.volume_bytes):
                size += ahead.size
                passing, ahead = ahead, None
                yield passing
                ahead = next(sections, None)

        while ahead is not None:
            yield filling()


def behind(sections: Iterator[Section], key: tuple[int, int]) -> Iterator[Section]:
    """Those that come after a key."""
    return (one for one in sections if one.key > key)


def known_items(
    point: UsagePoint, channels: tuple[Channel, ...], blocks: tuple[Block, ...], bills: tuple[Bill, ...], view: View
) -> Iterator[Item]:
    """A usage point of which everything has been read."""

    def of(channel: Channel) -> Iterator[Block]:
        return (block for block in blocks if block.channel == channel.number)

    return feeds.Known(view=view, point=point, channels=channels, blocks=of, bills=bills).items()


def of_programs(endpoint: Endpoint) -> bool:
    """Whether a row is about demand response programmes, and not about customers."""
    return endpoint.shape in (Shape.BATCH_BULK_PROGRAMS, Shape.BATCH_PROGRAMS)


def services_for(view: View, endpoint: Endpoint) -> tuple[Service, ...]:
    """The services of an authorization of which a customer file of that row may say something."""
    return view.tx.customers.shared(view.held, view.at) if endpoint.kinds & view.held.kinds else ()


def customer_items(view: View, endpoint: Endpoint, services: tuple[Service, ...]) -> Iterator[Item]:
    """The customer side of one authorization, as far as it is shared."""
    if of_programs(endpoint):
        yield from program_entries(view, services)
        return
    for service in services:
        yield from customers.information(view.addresses, view.held.id, service, view.held.kinds, view.told, view.times)


def news_between(earliest: int, last: int) -> str:
    """The window of what came or was corrected from one second to another, both in."""
    return f"{NEWS}{earliest}-{last}"


def selection_of(endpoint: Endpoint, window: str, since: int | None, until: int | None) -> Selection:
    """What a batch is about. Bulk without bounds: the latest day, and corrections since the last one.

    The window of a daily delta, which nobody can write in a query, is `news_between`.

    `until` is when it was first made, where it is made again.
    """
    if not endpoint.window:
        return None
    if window.startswith(NEWS):
        earliest, _, last = window.removeprefix(NEWS).partition("-")
        return Latest(since=int(earliest) - 1, until=int(last), changes_only=True)
    if not window and endpoint.shape is Shape.BATCH_BULK:
        return Latest(since=since, until=until)
    return Window.of_key(window)
