"""Customers, their accounts and agreements, and what is metered for them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, or_, select, update

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.errors import Conflict, Unknown
from wattshare.custodian.model.premises import (
    Account,
    Address,
    Agreement,
    Customer,
    Login,
    Meter,
    Service,
    ServiceLocation,
    UsagePoint,
)
from wattshare.custodian.store import premises
from wattshare.custodian.store.agreements import HELD, METERS, SHARED, parts_of, services_of, stood
from wattshare.custodian.store.authorizations import of_held
from wattshare.custodian.store.holders import Holders, accounts_of
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.premises import (
    ACCOUNT,
    AGREEMENT,
    CUSTOMER,
    CUSTOMER_LOGIN,
    METER,
    SERVICE_LOCATION,
    USAGE_POINT,
)
from wattshare.custodian.store.statements import alone, grow, holding
from wattshare.custodian.store.viewers import seen_by

# the first number of each
FIRST_IDS = {
    "customer": 1,
    "account": 7_100_000_001,
    "service_location": 1,
    "usage_point": 5_390_000_001,
    "agreement": 1,
}


@dataclass(frozen=True, kw_only=True)
class NewIds:
    """The first of as many ids of each as were asked for; the others follow it."""

    customer: int
    account: int
    service_location: int
    usage_point: int
    agreement: int


class Customers:
    """Customers and their premises."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    # what comes

    def add_customer(self, name: str, email: str | None = None, customer_class: str = "RES") -> Customer:
        """Keep a new customer."""
        customer = Customer(
            id=grow(self._connection, "customer"), name=name, email=email, customer_class=customer_class
        )
        self._add(CUSTOMER, premises.customer_columns(self._keys, customer))
        return customer

    def add_account(
        self,
        customer_id: int,
        number: str,
        *,
        phone: str | None = None,
        mailing: Address | None = None,
        bill_cycle: str | None = None,
    ) -> Account:
        """Keep a new account.

        Raises:
            Conflict: the number is taken, or has neither letter nor digit.
        """
        alone(self._connection, "account numbers")
        if not premises.normal_number(number) or self.by_account_number(number) is not None:
            raise Conflict("This account number is empty or taken.", field="account")
        account = Account(
            id=grow(self._connection, "account", FIRST_IDS["account"]),
            customer_id=customer_id,
            number=number,
            phone=phone,
            mailing=mailing,
            bill_cycle=bill_cycle,
        )
        # who is hidden stays so in a new home
        hidden = {"hidden_since": self.hidden_since(customer_id)}
        self._add(ACCOUNT, premises.account_columns(self._keys, account) | hidden)
        return account

    def hide(self, customer_id: int, at: int | None) -> tuple[int, ...]:
        """Hide the addresses of all accounts that a customer holds or held; None: show them. Those that change."""
        other = ACCOUNT.c.hidden_since.is_not(None) if at is None else ACCOUNT.c.hidden_since.is_(None)
        which = select(ACCOUNT.c.id).where(ACCOUNT.c.id.in_(accounts_of(customer_id)), other)
        changed = tuple(self._connection.scalars(which.order_by(ACCOUNT.c.id)))
        self._connection.execute(update(ACCOUNT).where(ACCOUNT.c.id.in_(changed)).values(hidden_since=at))
        return changed

    def hidden_since(self, customer_id: int) -> int | None:
        """Since when addresses of a customer are hidden; None: they are not."""
        accounts = ACCOUNT.c.id.in_(accounts_of(customer_id))
        first = self._connection.scalar(select(func.min(ACCOUNT.c.hidden_since)).where(accounts))
        return None if first is None else int(first)

    def add_location(self, address: Address) -> ServiceLocation:
        """Keep a new place of service."""
        location = ServiceLocation(id=grow(self._connection, "service_location"), address=address)
        self._add(SERVICE_LOCATION, premises.location_columns(self._keys, location))
        return location

    def next_usage_point_id(self) -> int:
        """A fresh usage point id: ten digits that no file brought."""
        while self.usage_point(fresh := grow(self._connection, "usage_point", FIRST_IDS["usage_point"])) is not None:
            pass
        return fresh

    def add_usage_point(self, usage_point: UsagePoint) -> None:
        """Keep a new usage point."""
        self._add(USAGE_POINT, asdict(usage_point))

    def add_agreement(
        self,
        usage_point_id: int,
        account_id: int,
        number: str,
        *,
        starts: int,
        ends: int | None = None,
        tariff: str | None = None,
    ) -> Agreement:
        """Keep a new agreement: from `starts` to before `ends` the service is that account's.

        Raises:
            Conflict: it is empty, or another agreement covers some of that time.
        """
        agreement = Agreement(
            id=grow(self._connection, "agreement"),
            usage_point_id=usage_point_id,
            account_id=account_id,
            number=number,
            starts=starts,
            ends=ends,
            tariff=tariff,
        )
        self._check_period(agreement)
        self._add(AGREEMENT, premises.agreement_columns(self._keys, agreement))
        return agreement

    def add_meter(self, meter: Meter) -> None:
        """Keep a new meter."""
        self._add(METER, asdict(meter))

    def reserve(self, count: int) -> NewIds:
        """Ids of as many new customers, each with one account, place, usage point and agreement of its own.

        Raises:
            Conflict: a file brought usage points that have them.
        """
        grown = {name: grow(self._connection, name, first, count) for name, first in FIRST_IDS.items()}
        points = grown["usage_point"]
        taken = select(USAGE_POINT.c.id).where(USAGE_POINT.c.id.between(points, points + count - 1)).limit(1)
        if self._connection.execute(taken).first() is not None:
            raise Conflict("Usage points of these ids are there already.", field="usage_point")
        return NewIds(**grown)

    def add_services(self, services: Iterable[Service]) -> None:
        """Keep many new customers with all that is theirs, a statement a table. Their ids are from `reserve`.

        It is for who makes them up: what a file brings is checked one by one.
        """
        rows = defaultdict[Table, list[Row]](list)
        for one in services:
            rows[CUSTOMER].append(premises.customer_columns(self._keys, one.customer))
            rows[ACCOUNT].append(premises.account_columns(self._keys, one.account))
            if one.location is not None:
                rows[SERVICE_LOCATION].append(premises.location_columns(self._keys, one.location))
            rows[USAGE_POINT].append(asdict(one.usage_point))
            rows[AGREEMENT].append(premises.agreement_columns(self._keys, one.agreement))
            rows[METER] += (asdict(meter) for meter in one.meters)
        # a row of each comes after those that it points at
        for table in (CUSTOMER, ACCOUNT, SERVICE_LOCATION, USAGE_POINT, AGREEMENT, METER):
            if rows[table]:
                self._connection.execute(table.insert(), rows[table])

    def add_login(self, login: Login) -> None:
        """Let a customer sign in."""
        mac = self._keys.mac(premises.login_text(login.login))
        sealed = self._keys.seal(premises.CONTACTS, f"customer_login/{mac}", login.login)
        row = {"login_mac": mac, "login": sealed, "password_hash": login.password_hash}
        self._add(CUSTOMER_LOGIN, row | {"customer_id": login.customer_id})

    # what changes

    def change_password(self, login: str, password_hash: str) -> None:
        """Keep another password of a login."""
        mine = CUSTOMER_LOGIN.c.login_mac.in_(self._keys.macs(premises.login_text(login)))
        self._connection.execute(update(CUSTOMER_LOGIN).where(mine).values(password_hash=password_hash))

    def change_customer(self, customer: Customer) -> None:
        """Keep what is new of a customer."""
        self._change(CUSTOMER, premises.customer_columns(self._keys, customer))

    def change_account(self, account: Account) -> None:
        """Keep what is new of an account."""
        self._change(ACCOUNT, premises.account_columns(self._keys, account))

    def change_location(self, location: ServiceLocation) -> None:
        """Keep what is new of a place."""
        self._change(SERVICE_LOCATION, premises.location_columns(self._keys, location))

    def change_usage_point(self, usage_point: UsagePoint) -> None:
        """Keep what is new of a usage point."""
        self._change(USAGE_POINT, asdict(usage_point))

    def change_agreement(self, agreement: Agreement) -> None:
        """Keep what is new of an agreement.

        Raises:
            Conflict: it is empty, or another agreement covers some of that time.
        """
        self._check_period(agreement)
        self._change(AGREEMENT, premises.agreement_columns(self._keys, agreement))

    def change_meter(self, meter: Meter) -> None:
        """Keep what is new of a meter."""
        self._change(METER, asdict(meter))

    def end_agreement(self, agreement_id: int, at: int) -> None:
        """The customer moves out: what is metered from that second on is not the customer's.

        An earlier end stays.
        """
        running = (AGREEMENT.c.id == agreement_id) & or_(AGREEMENT.c.ends.is_(None), AGREEMENT.c.ends > at)
        self._connection.execute(update(AGREEMENT).where(running).values(ends=at))

    # what is known

    def customer(self, customer_id: int) -> Customer | None:
        """The customer of that id."""
        row = self._row(CUSTOMER, CUSTOMER.c.id == customer_id)
        return None if row is None else premises.read_customer(self._keys, row)

    def account(self, account_id: int) -> Account | None:
        """The account of that id."""
        row = self._row(ACCOUNT, ACCOUNT.c.id == account_id)
        return None if row is None else premises.read_account(self._keys, row)

    def by_account_number(self, number: str) -> Account | None:
        """The account of the number on a bill, however it is punctuated."""
        macs = self._keys.macs(premises.number_text(number))
        row = self._row(ACCOUNT, ACCOUNT.c.number_mac.in_(macs))
        return None if row is None else premises.read_account(self._keys, row)

    def by_account_and_phone(self, number: str, phone: str, at: int) -> Customer | None:
        """The customer whose account has this number and this phone number on file, and nobody else's at that second.

        Everybody who holds an account knows both.
        """
        numbers = self._keys.macs(premises.number_text(number))
        phones = self._keys.macs(premises.phone_text(phone))
        row = self._row(ACCOUNT, ACCOUNT.c.number_mac.in_(numbers) & ACCOUNT.c.phone_mac.in_(phones))
        if row is None or Holders(self._connection, self._keys).only(row["id"], at) != row["customer_id"]:
            return None
        return self.customer(row["customer_id"])

    def usage_point(self, usage_point_id: int) -> UsagePoint | None:
        """The usage point of that id."""
        row = self._row(USAGE_POINT, USAGE_POINT.c.id == usage_point_id)
        return None if row is None else premises.read_usage_point(row)

    def location(self, location_id: int) -> ServiceLocation | None:
        """The place of that id."""
        row = self._row(SERVICE_LOCATION, SERVICE_LOCATION.c.id == location_id)
        return None if row is None else premises.read_location(self._keys, row)

    def meters_at(self, usage_point_id: int) -> tuple[Meter, ...]:
        """Every meter that is or was at a usage point."""
        return self._meters((usage_point_id,))

    def usage_point_ids(self) -> tuple[int, ...]:
        """Every usage point's id, in order."""
        return tuple(self._connection.scalars(select(USAGE_POINT.c.id).order_by(USAGE_POINT.c.id)))

    def agreements_of(self, usage_point_id: int) -> tuple[Agreement, ...]:
        """Every agreement for a usage point, the earliest first."""
        found = select(AGREEMENT).where(AGREEMENT.c.usage_point_id == usage_point_id)
        rows = self._connection.execute(found.order_by(AGREEMENT.c.starts)).mappings()
        return tuple(premises.read_agreement(self._keys, row) for row in rows)

    def login(self, login: str) -> Login | None:
        """The login of that text, in whatever case."""
        macs = self._keys.macs(premises.login_text(login))
        row = self._row(CUSTOMER_LOGIN, CUSTOMER_LOGIN.c.login_mac.in_(macs))
        if row is None:
            return None
        kept = self._keys.open(premises.CONTACTS, f"customer_login/{row['login_mac']}", row["login"])
        return Login(customer_id=row["customer_id"], login=kept, password_hash=row["password_hash"])

    def services(self, customer_id: int) -> tuple[Service, ...]:
        """Every agreement of a customer, past and present, with all that belongs to it; by usage point.

        An agreement of an account that is held together runs from when to when the customer held it.
        """
        return self._services(HELD, {"of_customer": customer_id})

    def seen(self, customer_id: int, at: int) -> tuple[Service, ...]:
        """The agreements of accounts that a customer sees at a second and never held, as far back as they may see them.

        `customer` is whom the account names.
        """
        since = {row.account_id: row.starts for row in self._connection.execute(seen_by(customer_id, at))}
        which = AGREEMENT.c.account_id.in_(tuple(since)) & AGREEMENT.c.account_id.not_in(accounts_of(customer_id))
        found = self._services(services_of(which, None)) if since else ()
        cut = ((one, replace(one.agreement, starts=max(one.agreement.starts, since[one.account.id]))) for one in found)
        return tuple(
            replace(one, agreement=agreement)
            for one, agreement in cut
            if agreement.ends is None or agreement.ends > agreement.starts
        )

    def service(self, agreement_id: int) -> Service:
        """One agreement with all that belongs to it, for the customer whom its account names: for who takes in.

        What is hidden is there as well.

        Raises:
            Unknown: there is no such agreement.
        """
        found = self._services(services_of(AGREEMENT.c.id == agreement_id, None), shown=True)
        if not found:
            raise Unknown
        return found[0]

    def shared(self, authorization: Authorization, at: int) -> tuple[Service, ...]:
        """The services that an authorization opens at that second; nothing unless it is alive then."""
        return self._services(SHARED, of_held(authorization, at))

    # parts

    def _add(self, table: Table, row: Row) -> None:
        self._connection.execute(table.insert(), row)

    def _change(self, table: Table, row: Row) -> None:
        known = [column == row[column.name] for column in table.primary_key]
        self._connection.execute(update(table).where(*known).values(**row))

    def _row(self, table: Table, which: ColumnElement[bool]) -> Row | None:
        return self._connection.execute(select(table).where(which)).mappings().one_or_none()

    def _check_period(self, agreement: Agreement) -> None:
        if agreement.ends is not None and agreement.ends <= agreement.starts:
            raise Conflict("An agreement ends after it starts.", field="ends")
        place = select(USAGE_POINT.c.id).where(USAGE_POINT.c.id == agreement.usage_point_id)
        self._connection.execute(holding(self._connection, place))
        others = (AGREEMENT.c.usage_point_id == agreement.usage_point_id) & (AGREEMENT.c.id != agreement.id)
        overlaps = or_(AGREEMENT.c.ends.is_(None), AGREEMENT.c.ends > agreement.starts)
        if agreement.ends is not None:
            overlaps &= AGREEMENT.c.starts < agreement.ends
        if self._connection.execute(select(AGREEMENT.c.id).where(others, overlaps)).first() is not None:
            raise Conflict("Another agreement covers this usage point at that time.", field="starts")

    def _services(
        self, found: Select[Any], given: Mapping[str, int] | None = None, *, shown: bool = False
    ) -> tuple[Service, ...]:
        read = [parts_of(row) for row in self._connection.execute(found, given or {}).mappings()]
        meters = self._meters({parts["usage_point"]["id"] for parts in read})
        return tuple(self._service(parts, meters, shown=shown) for parts in read)

    def _meters(self, usage_point_ids: Iterable[int]) -> tuple[Meter, ...]:
        points = sorted(usage_point_ids)
        rows = self._connection.execute(METERS, {"of_points": points}).mappings() if points else ()
        return tuple(map(premises.read_meter, rows))

    def _service(self, parts: Mapping[str, Row], meters: Iterable[Meter], *, shown: bool) -> Service:
        """What is hidden is left out here, so that no page, receipt or feed has to think of it."""
        agreement = premises.read_agreement(self._keys, parts["agreement"])
        account = premises.read_account(self._keys, parts["account"])
        location, hidden = parts["service_location"], parts["account"]["hidden_since"] is not None and not shown
        none = location["id"] is None or hidden
        return Service(
            customer=premises.read_customer(self._keys, parts["customer"]),
            account=replace(account, mailing=None) if hidden else account,
            agreement=agreement,
            usage_point=premises.read_usage_point(parts["usage_point"]),
            location=None if none else premises.read_location(self._keys, location),
            meters=tuple(meter for meter in meters if stood(meter, agreement)),
            hidden=hidden,
        )
