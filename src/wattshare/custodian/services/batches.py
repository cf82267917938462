"""Feeds that are ordered now, made by a worker, told by a notice and fetched later.

A part's file is there before the commit that writes it down, and all parts are before the one that makes them visible;
a part is made again without it when an authorization in it has ended.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile

import structlog

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Withdrawn
from wattshare.custodian.model.work import BATCH_OVER, MAKE, Batch, BatchState, NoticeKind, Part
from wattshare.custodian.services import notices
from wattshare.custodian.services.access import Permission
from wattshare.custodian.services.deltas import settle
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.bulk import Bulk, Filling, Whose, selection_of
from wattshare.custodian.services.disclosure.render import GzipPieces
from wattshare.custodian.services.disclosure.selection import Selection
from wattshare.custodian.services.disclosure.wirepath.direct import Encoder
from wattshare.custodian.services.members import Members
from wattshare.custodian.services.part_files import PartFiles
from wattshare.custodian.services.parts import awaited, emptied, place_behind, same
from wattshare.custodian.services.progress import Counted, Making, Stopped
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.atom import Feed, Link
from wattshare.espi.endpoints import Document, Endpoint, Token, by_name
from wattshare.espi.ids import atom_id
from wattshare.espi.window import Window

log = structlog.get_logger()

DAY = 86_400
# longer than any batch is worked on
LEFT_SECONDS = DAY
# authorizations that one entry of the trail names
NAMED = 1_000
# a part, and who is in its file
Made = tuple[Part, Members]


@dataclass(frozen=True, kw_only=True)
class Written:
    """The parts of a batch, all of them, and how many usage points (of customers: authorizations) are in them."""

    parts: tuple[Part, ...]
    points: int


@dataclass(frozen=True, kw_only=True)
class Batches:
    """The story of a batch."""

    store: Store
    now: Clock
    new_uuid: Callable[[], str]
    addresses: Addresses
    bulk: Bulk
    files: PartFiles
    keep_days: int
    # None: gzip of readings is made of their XML
    encoder: Encoder | None = None
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
                tx.jobs.add(MAKE, known.id, self.now(), third_party_id=party.id)
                return self._labelled(tx, known, transaction)
            batch = Batch(
                id=self.new_uuid(),
                third_party_id=party.id,
                authorization_id=held.id if held else None,
                endpoint=name,
                window=key,
                transaction=transaction,
                ordered_at=self.now() if window else tx.revisions.known(self.now()),
            )
            tx.batches.add(batch)
            # in this transaction: no order without its job
            tx.jobs.add(MAKE, batch.id, self.now(), third_party_id=party.id)
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
        """Write the files of a batch and owe the notice of them; or make stale parts again; or throw them away.

        Parts that are there already, whole, are kept: their maker was killed, or was overtaken.
        """
        with self.store.read() as tx:
            batch = tx.batches.by_id(batch_id)
            parts = tx.batches.parts(batch_id)
        if batch is None:
            return
        if batch.state in BATCH_OVER:
            self._throw_away(parts)
            return
        if batch.state is BatchState.ORDERED:
            parts = self._kept(batch, parts)
        for part in parts:
            if part.stale:
                self._renew(batch, part)
        if batch.state is BatchState.ORDERED:
            self._make(batch)

    def _make(self, batch: Batch) -> None:
        try:
            self._announce(batch, self._write(batch))
        except Stopped:
            log.info("batch_stopped", batch=batch.id)
        except Withdrawn:
            self._try_again(batch)

    def _kept(self, batch: Batch, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """The parts of an order that need not be made any more; what comes after one that is not whole is dropped."""
        whole = tuple(takewhile(lambda part: self.files.is_whole(part.file, part.sha256), parts))
        dropped = parts[len(whole) :]
        if dropped:
            with self.store.begin() as tx:
                known = tx.batches.by_id(batch.id)
                if known is None or known.state is not BatchState.ORDERED:
                    return whole
                tx.batches.drop_parts(part.correlation_id for part in dropped)
            self._throw_away(dropped)
        if whole:
            log.info("batch_goes_on", batch=batch.id, parts=len(whole))
        return whole

    def _throw_away(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self.files.throw_away(part.file)

    def _write(self, batch: Batch) -> Written:
        """Write the parts that are not there yet, one after the other; each is kept as soon as it is there.

        Raises:
            Stopped: the batch is not wanted any more.
            Withdrawn: somebody in a part has, or another worker is at it.
        """
        endpoint, at = by_name(batch.endpoint), self.now()
        with self.store.read(batch.authorization_id or Purpose.BATCH) as tx:
            parts = list(tx.batches.parts(batch.id))
            members = [self.files.members(part.file) for part in parts]
            after = place_behind(parts, members)
            narrowings = tx.authorizations.narrowings()
            of = tx.authorizations.count_shares(batch.third_party_id, batch.authorization_id, at)
            making = Making.begin(self.store, batch.id, of=of, done=sum(map(len, members)))
            selection = self._selection(tx, batch, endpoint)
            for filling in self.bulk.files(tx, endpoint, whose(batch), selection, at, after=after):
                filling.sections = making.watched(filling.sections)
                made = self._fill(batch, self._part(batch, len(parts) + 1), filling)
                self._keep(batch, parts, made, narrowings)
        if not parts:
            # a window that holds nothing is a file too
            made = self._fill(batch, self._part(batch, 1), Filling(sections=iter(())), empty=True)
            self._keep(batch, parts, made, narrowings)
        return Written(parts=tuple(parts), points=making.done)

    def _keep(self, batch: Batch, parts: list[Part], made: Made, narrowings: int) -> None:
        """Write down a part whose file is there, behind those before it.

        Raises:
            Stopped: the batch is not wanted any more.
            Withdrawn: somebody in it has, or another worker is at the same batch.
        """
        part, members = made
        kept = False
        try:
            with self.store.begin() as tx:
                if batch.authorization_id is not None:
                    # held before the order, as by whoever ends it: neither waits for the other for ever
                    tx.authorizations.by_id(batch.authorization_id)
                known = tx.batches.by_id(batch.id)
                if known is None or known.state is not BatchState.ORDERED:
                    raise Stopped
                if not same(tx.batches.parts(batch.id), parts):
                    # our lease ran out; whoever is left goes on behind what is there
                    raise Withdrawn
                tx.batches.add_part(part, members.authorizations())
                self._check(tx, part, narrowings)
                self._note(tx, batch, part, members)
            kept = True
        finally:
            if not kept:
                self.files.throw_away(part.file)
        parts.append(part)

    def _part(self, batch: Batch, number: int) -> Part:
        return Part(correlation_id=self.new_uuid(), batch_id=batch.id, number=number, file=None)

    def _selection(self, tx: Tx, batch: Batch, endpoint: Endpoint) -> Selection:
        since = tx.batches.last_ordered(batch.third_party_id, batch.endpoint, batch.ordered_at)
        selection = selection_of(endpoint, batch.window, since, until=batch.made_at)
        return selection.since(tx.revisions.reach) if isinstance(selection, Window) else selection

    def _fill(self, batch: Batch, part: Part, filling: Filling, *, empty: bool = False) -> Made:
        """Write a part's file. A part of nothing has one only where the profile wants an empty feed."""
        if empty and self.addresses.profile.empty_is_204:
            return emptied(part), filling.members
        endpoint = by_name(batch.endpoint)
        customer = endpoint.document is Document.CUSTOMER_FEED
        items = Counted(self.bulk.items(endpoint, filling))
        pieces = GzipPieces(
            feed=lambda: self._feed(batch, endpoint, filling.updated or batch.ordered_at, customer=customer),
            items=items,
            addresses=self.addresses,
            customer=customer,
            encoder=self.encoder,
        )
        # of its own: whoever was overtaken by another worker writes into nobody's file
        name = f"{part.correlation_id}.{part.version}.{self.new_uuid()[-12:]}"
        written = self.files.write(name, pieces, filling.members)
        made = replace(
            part,
            file=name,
            identity_bytes=written.identity_bytes,
            gzip_bytes=written.gzip_bytes,
            sha256=written.sha256,
            entries=filling.entries,
            readings=items.readings,
            usage_points=filling.usage_points,
            commodity=part.commodity if filling.commodity is None else filling.commodity.value,
            stale=False,
        )
        return made, filling.members

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

    def _announce(self, batch: Batch, written: Written) -> None:
        """Make the files visible and owe the notice. Files of a delta in which nothing is new are void.

        Raises:
            Withdrawn: somebody in them has meanwhile, or another worker is at the same batch.
        """
        with self.store.begin() as tx:
            known, parts = tx.batches.by_id(batch.id), tx.batches.parts(batch.id)
            if known is None or known.state is not BatchState.ORDERED:
                # another worker was faster, after our lease ran out; or it is not wanted any more
                return
            if any(part.stale for part in parts) or not same(parts, written.parts):
                raise Withdrawn
            kind = settle(tx, known, parts)
            if kind is not None:
                at = self.now()
                done = replace(
                    known,
                    state=BatchState.MADE,
                    made_at=at,
                    expires_at=at + self.keep_days * DAY,
                    points_done=written.points,
                    points_of=written.points,
                )
                tx.batches.change(done)
                self._owe(tx, done, kind, parts)
                return
            tx.batches.change(replace(known, state=BatchState.VOID))
        self._throw_away(parts)

    def _owe(self, tx: Tx, batch: Batch, kind: NoticeKind, parts: tuple[Part, ...]) -> None:
        """Owe the notice that names the parts."""
        href = self.href(batch, by_name(batch.endpoint))
        party = tx.parties.by_id(batch.third_party_id)
        if party is not None:
            notices.owe(
                tx,
                party,
                kind,
                tuple(f"{href}?correlationID={part.correlation_id}" for part in parts),
                new_id=self.new_uuid(),
                at=self.now(),
                transaction=batch.transaction,
                batch_id=batch.id,
            )

    def _check(self, tx: Tx, part: Part, narrowings: int) -> None:
        """Hold everybody who is in a part, so that nobody withdraws, or shares less, before it is visible.

        Raises:
            Withdrawn: somebody has.
        """
        if not tx.batches.all_alive(part.correlation_id, self.now(), narrowings):
            raise Withdrawn

    def _try_again(self, batch: Batch) -> None:
        with self.store.begin() as tx:
            tx.jobs.add(MAKE, batch.id, self.now(), third_party_id=batch.third_party_id)

    def _note(self, tx: Tx, batch: Batch, part: Part, members: Members) -> None:
        """Write down whose data is in a version of a file, some at a time: its fetches name part and version."""
        authorizations = members.authorizations()
        told = list(islice(authorizations, NAMED))
        while True:
            tx.trail.write(
                "batch_made",
                self.now(),
                third_party_id=batch.third_party_id,
                authorization_id=batch.authorization_id,
                endpoint=batch.endpoint,
                window=batch.window,
                count=part.entries,
                detail={"part": part.correlation_id, "version": part.version, "authorizations": told},
            )
            if not (told := list(islice(authorizations, NAMED))):
                return

    def _renew(self, batch: Batch, part: Part) -> None:
        """Make a part again from those in it who still share; same address, new version."""
        endpoint, at = by_name(batch.endpoint), self.now()
        fresh = replace(part, version=part.version + 1, file=None, stale=False)
        among = self.files.members(part.file)
        with self.store.read(batch.authorization_id or Purpose.BATCH) as tx:
            narrowings = tx.authorizations.narrowings()
            selection = self._selection(tx, batch, endpoint)
            filling = self.bulk.again(tx, endpoint, whose(batch), selection, at, among=among)
            made, members = self._fill(batch, fresh, filling)
        if not members and self.addresses.profile.empty_is_204:
            self.files.throw_away(made.file)
            made = emptied(fresh)
        kept = False
        try:
            with self.store.begin() as tx:
                tx.batches.hold_members(part.correlation_id)
                if awaited(tx, part):
                    tx.batches.change_part(made, members.authorizations())
                    self._check(tx, made, narrowings)
                    self._note(tx, batch, made, members)
                    kept = True
        except Withdrawn:
            self._try_again(batch)
        self.files.throw_away(part.file if kept else made.file)

    # ending

    def expire(self) -> int:
        """Throw away files that are past their days, and parts of what could not be made in that time.

        How many batches expired.
        """
        with self.store.begin() as tx:
            old = tx.batches.expired_batches(self.now())
            parts = [part for batch in old for part in tx.batches.parts(batch.id)]
            for batch in old:
                tx.batches.change(replace(batch, state=BatchState.EXPIRED))
            left = tx.batches.parts_left(self.now() - self.keep_days * DAY)
            tx.batches.drop_parts(part.correlation_id for part in left)
            parts += left
        for part in parts:
            self.files.throw_away(part.file)
        return len(old)

    def tidy(self) -> int:
        """Remove files that a worker was killed over, when nobody can be at them any more. How many."""
        with self.store.read() as tx:
            kept = tx.batches.files()
        return self.files.sweep(kept, self.wall() - LEFT_SECONDS)


def whose(batch: Batch) -> Whose:
    """Whose data goes in."""
    return Whose(third_party_id=batch.third_party_id, only=batch.authorization_id)
