"""Tables of customers and of what is metered for them, and the values in their rows.

What names a person or a place is sealed; what it is found by is a mac of its normal form.
"""

import json
import re
from dataclasses import asdict
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from wattshare.custodian.model.premises import (
    Account,
    Address,
    Agreement,
    Commodity,
    Customer,
    Meter,
    ServiceLocation,
    UsagePoint,
)
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row

CUSTOMER = Table(
    "customer",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),  # sealed
    Column("email", Text),  # sealed
    Column("customer_class", String, nullable=False),
)

ACCOUNT = Table(
    "account",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("customer_id", Big, ForeignKey("customer.id"), nullable=False, index=True),
    Column("number", Text, nullable=False),  # sealed
    Column("number_mac", String, nullable=False, unique=True),
    Column("phone", Text),  # sealed
    Column("phone_mac", String),
    Column("mailing", Text),  # sealed JSON
    Column("bill_cycle", String),
    # from that second on none of its addresses is shown to anybody; no file that is taken in changes it
    Column("hidden_since", Big),
)

# beside whom the account names: who else holds it; and from when to when, for each of them
ACCOUNT_HOLDER = Table(
    "account_holder",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("account_id", Big, ForeignKey("account.id"), nullable=False),
    Column("customer_id", Big, ForeignKey("customer.id"), nullable=False, index=True),
    Column("starts", Big, nullable=False),
    Column("ends", Big),
    Index("ix_account_holder_account_id", "account_id", "customer_id", unique=True),
)

# who sees what is metered for an account without holding it. No permission rests on it, and no statement that answers a
# third party asks it
ACCOUNT_VIEWER = Table(
    "account_viewer",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("account_id", Big, ForeignKey("account.id"), nullable=False),
    Column("customer_id", Big, ForeignKey("customer.id"), nullable=False, index=True),
    Column("starts", Big, nullable=False),
    Column("ends", Big),
    Index("ix_account_viewer_account_id", "account_id", "customer_id", unique=True),
)

SERVICE_LOCATION = Table(
    "service_location",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False),  # sealed JSON
)

USAGE_POINT = Table(
    "usage_point",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("commodity", String, nullable=False),
    Column("location_id", Big, ForeignKey("service_location.id")),
    Column("extra", Text),
)

AGREEMENT = Table(
    "agreement",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("usage_point_id", Big, ForeignKey("usage_point.id"), nullable=False),
    Column("account_id", Big, ForeignKey("account.id"), nullable=False, index=True),
    Column("number", Text, nullable=False),  # sealed
    Column("starts", Big, nullable=False),
    Column("ends", Big),
    Column("tariff", String),
    Index("ix_agreement_usage_point_id", "usage_point_id", "starts"),
)

METER = Table(
    "meter",
    METADATA,
    Column("usage_point_id", Big, ForeignKey("usage_point.id"), primary_key=True),
    Column("serial", String, primary_key=True),
    Column("utc_number", String),
    Column("type", String, nullable=False),
    Column("interval_length", Big),
    Column("installed", Big, nullable=False),
    Column("removed", Big),
)

CUSTOMER_LOGIN = Table(
    "customer_login",
    METADATA,
    Column("login_mac", String, primary_key=True),
    Column("customer_id", Big, ForeignKey("customer.id"), nullable=False, index=True),
    Column("login", Text, nullable=False),  # sealed
    Column("password_hash", String, nullable=False),
)

# one key for each
NAMES, ADDRESSES, NUMBERS, CONTACTS = "names", "addresses", "numbers", "contacts"
PHONE_DIGITS = 10


def normal_number(number: str) -> str:
    """An account number without what people write between its letters and digits."""
    return re.sub("[^0-9a-z]", "", number.casefold())


def normal_phone(phone: str) -> str:
    """A phone number's last ten digits."""
    return re.sub("[^0-9]", "", phone)[-PHONE_DIGITS:]


def normal_login(login: str) -> str:
    """A login in whatever case it is typed."""
    return login.strip().casefold()


def number_text(number: str) -> str:
    """What the mac of an account number is made of."""
    return "account_number:" + normal_number(number)


