"""Feeds that are ordered now, made by a worker, told by a notice and fetched later.

A part's file is there before the commit that makes it visible; it is made again without it when an authorization in
it has ended.
"""

import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Expired, Unavailable, Unknown, Withdrawn
from wattshare.custodian.model.work import Batch, BatchState, NoticeKind, Part
from wattshare.custodian.services import notices
from wattshare.custodian.services.access import Access, Permission
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.bulk import Bulk, Volume, selection_of
from wattshare.custodian.services.disclosure.render import GzipPieces
from wattshare.custodian.services.disclosure.selection import Selection
from wattshare.custodian.services.part_files import PartFiles
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.atom import Feed, Link
from wattshare.espi.endpoints import Document, Endpoint, Token, by_name
from wattshare.espi.ids import atom_id
from wattshare.espi.window import Window

MAKE = "make_batch"
DAY = 86_400
CHUNK = 256 * 1024
# longer than any batch is worked on
LEFT_SECONDS = DAY
# a file that is being sent is asked about again
ASK_SECONDS = 1.0
# a file that is being made again is waited for
RENEW_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A prepared part, ready to be sent. `path` None: the window held nothing."""

    part: Part
    path: Path | None
    transaction: str | None


@dataclass(frozen=True, kw_only=True)
class Batches:
    """The story of a batch."""

    store: Store
    now: Clock
    new_uuid: Callable[[], str]
    addresses: Addresses
    access: Access
    bulk: Bulk
    files: PartFiles
    keep_days: int
    wait: Callable[[float], None] = field(default=time.sleep)
    monotonic: Callable[[], float] = field(default=time.monotonic)
    # the clock that files are dated by
    wall: Callable[[], float] = field(default=time.time)

    # ordering

    def order(self, permission: Permission, window: Window | None, transaction: str | None) -> Batch:
        """Take an order. The same order, while it is being made, is the same batch."""
        held = permission.authorization if permission.endpoint.token is Token.ACCESS else None
        party, name = permission.third_party, permission.endpoint.name
        key = "" if window is None else window.key()
        with self.store.begin() as tx:
            if known := tx.batches.open_batch(party.id, held.id if held else None, name, key):
                # its job is there already; one that was given up is tried anew
                tx.jobs.add(MAKE, known.id, self.now())
                return self._labelled(tx, known, transaction)
            batch = Batch(
                id=self.new_uuid(),
                third_party_id=party.id,
                authorization_id=held.id if held else None,
                endpoint=name,
                window=key,
                transaction=transaction,
                ordered_at=self.now(),
            )
            tx.batches.add(batch)
            tx.jobs.add(MAKE, batch.id, self.now())  # in this transaction: no order without its job
            tx.trail.write(
                "batch_ordered",
                self.now(),
                third_party_id=party.id,
                authorization_id=batch.authorization_id,
                endpoint=name,
                window=key,
            )
        return batch

    @staticmethod
    def _labelled(tx: Tx, batch: Batch, transaction: str | None) -> Batch:
        """An open order with the label of the same order that came now, where it had none."""
        if transaction is None or batch.transaction is not None:
            return batch
        labelled = replace(batch, transaction=transaction)
        tx.batches.change(labelled)
        return labelled

    # making

    def make(self, batch_id: str) -> None:
        """Write the files of a batch and owe the notice of them; or make stale parts again."""
        with self.store.read() as tx:
            batch = tx.batches.by_id(batch_id)
            parts = tx.batches.parts(batch_id)
        if batch is None or batch.state in (BatchState.VOID, BatchState.EXPIRED):
            return
        if batch.state is BatchState.MADE:
            for part in parts:
                if part.stale:
                    self._renew(batch, part)
            return
        made = self._write(batch)
        if not self._announce(batch, made):
            for part, _ in made:
                self.files.throw_away(part.file)

    def _write(self, batch: Batch) -> list[tuple[Part, frozenset[int]]]:
        endpoint, at = by_name(batch.endpoint), self.now()
        with self.store.read() as tx:
            selection = self._selection(tx, batch, endpoint)
            volumes = self.bulk.plan(tx, endpoint, self._authorizations(tx, batch), selection, at)
            return [
                (
                    self._fill(tx, batch, self._part(batch, number), volume, selection, at),
                    volume.authorization_ids,
                )
                for number, volume in enumerate(volumes or (NOTHING,), start=1)
            ]

    def _part(self, batch: Batch, number: int) -> Part:
        return Part(correlation_id=self.new_uuid(), batch_id=batch.id, number=number, file=None)

    def _selection(self, tx: Tx, batch: Batch, endpoint: Endpoint) -> Selection:
        since = tx.batches.last_ordered(batch.third_party_id, batch.endpoint, batch.ordered_at)
        return selection_of(endpoint, batch.window, since, until=batch.made_at)

    def _authorizations(self, tx: Tx, batch: Batch) -> tuple[Authorization, ...]:
        """Whose data goes in: of those alive now."""
        held = tx.authorizations.of_third_party(batch.third_party_id, alive_only=True)
        return tuple(
            one
            for one in held
            if one.customer_id is not None and one.alive(self.now()) and batch.authorization_id in (None, one.id)
        )

    def _fill(self, tx: Tx, batch: Batch, part: Part, volume: Volume, selection: Selection, at: int) -> Part:
        """Write a part's file. A part of nothing has one only where the profile wants an empty feed."""
        if not volume.members and self.addresses.profile.empty_is_204:
            return emptied(part)
        endpoint = by_name(batch.endpoint)
        items = self.bulk.items(tx, endpoint, volume, selection, at)
        customer = endpoint.document is Document.CUSTOMER_FEED
        updated = volume.updated if volume.members else batch.ordered_at
        feed = self._feed(batch, endpoint, updated, customer=customer)
        name = f"{part.correlation_id}.{part.version}"
        written = self.files.write(
            name,
            GzipPieces(feed=feed, items=items, addresses=self.addresses, customer=customer),
            frozenset(member.key for member in volume.members),
        )
        return replace(
            part,
            file=name,
            identity_bytes=written.identity_bytes,
            gzip_bytes=written.gzip_bytes,
            sha256=written.sha256,
            entries=sum(member.blocks + member.entries for member in volume.members),
            usage_points=sum(1 for member in volume.members if member.point is not None),
            stale=False,
        )

    def _feed(self, batch: Batch, endpoint: Endpoint, updated: int, *, customer: bool) -> Feed:
        profile = self.addresses.profile
        href = self.href(batch, endpoint)
        title = profile.customer_feed_title if customer else profile.usage_feed_title
        return Feed(id=atom_id(href, profile), title=title, updated=updated, links=(Link(rel="self", href=href),))

    def href(self, batch: Batch, endpoint: Endpoint) -> str:
        """The address at which the batch was ordered, without its query."""
        [name] = endpoint.parameters
        return endpoint.href(
            self.addresses.base,
            self.addresses.profile,
            **{name: batch.authorization_id or batch.third_party_id},
        )

    def _announce(self, batch: Batch, made: list[tuple[Part, frozenset[int]]]) -> bool:
        """Make the files visible and owe the notice, unless somebody in them has withdrawn meanwhile."""
        href = self.href(batch, by_name(batch.endpoint))
        with self.store.begin() as tx:
            known = tx.batches.by_id(batch.id)
            if known is None or known.state is not BatchState.ORDERED:
                # another worker was faster, after our lease ran out
                return False
            if not self._still(tx, made):
                tx.jobs.add(MAKE, batch.id, self.now())
                return False
            at = self.now()
            done = replace(known, state=BatchState.MADE, made_at=at, expires_at=at + self.keep_days * DAY)
            tx.batches.change(done)
            for part, authorization_ids in made:
                tx.batches.add_part(part, authorization_ids)
                self._note(tx, done, part, authorization_ids)
            party = tx.parties.by_id(batch.third_party_id)
            if party is not None:
                notices.owe(
                    tx,
                    party,
                    NoticeKind.BATCH_READY,
                    tuple(f"{href}?correlationID={part.correlation_id}" for part, _ in made),
                    new_id=self.new_uuid(),
                    at=at,
                    transaction=done.transaction,
                    batch_id=batch.id,
                )
        return True

    def _note(self, tx: Tx, batch: Batch, part: Part, authorization_ids: frozenset[int]) -> None:
        """Write down whose data is in a version of a file: its fetches name part and version."""
        tx.trail.write(
            "batch_made",
            self.now(),
            third_party_id=batch.third_party_id,
            authorization_id=batch.authorization_id,
            endpoint=batch.endpoint,
            window=batch.window,
            count=part.entries,
            detail={
                "part": part.correlation_id,
                "version": part.version,
                "authorizations": sorted(authorization_ids),
            },
        )

    def _still(self, tx: Tx, made: list[tuple[Part, frozenset[int]]]) -> bool:
        named = {one for _, authorization_ids in made for one in authorization_ids}
        alive = (tx.authorizations.by_id(one) for one in named)
        return all(held is not None and held.alive(self.now()) for held in alive)

    def _renew(self, batch: Batch, part: Part) -> None:
        """Make a part again from those in it who still share; same address, new version."""
        endpoint, at = by_name(batch.endpoint), self.now()
        fresh = replace(part, version=part.version + 1, file=None, stale=False)
        members = self.files.members(part.file)
        with self.store.read() as tx:
            selection = self._selection(tx, batch, endpoint)
            volumes = self.bulk.plan(tx, endpoint, self._authorizations(tx, batch), selection, at)
            left = tuple(one for volume in volumes for one in volume.members if one.key in members)
            volume = Volume(members=left)
            made = self._fill(tx, batch, fresh, volume, selection, at)
        with self.store.begin() as tx:
            still = self._still(tx, [(made, volume.authorization_ids)])
            if still:
                tx.batches.change_part(made, volume.authorization_ids)
                self._note(tx, batch, made, volume.authorization_ids)
            else:
                tx.jobs.add(MAKE, batch.id, self.now())
        self.files.throw_away((part if still else made).file)

    # fetching

    def fetch(self, permission: Permission, correlation_id: str, call_id: str) -> Fetched:
        """The file behind a notice's address, if it is still the bearer's to have.

        Raises:
            NotCovered: the part belongs to another resource, third party or authorization.
            Expired: the file is no longer kept.
            Unavailable: it is still being made again after a withdrawal.
        """
        self._close_if_over(correlation_id)
        ends = self.monotonic() + RENEW_SECONDS
        while (found := self._part_of(permission, correlation_id))[0].stale:
            if self.monotonic() >= ends:
                raise Unavailable("The file is being made again; try in a few seconds.", retry_after=10)
            self.wait(0.25)
        part, batch = found
        with self.store.begin() as tx:
            tx.trail.write(
                "batch_fetched",
                self.now(),
                third_party_id=batch.third_party_id,
                authorization_id=batch.authorization_id,
                endpoint=batch.endpoint,
                window=batch.window,
                count=part.entries,
                detail={
                    "part": part.correlation_id,
                    "version": part.version,
                    "usage_points": part.usage_points,
                },
                correlation_id=call_id,
            )
        return Fetched(part=part, path=self.files.path(part.file), transaction=batch.transaction)

    def _close_if_over(self, correlation_id: str) -> None:
        """Close a part with somebody in it whose period is over, before the next round of endings finds them."""
        with self.store.read() as tx:
            over = {held.id for held in tx.authorizations.ending_before(self.now())}
            over &= set(tx.batches.authorizations_in(correlation_id)) if over else set()
        if over:
            with self.store.begin() as tx:
                for authorization_id in over:
                    for batch_id in tx.batches.mark_stale(authorization_id):
                        tx.jobs.add(MAKE, batch_id, self.now())

    def _part_of(self, permission: Permission, correlation_id: str) -> tuple[Part, Batch]:
        with self.store.read() as tx:
            found = tx.batches.part(correlation_id)
        if found is None:
            raise Unknown("There is no such file, or it is no longer kept.")
        part, batch = found
        held = permission.authorization
        theirs = batch.third_party_id == permission.third_party.id and batch.endpoint == permission.endpoint.name
        if batch.authorization_id is not None and (held is None or held.id != batch.authorization_id):
            theirs = False
        if not theirs:
            raise Unknown("There is no such file, or it is no longer kept.")
        late = batch.expires_at is not None and batch.expires_at <= self.now()
        if late or batch.state in (BatchState.EXPIRED, BatchState.VOID):
            raise Expired(f"Files are kept for {self.keep_days} days. Order the window again.")
        return part, batch

    def pieces(
        self, permission: Permission, fetched: Fetched, *, inflate: bool, first: int, count: int
    ) -> Iterator[bytes]:
        """Bytes of a part, for as long as the bearer may have them: as they are kept, or inflated.

        Raises:
            Unavailable: as `open`.
            Withdrawn: the bearer may no longer have them; UnknownBearer, NotCovered likewise.
        """
        asked = self.monotonic()
        kept = self.open(fetched)
        with kept, gzip.open(kept, "rb") if inflate else kept as file:
            # of what is inflated, all that goes before has to be
            file.seek(first)
            while count and (piece := file.read(min(CHUNK, count))):
                if self.monotonic() - asked >= ASK_SECONDS:
                    self.go_on(permission, fetched.part)
                    asked = self.monotonic()
                count -= len(piece)
                yield piece

    @staticmethod
    def open(fetched: Fetched) -> BinaryIO:
        """The file of a part, to be closed.

        Raises:
            Unavailable: it has just been made again, or its days are over.
        """
        if fetched.path is None:
            raise LookupError("a part of nothing has no file")
        try:
            return fetched.path.open("rb")
        except FileNotFoundError as gone:
            raise Unavailable("The file has just been replaced; ask again.", retry_after=1) from gone

    def go_on(self, permission: Permission, part: Part) -> None:
        """Ask again whether the bearer may have this part, as it was when it was fetched.

        Raises:
            Withdrawn, UnknownBearer, NotCovered: it may not.
        """
        with self.store.read() as tx:
            self.access.renew(tx, permission)
            found = tx.batches.part(part.correlation_id)
        if found is None or found[0].stale or found[0].version != part.version:
            raise Withdrawn

    # ending

    def expire(self) -> int:
        """Throw away files that are past their days. How many batches."""
        with self.store.begin() as tx:
            old = tx.batches.expired_batches(self.now())
            parts = [part for batch in old for part in tx.batches.parts(batch.id)]
            for batch in old:
                tx.batches.change(replace(batch, state=BatchState.EXPIRED))
        for part in parts:
            self.files.throw_away(part.file)
        return len(old)

    def tidy(self) -> int:
        """Remove files that a worker was killed over, when nobody can be at them any more. How many."""
        with self.store.read() as tx:
            kept = tx.batches.files()
        return self.files.sweep(kept, self.wall() - LEFT_SECONDS)


# a window that holds nothing is a file too
NOTHING = Volume(members=())


def emptied(part: Part) -> Part:
    """A part of which nothing is left."""
    return replace(part, file=None, identity_bytes=0, gzip_bytes=0, sha256="", entries=0, usage_points=0)
