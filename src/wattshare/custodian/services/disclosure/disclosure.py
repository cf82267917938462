"""Answers that are given at once: one method a shape, one entry of the trail an answer."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from wattshare.custodian.model.authorization import Authorization, State
from wattshare.custodian.model.authorization import Entry as EntryOf
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.premises import Service
from wattshare.custodian.services.access import ASK_SECONDS, Access, Permission
from wattshare.custodian.services.admission import whose
from wattshare.custodian.services.disclosure import customers, feeds, registrations, sample
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.answers import Answered, Content
from wattshare.custodian.services.disclosure.plan import Plan, fixed, simple
from wattshare.custodian.services.disclosure.planned import Planned
from wattshare.custodian.services.disclosure.render import BlockItem, Item, document_of, pieces
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.services.disclosure.told import Told
from wattshare.custodian.services.disclosure.view import View
from wattshare.custodian.services.disclosure.windows import (
    batch_plan,
    block_plan,
    blocks_plan,
    summaries_plan,
    summary_plan,
)
from wattshare.custodian.services.disclosure.wirepath.direct import Encoder
from wattshare.custodian.services.disclosure.wirepath.flow import Flow, Piece
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.trail import TrailEntry
from wattshare.espi import ids, wire
from wattshare.espi.atom import Entry, Feed, Link
from wattshare.espi.endpoints import Document, Shape
from wattshare.espi.kinds import Kind
from wattshare.espi.usage import ServiceStatus
from wattshare.espi.window import Window

# changes whenever the same data would be written differently; what the encoder would has its own
FORM = "2"
UNAVAILABLE, NORMAL = 0, 1
# so many blocks and entries are written at once
SMALL = 8
# and so many are read at once, and stay packed until they leave: two years of one channel; so many bytes of them
PACKED, PACKED_BYTES = 1_000, 1 << 20


class Passed(Protocol):
    """What the story of registration does when sample data is delivered to a test."""

    def __call__(self, tx: Tx, party: ThirdParty) -> None:
        """Note that the API Connectivity Test is done."""


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """Everything that is told at once."""

    store: Store
    now: Clock
    addresses: Addresses
    access: Access
    mask_client_secret: bool
    passed_connectivity: Passed
    # None: gzip of readings is made of their XML
    encoder: Encoder | None = None
    monotonic: Callable[[], float] = field(default=time.monotonic)

    def read(
        self,
        tx: Tx,
        permission: Permission,
        window: Window | None,
        *,
        known: str | None,
        as_gzip: bool,
        correlation_id: str,
    ) -> Answered | None:
        """What a row answers, found in a view of what its permission is for; `tested` comes after the view.

        None where the window holds nothing and the profile says so by silence. `as_gzip`: it leaves so, and its days
        stay packed for the encoder.
        """
        if permission.endpoint.shape is Shape.STATUS:
            return self._status(tx)
        planned = self.plan(tx, permission, window, read=known is None)
        if planned is None:
            return None
        return self.tell(tx, planned, known=known, as_gzip=as_gzip, correlation_id=correlation_id)

    def plan(self, tx: Tx, permission: Permission, window: Window | None, *, read: bool = False) -> Planned | None:
        """The first half of `read`: what is told, before a byte of it is made; not of the status, nobody's.

        `read`: its readings will be told whatever it says, so they may be read for it.
        """
        at = self.now()
        told = None if window is None else window.since(tx.revisions.reach)
        plan = self._plan(self._view(tx, permission, at), permission, told, read=read)
        if plan.empty:
            if permission.endpoint.document is Document.ENTRY or self.addresses.profile.empty_is_204:
                return None
            plan = replace(plan, items=lambda _: ())
        etag = self._etag(permission, window, plan)
        owed = self._owed(permission, window, plan, at)
        return Planned(permission=permission, plan=plan, at=at, etag=etag, owed=owed)

    def tell(self, tx: Tx, planned: Planned, *, known: str | None, as_gzip: bool, correlation_id: str) -> Answered:
        """The second half: its bytes, made in the same view where there are few of them."""
        permission, plan, etag = planned.permission, planned.plan, planned.etag
        if known is not None and etag is not None and matches(known, etag):
            return Answered(body=b"", etag=etag, unchanged=True)
        return Answered(
            body=self._body(tx, planned, self.encoder if as_gzip else None),
            etag=etag,
            owed=None if planned.owed is None else planned.owed.under(correlation_id),
            still=None if plan.count <= SMALL else partial(self._go_on, permission),
        )

    def _body(self, tx: Tx, planned: Planned, encoder: Encoder | None) -> bytes | Flow:
        """What is small is read where it was found; the rest when it leaves."""
        permission, plan, at = planned.permission, planned.plan, planned.at
        if plan.count == 1 and permission.endpoint.document is Document.ENTRY:
            [item] = plan.items(self._view(tx, permission, at))
            return document_of(item, self.addresses)
        view = self._view(tx, permission, at)
        if plan.count <= SMALL:
            return joined(self._pieces(permission, plan, plan.items(view), encoder))
        if plan.count <= PACKED and (items := few(plan.items(view))) is not None:
            return Flow(self._pieces(permission, plan, items, encoder), packed=encoder is not None)
        return Flow(self._write(permission, plan, at, encoder), packed=encoder is not None)

    def tested(self, permission: Permission, answered: Answered) -> None:
        """Sample data is delivered to a test: note that it is passed. Not in a view, which would keep a connection.

        Raises:
            Unavailable: it cannot be written down.
        """
        test = permission.bearer.bearer_class is BearerClass.TEST_CLIENT
        if test and permission.endpoint.shape is Shape.SAMPLE and not answered.unchanged:
            with self.store.begin() as tx:
                self.passed_connectivity(tx, permission.third_party)

    def _status(self, tx: Tx) -> Answered:
        at = self.now()
        out = any(outage.covers(at) for outage in tx.outages.to_come(at))
        status = ServiceStatus(current_status=UNAVAILABLE if out else NORMAL)
        document = wire.write(status, self.addresses.profile)
        return Answered(body=document, content=Content.XML)

    def _view(self, tx: Tx, permission: Permission, at: int) -> View:
        held = permission.authorization or NOBODY
        return View(tx=tx, held=held, addresses=self.addresses, at=at)

    # writing

    def _write(self, permission: Permission, plan: Plan, at: int, encoder: Encoder | None) -> Iterator[Piece]:
        """The bytes, in a transaction of their own; a long answer ends when the permission does."""
        asked = self.monotonic()
        with self.store.read(whose(permission)) as tx:
            items = plan.items(self._view(tx, permission, at))
            for piece in self._pieces(permission, plan, items, encoder):
                if self.monotonic() - asked >= ASK_SECONDS:
                    self._go_on(permission)
                    asked = self.monotonic()
                yield piece

    def _go_on(self, permission: Permission) -> None:
        with self.store.read() as tx:
            self.access.renew(tx, permission)

    def _pieces(
        self, permission: Permission, plan: Plan, items: Iterable[Item], encoder: Encoder | None
    ) -> Iterator[Piece]:
        document = permission.endpoint.document
        if document is Document.ENTRY:
            for item in items:
                yield document_of(item, self.addresses)
            return
        customer = document is Document.CUSTOMER_FEED
        feed = self.feed(permission, plan.updated, customer=customer)
        yield from pieces(feed, items, self.addresses, customer=customer, encoder=encoder).pieces

    def feed(self, permission: Permission, updated: int, *, customer: bool) -> Feed:
        """The head of an answer's feed: its self link is the request without its query."""
        profile = self.addresses.profile
        href = permission.endpoint.href(self.addresses.base, profile, **dict(permission.path))
        title = profile.customer_feed_title if customer else profile.usage_feed_title
        return Feed(
            id=ids.atom_id(href, profile),
            title=title,
            updated=updated,
            links=(Link(rel="self", href=href),),
        )

    # what is kept of it

    def _etag(self, permission: Permission, window: Window | None, plan: Plan) -> str | None:
        if plan.mark is None:
            return None
        held = permission.authorization or NOBODY
        of = (
            FORM if self.encoder is None else f"{FORM}.direct.{self.encoder.form}",
            self.addresses.base,
            self.addresses.profile.name,
            permission.endpoint.name,
            *(f"{name}={value}" for name, value in sorted(permission.path.items())),
            "" if window is None else window.key(),
            str(permission.third_party.id),
            f"{held.id}.{held.version}",
            plan.mark,
        )
        return hashlib.sha256("\n".join(of).encode()).hexdigest()[:32]

    def _owed(self, permission: Permission, window: Window | None, plan: Plan, at: int) -> TrailEntry | None:
        """The disclosure, to be written down before any of it leaves, under the id of its answer."""
        held = permission.authorization
        of_customer = held is not None and held.customer_id is not None
        if not (of_customer or permission.endpoint.shape is Shape.AUTHORIZATIONS):
            return None
        return TrailEntry(
            event="disclosed",
            at=at,
            third_party_id=permission.third_party.id,
            authorization_id=held.id if held is not None else None,
            endpoint=permission.endpoint.name,
            window="" if window is None else window.key(),
            count=plan.count,
        )

    # plans, by shape

    def _plan(self, view: View, permission: Permission, window: Window | None, *, read: bool) -> Plan:
        path = permission.path
        match permission.endpoint.shape:
            case Shape.SAMPLE:
                return sample.plan(self.addresses)
            case Shape.APPLICATION:
                return self._application(view, permission)
            case Shape.AUTHORIZATIONS:
                return self._authorizations(view, permission)
            case Shape.AUTHORIZATION:
                return self._authorization(view, permission)
            case Shape.LOCAL_TIMES | Shape.LOCAL_TIME:
                return self._local_time(path)
            case Shape.READING_TYPES:
                return fixed(tuple(feeds.reading_types(view)))
            case Shape.READING_TYPE:
                return self._reading_type(view, path["reading_type"])
            case Shape.BATCH_CUSTOMER:
                return self._customer(view)
            case Shape.BATCH_PROGRAMS:
                return self._programs(view)
            case _:
                return self._usage(view, permission, window, read=read)

    def _usage(self, view: View, permission: Permission, window: Window | None, *, read: bool) -> Plan:
        path = permission.path
        if permission.endpoint.shape is Shape.USAGE_POINTS:
            return simple(tuple(feeds.point_item(view, point) for point in view.points()))
        match permission.endpoint.shape:
            case Shape.METER_READING:
                channel = view.channel(path["usage_point"], path["meter_reading"])
                return simple((feeds.channel_item(view, channel),))
            case Shape.BLOCKS:
                return blocks_plan(view, path["usage_point"], path["meter_reading"], window, read=read)
            case Shape.BLOCK:
                return block_plan(view, path["usage_point"], path["meter_reading"], path["block"], window)
        point = view.point(path["usage_point"])
        match permission.endpoint.shape:
            case Shape.USAGE_POINT:
                return simple((feeds.point_item(view, point),))
            case Shape.METER_READINGS:
                return simple(tuple(feeds.channel_item(view, channel) for channel in view.channels(point)))
            case Shape.SUMMARIES:
                return summaries_plan(view, point, window)
            case Shape.SUMMARY:
                return summary_plan(view, point, path["summary"], window)
            case Shape.BATCH_USAGE_POINT:
                return batch_plan(view, point, window)
            case shape:
                raise LookupError(f"no answer is made in the shape {shape}")

    def _application(self, view: View, permission: Permission) -> Plan:
        party = view.tx.parties.by_id(permission.third_party.id) or permission.third_party
        masked = registrations.MASK
        credentials = registrations.Credentials(
            client_secret=masked if self.mask_client_secret else view.tx.parties.secret(party.id),
            registration_token=view.tx.parties.registration_token(party.id),
        )
        times = Times(party.registered_at, party.registered_at)
        made = registrations.application(self.addresses, party, credentials, times)
        return Plan(items=lambda _: (made,), count=1, updated=party.registered_at)

    def _authorizations(self, view: View, permission: Permission) -> Plan:
        listed = view.tx.authorizations.of_third_party(permission.third_party.id, alive_only=True)
        made = tuple(
            self._authorization_entry(view, permission, held)
            for held in listed
            if held.entry in permission.entries and not over(held, view.at)
        )
        return fixed(made)

    def _authorization(self, view: View, permission: Permission) -> Plan:
        if permission.authorization is None:
            raise Unknown
        made = self._authorization_entry(view, permission, permission.authorization)
        return Plan(items=lambda _: (made,), count=1, updated=made.updated or 0)

    def _authorization_entry(self, view: View, permission: Permission, held: Authorization) -> Entry:
        expires_at = view.tx.tokens.latest_end(held.id)
        return registrations.authorization(self.addresses, held, permission.third_party, expires_at, view.at)

    def _local_time(self, path: Mapping[str, str]) -> Plan:
        if path.get("local_time", "1") != "1":
            raise Unknown
        made = feeds.local_time(self.addresses, self.now())
        return fixed((made,))

    def _reading_type(self, view: View, name: str) -> Plan:
        for entry in feeds.reading_types(view):
            if entry.self_href == self.addresses.reading_type(name):
                return fixed((entry,))
        raise Unknown

    def _customer(self, view: View) -> Plan:
        told = Told()
        services = view.tx.customers.shared(view.held, view.at)
        made = tuple(
            entry
            for service in services
            for entry in customers.information(self.addresses, view.held.id, service, view.held.kinds, told, view.times)
        )
        return fixed(made, view.times.updated)

    def _programs(self, view: View) -> Plan:
        made = tuple(program_entries(view, view.tx.customers.shared(view.held, view.at)))
        return fixed(made, view.times.updated)