def phone_text(phone: str) -> str:
    """What the mac of a phone number is made of."""
    return "phone:" + normal_phone(phone)


def login_text(login: str) -> str:
    """What the mac of a login is made of."""
    return "customer_login:" + normal_login(login)


def customer_columns(keys: Keys, customer: Customer) -> dict[str, Any]:
    """The row of a customer."""
    at = f"customer/{customer.id}"
    return {
        "id": customer.id,
        "name": keys.seal(NAMES, f"{at}/name", customer.name),
        "email": None if customer.email is None else keys.seal(CONTACTS, f"{at}/email", customer.email),
        "customer_class": customer.customer_class,
    }


def read_customer(keys: Keys, row: Row) -> Customer:
    """The customer of a row."""
    at = f"customer/{row['id']}"
    return Customer(
        id=row["id"],
        name=keys.open(NAMES, f"{at}/name", row["name"]),
        email=None if row["email"] is None else keys.open(CONTACTS, f"{at}/email", row["email"]),
        customer_class=row["customer_class"],
    )


def account_columns(keys: Keys, account: Account) -> dict[str, Any]:
    """The row of an account."""
    at = f"account/{account.id}"
    phone = account.phone if account.phone and normal_phone(account.phone) else None
    return {
        "id": account.id,
        "customer_id": account.customer_id,
        "number": keys.seal(NUMBERS, f"{at}/number", account.number),
        "number_mac": keys.mac(number_text(account.number)),
        "phone": None if phone is None else keys.seal(CONTACTS, f"{at}/phone", phone),
        "phone_mac": None if phone is None else keys.mac(phone_text(phone)),
        "mailing": None if account.mailing is None else seal_address(keys, f"{at}/mailing", account.mailing),
        "bill_cycle": account.bill_cycle,
    }


def read_account(keys: Keys, row: Row) -> Account:
    """The account of a row."""
    at = f"account/{row['id']}"
    return Account(
        id=row["id"],
        customer_id=row["customer_id"],
        number=keys.open(NUMBERS, f"{at}/number", row["number"]),
        phone=None if row["phone"] is None else keys.open(CONTACTS, f"{at}/phone", row["phone"]),
        mailing=None if row["mailing"] is None else open_address(keys, f"{at}/mailing", row["mailing"]),
        bill_cycle=row["bill_cycle"],
    )


def agreement_columns(keys: Keys, agreement: Agreement) -> dict[str, Any]:
    """The row of an agreement."""
    sealed = keys.seal(NUMBERS, f"agreement/{agreement.id}/number", agreement.number)
    return asdict(agreement) | {"number": sealed}


def read_agreement(keys: Keys, row: Row) -> Agreement:
    """The agreement of a row."""
    number = keys.open(NUMBERS, f"agreement/{row['id']}/number", row["number"])
    return Agreement(**{**row, "number": number})


def location_columns(keys: Keys, location: ServiceLocation) -> dict[str, Any]:
    """The row of a service location."""
    at = f"service_location/{location.id}/address"
    return {"id": location.id, "address": seal_address(keys, at, location.address)}


def read_location(keys: Keys, row: Row) -> ServiceLocation:
    """The service location of a row."""
    at = f"service_location/{row['id']}/address"
    return ServiceLocation(id=row["id"], address=open_address(keys, at, row["address"]))


def read_usage_point(row: Row) -> UsagePoint:
    """The usage point of a row."""
    plain = {name: row[name] for name in ("id", "location_id", "extra")}
    return UsagePoint(commodity=Commodity(row["commodity"]), **plain)


def read_meter(row: Row) -> Meter:
    """The meter of a row."""
    return Meter(**row)


def seal_address(keys: Keys, row: str, address: Address) -> str:
    """An address as it is kept."""
    return keys.seal(ADDRESSES, row, json.dumps(asdict(address)))


def open_address(keys: Keys, row: str, sealed: str) -> Address:
    """The address that is kept."""
    return Address(**json.loads(keys.open(ADDRESSES, row, sealed)))
