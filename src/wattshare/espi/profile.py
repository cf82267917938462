"""What varies by utility, as data. Taken as an argument wherever it matters; never asked for by name."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from wattshare.espi.fields import SchemaSet


@dataclass(frozen=True, kw_only=True)
class Metering:
    """How the intervals of one commodity are told. The numbers are those of espi.xsd's enumerations."""

    # ServiceCategory/kind of the usage point
    service_kind: int
    # ReadingType: CommodityKind, UnitSymbol, MeasurementKind, TimePeriodOfInterest
    commodity: int
    uom: int
    kind: int
    time_attribute: int
    power_of_ten_multiplier: int
    # seconds after local midnight at which a day's block starts
    day_offset: int = 0
    # PhaseCode sent where a usage point has none of its own; its ReadingTypeID prints it as absent
    phase: int | None = None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One utility's manners."""

    name: str
    # the official schemas that everything sent is valid by
    schema: SchemaSet

    # paths below the public base: no host, no trailing slash
    resource_root: str = "/GreenButtonConnect/espi/1_1/resource"
    # of what we add to the standard's resources
    own_root: str = "/GreenButtonConnect/wattshare/1"
    oauth_root: str = "/datacustodian/oauth/v2"
    test_oauth_root: str = "/datacustodian/test/oauth/v2"
    # the authorize endpoint's other address, with or without a trailing slash
    legacy_authorize: str = "/myAuthorization"

    # ApplicationInformation/dataCustodianId, and the last term of a granted scope
    data_custodian_id: str
    # days are this zone's days, from midnight to midnight
    time_zone: str = "America/Los_Angeles"
    # ISO 4217 number
    currency: int = 840
    # QualityOfReading of intervals that say nothing else: validated
    default_quality: int = 17
    meterings: tuple[Metering, ...] = (
        Metering(
            service_kind=0,
            commodity=1,
            uom=72,
            kind=12,
            time_attribute=0,
            power_of_ten_multiplier=-3,
            phase=769,
        ),
        Metering(
            service_kind=1,
            commodity=7,
            uom=169,
            kind=12,
            time_attribute=11,
            power_of_ten_multiplier=-8,
            day_offset=1,
        ),
    )

    # atom:id is `urn:uuid:…` rather than the bare UUID
    urn_ids: bool
    # elements carry `ns1:` and `ns0:` rather than default namespaces
    prefixed: bool
    # published-max ends before the block that starts at it, rather than after it
    half_open_windows: bool
    # an empty window is 204 rather than an empty feed
    empty_is_204: bool
    # start-index, max-results and depth must be numbers, though feeds are sent whole, rather than anything
    paging_is_read: bool
    usage_feed_title: str = "Usage and billing"
    customer_feed_title: str = "Customer information"

    # function blocks that every granted scope starts with
    always_blocks: tuple[int, ...] = (1, 3, 8, 13, 14, 18, 19, 31, 32, 35, 37, 38, 39, 40)
    # and those that follow, in this order, by what is shared
    shared_blocks: tuple[int, ...] = (4, 5, 10, 15, 16, 46, 47)
    # how far back a third party may ask where its registration says nothing else
    history_seconds: int = 126_144_000

    # life of an authorization code, without and with PKCE
    code_seconds: int
    pkce_code_seconds: int = 60
    # the keys of a client token in the token answer; all carry the same value
    client_token_keys: tuple[str, ...]
    # GET at the token endpoint is 405; else 401 without valid Basic credentials and 400 with them
    token_get_is_405: bool
    # status of the page shown for an unknown client or redirect URI at the authorize endpoint
    authorize_page_status: int
    # what a missing or wrong response_type is called in the redirect
    wrong_response_type: str
    # unknown scope terms are refused with invalid_scope, rather than shown as a warning
    strict_scope: bool

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of its days."""
        return ZoneInfo(self.time_zone)

    @property
    def function_blocks(self) -> tuple[int, ...]:
        """Every function block that a scope of this profile can hold, in the order of printing."""
        return self.always_blocks + self.shared_blocks

    def metering(self, service_kind: int) -> Metering | None:
        """How intervals of that service are told; None where the profile has no manner for it."""
        return next((known for known in self.meterings if known.service_kind == service_kind), None)


PGE = Profile(
    name="PGE",
    schema=SchemaSet.PGE_2018,
    data_custodian_id="PGE",
    urn_ids=False,
    prefixed=True,
    half_open_windows=False,
    empty_is_204=True,
    paging_is_read=False,
    code_seconds=600,
    client_token_keys=("client_access_token", "access_token"),
    token_get_is_405=True,
    authorize_page_status=400,
    wrong_response_type="invalid_request",
    strict_scope=False,
)

STANDARD = Profile(
    name="STANDARD",
    schema=SchemaSet.ESPI_4_0,
    data_custodian_id="wattshare",
    urn_ids=True,
    prefixed=False,
    half_open_windows=True,
    empty_is_204=False,
    paging_is_read=True,
    code_seconds=300,
    client_token_keys=("access_token",),
    token_get_is_405=False,
    authorize_page_status=401,
    wrong_response_type="unsupported_response_type",
    strict_scope=True,
)

PROFILES = {profile.name: profile for profile in (PGE, STANDARD)}
