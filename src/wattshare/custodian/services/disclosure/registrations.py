"""Entries about third parties and their authorizations. espi.xsd ApplicationInformation, Authorization."""

from dataclasses import dataclass

from wattshare.custodian.model.authorization import Authorization, State
from wattshare.custodian.model.authorization import Entry as EntryOf
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.services.disclosure.usage import entry
from wattshare.espi import scope, usage
from wattshare.espi.atom import Entry
from wattshare.espi.fields import SchemaSet
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import Profile

DAY = 86_400
MASK = "*" * 8
# espi.xsd DataCustodianApplicationStatus
STANDINGS = {Standing.REVIEW: 1, Standing.PRODUCTION: 2, Standing.SUSPENDED: 3, Standing.REVOKED: 4}
WEB = 1
# espi.xsd AuthorizationStatus; denied: nothing is given while the customer has paused it
REVOKED, ACTIVE, DENIED = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What only the third party itself may read of its registration."""

    client_secret: str
    registration_token: str


def application(addresses: Addresses, party: ThirdParty, credentials: Credentials, times: Times) -> Entry:
    """A registration, with the secrets that the schema demands in it."""
    href = addresses.application(party.application_id)
    return entry(
        addresses,
        f"{addresses.resources}/ApplicationInformation",
        href,
        "Application information",
        times,
        application_content(addresses, party, credentials),
    )


def application_content(
    addresses: Addresses, party: ThirdParty, credentials: Credentials
) -> usage.ApplicationInformation:
    """The espi element of a registration, in the order that PG&E's clients know."""
    profile, base = addresses.profile, addresses.base
    # the standard wants these addresses from everybody; who has none is given the custodian's own front page
    portal = party.portal_uri or base
    return usage.ApplicationInformation(
        data_custodian_id=profile.data_custodian_id,
        data_custodian_application_status=STANDINGS[party.standing],
        third_party_application_description=party.purpose or party.name,
        third_party_application_type=WEB,
        third_party_phone=party.phone or None,
        authorization_server_uri=base,
        third_party_notify_uri=party.notification_uri or portal,
        authorization_server_authorization_endpoint=addresses.authorize,
        authorization_server_token_endpoint=addresses.token,
        data_custodian_bulk_request_uri=addresses.bulk(party.id),
        data_custodian_resource_endpoint=addresses.resources,
        third_party_scope_selection_screen_uri=portal,
        third_party_user_portal_screen_uri=portal,
        client_secret=credentials.client_secret,
        client_name=party.name,
        redirect_uri=listed_redirects(profile, party) or (portal,),
        client_id=party.client_id,
        software_id="NA",
        software_version="NA",
        client_id_issued_at=party.registered_at,
        client_secret_expires_at=0,
        contacts=party.contacts,
        token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a method
        scope=(registered_scope(addresses, party),),
        grant_types=("authorization_code", "client_credentials", "refresh_token"),
        response_types="code",
        registration_client_uri=addresses.application(party.application_id),
        registration_access_token=credentials.registration_token,
        data_custodian_scope_selection_screen_uri=(f"{base}{profile.legacy_authorize}/?client_id={party.client_id}"),
    )


def listed_redirects(profile: Profile, party: ThirdParty) -> tuple[str, ...]:
    """The redirect URIs, as many as the profile's schema has room for: one before 2019."""
    return party.redirect_uris if profile.schema.has(SchemaSet.CERT_2019) else party.redirect_uris[:1]


def registered_scope(addresses: Addresses, party: ThirdParty) -> str:
    """Everything that the third party may ever be granted, as a scope string."""
    return scope.registered(
        party.kinds,
        party.service_kinds,
        history_seconds=party.history_days * DAY,
        third_party_id=party.id,
        profile=addresses.profile,
    ).write()


def authorization(
    addresses: Addresses, held: Authorization, party: ThirdParty, expires_at: int | None, at: int
) -> Entry:
    """One authorization, alive or ended."""
    return entry(
        addresses,
        addresses.authorizations(),
        addresses.authorization(held.id),
        "Authorization",
        Times(held.created_at, held.changed_at),
        authorization_content(addresses, held, party, expires_at, at),
    )


def authorization_content(
    addresses: Addresses, held: Authorization, party: ThirdParty, expires_at: int | None, at: int
) -> usage.Authorization:
    """The espi element of an authorization. Duration 0: no end."""
    end = held.ended_at if held.ended_at is not None else held.ends
    customer = held.kinds & {Kind.BASIC, Kind.ACCOUNT, Kind.PROGRAM_ENROLLMENT}
    return usage.Authorization(
        authorized_period=period(held.starts, end),
        published_period=period(held.floor, end),
        status=status_of(held, at),
        expires_at=expires_at if expires_at is not None else (end or 0),
        grant_type="authorization_code"
        if held.entry is EntryOf.CUSTOMER and not held.offline
        else "client_credentials",
        scope=held.scope,
        token_type="Bearer",  # noqa: S106 - the name of a type
        resource_uri=addresses.opens(held, party.application_id),
        authorization_uri=addresses.authorization(held.id),
        customer_resource_uri=addresses.opens_customer(held) if customer else None,
    )


def status_of(held: Authorization, at: int) -> int:
    """How an authorization stands, in the standard's numbers."""
    if held.state is State.ENDED or (held.ends is not None and held.ends <= at):
        return REVOKED
    return DENIED if held.state is State.PAUSED else ACTIVE


def period(start: int, end: int | None) -> usage.DateTimeInterval:
    """A stretch of time; without an end its duration is 0."""
    return usage.DateTimeInterval(duration=0 if end is None else max(end - start, 1), start=start)
