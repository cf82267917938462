"""Customers and what is metered for them."""

from dataclasses import dataclass, field
from enum import StrEnum


class Commodity(StrEnum):
    """What a usage point delivers. espi.xsd ServiceKind (numbers in `service_kind`)."""

    ELECTRICITY = "electricity"
    GAS = "gas"
    WATER = "water"
    TIME = "time"
    HEAT = "heat"
    REFUSE = "refuse"
    SEWERAGE = "sewerage"
    RATES = "rates"
    TV = "tv"
    INTERNET = "internet"

    @property
    def service_kind(self) -> int:
        """The number that ServiceCategory/kind carries."""
        return list(Commodity).index(self)


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a service is, or where mail goes."""

    line: str
    city: str
    state: str
    postal_code: str


@dataclass(frozen=True, kw_only=True)
class Customer:
    """A person or a business that holds accounts."""

    id: int
    name: str
    email: str | None = None
    # as the customer feed's CustomerAgreement/type says it: RES, COM, AGR, IND, Other
    customer_class: str = "RES"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A billing account."""

    # CustomerAccountID on the wire: ten digits that are not the account number
    id: int
    customer_id: int
    # the number that stands on the bill
    number: str
    phone: str | None = None
    mailing: Address | None = None
    bill_cycle: str | None = None


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A customer who holds an account together with others, from the second `starts` to before `ends`.

    Whom the account names holds it for all of its time, unless there is such a value for them too.
    """

    id: int
    account_id: int
    customer_id: int
    starts: int
    ends: int | None = None

    def covers(self, at: int) -> bool:
        """Whether it is held at that second."""
        return self.starts <= at and (self.ends is None or at < self.ends)


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """A customer who sees what is metered for somebody else's account, and may share none of it.

    From the second `starts` on, as long as it is before `ends`.
    """

    id: int
    account_id: int
    customer_id: int
    starts: int
    ends: int | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceLocation:
    """A place where service is delivered."""

    id: int
    address: Address


@dataclass(frozen=True, kw_only=True)
class UsagePoint:
    """One service and one commodity. espi.xsd UsagePoint. Its id is the same for all third parties."""

    # ten digits
    id: int
    commodity: Commodity
    location_id: int | None = None
    # other elements of an imported espi UsagePoint, as espi.plain writes them; None when there are none
    extra: str | None = None


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A customer's service agreement for one usage point, from `starts` to before `ends`.

    What was metered in between is that customer's; moving out ends it, moving in starts another.
    """

    id: int
    usage_point_id: int
    account_id: int
    # the service agreement id that stands on the bill; CustomerAgreement/name
    number: str
    starts: int
    ends: int | None = None
    tariff: str | None = None

    def covers(self, at: int) -> bool:
        """Whether the service is the customer's at that second."""
        return self.starts <= at and (self.ends is None or at < self.ends)


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A device at a usage point, from `installed` to before `removed`."""

    usage_point_id: int
    # the badge; the Meter's id in its path
    serial: str
    utc_number: str | None = None
    type: str = "Electric smart meter"
    interval_length: int | None = None
    installed: int = 0
    removed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Service:
    """One agreement with everything that a page or a customer feed says about it."""

    customer: Customer
    account: Account
    agreement: Agreement
    usage_point: UsagePoint
    # None, too, where the address is hidden; so is the account's mailing address
    location: ServiceLocation | None = None
    meters: tuple[Meter, ...] = ()
    hidden: bool = False


class Enrollment(StrEnum):
    """Standing in a demand response programme. customer.xsd EnrollmentStatus."""

    UNENROLLED = "unenrolled"
    ENROLLED = "enrolled"
    PENDING = "enrolledPending"


@dataclass(frozen=True, kw_only=True)
class ProgramEnrollment:
    """A service agreement's place in one demand response programme; current values only."""

    usage_point_id: int
    program: str
    status: Enrollment
    description_uri: str | None = None
    # (customer.xsd ProgramDateKind, epoch seconds)
    dates: tuple[tuple[str, int], ...] = ()
    # watts times ten to the power named, or None
    capacity_reservation: int | None = None
    nomination: int | None = None
    power_of_ten: int = 3


@dataclass(frozen=True, kw_only=True)
class ProgramCode:
    """A name for a number that readings carry in `tou`, `cpp` or `consumptionTier`. espi.xsd ProgramIdMapping."""

    # tou, cpp or consumptiontier
    what: str
    code: int
    name: str
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Login:
    """A customer's way in."""

    customer_id: int
    login: str
    # argon2id
    password_hash: str = field(repr=False)
