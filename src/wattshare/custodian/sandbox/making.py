"""A home from nothing: keys, town, third parties, people's ways in. It counts as made when all of it is there."""

import secrets
from collections.abc import Iterable, Iterator

from wattshare.custodian.app import assemble, profile_of
from wattshare.custodian.clocks import clock_of
from wattshare.custodian.house import House
from wattshare.custodian.installation import store_of
from wattshare.custodian.model.premises import Login
from wattshare.custodian.sandbox.equipment import receiver_of
from wattshare.custodian.sandbox.generate import Progress, Town, generate
from wattshare.custodian.sandbox.home import Home, Made
from wattshare.custodian.sandbox.households import SHOPS
from wattshare.custodian.sandbox.parties import APPLICANTS, register
from wattshare.custodian.sandbox.people import Resident
from wattshare.custodian.sandbox.telling import Secrets
from wattshare.custodian.services.signin import hashed
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.purposes import Purpose

OPERATOR = "operator"


def make(
    home: Home,
    settings: Settings,
    *,
    seed: int,
    days: int,
    usage_points: int,
    progress: Progress,
    services: int = SHOPS,
) -> None:
    """Fill a home that has its keys, certificates, settings and clock."""
    store = store_of(settings)
    now = clock_of(home.path, sandbox=True)
    receiver = receiver_of(settings)
    try:
        store.upgrade()
        town = Town(
            seed=seed,
            days=days,
            now=now(),
            usage_points=usage_points,
            services=services,
            profile=profile_of(settings),
        )
        residents = generate(store, town, progress)
        house = assemble(settings, store, now)
        register(house, home, receiver)
        authorize(house, residents)
        let_in(house, home, residents)
    finally:
        store.close()
    home.finish(
        Made(
            seed=seed,
            days=days,
            usage_points=usage_points,
            base=settings.public_base,
            receiver=receiver,
        )
    )


def authorize(house: House, residents: Iterable[Resident]) -> None:
    """Write down the consents that were given on paper."""
    by_slug = {resident.household.slug: resident for resident in residents}
    for applicant in APPLICANTS:
        for slug in applicant.authorized_by:
            points = tuple(premise.usage_point.id for premise in by_slug[slug].premises)
            house.consent.add_offline(applicant.wish.name, points, None, None)


def let_in(house: House, home: Home, residents: Iterable[Resident]) -> None:
    """Give everybody a login and a fresh password."""
    residents = tuple(residents)
    third_parties = {each.wish.name: signs_in(each.login) for each in APPLICANTS}
    people = {slug: (customer_id, login) for each in residents for slug, customer_id, login in people_of(each)}
    customers = {slug: signs_in(login) for slug, (_, login) in people.items()}
    accounts = {
        each.household.slug: {
            "account_number": each.account.number,
            "phone": each.account.phone,
            "usage_points": [premise.usage_point.id for premise in each.premises],
        }
        for each in residents
    }
    # argon2 takes its time: not while the database waits
    hashes = {told["login"]: hashed(told["password"]) for told in (*third_parties.values(), *customers.values())}
    with house.store.begin(Purpose.INTAKE) as tx:
        for customer_id, login in people.values():
            tx.customers.add_login(Login(customer_id=customer_id, login=login, password_hash=hashes[login]))
        for applicant in APPLICANTS:
            party = tx.parties.by_name(applicant.wish.name)
            if party is None:
                raise LookupError(f"{applicant.wish.name} is not registered")
            tx.parties.add_login(party.id, applicant.login, hashes[applicant.login])
    Secrets(operator=signs_in(OPERATOR), third_parties=third_parties, customers=customers, accounts=accounts).keep(home)


def people_of(resident: Resident) -> Iterator[tuple[str, int, str]]:
    """Slug, customer and login of everybody of a household who signs in."""
    yield resident.household.slug, resident.customer.id, resident.household.login
    if resident.partner is not None and resident.household.partner is not None:
        yield resident.household.partner.slug, resident.partner.id, resident.household.partner.login


def signs_in(login: str) -> dict[str, str]:
    """A login with a password that nobody has had before."""
    return {"login": login, "password": secrets.token_urlsafe(12)}
