"""What a customer shares, with whom, and what has ended."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.premises import Service
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.store.trail import TrailEntry
from wattshare.espi.endpoints import by_name
from wattshare.espi.kinds import Kind

# how many looks are shown of each, and how many lines are read for those by files for many customers
LOOKS, BULK_LINES = 20, 400


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


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The customer's own view of every authorization."""

    store: Store
    now: Clock

    def cards(self, customer_id: int) -> tuple[Card, ...]:
        """Every authorization of a customer, the newest first."""
        with self.store.read(Purpose.PEOPLE) as tx:
            by_agreement = {service.agreement.id: service for service in tx.customers.services(customer_id)}
            names = {party.id: party.name for party in tx.parties.every()}
            return tuple(
                Card(
                    id=held.id,
                    third_party_id=held.third_party_id,
                    name=names[held.third_party_id],
                    state=held.state,
                    kinds=held.kinds,
                    services=tuple(
                        by_agreement[agreement]
                        for _, agreement in tx.authorizations.shared(held.id)
                        if agreement in by_agreement
                    ),
                    starts=held.starts,
                    ends=held.ends,
                    ended_at=held.ended_at,
                    ending=held.ending,
                    partner=partner_name(tx, held, names),
                    looks=looks(tx, held),
                )
                for held in sorted(tx.authorizations.of_customer(customer_id), key=lambda held: held.id, reverse=True)
            )


def partner_name(tx: Tx, held: Authorization, names: Mapping[int, str]) -> str | None:
    """The name of the partner whose authorization ends with this one."""
    if held.state is State.ENDED:
        return None
    brought = tx.authorizations.partner_of(held.id)
    return None if brought is None or brought.state is State.ENDED else names[brought.third_party_id]


def looks(tx: Tx, held: Authorization) -> tuple[Look, ...]:
    """When a third party last took the data of an authorization, and which: by itself, or in a file for many."""
    own = (entry for entry in tx.trail.looks(held.id, LOOKS) if carries(entry, held))
    found = [look(entry, held) for entry in (*own, *fetched_in_bulk(tx, held))]
    return tuple(sorted(found, key=lambda one: -one.at)[:LOOKS])


def fetched_in_bulk(tx: Tx, held: Authorization) -> Iterator[TrailEntry]:
    """The fetches of files for many that hold this authorization's data."""
    entries = tx.trail.bulk_files(held.third_party_id, BULK_LINES)
    holding = {version_of(entry) for entry in entries if is_in(held, entry)}
    return (entry for entry in entries if entry.event == "batch_fetched" and version_of(entry) in holding)


def is_in(held: Authorization, entry: TrailEntry) -> bool:
    """Whether a file was made with an authorization's data in it."""
    members = entry.detail.get("authorizations")
    return entry.event == "batch_made" and isinstance(members, list) and held.id in members


def version_of(entry: TrailEntry) -> tuple[object, object]:
    """Which file an entry is about."""
    return entry.detail.get("part"), entry.detail.get("version")


def carries(entry: TrailEntry, held: Authorization) -> bool:
    """Whether an answer had a kind of data in it, and was not about the authorization itself."""
    return bool(entry.count) and not by_name(entry.endpoint or "").kinds.isdisjoint(held.kinds)


def look(entry: TrailEntry, held: Authorization) -> Look:
    """An entry of the trail as its customer reads it."""
    return Look(at=entry.at, kinds=by_name(entry.endpoint or "").kinds & held.kinds)
