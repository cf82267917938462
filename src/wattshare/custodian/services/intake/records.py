"""Tables of customers and what is theirs, taken in: whole or not at all, each row by its own key.

What rows name is looked up for some hundreds of them at once; each is decided by that and by the rows before it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wattshare.custodian.formats import hrefs
from wattshare.custodian.formats.tables.columns import Faults
from wattshare.custodian.formats.tables.faults import Fault
from wattshare.custodian.formats.tables.records import Kind, Record
from wattshare.custodian.model.premises import (
    Account,
    Address,
    Commodity,
    Customer,
    Enrollment,
    Holder,
    Meter,
    ProgramEnrollment,
    ServiceLocation,
    UsagePoint,
)
from wattshare.custodian.services.intake.points import JOINED, NAMED, first_number, next_number
from wattshare.custodian.services.intake.telling import Tell, untold
from wattshare.custodian.store.drafts import Draft
from wattshare.custodian.store.shelves import differing
from wattshare.custodian.store.statements import chunks
from wattshare.espi.enums import ProgramDateKind
from wattshare.espi.profile import Profile

CUSTOMER = "customer"
# rows after which it is told how many are kept, and rows for which what they name is looked up at once
SOME, CHUNK = 100, 500
# the kinds of names that make a number a usage point's
NUMBERED = (NAMED, JOINED)
ADDRESS = ("address", "city", "state", "postal_code")


class BadRecord(Exception):
    """A row cannot be kept beside what is known."""

    def __init__(self, column: str, sentence: str) -> None:
        """Take the column at fault, and what would be right."""
        super().__init__(sentence)
        self.fault = Fault(column, sentence)


@dataclass
class Records:
    """The rows of one table, and what is made of them."""

    draft: Draft
    profile: Profile
    reason: str
    faults: Faults
    tell: Tell = untold
    # what became of each, by "kind: new", "changed", "same"
    counts: Counter[str] = field(default_factory=Counter)
    # usage points, and what the table calls them
    points: dict[int, str] = field(default_factory=dict)

    def take(self, kind: Kind, rows: list[Record]) -> None:
        """Keep rows; what cannot be kept is noted as a fault."""
        keep: dict[str, Callable[[Record], str]] = {
            "customers": self._customer,
            "accounts": self._account,
            "holders": self._holder,
            "meters": self._meter,
            "programs": self._program,
        }
        for some in chunks(self.counted(rows), CHUNK):
            self._look_up(kind, some)
            for row in some:
                try:
                    self.counts[keep[kind.name](row)] += 1
                except BadRecord as why:
                    self.faults.note(row.row, why.fault)

    def _look_up(self, kind: Kind, rows: Sequence[Record]) -> None:
        """See what rows of a kind name."""
        match kind.name:
            case "customers":
                self.draft.look_up(self.draft.customers, "id", self._look_up_customers(rows))
            case "accounts":
                self.draft.look_up_hidden(self._look_up_customers(rows))
                self.look_up_accounts(rows, hold=True)
            case "holders":
                self._look_up_customers(rows)
                accounts = self.look_up_accounts(rows)
                self.draft.look_up(self.draft.holders, "account_id", accounts)
                self.draft.look_up(self.draft.viewers, "account_id", accounts)
            case "meters":
                self.draft.look_up(self.draft.meters, "usage_point_id", self.look_up_points(rows))
            case "programs":
                self.draft.look_up(self.draft.programs, "usage_point_id", self.look_up_points(rows))

    def _look_up_customers(self, rows: Sequence[Record]) -> set[int]:
        """See which customers rows name; their ids."""
        names = {row.get("customer") for row in rows}
        self.draft.names.look_up(CUSTOMER, names)
        found = (self.draft.names.known(CUSTOMER, name) for name in names)
        return {here for here in found if here is not None}

    def look_up_accounts(self, rows: Sequence[Record], *, hold: bool = False) -> set[int]:
        """See which accounts rows name; their ids."""
        numbers = {row.get("account") for row in rows}
        self.draft.look_up_accounts(numbers, hold=hold)
        found = map(self.draft.by_account_number, numbers)
        return {one.id for one in found if one is not None}

    def look_up_points(self, rows: Sequence[Record], *, hold: bool = False) -> set[int]:
        """See which usage points rows name, and the numbers that new ones of them would get; the ids of all."""
        names = {row.get("usage_point") for row in rows}
        called = {name for name in names if not hrefs.TEN_DIGITS.fullmatch(name)}
        self.draft.names.look_up(NAMED, called)
        known = {name: self.draft.names.known(NAMED, name) for name in called}
        self.draft.look_up_free(NUMBERED, {first_number(name) for name, here in known.items() if here is None})
        points = {int(name) for name in names - called} | {here for here in known.values() if here is not None}
        self.draft.look_up_points(points, hold=hold)
        return points

    def counted(self, rows: Sequence[Record]) -> Iterator[Record]:
        """The rows, and it is told how many of them are kept."""
        for done, row in enumerate(rows):
            if done % SOME == 0:
                self.tell("storing", done, len(rows))
            yield row

    def noted(self, kind: str, key: str, before: Any, after: Any) -> str:
        """Write down which fields of a thing changed; what became of it."""
        changed = ["*"] if before is None else differing(before, after)
        if not changed:
            return "same"
        self.draft.changes.append({"kind": kind, "key": key, "fields": changed})
        return "new" if before is None else "changed"

    # what the kinds share

    def account_of(self, row: Record) -> Account:
        """The account that a row names.

        Raises:
            BadRecord: there is none.
        """
        account = self.draft.by_account_number(row.get("account"))
        if account is None:
            raise BadRecord("account", "No account has this number; import accounts first.")
        return account

    def point_of(self, row: Record, commodity: Commodity | None = None) -> int:
        """The usage point that a row names; a new one where its service is said.

        Raises:
            BadRecord: it is not known, or has another service.
        """
        name = row.get("usage_point")
        here = int(name) if hrefs.TEN_DIGITS.fullmatch(name) else self.draft.names.known(NAMED, name)
        point = None if here is None else self.draft.points.get(here)
        if point is None and commodity is None:
            said = "No such usage point is known; import agreements or readings first"
            raise BadRecord("usage_point", f"{said}, or say its commodity." if row.get("agreement") else f"{said}.")
        if point is not None and commodity not in (None, point.commodity):
            called = f"{name}, usage point {point.id}," if name != str(point.id) else f"Usage point {point.id}"
            raise BadRecord("commodity", f"{called} is {point.commodity}; another service is another usage point.")
        if here is None:
            here = self._free(name)
            self.draft.names.learn(NAMED, name, here)
        if point is None and commodity is not None:
            self.draft.points.put(UsagePoint(id=here, commodity=commodity))
        self.points.setdefault(here, name)
        return here

    def _free(self, name: str) -> int:
        """The number of a new name: the first that nothing has, from the one that its digest says."""
        here = first_number(name)
        while not self.draft.is_free(NUMBERED, here):
            here = next_number(here)
        self.draft.take(here)
        return here

    @staticmethod
    def address_of(row: Record) -> Address | None:
        """The address of a row, where it has one."""
        if not any(row.get(name) for name in ADDRESS):
            return None
        line, city, state, code = (row.get(name) or "" for name in ADDRESS)
        return Address(line=line, city=city, state=state, postal_code=code)

    def locate(self, here: int, address: Address | None) -> None:
        """Have a usage point stand at an address, where one is given."""
        point = self.draft.points.get(here)
        if address is None or point is None:
            return
        if point.location_id is None:
            fresh = self.draft.add_location(address)
            self.draft.points.put(replace(point, location_id=fresh.id))
            self.noted("service_location", str(fresh.id), None, fresh)
            return
        known = self.draft.locations.get(point.location_id)
        told = ServiceLocation(id=point.location_id, address=address)
        if known != told:
            self.draft.locations.put(told)
            self.noted("service_location", str(told.id), known, told)

    # one kind each

    def _customer(self, row: Record) -> str:
        here = self.draft.names.known(CUSTOMER, row.get("customer"))
        known = None if here is None else self.draft.customers.get(here)
        if known is None:
            added = self.draft.add_customer(
                row.get("name"), row.get("email"), row.get("class") or Customer.customer_class
            )
            self.draft.names.learn(CUSTOMER, row.get("customer"), added.id)
            return self.noted("customer", str(added.id), None, added)
        told = replace(
            known,
            name=row.get("name"),
            email=row.get("email") or known.email,
            customer_class=row.get("class") or known.customer_class,
        )
        if told != known:
            self.draft.customers.put(told)
        return self.noted("customer", str(known.id), known, told)

    def _account(self, row: Record) -> str:
        holder = self._customer_of(row)
        known = self.draft.by_account_number(row.get("account"))
        told: dict[str, Any] = {
            "phone": row.get("phone"),
            "mailing": self.address_of(row),
            "bill_cycle": row.get("bill_cycle"),
        }
        if known is None:
            added = self.draft.add_account(holder, row.get("account"), told)
            return self.noted("account", str(added.id), None, added)
        if known.customer_id != holder:
            raise BadRecord(
                "customer",
                "The account is another customer's; a new customer gets a new account, and who holds this one too "
                "stands in a table of holders.",
            )
        changed = replace(known, **{name: value for name, value in told.items() if value is not None})
        if changed != known:
            self.draft.accounts.put(changed)
        return self.noted("account", str(known.id), known, changed)

    def _holder(self, row: Record) -> str:
        account, customer = self.account_of(row), self._customer_of(row)
        starts, ends = row.get("starts"), row.get("ends")
        if ends is not None and ends <= starts:
            raise BadRecord("ends", "It ends before it starts.")
        known = self.draft.holders.get((account.id, customer))
        if row.get("may_share") is False:
            return self._viewer(account, customer, starts, ends, known)
        self.draft.viewers.drop((account.id, customer))
        told = self.draft.put_holder(account.id, customer, starts, ends)
        return self.noted("account_holder", str(told.id), known, told)

    def _viewer(self, account: Account, customer: int, starts: int, ends: int | None, holder: Holder | None) -> str:
        """Somebody who sees the account, and shares nothing of it."""
        holds = account.customer_id == customer if holder is None else holder.ends is None or holder.ends > starts
        if holds:
            raise BadRecord("may_share", "This customer holds the account then, and so may share it; end that first.")
        known = self.draft.viewers.get((account.id, customer))
        told = self.draft.put_viewer(account.id, customer, starts, ends)
        return self.noted("account_viewer", str(told.id), known, told)

    def _customer_of(self, row: Record) -> int:
        customer = self.draft.names.known(CUSTOMER, row.get("customer"))
        if customer is None:
            raise BadRecord("customer", "No customer has this number; import customers first.")
        return customer

    def _meter(self, row: Record) -> str:
        here, serial = self.point_of(row), row.get("meter")
        told = Meter(
            usage_point_id=here,
            serial=serial,
            utc_number=row.get("utc_number"),
            type=row.get("type") or Meter.type,
            interval_length=row.get("interval_length"),
            installed=row.get("installed") or 0,
            removed=row.get("removed"),
        )
        if told.removed is not None and told.removed <= told.installed:
            raise BadRecord("removed", "It was removed before it was installed.")
        known = self.draft.meters.get((here, serial))
        if known != told:
            self.draft.meters.put(told)
        return self.noted("meter", f"{here}/{serial}", known, told)

    def _program(self, row: Record) -> str:
        here = self.point_of(row)
        told = ProgramEnrollment(
            usage_point_id=here,
            program=row.get("program"),
            status=Enrollment(row.get("status")),
            description_uri=row.get("description_uri"),
            dates=tuple(
                (kind.value, row.get(kind.name.lower())) for kind in ProgramDateKind if row.get(kind.name.lower())
            ),
            capacity_reservation=row.get("capacity_reservation"),
            nomination=row.get("nomination"),
            power_of_ten=3 if row.get("power_of_ten") is None else row.get("power_of_ten"),
        )
        known = self.draft.programs.get((here, told.program))
        if known != told:
            self.draft.programs.put(told)
        return self.noted("program_enrollment", f"{here}/{told.program}", known, told)
