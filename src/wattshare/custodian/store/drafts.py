"""A table of records as it will be kept: decided in memory by what is looked up by the chunk, and written at once.

Ids are those that come next. Whoever writes a draft asks first whether what it was decided by still stands; on SQLite
it may have been decided outside the transaction that writes it, by who is alone at taking in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.model.premises import Account, Address, Agreement, Customer, Holder, ServiceLocation, Viewer
from wattshare.custodian.store import premises
from wattshare.custodian.store.bill_drafts import BillDraft, PreparedBills
from wattshare.custodian.store.customers import FIRST_IDS
from wattshare.custodian.store.imports import FOREIGN_NAME, RECORD_CHANGE, Imports, name_text
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.lots import Lot
from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.premises import ACCOUNT, ACCOUNT_HOLDER, ACCOUNT_VIEWER
from wattshare.custodian.store.programs import PROGRAM_ENROLLMENT, enrollment_columns, read_enrollment
from wattshare.custodian.store.shelves import Prepared, Shelf, Sort
from wattshare.custodian.store.statements import alone, among, chunks, coming, grow


def _plain(_: Keys, value: Any) -> dict[str, Any]:
    return dict(vars(value))


CUSTOMERS = Sort(premises.CUSTOMER, ("id",), premises.read_customer, premises.customer_columns)
ACCOUNTS = Sort(ACCOUNT, ("id",), premises.read_account, premises.account_columns)
LOCATIONS = Sort(premises.SERVICE_LOCATION, ("id",), premises.read_location, premises.location_columns)
POINTS = Sort(premises.USAGE_POINT, ("id",), lambda _, row: premises.read_usage_point(row), _plain)
AGREEMENTS = Sort(premises.AGREEMENT, ("id",), premises.read_agreement, premises.agreement_columns)
METERS = Sort(premises.METER, ("usage_point_id", "serial"), lambda _, row: premises.read_meter(row), _plain)
PROGRAMS = Sort(
    PROGRAM_ENROLLMENT, ("usage_point_id", "program"), lambda _, row: read_enrollment(row), enrollment_columns
)
HOLDERS = Sort(ACCOUNT_HOLDER, ("account_id", "customer_id"), lambda _, row: Holder(**row), _plain)
VIEWERS = Sort(ACCOUNT_VIEWER, ("account_id", "customer_id"), lambda _, row: Viewer(**row), _plain)


@dataclass
class Names:
    """What other custodians' names stand for here."""

    connection: Connection
    keys: Keys
    # looked up last, and new
    _known: dict[tuple[str, str], int] = field(default_factory=dict)
    _learnt: dict[tuple[str, str], int] = field(default_factory=dict)

    def look_up(self, kind: str, names: Iterable[str]) -> None:
        """See which of the names of a kind stand for something, instead of those that were looked up before."""
        found = Imports(self.connection, self.keys).known_many(kind, names)
        self._known = {(kind, name): here for name, here in found.items()}

    def known(self, kind: str, name: str) -> int | None:
        """As `Imports.known`, of a name that was looked up."""
        return self._learnt.get((kind, name)) or self._known.get((kind, name))

    def learn(self, kind: str, name: str, here: int) -> None:
        """As `Imports.learn`."""
        self._learnt[kind, name] = here

    def prepared(self) -> list[Row]:
        """What is to be written."""
        return [
            {"kind": kind, "name_mac": self.keys.mac(name_text(kind, name)), "id": here}
            for (kind, name), here in self._learnt.items()
        ]


