"""A customer who shares has moved in somewhere: they are asked once whether that home is shared too."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wattshare.custodian.model.authorization import STANDING, Authorization, Ending, State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.delegation import THEMSELVES, Actor
from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.model.messages import MessageKind, Way
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.model.premises import Service
from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.directory import is_listed
from wattshare.custodian.services.messages import Messages
from wattshare.custodian.services.overview import name_of
from wattshare.custodian.services.receipts import address
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose

DAY, HOUR = 86_400, 3_600
# a home that is older is no news
NEW_DAYS = 60
# questions of one round, and of one customer on a page
ASKED, SHOWN = 500, 50
# the calendar's name of the hourly round
ROUND = "new homes"


@dataclass(frozen=True, kw_only=True)
class App:
    """Who could see a new home too."""

    authorization_id: int
    name: str
    # what of the home it may ask for
    agreement_ids: tuple[int, ...] = ()
    third_party_id: int = 0
    # of one whose permission has ended: whether the customer can start at it from here
    listed: bool = False


@dataclass(frozen=True, kw_only=True)
class NewHome:
    """One address with what began there, and the apps that could see it too."""

    services: tuple[Service, ...]
    asked_at: int
    apps: tuple[App, ...]
    # those that saw a former home until the customer moved out: they have to ask again
    former: tuple[App, ...] = ()

    @property
    def id(self) -> int:
        """The first of its agreements, which names it."""
        return self.services[0].agreement.id

    @property
    def agreement_ids(self) -> tuple[int, ...]:
        """All of them."""
        return tuple(service.agreement.id for service in self.services)


@dataclass(frozen=True, kw_only=True)
class Homes:
    """Asks, and takes the answer."""

    store: Store
    now: Clock
    consent: Consent
    messages: Messages
    # where a customer's own page is
    portal: str

    def run_due(self) -> int:
        """Ask everybody who has moved in, once an hour. How many questions."""
        at = self.now()
        with self.store.begin() as tx:
            following = tx.daily.next_run(ROUND, ROUND)
            if following is not None and at < following:
                return 0
            tx.daily.set_next_run(ROUND, ROUND, at + HOUR)
        return self.ask()

    def ask(self) -> int:
        """Ask everybody who has moved in. How many questions."""
        at, asked = self.now(), 0
        while True:
            with self.store.begin(Purpose.PEOPLE) as tx:
                found = tx.homes.moved_in(at - NEW_DAYS * DAY, at, ASKED)
                fresh = [pair for pair in found if tx.homes.ask(*pair, at)]
                for customer_id in dict.fromkeys(customer for customer, _ in fresh):
                    self._write(tx, customer_id, {number for customer, number in fresh if customer == customer_id})
            asked += len(fresh)
            if not fresh:
                return asked

    def _write(self, tx: Tx, customer_id: int, agreement_ids: set[int]) -> None:
        if not self.messages.can(Way.MAIL):
            return
        every = tx.authorizations.of_customer(customer_id)
        parties = [party for number in {held.third_party_id for held in every} if (party := tx.parties.by_id(number))]
        mine = [
            one
            for one in tx.customers.services(customer_id)
            if one.agreement.id in agreement_ids and any(asked_for(party, (one,)) for party in parties)
        ]
        if not mine:
            # no app of theirs asks for what began
            return
        places = dict.fromkeys(filter(None, (address(service) for service in mine)))
        goes_on = any(held.state in STANDING for held in every)
        facts: dict[str, str | int] = {
            "homes": "; ".join(places),
            "former": 0 if goes_on else 1,
            "link": f"{self.portal}/sharing?tab=waiting",
        }
        self.messages.put(tx, customer_id, MessageKind.NEW_HOME, facts)

    def open(self, customer_id: int) -> tuple[NewHome, ...]:
        """The new homes of which a customer has not said anything yet."""
        at = self.now()
        with self.store.read(Purpose.PEOPLE) as tx:
            asked = tx.homes.open(customer_id, SHOWN)
            if not asked:
                return ()
            services = tx.customers.services(customer_id)
            running = [one for one in services if one.agreement.id in asked and one.agreement.covers(at)]
            homes = (self._home(tx, customer_id, group, asked) for group in by_place(running))
            # nobody is left to share it with
            return tuple(home for home in homes if home.apps or home.former)

    def _home(self, tx: Tx, customer_id: int, services: tuple[Service, ...], asked: dict[int, int]) -> NewHome:
        numbers = {service.agreement.id for service in services}
        apps = tuple(
            App(authorization_id=held.id, name=name_of(tx, held.third_party_id), agreement_ids=open_to)
            for held in tx.authorizations.of_customer(customer_id)
            if held.primary_id is None and (open_to := self._could_see(tx, held, services))
        )
        asked_at = max(asked[number] for number in numbers)
        return NewHome(
            services=services,
            asked_at=asked_at,
            apps=apps,
            former=tuple(self._former(tx, customer_id, asked_at, services)),
        )

    def _former(self, tx: Tx, customer_id: int, asked_at: int, services: tuple[Service, ...]) -> Iterator[App]:
        """The apps whose permission ended when the customer moved out, not long before, and that have no other."""
        every = tx.authorizations.of_customer(customer_id)
        again = {held.third_party_id for held in every if held.state is not State.ENDED}
        for held in every:
            ended = held.ending is Ending.MOVED_OUT and (held.ended_at or 0) > asked_at - NEW_DAYS * DAY
            party = tx.parties.by_id(held.third_party_id)
            if not ended or party is None or held.primary_id is not None or party.id in again:
                continue
            again.add(party.id)
            if party.standing is Standing.PRODUCTION and asked_for(party, services):
                yield App(authorization_id=held.id, name=party.name, third_party_id=party.id, listed=is_listed(party))

    def _could_see(self, tx: Tx, held: Authorization, services: tuple[Service, ...]) -> tuple[int, ...]:
        """What the app of a permission asks for of it; nothing unless the permission stands and does not have all."""
        party = tx.parties.by_id(held.third_party_id)
        if party is None or party.standing is not Standing.PRODUCTION or not held.stands(self.now()):
            return ()
        asked = asked_for(party, services)
        return () if set(asked) <= {agreement for _, agreement in tx.authorizations.shared(held.id)} else asked

    def one(self, customer_id: int, agreement_id: int) -> NewHome:
        """One of them, by an agreement there.

        Raises:
            Unknown: the customer is not asked about it, or not any more.
        """
        found = next((home for home in self.open(customer_id) if agreement_id in home.agreement_ids), None)
        if found is None:
            raise Unknown
        return found

    def answer(
        self, customer_id: int, agreement_id: int, authorization_ids: Iterable[int], actor: Actor = THEMSELVES
    ) -> int:
        """Share a new home with the apps that are named, or with none. How many apps see it now.

        Raises:
            Unknown: the customer is not asked about it, or not any more.
        """
        home = self.one(customer_id, agreement_id)
        apps = {app.authorization_id: app for app in home.apps}
        wanted = apps.keys() & set(authorization_ids)
        for number in sorted(wanted):
            self.consent.add_services(number, customer_id, apps[number].agreement_ids, actor)
        # last, so that who is interrupted is still asked
        with self.store.begin() as tx:
            tx.homes.answer(customer_id, home.agreement_ids, self.now())
        return len(wanted)


def asked_for(party: ThirdParty, services: Iterable[Service]) -> tuple[int, ...]:
    """The agreements among services that a third party may ask for."""
    return tuple(one.agreement.id for one in services if party.asks_for(one.usage_point.commodity))


def by_place(services: Iterable[Service]) -> list[tuple[Service, ...]]:
    """Services that stand at one address, together."""
    found: dict[object, list[Service]] = {}
    for service in services:
        place = service.usage_point.location_id
        found.setdefault(("alone", service.agreement.id) if place is None else place, []).append(service)
    return [tuple(group) for group in found.values()]
