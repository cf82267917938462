"""Third parties: who asks for data."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.work import OPTIONAL_KINDS, NoticeKind
from wattshare.espi.function_blocks import ELECTRICITY, GAS
from wattshare.espi.kinds import Kind


class UserType(StrEnum):
    """What a third party registered as."""

    STANDARD = "standard"
    SELF_ACCESS = "self_access"
    EE_FINANCE = "ee_finance"
    CCA = "cca"

    @property
    def uses_oauth(self) -> bool:
        """Self Access and community choice aggregators act on the client token alone."""
        return self in (UserType.STANDARD, UserType.EE_FINANCE)


class Role(StrEnum):
    """Place of a third party in a consent."""

    STANDALONE = "standalone"
    PRIMARY = "primary"
    PARTNER = "partner"


class Standing(StrEnum):
    """State of a registration; values as ApplicationInformation's dataCustodianApplicationStatus names them."""

    REVIEW = "review"
    PRODUCTION = "production"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


# what may follow what
MOVES = {
    Standing.REVIEW: {Standing.PRODUCTION, Standing.SUSPENDED, Standing.REVOKED},
    Standing.PRODUCTION: {Standing.SUSPENDED, Standing.REVOKED},
    Standing.SUSPENDED: {Standing.PRODUCTION, Standing.REVOKED},
    Standing.REVOKED: set(),
}


@dataclass(frozen=True, kw_only=True)
class Milestones:
    """The tests of a registration, each with the time of its completion."""

    connectivity_test_at: int | None = None
    oauth_test_at: int | None = None
    # the tests are due by then: 90 days after registration
    due_at: int = 0


@dataclass(frozen=True, kw_only=True)
class ThirdParty:
    """A registered third party. Its secret and registration token are asked of the store, never carried here."""

    # ThirdPartyID = BulkID, five digits
    id: int
    name: str
    user_type: UserType
    role: Role = Role.STANDALONE
    # the partner named on this primary's consent page
    partner_id: int | None = None
    standing: Standing = Standing.PRODUCTION
    client_id: str
    # UUID in the path of ApplicationInformation
    application_id: str
    redirect_uris: tuple[str, ...] = ()
    portal_uri: str | None = None
    notification_uri: str | None = None
    notify_daily: bool = False
    # kinds of notices beyond those that every third party gets
    notify_kinds: frozenset[NoticeKind] = frozenset()
    kinds_required: frozenset[Kind] = frozenset({Kind.USAGE})
    kinds_optional: frozenset[Kind] = frozenset()
    # the services that it asks for; none named: all
    commodities: frozenset[Commodity] = frozenset()
    history_days: int = 1460
    visible: bool = False
    pkce_required: bool = False
    purpose: str = ""
    phone: str = ""
    # where customers reach it: a mail address, a telephone number
    support: str = ""
    contacts: tuple[str, ...] = ()
    # the registered client certificate, PEM, and the SHA-256 of its DER in lower-case hex
    certificate: str | None = None
    certificate_sha256: str | None = None
    registered_at: int = 0
    milestones: Milestones = field(default_factory=Milestones)

    @property
    def kinds(self) -> frozenset[Kind]:
        """Every kind of data that it may ask for."""
        return self.kinds_required | self.kinds_optional

    @property
    def service_kinds(self) -> tuple[int, ...]:
        """The numbers of the services that it asks for, as a scope tells them apart."""
        return tuple(commodity.service_kind for commodity in sorted(self.commodities)) or (ELECTRICITY, GAS)

    def asks_for(self, commodity: Commodity) -> bool:
        """Whether it asks for services of a commodity."""
        return not self.commodities or commodity in self.commodities

    def wants(self, kind: NoticeKind) -> bool:
        """Whether notices of a kind are owed to it as it stands."""
        return self.standing is Standing.PRODUCTION and (kind not in OPTIONAL_KINDS or kind in self.notify_kinds)

    def moved(self, to: Standing) -> "ThirdParty":
        """The same party in another standing.

        Raises:
            ValueError: `to` may not follow the present standing.
        """
        if to not in MOVES[self.standing]:
            raise ValueError(f"a third party in {self.standing} cannot move to {to}")
        return replace(self, standing=to)