def few(items: Iterable[Item]) -> list[Item] | None:
    """All of them, still packed; None where that is much."""
    read, size = list[Item](), 0
    for item in items:
        if isinstance(item, BlockItem):
            size += len(item.block.values) + len(item.block.cost or b"")
            if size > PACKED_BYTES:
                return None
        read.append(item)
    return read


def joined(pieces: Iterable[Piece]) -> bytes | Flow:
    """A small answer, as bytes where none of it is still packed."""
    every = tuple(pieces)
    texts = [piece for piece in every if isinstance(piece, bytes)]
    return b"".join(texts) if len(texts) == len(every) else Flow(iter(every))


# rows of the third party as a whole are about no authorization
NOBODY = Authorization(id=0, third_party_id=0, starts=0, floor=0, created_at=0, changed_at=0, version=0)


def over(held: Authorization, at: int) -> bool:
    """Whether an authorization is out of the list of active ones."""
    return held.state is State.ENDED or (held.entry is EntryOf.CUSTOMER and held.ends is not None and held.ends <= at)


def program_entries(view: View, shared: tuple[Service, ...]) -> Iterator[Entry]:
    """The demand response programmes of an authorization, and the names of their dates."""
    if Kind.PROGRAM_ENROLLMENT not in view.held.kinds:
        return
    # programs are as they are now: of a service that has ended they are somebody else's
    services = [one for one in shared if one.agreement.covers(view.at)]
    programs = view.tx.programs.of([service.usage_point.id for service in services])
    some = False
    for service in services:
        mine = tuple(one for one in programs if one.usage_point_id == service.usage_point.id)
        if mine:
            some = True
            yield customers.program_entry(view.addresses, view.held.id, service, mine, view.times)
    if some and view.told.first(view.addresses.program_dates()):
        yield from customers.program_date_entries(view.addresses, feeds.FOUNDED)


def matches(known: str | None, etag: str) -> bool:
    """Whether If-None-Match names the validator. RFC 9110 §13.1.2."""
    if known is None:
        return False
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in known.split(",")]
    return etag in tags or "*" in tags
