"""Generated towns, and what tests ask of them. Authorizations see everything of a household."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.custodian.store.households import add_party
from wattshare.custodian.model.authorization import Authorization, State
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.sandbox.generate import Town, generate
from wattshare.custodian.sandbox.people import Premise, Resident
from wattshare.custodian.store.bills import Bill
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.days import day_of, midnight
from wattshare.espi.kinds import ALL_KINDS
from wattshare.espi.profile import PGE

# in the evening of 20 November 2026 at the utility
NOW = 1_795_240_000
TODAY = midnight(day_of(NOW, PGE.zone), PGE.zone)


@dataclass(frozen=True, kw_only=True)
class Built:
    """A town in a store."""

    store: Store
    residents: tuple[Resident, ...]
    # to read by: one for each household
    authorizations: dict[str, Authorization]

    def resident(self, slug: str) -> Resident:
        return next(each for each in self.residents if each.household.slug == slug)

    def premise(self, slug: str, number: int = 0) -> Premise:
        return self.resident(slug).premises[number]

    def channels(self, slug: str, number: int = 0) -> tuple[Channel, ...]:
        with self.store.read() as tx:
            return tx.readings.channels(self.premise(slug, number).usage_point.id)

    def blocks(self, slug: str, channel: int = 1, number: int = 0) -> list[Block]:
        """What the customer's authorization opens."""
        point = self.premise(slug, number).usage_point.id
        with self.store.read() as tx:
            return list(tx.readings.blocks(self.authorizations[slug], point, channel, None, NOW, PGE))

    def readings(self, slug: str, channel: int = 1, number: int = 0) -> Iterator[Reading]:
        return (reading for block in self.blocks(slug, channel, number) for reading in unpack(block))

    def bills(self, slug: str, number: int = 0) -> tuple[Bill, ...]:
        point = self.premise(slug, number).usage_point.id
        with self.store.read() as tx:
            return tx.bills.of(self.authorizations[slug], point, None, NOW, PGE)

    def used(self, slug: str, start: int, end: int, number: int = 0, flow: int = 1) -> int:
        """The sum of all readings of a stretch of days."""
        return sum(
            reading.value or 0
            for channel in self.channels(slug, number)
            if channel.reading_type.flow_direction == flow
            for block in self.blocks(slug, channel.number, number)
            # a gas day starts a second late
            if start <= block.start < end
            for reading in unpack(block)
        )


def build(store: Store, *, days: int, seed: int = 1, usage_points: int = 0) -> Built:
    """Generate a town, and let one third party see all of it."""
    town = Town(seed=seed, days=days, now=NOW, usage_points=usage_points, profile=PGE)
    residents = generate(store, town, lambda _done, _all: None)
    with store.begin() as tx:
        held = {each.household.slug: authorize(tx, each) for each in residents}
    return Built(store=store, residents=residents, authorizations=held)


def authorize(tx: Tx, resident: Resident) -> Authorization:
    """A third party that sees all that is the household's."""
    party = add_party(tx, f"Reader of {resident.household.slug}")
    held = Authorization(
        id=tx.authorizations.next_id(),
        third_party_id=party.id,
        state=State.ACTIVE,
        customer_id=resident.customer.id,
        kinds=ALL_KINDS,
        starts=0,
        floor=0,
        created_at=NOW,
        changed_at=NOW,
    )
    tx.authorizations.add(held, tuple((premise.usage_point.id, premise.agreement.id) for premise in resident.premises))
    return held
