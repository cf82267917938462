"""Tables of customers and what is theirs, taken in: whole or not at all, each row by its own key."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
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
from wattshare.custodian.services.intake.points import NAMED, free_number
from wattshare.custodian.services.intake.telling import Tell, untold
from wattshare.custodian.store.database import Tx
from wattshare.espi.enums import ProgramDateKind
from wattshare.espi.profile import Profile

CUSTOMER = "customer"
# rows after which it is told how many are kept
SOME = 100
ADDRESS = ("address", "city", "state", "postal_code")


class BadRecord(Exception):
    """A row cannot be kept beside what is known."""

    def __init__(self, column: str, sentence: str) -> None:
        """Take the column at fault, and what would be right."""
        super().__init__(sentence)
        self.fault = Fault(column, sentence)


@dataclass
class Records:
    """The rows of one table, in one transaction."""

    tx: Tx
    profile: Profile
    revision: int
    at: int
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
        for row in self.counted(rows):
            try:
                self.counts[keep[kind.name](row)] += 1
            except BadRecord as why:
                self.faults.note(row.row, why.fault)

    def counted(self, rows: Sequence[Record]) -> Iterator[Record]:
        """The rows, and it is told how many of them are kept."""
        for done, row in enumerate(rows):
            if done % SOME == 0:
                self.tell("storing", done, len(rows))
            yield row

    def noted(self, kind: str, key: str, before: Any, after: Any) -> str:
        """Write down which fields of a thing changed; what became of it."""
        if before is None:
            changed = ["*"]
        else:
            old, new = asdict(before), asdict(after)
            changed = sorted(name for name in new if new[name] != old[name])
        if not changed:
            return "same"
        self.tx.imports.note_change(kind, key, self.revision, self.at, changed)
        return "new" if before is None else "changed"

    # what the kinds share

    def account_of(self, row: Record) -> Account:
        """The account that a row names.

        Raises:
            BadRecord: there is none.
        """
        account = self.tx.customers.by_account_number(row.get("account"))
        if account is None:
            raise BadRecord("account", "No account has this number; import accounts first.")
        return account

    def point_of(self, row: Record, commodity: Commodity | None = None) -> int:
        """The usage point that a row names; a new one where its service is said.

        Raises:
            BadRecord: it is not known, or has another service.
        """
        name = row.get("usage_point")
        here = int(name) if hrefs.TEN_DIGITS.fullmatch(name) else self.tx.imports.known(NAMED, name)
        point = None if here is None else self.tx.customers.usage_point(here)
        if point is None and commodity is None:
            said = "No such usage point is known; import agreements or readings first"
            raise BadRecord("usage_point", f"{said}, or say its commodity." if row.get("agreement") else f"{said}.")
        if point is not None and commodity not in (None, point.commodity):
            raise BadRecord("commodity", f"Usage point {point.id} is {point.commodity}.")
        if here is None:
            here = free_number(self.tx, name)
            self.tx.imports.learn(NAMED, name, here)
        if point is None and commodity is not None:
            self.tx.customers.add_usage_point(UsagePoint(id=here, commodity=commodity))
        self.points.setdefault(here, name)
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
        point = self.tx.customers.usage_point(here)
        if address is None or point is None:
            return
        if point.location_id is None:
            fresh = self.tx.customers.add_location(address)
            self.tx.customers.change_usage_point(replace(point, location_id=fresh.id))
            self.noted("service_location", str(fresh.id), None, fresh)
            return
        known = self.tx.customers.location(point.location_id)
        told = ServiceLocation(id=point.location_id, address=address)
        if known != told:
            self.tx.customers.change_location(told)
            self.noted("service_location", str(told.id), known, told)

    # one kind each

    def _customer(self, row: Record) -> str:
        here = self.tx.imports.known(CUSTOMER, row.get("customer"))
        known = None if here is None else self.tx.customers.customer(here)
        if known is None:
            added = self.tx.customers.add_customer(
                row.get("name"), row.get("email"), row.get("class") or Customer.customer_class
            )
            self.tx.imports.learn(CUSTOMER, row.get("customer"), added.id)
            return self.noted("customer", str(added.id), None, added)
        told = replace(
            known,
            name=row.get("name"),
            email=row.get("email") or known.email,
            customer_class=row.get("class") or known.customer_class,
        )
        if told != known:
            self.tx.customers.change_customer(told)
        return self.noted("customer", str(known.id), known, told)

    def _account(self, row: Record) -> str:
        holder = self._customer_of(row)
        known = self.tx.customers.by_account_number(row.get("account"))
        told: dict[str, Any] = {
            "phone": row.get("phone"),
            "mailing": self.address_of(row),
            "bill_cycle": row.get("bill_cycle"),
        }
        if known is None:
            added = self.tx.customers.add_account(holder, row.get("account"), **told)
            return self.noted("account", str(added.id), None, added)
        if known.customer_id != holder:
            raise BadRecord(
                "customer",
                "The account is another customer's; a new customer gets a new account, and who holds this one too "
                "stands in a table of holders.",
            )
        changed = replace(known, **{name: value for name, value in told.items() if value is not None})
        if changed != known:
            self.tx.customers.change_account(changed)
        return self.noted("account", str(known.id), known, changed)

    def _holder(self, row: Record) -> str:
        account, customer = self.account_of(row), self._customer_of(row)
        starts, ends = row.get("starts"), row.get("ends")
        if ends is not None and ends <= starts:
            raise BadRecord("ends", "It ends before it starts.")
        known = self.tx.holders.of(account.id, customer)
        if row.get("may_share") is False:
            return self._viewer(account, customer, starts, ends, known)
        self.tx.viewers.drop(account.id, customer)
        told = self.tx.holders.put(account.id, customer, starts=starts, ends=ends)
        return self.noted("account_holder", str(told.id), known, told)

    def _viewer(self, account: Account, customer: int, starts: int, ends: int | None, holder: Holder | None) -> str:
        """Somebody who sees the account, and shares nothing of it."""
        holds = account.customer_id == customer if holder is None else holder.ends is None or holder.ends > starts
        if holds:
            raise BadRecord("may_share", "This customer holds the account then, and so may share it; end that first.")
        known = self.tx.viewers.of(account.id, customer)
        told = self.tx.viewers.put(account.id, customer, starts=starts, ends=ends)
        return self.noted("account_viewer", str(told.id), known, told)

    def _customer_of(self, row: Record) -> int:
        customer = self.tx.imports.known(CUSTOMER, row.get("customer"))
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
        known = next((meter for meter in self.tx.customers.meters_at(here) if meter.serial == serial), None)
        if known is None:
            self.tx.customers.add_meter(told)
        elif known != told:
            self.tx.customers.change_meter(told)
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
        known = next((one for one in self.tx.programs.of((here,)) if one.program == told.program), None)
        if known != told:
            self.tx.programs.put(told)
        return self.noted("program_enrollment", f"{here}/{told.program}", known, told)
