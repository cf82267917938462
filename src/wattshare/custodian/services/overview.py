"""What a customer shares, with whom, and what has ended."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.parties import Standing
from wattshare.custodian.model.premises import Service
from wattshare.custodian.model.texts import cut
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.store.trail import TrailEntry
from wattshare.espi.endpoints import by_name
from wattshare.espi.kinds import Kind

# how many looks are shown of each, and how many lines are read for those by files for many customers
LOOKS, BULK_LINES = 20, 400
# permissions on a page
CARDS = 10


@dataclass(frozen=True, kw_only=True)
class Look:
    """A third party took data."""

    at: int
    kinds: frozenset[Kind]


@dataclass(frozen=True, kw_only=True)
class Card:
    """One authorization as its customer sees it."""

    id: int
    third_party_id: int
    name: str
    state: State
    kinds: frozenset[Kind]
    services: tuple[Service, ...]
    starts: int
    ends: int | None
    ended_at: int | None
    ending: Ending | None
    # the third party that came with this one, and loses its own when this one ends
    partner: str | None = None
    # the newest first
    looks: tuple[Look, ...] = ()
    # of somebody else's, they may speak of other homes; then they are for who gave it alone
    looks_told: bool = True
    # the permission that this one came with
    primary_id: int | None = None
    # since when it is paused; None: it is not
    paused_at: int | None = None
    # whether the third party may do nothing at present, whoever shares with it
    suspended: bool = False
    # whether there are receipts of it: of what is older there are none
    receipts: bool = True
    # who gave it, where that is somebody else who holds the account too
    giver: str | None = None
    # where the third party can be reached
    portal_uri: str | None = None
    support: str = ""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The customer's own view of every authorization."""

    store: Store
    now: Clock

    def page(self, customer_id: int, *, ended: bool, before: int | None = None) -> "Page":
        """Some of a customer's permissions, the newest first: what has ended, or what has not."""
        with self.store.read(Purpose.PEOPLE) as tx:
            together = tx.holders.together(customer_id, self.now())
            found = tx.authorizations.page(customer_id, ended=ended, before=before, most=CARDS + 1, together=together)
            services = {service.agreement.id: service for service in tx.customers.services(customer_id)}
            cards = (
                card(tx, held, services)
                if held.customer_id == customer_id
                else others_card(tx, held, services, together)
                for held in found[:CARDS]
            )
            shown = tuple(one for one in cards if one is not None)
        return Page(cards=shown, before=found[CARDS - 1].id if len(found) > CARDS else None)

    def card(self, customer_id: int, authorization_id: int) -> Card | None:
        """One of a customer's permissions; None where it is nobody's or somebody else's."""
        with self.store.read(Purpose.PEOPLE) as tx:
            held = tx.authorizations.by_id(authorization_id)
            if held is None or held.customer_id != customer_id:
                return None
            return card(tx, held, {service.agreement.id: service for service in tx.customers.services(customer_id)})

    def others(self, customer_id: int, authorization_id: int) -> Card | None:
        """A permission of somebody who holds an account together with a customer, as far as it is of that account.

        None where it has ended, or is nothing to the customer.
        """
        with self.store.read(Purpose.PEOPLE) as tx:
            held = tx.authorizations.by_id(authorization_id)
            if held is None or held.customer_id == customer_id or held.state is State.ENDED:
                return None
            services = {service.agreement.id: service for service in tx.customers.services(customer_id)}
            return others_card(tx, held, services, tx.holders.together(customer_id, self.now()))

    def shown(self, customer_id: int, authorization_id: int) -> Card | None:
        """One of the permissions on a customer's page: their own, or of who holds an account together with them."""
        if (own := self.card(customer_id, authorization_id)) is not None:
            return own
        with self.store.read(Purpose.PEOPLE) as tx:
            held = tx.authorizations.by_id(authorization_id)
            if held is None:
                return None
            services = {service.agreement.id: service for service in tx.customers.services(customer_id)}
            return others_card(tx, held, services, tx.holders.together(customer_id, self.now()))

    def holders(self, customer_id: int, agreement_ids: Collection[int]) -> tuple[str, ...]:
        """Who else holds the accounts of some agreements of a customer's now: their names."""
        with self.store.read(Purpose.PEOPLE) as tx:
            together = tx.holders.together(customer_id, self.now())
            if not together:
                return ()
            services = tx.customers.services(customer_id)
            accounts = {one.account.id for one in services if one.agreement.id in agreement_ids} & together.keys()
            holding = tx.holders.at(accounts, self.now()).values()
            others = dict.fromkeys(who for holders in holding for who in holders if who != customer_id)
            return tuple(customer_name(tx, who) for who in others)

    def shares_with(self, customer_id: int, third_party_id: int) -> bool:
        """Whether a customer shares something with a third party."""
        with self.store.read() as tx:
            return bool(tx.authorizations.standing(third_party_id, customer_id))

    def standing(self, customer_id: int, authorization_id: int) -> Card | None:
        """The same, where it has not ended."""
        found = self.card(customer_id, authorization_id)
        return None if found is None or found.state is State.ENDED else found


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some cards; where there are more, those before an id."""

    cards: tuple[Card, ...]
    before: int | None


def card(tx: Tx, held: Authorization, services: Mapping[int, Service]) -> Card:
    """A permission as its customer sees it."""
    shared = (agreement for _, agreement in tx.authorizations.shared(held.id))
    party = tx.parties.by_id(held.third_party_id)
    return Card(
        id=held.id,
        third_party_id=held.third_party_id,
        name="" if party is None else party.name,
        portal_uri=None if party is None else party.portal_uri,
        support="" if party is None else party.support,
        state=held.state,
        kinds=held.kinds,
        services=tuple(services[agreement] for agreement in shared if agreement in services),
        starts=held.starts,
        ends=held.ends,
        ended_at=held.ended_at,
        ending=held.ending,
        partner=partner_of(tx, held),
        looks=looks(tx, held),
        primary_id=held.primary_id,
        paused_at=held.changed_at if held.state is State.PAUSED else None,
        suspended=party is not None and party.standing is Standing.SUSPENDED,
        receipts=tx.receipts.any_of(held.id if held.primary_id is None else held.primary_id, held.id),
    )


def partner_of(tx: Tx, held: Authorization) -> str | None:
    """The name of the third party that gets the same: with the code it begins, until then it is to come."""
    if held.state is not State.CONSENTED:
        return partner_name(tx, held)
    party = tx.parties.by_id(held.third_party_id)
    return None if party is None or party.partner_id is None else name_of(tx, party.partner_id)


def others_card(
    tx: Tx, held: Authorization, services: Mapping[int, Service], together: Mapping[int, int]
) -> Card | None:
    """A permission as somebody else sees it who holds accounts together with its customer; None: not at all.

    `services`: all of theirs. `together`: the accounts, and since when they hold them. Homes of other accounts are left
    out, and so is what could speak of them.
    """
    shared = {agreement for _, agreement in tx.authorizations.shared(held.id)}
    seen = {
        number: service
        for number, service in services.items()
        if number in shared
        and service.account.id in together
        and (held.ended_at is None or held.ended_at > together[service.account.id])
    }
    if held.customer_id is None or not seen:
        return None
    shown = card(tx, held, seen)
    # while they hold all of it, and since it was last for something else
    since = max(together[service.account.id] for service in seen.values())
    changed = max((entry.at for entry in tx.trail.terms(held.id)[1:]), default=-1)
    whole = shared <= seen.keys()
    told = tuple(one for one in shown.looks if whole and one.at >= since and one.at > changed)
    return replace(
        shown,
        giver=customer_name(tx, held.customer_id),
        looks=told,
        # that there was none is said where there was none at all
        looks_told=whole and (bool(told) or not shown.looks),
    )


def customer_name(tx: Tx, customer_id: int) -> str:
    """A customer's name, fit to be shown."""
    customer = tx.customers.customer(customer_id)
    return "" if customer is None else cut(customer.name)


