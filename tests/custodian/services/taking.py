"""What tests of the intake look at afterwards."""

from collections import Counter

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.parties import ThirdParty, UserType
from wattshare.custodian.model.premises import Service
from wattshare.custodian.model.readings import Reading
from wattshare.custodian.services.intake import Report
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import PGE

NOW = 1_750_000_000


def readings_of(store: Store, usage_point: int) -> Counter[Reading]:
    """Everything that the house has of a usage point, whatever the channel."""
    with store.begin() as tx:
        held = authorize_everything(tx, usage_point)
        found: Counter[Reading] = Counter()
        for channel in tx.readings.channels_shared(held, usage_point, NOW):
            for block in tx.readings.blocks(held, usage_point, channel.number, None, NOW, PGE):
                found.update(unpack(block))
        return found


def authorize_everything(tx: Tx, usage_point: int) -> Authorization:
    """An authorization of all that was ever metered at a usage point, claimed by somebody where it is nobody's."""
    agreements = tx.customers.agreements_of(usage_point)
    if not agreements:
        customer = tx.customers.add_customer("Robin Field")
        account = tx.customers.add_account(customer.id, f"claims {usage_point}")
        agreements = (tx.customers.add_agreement(usage_point, account.id, "SA-1", starts=0),)
    account_of = tx.customers.account(agreements[0].account_id)
    assert account_of is not None
    party = ThirdParty(
        id=tx.parties.next_id(),
        name=f"Reader {tx.parties.next_id()}",
        user_type=UserType.STANDARD,
        client_id=f"client {tx.parties.next_id()}",
        application_id=f"application {tx.parties.next_id()}",
    )
    tx.parties.add(party, secret=f"s{party.id}", registration_token=f"r{party.id}")
    held = Authorization(
        id=tx.authorizations.next_id(),
        third_party_id=party.id,
        customer_id=account_of.customer_id,
        kinds=frozenset({Kind.USAGE, Kind.BILLING}),
        starts=0,
        floor=0,
        created_at=0,
        changed_at=0,
    )
    tx.authorizations.add(held, tuple((usage_point, agreement.id) for agreement in agreements))
    return held


def services_of(store: Store, number: str) -> tuple[Service, ...]:
    """Everything that an account has."""
    with store.read() as tx:
        account = tx.customers.by_account_number(number)
        return () if account is None else tx.customers.services(account.customer_id)


def warned(report: Report) -> dict[str, int]:
    """How often each oddity was met."""
    return {warning.code: warning.count for warning in report.warnings}


def contents_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of what is metered, billed and held."""
    names: tuple[str, ...] = ("interval_block", "correction", "bill", "bill_correction", "channel", "reading_type")
    names += ("usage_point", "agreement", "account", "customer", "service_location", "meter", "program_code")
    with store.read(Purpose.UPKEEP) as tx:
        return {
            name: sorted(map(tuple, tx.trail._connection.exec_driver_sql(f"SELECT * FROM {name}").all()), key=repr)
            for name in names
        }
