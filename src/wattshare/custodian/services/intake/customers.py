"""Customer feeds: customers, accounts, agreements, locations and meters.

The parts of a customer feed nest in their addresses, `…/Customer/C/CustomerAccount/A/CustomerAgreement/G/…`, and that
is what joins them here. An account is found again by its number, a customer by the account, an agreement by account
and usage point. The id of an agreement is the id of its usage point, but for feeds whose service location names the
usage point by its address.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TypeVar

from wattshare.custodian.formats import hrefs
from wattshare.custodian.formats.green_button import CustomerEntry, CustomerPart
from wattshare.custodian.formats.linking import Linked
from wattshare.custodian.formats.remarks import Remark
from wattshare.custodian.model.premises import (
    Account,
    Address,
    Agreement,
    Enrollment,
    Meter,
    ProgramEnrollment,
    ServiceLocation,
)
from wattshare.custodian.services.intake.points import Points
from wattshare.custodian.store.database import Tx
from wattshare.espi import customer

Part = TypeVar("Part", bound=CustomerPart)
STATUSES = {status.value: status for status in Enrollment}


@dataclass(frozen=True, kw_only=True)
class CustomerParts:
    """The customer parts of one file, in one transaction."""

    tx: Tx
    points: Points
    linked: Linked
    # what was added or changed
    counts: Counter[str]
    # customers among them, each counted once
    people: set[int] = field(default_factory=set)

    def take(self) -> set[int]:
        """Keep all of them; the usage points that they speak of.

        Raises:
            Conflict: a service is somebody else's at that time.
        """
        accounts, points = self._accounts(), set[int]()
        for entry, content in self._parts(customer.CustomerAgreement):
            account = _one(accounts, _id(entry, "CustomerAccount"))
            if account is None:
                self._remark(Remark.CUSTOMER_WITHOUT_ACCOUNT, entry)
                continue
            points.add(self._take_agreement(entry, content, account))
        return points

    def _parts(self, kind: type[Part]) -> list[tuple[CustomerEntry, Part]]:
        found = self.linked.staged.customer_parts
        return [(entry, entry.content) for entry in found if isinstance(entry.content, kind)]

    def _remark(self, remark: Remark, entry: CustomerEntry) -> None:
        self.linked.staged.warnings.remark(remark, type(entry.content).__name__)

    def _accounts(self) -> dict[str, Account]:
        """The accounts of the file by their id in it."""
        people = {_id(entry, "Customer"): content for entry, content in self._parts(customer.Customer)}
        accounts: dict[str, Account] = {}
        for entry, content in self._parts(customer.CustomerAccount):
            if number := content.account_id or content.name:
                holder = _one(people, _id(entry, "Customer"))
                accounts[_id(entry, "CustomerAccount")] = self._take_account(number, content, holder)
        if people and not accounts:
            for entry, _ in self._parts(customer.Customer):
                self._remark(Remark.CUSTOMER_WITHOUT_ACCOUNT, entry)
        return accounts

    def _take_account(
        self, number: str, content: customer.CustomerAccount, holder: customer.Customer | None
    ) -> Account:
        contact = content.contact_info
        phone = _phone(contact.phone1) if contact else None
        mailing = _address(contact.postal_address or contact.street_address) if contact else None
        known = self.tx.customers.by_account_number(number)
        if known is None:
            fresh = self.tx.customers.add_customer(_name(holder), _email(contact))
            self._count_customer(fresh.id)
            self.counts["accounts"] += 1
            return self.tx.customers.add_account(
                fresh.id, number, phone=phone, mailing=mailing, bill_cycle=content.billing_cycle
            )
        self._refresh_customer(known, holder, contact)
        told = replace(
            known,
            phone=phone or known.phone,
            mailing=mailing or known.mailing,
            bill_cycle=content.billing_cycle or known.bill_cycle,
        )
        if told != known:
            self.tx.customers.change_account(told)
            self.counts["accounts"] += 1
        return told

    def _refresh_customer(
        self, account: Account, holder: customer.Customer | None, contact: customer.Organisation | None
    ) -> None:
        known = self.tx.customers.customer(account.customer_id)
        if known is None:
            return
        told = replace(known, name=_name(holder) or known.name, email=_email(contact) or known.email)
        if told != known:
            self.tx.customers.change_customer(told)
            self._count_customer(told.id)

    def _count_customer(self, customer_id: int) -> None:
        if customer_id not in self.people:
            self.people.add(customer_id)
            self.counts["customers"] += 1

    def _take_agreement(self, entry: CustomerEntry, content: customer.CustomerAgreement, account: Account) -> int:
        place = _id(entry, "CustomerAgreement")
        locations = [part for part in self._parts(customer.ServiceLocation) if _within(part[0], place)]
        href = _usage_point_href([content for _, content in locations])
        here = self.points.by_public_id(href or entry.links.self_href or "", hrefs.last_of(href) if href else place)
        self.points.exists(here, self.linked)
        for _, location in locations:
            self._take_location(here, location)
        agreement = self._keep_agreement(entry, content, account, here)
        for part, meter in self._parts(customer.Meter):
            if _within(part, place):
                self._take_meter(here, agreement, part, meter)
        for program in content.demand_response_program:
            self._take_program(here, program)
        holder = self.tx.customers.customer(account.customer_id)
        if holder and content.type and content.type != holder.customer_class:
            self.tx.customers.change_customer(replace(holder, customer_class=content.type))
            self._count_customer(holder.id)
        return here

    def _keep_agreement(
        self, entry: CustomerEntry, content: customer.CustomerAgreement, account: Account, here: int
    ) -> Agreement:
        number = content.agreement_id or content.name or str(here)
        period = content.validity_interval
        starts = (period.start if period else None) or content.sign_date
        ends = period.start + period.duration if period and period.start and period.duration else None
        known = [one for one in self.tx.customers.agreements_of(here) if one.account_id == account.id]
        if known:
            told = replace(known[-1], number=number, starts=starts or known[-1].starts, ends=ends or known[-1].ends)
            if told != known[-1]:
                self.tx.customers.change_agreement(told)
                self.counts["agreements"] += 1
            return told
        if starts is None:
            self._remark(Remark.AGREEMENT_WITHOUT_START, entry)
        self.counts["agreements"] += 1
        return self.tx.customers.add_agreement(here, account.id, number, starts=starts or 0, ends=ends)

    def _take_location(self, here: int, content: customer.ServiceLocation) -> None:
        address, point = _address(content.main_address), self.tx.customers.usage_point(here)
        if address is None or point is None:
            return
        if point.location_id is None:
            fresh = self.tx.customers.add_location(address)
            self.tx.customers.change_usage_point(replace(point, location_id=fresh.id))
        elif self._address_of(here) != address:
            self.tx.customers.change_location(ServiceLocation(id=point.location_id, address=address))
        else:
            return
        self.counts["locations"] += 1

    def _address_of(self, here: int) -> Address | None:
        for agreement in self.tx.customers.agreements_of(here):
            location = self.tx.customers.service(agreement.id).location
            return location.address if location else None
        return None

    def _take_meter(self, here: int, agreement: Agreement, entry: CustomerEntry, content: customer.Meter) -> None:
        told = Meter(
            usage_point_id=here,
            serial=content.serial_number or _id(entry, "Meter"),
            utc_number=content.utc_number,
            type=content.type or Meter.type,
            interval_length=content.interval_length,
        )
        meters = self.tx.customers.service(agreement.id).meters
        known = next((meter for meter in meters if meter.serial == told.serial), None)
        if known is None:
            self.tx.customers.add_meter(told)
        elif replace(told, installed=known.installed, removed=known.removed) != known:
            self.tx.customers.change_meter(replace(told, installed=known.installed, removed=known.removed))
        else:
            return
        self.counts["meters"] += 1

    def _take_program(self, here: int, content: customer.DemandResponseProgram) -> None:
        level, nomination = content.capacity_reservation_level, content.dr_program_nomination
        told = ProgramEnrollment(
            usage_point_id=here,
            program=content.program_name or "",
            status=STATUSES.get(content.enrollment_status or "", Enrollment.PENDING),
            description_uri=content.program_description,
            dates=tuple(
                (date.program_date_description, date.program_date)
                for date in content.program_date
                if date.program_date_description and date.program_date is not None
            ),
            capacity_reservation=level.value if level else None,
            nomination=nomination.value if nomination else None,
            power_of_ten=(level or nomination or customer.SummaryMeasurement()).power_of_ten_multiplier or 0,
        )
        if told.program and told not in self.tx.programs.of((here,)):
            self.tx.programs.put(told)
            self.counts["programs"] += 1


Thing = TypeVar("Thing")


def _one(things: dict[str, Thing], name: str) -> Thing | None:
    """The thing of that name, or the only one where nothing has it."""
    if name in things:
        return things[name]
    return next(iter(things.values())) if len(things) == 1 and not name else None


def _id(entry: CustomerEntry, collection: str) -> str:
    """The id of what holds a part, or of the part itself, in a collection of its address; empty where none does."""
    return hrefs.segment_after(entry.links.self_href or entry.links.up or "", collection) or ""


def _within(entry: CustomerEntry, agreement: str) -> bool:
    """Whether a part belongs to an agreement; one whose address names none belongs to all, that is to the only one."""
    return _id(entry, "CustomerAgreement") in {agreement, ""}


def _usage_point_href(locations: list[customer.ServiceLocation]) -> str | None:
    named = (href for location in locations for points in location.usage_points for href in points.usage_point)
    return next((href.strip() for href in named if href.strip()), None)


def _name(holder: customer.Customer | None) -> str:
    return (holder.customer_name or holder.name or "") if holder else ""


def _email(contact: customer.Organisation | None) -> str | None:
    return contact.electronic_address.email1 if contact and contact.electronic_address else None


def _phone(number: customer.TelephoneNumber | None) -> str | None:
    if number is None:
        return None
    return number.itu_phone or "".join(filter(None, (number.area_code, number.local_number))) or None


def _address(address: customer.StreetAddress | None) -> Address | None:
    """An address as one line, town, state and postal code; None where it has nothing."""
    if address is None:
        return None
    street = address.street_detail or customer.StreetDetail()
    town = address.town_detail or customer.TownDetail()
    parts = (street.number, street.prefix, street.name, street.type, street.suffix, street.suite_number)
    line = street.address_general or " ".join(filter(None, parts)) or address.po_box or ""
    found = Address(
        line=line,
        city=town.name or "",
        state=town.state_or_province or "",
        postal_code=address.postal_code or town.code or "",
    )
    return None if found == Address(line="", city="", state="", postal_code="") else found
