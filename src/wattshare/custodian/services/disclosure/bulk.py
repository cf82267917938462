"""What goes into the files of a batch: who, in which file, in which order.

A file holds one commodity; a usage point is whole in one file; a file is closed at the size that settings name.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.services.disclosure import customers, feeds
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.disclosure import program_entries
from wattshare.custodian.services.disclosure.render import Item
from wattshare.custodian.services.disclosure.selection import Latest, Selection
from wattshare.custodian.services.disclosure.told import Told
from wattshare.custodian.services.disclosure.view import View
from wattshare.custodian.services.disclosure.windows import latest_of_batch
from wattshare.custodian.store.database import Tx
from wattshare.espi.endpoints import Document, Endpoint, Shape
from wattshare.espi.window import Window

# bytes of XML that a block of a quarter-hourly day takes, and any other entry: for cutting files, not for headers
BLOCK_BYTES, ENTRY_BYTES = 25_000, 1_500


@dataclass(frozen=True, kw_only=True)
class Member:
    """One usage point of one authorization (or one whole authorization, for customer files) in a file."""

    held: Authorization
    point: UsagePoint | None
    blocks: int
    entries: int
    updated: int

    @property
    def key(self) -> tuple[int, int]:
        """(authorization, usage point); 0 for a whole authorization."""
        return self.held.id, self.point.id if self.point is not None else 0

    @property
    def size(self) -> int:
        """Roughly how many bytes it takes."""
        return self.blocks * BLOCK_BYTES + self.entries * ENTRY_BYTES


@dataclass(frozen=True, kw_only=True)
class Volume:
    """One file."""

    members: tuple[Member, ...]

    @property
    def updated(self) -> int:
        """The greatest time of change in it."""
        return max(member.updated for member in self.members)

    @property
    def authorization_ids(self) -> frozenset[int]:
        """Whose data is in it."""
        return frozenset(member.held.id for member in self.members)


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """Plans and fills the files of batches."""

    addresses: Addresses
    # where a file is closed
    volume_bytes: int

    def plan(
        self,
        tx: Tx,
        endpoint: Endpoint,
        authorizations: tuple[Authorization, ...],
        selection: Selection,
        at: int,
    ) -> tuple[Volume, ...]:
        """The files, in order; those that would hold nothing are not among them."""
        if endpoint.document is Document.CUSTOMER_FEED:
            groups = [list(self._customers(tx, endpoint, authorizations, at))]
        else:
            metered = list(self._metered(tx, authorizations, selection, at))
            groups = [
                [member for member in metered if member.point and member.point.commodity is commodity]
                for commodity in Commodity
            ]
        return tuple(volume for group in groups for volume in self._cut(group))

    def items(self, tx: Tx, endpoint: Endpoint, volume: Volume, selection: Selection, at: int) -> Iterator[Item]:
        """The entries of one file. Shared objects stand once in it."""
        if not volume.members:
            return
        told = Told()

        def view_of(member: Member) -> View:
            return View(tx=tx, held=member.held, addresses=self.addresses, at=at, told=told)

        if endpoint.document is Document.CUSTOMER_FEED:
            for member in volume.members:
                yield from customer_items(view_of(member), endpoint)
            return
        yield from feeds.opening(view_of(volume.members[0]))
        for member in volume.members:
            if member.point is not None:
                yield from feeds.of_point(view_of(member), member.point, selection)
        # the names of codes are told with usage only
        sharing = (view for view in map(view_of, volume.members) if view.usage)
        yield from feeds.closing(next(sharing, view_of(volume.members[0])))

    # parts

    def _metered(
        self, tx: Tx, authorizations: tuple[Authorization, ...], selection: Selection, at: int
    ) -> Iterator[Member]:
        for held in authorizations:
            view = View(tx=tx, held=held, addresses=self.addresses, at=at)
            for point in view.points():
                extent, bills = view.extent(selection, point), view.bills(point, selection)
                quality = view.quality(point, selection)
                if extent is None and not bills and not quality:
                    continue
                yield Member(
                    held=held,
                    point=point,
                    blocks=extent.count if extent else 0,
                    entries=len(bills) + len(quality),
                    updated=latest_of_batch(view, extent, bills, quality),
                )

    def _customers(
        self, tx: Tx, endpoint: Endpoint, authorizations: tuple[Authorization, ...], at: int
    ) -> Iterator[Member]:
        for held in authorizations:
            view = View(tx=tx, held=held, addresses=self.addresses, at=at)
            entries = sum(1 for _ in customer_items(view, endpoint))
            if entries:
                yield Member(held=held, point=None, blocks=0, entries=entries, updated=held.created_at)

    def _cut(self, members: list[Member]) -> Iterator[Volume]:
        filling: list[Member] = []
        size = 0
        for member in members:
            if filling and size + member.size > self.volume_bytes:
                yield Volume(members=tuple(filling))
                filling, size = [], 0
            filling.append(member)
            size += member.size
        if filling:
            yield Volume(members=tuple(filling))


def customer_items(view: View, endpoint: Endpoint) -> Iterator[Item]:
    """The customer side of one authorization, as far as it is shared."""
    if endpoint.shape in (Shape.BATCH_BULK_PROGRAMS, Shape.BATCH_PROGRAMS):
        yield from program_entries(view)
        return
    for service in view.tx.customers.shared(view.held, view.at):
        yield from customers.information(view.addresses, view.held.id, service, view.held.kinds, view.told, view.times)


def selection_of(endpoint: Endpoint, window: str, since: int | None, until: int | None) -> Selection:
    """What a batch is about. Bulk without bounds: the latest day, and corrections since the last one.

    `until` is when it was first made, where it is made again.
    """
    if not endpoint.window:
        return None
    if not window and endpoint.shape is Shape.BATCH_BULK:
        return Latest(since=since, until=until)
    return Window.of_key(window)
