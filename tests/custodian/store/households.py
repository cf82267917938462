"""Third parties and customers for tests of the store, all invented."""

from dataclasses import dataclass

from wattshare.custodian.model.authorization import Authorization, State
from wattshare.custodian.model.parties import ThirdParty, UserType
from wattshare.custodian.model.premises import Account, Address, Agreement, Commodity, Customer, Holder, UsagePoint
from wattshare.custodian.store.database import Tx
from wattshare.espi.kinds import Kind

# some midnight, and a day
T0 = 1_700_000_000
DAY = 86_400
ELM_STREET = Address(line="12 Elm Street", city="Riverton", state="CA", postal_code="95999")


def add_party(tx: Tx, name: str = "Acme Energy") -> ThirdParty:
    """A third party with its secrets made of its name."""
    party = ThirdParty(
        id=tx.parties.next_id(),
        name=name,
        user_type=UserType.STANDARD,
        client_id=f"client of {name}",
        application_id=f"application of {name}",
    )
    tx.parties.add(party, secret=f"secret of {name}", registration_token=f"registration of {name}")
    return party


@dataclass(frozen=True, kw_only=True)
class Home:
    """A customer with one service."""

    customer: Customer
    account: Account
    usage_point: UsagePoint
    agreement: Agreement
    # what is said of its customer and its account; None: nothing
    holder: Holder | None = None


def add_home(tx: Tx, number: str = "1234567890-1", *, starts: int = T0, ends: int | None = None) -> Home:
    """A customer with one account and one service."""
    customer = tx.customers.add_customer("Robin Field", "robin@field.example")
    account = tx.customers.add_account(customer.id, number, phone="(555) 555-0100", mailing=ELM_STREET)
    location = tx.customers.add_location(ELM_STREET)
    point = UsagePoint(id=tx.customers.next_usage_point_id(), commodity=Commodity.ELECTRICITY, location_id=location.id)
    tx.customers.add_usage_point(point)
    agreement = tx.customers.add_agreement(point.id, account.id, "SA-1", starts=starts, ends=ends, tariff="E1")
    return Home(customer=customer, account=account, usage_point=point, agreement=agreement)


def add_authorization(tx: Tx, party: ThirdParty, home: Home, **told: object) -> Authorization:
    """A customer's authorization of everything, active from T0 unless something else is told."""
    known: dict[str, object] = {
        "id": tx.authorizations.next_id(),
        "third_party_id": party.id,
        "customer_id": home.customer.id,
        "state": State.ACTIVE,
        "kinds": frozenset({Kind.USAGE}),
        "starts": T0,
        "floor": T0,
        "created_at": T0,
        "changed_at": T0,
    }
    held = Authorization(**(known | told))  # type: ignore[arg-type]  # the dataclass checks the names
    tx.authorizations.add(held, ((home.usage_point.id, home.agreement.id),))
    return held
