"""The sandbox's third parties: one of every user type, with certificates, and their registered addresses."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from wattshare.custodian.house import House
from wattshare.custodian.model.parties import Role, ThirdParty, UserType
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.sandbox.equipment import authority_of, put
from wattshare.custodian.sandbox.home import Home
from wattshare.custodian.services.registration import Wish
from wattshare.espi.kinds import ALL_KINDS, Kind

FOLDER = "third-parties"
USAGE_AND_BILLING = frozenset({Kind.USAGE, Kind.BILLING})
SELF = frozenset({Kind.USAGE, Kind.BILLING, Kind.BASIC, Kind.ACCOUNT})


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """A third party that registers, how its people sign in, and whose consent on paper it has."""

    wish: Wish
    login: str
    # households
    authorized_by: tuple[str, ...] = ()


APPLICANTS = (
    Applicant(
        wish=Wish(
            name="Harbor Home Energy",
            role=Role.PRIMARY,
            partner="Lumen Insights",
            kinds_required=USAGE_AND_BILLING,
            kinds_optional=ALL_KINDS - USAGE_AND_BILLING,
            visible=True,
            purpose="Shows you where your energy goes, and what it costs.",
            phone="555-0140",
            support="help@harbor.example",
            contacts=("integration@harbor.example",),
        ),
        login="harbor@example.com",
    ),
    Applicant(
        wish=Wish(
            name="Maple Street Solar",
            kinds_required=frozenset({Kind.USAGE}),
            kinds_optional=frozenset({Kind.BILLING, Kind.BASIC}),
            # a roof has nothing to do with gas
            commodities=frozenset({Commodity.ELECTRICITY}),
            visible=True,
            purpose="Works out how large a roof's solar system should be.",
            phone="555-0141",
            support="hello@maplestreet.example",
            contacts=("team@maplestreet.example",),
        ),
        login="maple@example.com",
    ),
    Applicant(
        wish=Wish(
            name="Lumen Insights",
            role=Role.PARTNER,
            kinds_required=frozenset({Kind.USAGE}),
            kinds_optional=ALL_KINDS - {Kind.USAGE},
            purpose="Analyses usage for Harbor Home Energy.",
            phone="555-0142",
            support="help@lumen.example",
            contacts=("data@lumen.example",),
        ),
        login="lumen@example.com",
    ),
    Applicant(
        wish=Wish(
            name="Gale's Own Meter Log",
            user_type=UserType.SELF_ACCESS,
            kinds_required=SELF,
            purpose="A customer's own copy of what her meters say.",
            phone="555-0143",
            contacts=("gale@example.com",),
        ),
        login="meterlog@example.com",
        authorized_by=("gas_and_electric",),
    ),
    Applicant(
        wish=Wish(
            name="Greenleaf Lending",
            user_type=UserType.EE_FINANCE,
            kinds_required=USAGE_AND_BILLING,
            kinds_optional=frozenset({Kind.BASIC, Kind.ACCOUNT}),
            purpose="Finances what saves energy, by what it has saved.",
            phone="555-0144",
            support="555-0154",
            contacts=("api@greenleaf.example",),
        ),
        login="greenleaf@example.com",
    ),
    Applicant(
        wish=Wish(
            name="Riverton Choice Energy",
            user_type=UserType.CCA,
            kinds_required=SELF,
            kinds_optional=frozenset({Kind.PROGRAM_ENROLLMENT}),
            purpose="The town's own supplier of electricity.",
            phone="555-0145",
            contacts=("desk@rivertonchoice.example",),
        ),
        login="choice@example.com",
        authorized_by=("solar", "electric_car"),
    ),
)


def register(house: House, home: Home, receiver: str) -> None:
    """Register all of them, each with a certificate of the sandbox's authority."""
    authority = authority_of(home)
    base = house.settings.public_base
    for applicant in APPLICANTS:
        name = applicant.wish.name
        issued = authority.issue(name, datetime.now(UTC))
        first = replace(
            applicant.wish,
            # a partner has to be there before it is named, and a number before it is in an address
            partner=None,
            redirect_uris=(callback(base, "new"),) if redirected(applicant.wish) else (),
            certificate=issued.certificate.decode(),
        )
        party = house.registration.register(first).party
        put(home, str(certificate_of(party).with_suffix("")), issued)
    for applicant in APPLICANTS:
        settle(house, applicant.wish.name, applicant.wish.partner, base, receiver)


def settle(house: House, name: str, partner: str | None, base: str, receiver: str) -> None:
    """Let a third party be at the sandbox itself: where customers come back to, where notices go."""
    party = house.registration.show(name).party
    wish = house.registration.wish(party)
    house.registration.change(
        name,
        replace(
            wish,
            partner=partner,
            redirect_uris=(callback(base, str(party.id)),) if redirected(wish) else (),
            portal_uri=f"{base}/sandbox/portal/{party.id}",
            notification_uri=f"{receiver}/sandbox/notices/{party.id}",
        ),
    )


def move(house: House, before: tuple[str, str], after: tuple[str, str]) -> None:
    """Let all that is registered at the sandbox's former base and receiver be at the present ones."""
    for party in house.registration.every():
        wish = house.registration.wish(party)
        moved = replace(
            wish,
            redirect_uris=tuple(moved_uri(uri, before, after) for uri in wish.redirect_uris),
            portal_uri=wish.portal_uri and moved_uri(wish.portal_uri, before, after),
            notification_uri=wish.notification_uri and moved_uri(wish.notification_uri, before, after),
        )
        if moved != wish:
            house.registration.change(party.name, moved)


def moved_uri(uri: str, before: tuple[str, str], after: tuple[str, str]) -> str:
    """An address in its new place, where it is one of the sandbox's own."""
    for old, new in zip(before, after, strict=True):
        if uri.startswith(f"{old}/sandbox/"):
            return new + uri.removeprefix(old)
    return uri


def redirected(wish: Wish) -> bool:
    """Whether customers come back to it from a consent page of its own."""
    return wish.user_type.uses_oauth and wish.role is not Role.PARTNER


def callback(base: str, third_party: str) -> str:
    """A redirect URI that the sandbox answers itself."""
    return f"{base}/sandbox/callback/{quote(third_party, safe='')}"


def certificate_of(party: ThirdParty) -> Path:
    """Where its client certificate is, below the home; its key is beside it."""
    return Path(FOLDER) / str(party.id) / "client.pem"