def name_of(tx: Tx, third_party_id: int) -> str:
    """A third party's name."""
    party = tx.parties.by_id(third_party_id)
    return "" if party is None else party.name


def partner_name(tx: Tx, held: Authorization) -> str | None:
    """The name of the partner whose authorization ends with this one."""
    if held.state is State.ENDED:
        return None
    brought = tx.authorizations.partner_of(held.id)
    return None if brought is None or brought.state is State.ENDED else name_of(tx, brought.third_party_id)


def looks(tx: Tx, held: Authorization) -> tuple[Look, ...]:
    """When a third party last took the data of an authorization, and which: by itself, or in a file for many."""
    terms = terms_of(tx, held)
    entries = (*tx.trail.looks(held.id, LOOKS), *fetched_in_bulk(tx, held))
    found = [Look(at=entry.at, kinds=kinds) for entry in entries if (kinds := carried(entry, terms, held))]
    return tuple(sorted(found, key=lambda one: -one.at)[:LOOKS])


def terms_of(tx: Tx, held: Authorization) -> list[tuple[int, frozenset[Kind]]]:
    """What an authorization was for, from which entry of the trail on."""
    return [(entry.id, frozenset(kinds_in(entry))) for entry in tx.trail.terms(held.id)]


def kinds_in(entry: TrailEntry) -> Iterator[Kind]:
    """The kinds that an entry names."""
    named = entry.detail.get("kinds")
    return (Kind(name) for name in named) if isinstance(named, list) else iter(())


def carried(entry: TrailEntry, terms: list[tuple[int, frozenset[Kind]]], held: Authorization) -> frozenset[Kind]:
    """The kinds of data that an answer had in it, as far as they were shared then; none where it had none."""
    if not entry.count:
        return frozenset()
    then = next((kinds for since, kinds in reversed(terms) if since < entry.id), held.kinds)
    return by_name(entry.endpoint or "").kinds & then


def fetched_in_bulk(tx: Tx, held: Authorization) -> Iterator[TrailEntry]:
    """The fetches of files for many that hold this authorization's data."""
    entries = tx.trail.bulk_files(held.third_party_id, BULK_LINES)
    holding = {version_of(entry) for entry in entries if is_in(held, entry)}
    return (entry for entry in entries if entry.event == "batch_fetched" and version_of(entry) in holding)


def last_in_bulk(tx: Tx, third_party_id: int) -> dict[int, int]:
    """When a file for many with each authorization in it was last fetched, as far back as is looked."""
    entries = tx.trail.bulk_files(third_party_id, BULK_LINES)
    fetched: dict[tuple[object, object], int] = {}
    for entry in entries:
        if entry.event == "batch_fetched":
            fetched[version_of(entry)] = max(entry.at, fetched.get(version_of(entry), 0))
    found: dict[int, int] = {}
    for entry in entries:
        at, members = fetched.get(version_of(entry)), entry.detail.get("authorizations")
        if entry.event == "batch_made" and at is not None and isinstance(members, list):
            found.update({one: max(at, found.get(one, 0)) for one in members})
    return found


def is_in(held: Authorization, entry: TrailEntry) -> bool:
    """Whether a file was made with an authorization's data in it."""
    members = entry.detail.get("authorizations")
    return entry.event == "batch_made" and isinstance(members, list) and held.id in members


def version_of(entry: TrailEntry) -> tuple[object, object]:
    """Which file an entry is about."""
    return entry.detail.get("part"), entry.detail.get("version")