class Draft:
    """What a table of records names, and what it makes of that."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction in which it is looked up and decided."""
        self._connection, self._keys = connection, keys
        self.names = Names(connection, keys)
        self.customers, self.accounts = Shelf(CUSTOMERS, keys), Shelf(ACCOUNTS, keys)
        self.locations, self.points = Shelf(LOCATIONS, keys), Shelf(POINTS, keys)
        self.agreements, self.meters = Shelf(AGREEMENTS, keys), Shelf(METERS, keys)
        self.programs: Shelf[Any] = Shelf(PROGRAMS, keys)
        self.holders, self.viewers = Shelf(HOLDERS, keys), Shelf(VIEWERS, keys)
        self.bills = BillDraft(connection)
        # the first number of each counter that it takes, and how many
        self._ids: dict[str, list[int]] = {}
        # accounts by the mac of their number, looked up last and new
        self._numbers: dict[str, int] = {}
        self._added: dict[str, int] = {}
        # since when the addresses of customers are hidden: looked up last, and of those who get accounts
        self._hidden: dict[int, int] = {}
        self._hides: dict[int, int | None] = {}
        # numbers of which it was asked whether they are somebody's, and those that are
        self._asked, self._taken = set[int](), set[int]()
        # which fields of what change
        self.changes: list[Row] = []

    # what is looked up, by the chunk

    def look_up_accounts(self, numbers: Iterable[str], *, hold: bool = False) -> None:
        """The accounts of the numbers on bills, however they are punctuated; `hold`: nobody else gives any away."""
        if hold:
            alone(self._connection, "account numbers")
        macs = {
            mac: premises.normal_number(number)
            for number in numbers
            for mac in self._keys.macs(premises.number_text(number))
        }
        found = self.accounts.look_up(self._connection, "number_mac", macs)
        self._numbers = {premises.normal_number(one.number): one.id for one in found}

    def look_up_hidden(self, customer_ids: Collection[int]) -> None:
        """Since when addresses of customers are hidden, as `Customers.hidden_since`."""
        self._hidden = hidden(self._connection, customer_ids)

    def look_up_points(self, usage_point_ids: Collection[int], *, hold: bool = False) -> None:
        """The usage points of these ids; `hold`: what is theirs is changed by nobody else until the end."""
        self.points.look_up(self._connection, "id", usage_point_ids, hold=hold)

    def look_up(self, shelf: Shelf[Any], column: str, values: Collection[Any], *, more: bool = False) -> list[Any]:
        """What has one of these values."""
        return shelf.look_up(self._connection, column, values, more=more)

    def look_up_free(self, kinds: Sequence[str], numbers: Collection[int]) -> None:
        """See which of these numbers names of these kinds stand for, or usage points have."""
        columns = FOREIGN_NAME.c
        for some in chunks(numbers):
            mine = among(self._connection, columns.id, some)
            found = self._connection.scalars(select(columns.id).where(columns.kind.in_(kinds), mine))
            self._taken.update(found)
            point = premises.USAGE_POINT.c.id
            self._taken.update(self._connection.scalars(select(point).where(among(self._connection, point, some))))
        self._asked.update(numbers)

    # what is decided

    def is_free(self, kinds: Sequence[str], number: int) -> bool:
        """Whether nothing has this number."""
        if number not in self._asked:
            self.look_up_free(kinds, (number,))
        return number not in self._taken and self.points.get(number) is None

    def take(self, number: int) -> None:
        """Let a number be somebody's."""
        self._taken.add(number)

    def by_account_number(self, number: str) -> Account | None:
        """As `Customers.by_account_number`, of a number that was looked up."""
        normal = premises.normal_number(number)
        here = self._added.get(normal) or self._numbers.get(normal)
        return None if here is None else self.accounts.get(here)

    def add_customer(self, name: str, email: str | None, customer_class: str) -> Customer:
        """A new customer."""
        made = Customer(id=self._fresh("customer"), name=name, email=email, customer_class=customer_class)
        self.customers.put(made)
        return made

    def add_account(self, customer_id: int, number: str, told: dict[str, Any]) -> Account:
        """A new account.

        Raises:
            Conflict: the number has neither letter nor digit.
        """
        if not premises.normal_number(number):
            raise Conflict("This account number is empty or taken.", field="account")
        made = Account(id=self._fresh("account"), customer_id=customer_id, number=number, **told)
        self.accounts.put(made)
        self._added[premises.normal_number(number)] = made.id
        # who is hidden stays so in a new home
        self._hides[customer_id] = self._hidden.get(customer_id)
        return made

    def add_location(self, address: Address) -> ServiceLocation:
        """A new place of service."""
        made = ServiceLocation(id=self._fresh("service_location"), address=address)
        self.locations.put(made)
        return made

    def add_agreement(self, agreement: Agreement) -> Agreement:
        """A new agreement, which has no id yet."""
        made = Agreement(**vars(agreement) | {"id": self._fresh("agreement")})
        self.agreements.put(made)
        return made

    def put_holder(self, account_id: int, customer_id: int, starts: int, ends: int | None) -> Holder:
        """As `Holders.put`."""
        known = self.holders.get((account_id, customer_id))
        number = self._fresh("account_holder") if known is None else known.id
        told = Holder(id=number, account_id=account_id, customer_id=customer_id, starts=starts, ends=ends)
        if told != known:
            self.holders.put(told)
        return told

    def put_viewer(self, account_id: int, customer_id: int, starts: int, ends: int | None) -> Viewer:
        """As `Viewers.put`."""
        known = self.viewers.get((account_id, customer_id))
        number = self._fresh("account_viewer") if known is None else known.id
        told = Viewer(id=number, account_id=account_id, customer_id=customer_id, starts=starts, ends=ends)
        if told != known:
            self.viewers.put(told)
        return told

    def _fresh(self, counter: str) -> int:
        taken = self._ids.get(counter)
        if taken is None:
            taken = self._ids[counter] = [coming(self._connection, counter, FIRST_IDS.get(counter, 1)), 0]
        taken[1] += 1
        return taken[0] + taken[1] - 1

    # what is written

    def prepared(self) -> "PreparedDraft":
        """All of it, sealed: nothing is decided from now on."""
        # a row of each comes after those that it points at
        shelves = (
            *(self.customers, self.accounts, self.locations, self.points, self.agreements),
            *(self.meters, self.programs, self.holders, self.viewers),
        )
        tables = [shelf.prepared() for shelf in shelves]
        accounts = tables[1].new
        accounts.rows = [{**row, "hidden_since": self._hides[row["customer_id"]]} for row in accounts.rows]
        return PreparedDraft(
            shelves,
            tables,
            Lot(FOREIGN_NAME, self.names.prepared()),
            Lot(RECORD_CHANGE, self.changes),
            self.bills.prepared(),
            self._hides,
            {name: (first, count) for name, (first, count) in self._ids.items()},
        )


def hidden(connection: Connection, customer_ids: Collection[int]) -> dict[int, int]:
    """Since when the addresses of customers are hidden, of those whose are."""
    since, held = func.min(ACCOUNT.c.hidden_since), ACCOUNT_HOLDER.c
    is_hidden, found = ACCOUNT.c.hidden_since.is_not(None), dict[int, int]()
    for some in chunks(customer_ids):
        named = select(ACCOUNT.c.customer_id, since).where(among(connection, ACCOUNT.c.customer_id, some), is_hidden)
        other = select(held.customer_id, since).join(ACCOUNT, ACCOUNT.c.id == held.account_id)
        other = other.where(among(connection, held.customer_id, some), is_hidden)
        for rows in (named.group_by(ACCOUNT.c.customer_id), other.group_by(held.customer_id)):
            for customer, at in connection.execute(rows):
                found[customer] = min(at, found.get(customer, at))
    return found


@dataclass(frozen=True)
class PreparedDraft:
    """A draft that is only to be written."""

    shelves: Sequence[Shelf[Any]]
    tables: Sequence[Prepared]
    names: Lot
    # which fields of what change
    changes: Lot
    bills: PreparedBills
    # since when the addresses of those who get accounts are hidden
    hides: Mapping[int, int | None]
    # the first number of each counter that it takes, and how many
    ids: dict[str, tuple[int, int]]

    @property
    def lots(self) -> tuple[Lot, ...]:
        """What can be put aside."""
        return (*(table.new for table in self.tables), self.names, self.changes, self.bills.new, self.bills.entries)


class Drafts:
    """Drafts of tables of records."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def begin(self) -> Draft:
        """A draft that is decided by what this transaction sees."""
        return Draft(self._connection, self._keys)

    def stands(self, made: PreparedDraft) -> bool:
        """Whether what it changes is still as it was seen, and its ids are still free."""
        connection = self._connection
        return (
            all(coming(connection, name, FIRST_IDS.get(name, 1)) == first for name, (first, _) in made.ids.items())
            and all(shelf.stands(connection) for shelf in made.shelves)
            and made.bills.stands(connection)
            and hidden(connection, made.hides) == {who: at for who, at in made.hides.items() if at is not None}
        )

    def keep(self, made: PreparedDraft, revision: int, at: int) -> None:
        """Write it, as a revision of that second."""
        for name, (_, count) in made.ids.items():
            grow(self._connection, name, FIRST_IDS.get(name, 1), count)
        for table in made.tables:
            table.write(self._connection)
        made.names.write(self._connection)
        made.changes.write(self._connection, revision=revision, at=at)
        made.bills.write(self._connection, revision, at)
