"""People of a sandbox move out and in: by a table of agreements, as a utility would bring it.

Who holds an account together with others leaves it to them, as a table of holders would say it.
"""

import csv
from datetime import date, timedelta
from io import BytesIO, StringIO
from pathlib import Path

from wattshare.custodian.app import opened
from wattshare.custodian.house import House
from wattshare.custodian.model.errors import BadRequest, Conflict, Unknown
from wattshare.custodian.model.premises import Service
from wattshare.custodian.services.intake.door import Wanted
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_of, midnight

HOLDERS = ("account", "customer", "starts", "ends")
COLUMNS = ("agreement", "account", "usage_point", "commodity", "starts", "ends", "address", "city", "state")
OUT, IN = "out", "in"


def move(home: Path, login: str, way: str) -> str:
    """Have a customer move out of all homes, or into one more, today; the table that was taken in.

    Raises:
        BadRequest: it is neither out nor in, or there is nothing to move out of.
        Unknown: nobody has that login.
    """
    with opened(home) as house:
        services, today = services_of(house, login), day_of(house.now(), house.profile.zone)
        left = leave_to_others(house, services, today) if way == OUT else []
        if left and all(one.account.number in {row["account"] for row in left} for one in services):
            table = written(left, HOLDERS)
        else:
            alone = tuple(one for one in services if one.account.number not in {row["account"] for row in left})
            table = written(leaving(house, alone, today) if way == OUT else arriving(services, today, way), COLUMNS)
            report = house.door.take(BytesIO(table.encode()), "agreements.csv", Wanted())
            if report.refused is not None:
                raise Conflict(report.refused.sentence)
        # what a worker would do within the hour
        house.consent.end_due()
        house.homes.ask()
    return table


def services_of(house: House, login: str) -> tuple[Service, ...]:
    """What a customer has, or had."""
    with house.store.read(Purpose.PEOPLE) as tx:
        known = tx.customers.login(login)
        services = () if known is None else tx.customers.services(known.customer_id)
    if not services:
        raise Unknown("Nobody with a service has this login; sandbox.json lists them.", field="login")
    return services


def leave_to_others(house: House, services: tuple[Service, ...], today: date) -> list[dict[str, str]]:
    """Have a customer hold no more, from today on, what others hold too; a row for each account."""
    customer, zone, rows = services[0].customer.id, house.profile.zone, []
    with house.store.begin(Purpose.INTAKE) as tx:
        numbers = {one.account.id: one.account.number for one in services}
        for account, since in tx.holders.together(customer, house.now()).items():
            if len(tx.holders.at((account,), house.now())[account]) > 1:
                starts = since or min(one.agreement.starts for one in services if one.account.id == account)
                ends = max(today, day_of(starts, zone) + timedelta(days=1))
                tx.holders.put(account, customer, starts=starts, ends=midnight(ends, zone))
                days = {"starts": day_of(starts, zone).isoformat(), "ends": ends.isoformat()}
                rows.append({"account": numbers[account], "customer": str(customer), **days})
    return rows


def leaving(house: House, services: tuple[Service, ...], today: date) -> list[dict[str, str]]:
    """A row for each service that ends today; what began today goes on until tomorrow."""
    zone, rows = house.profile.zone, []
    for one in services:
        if one.agreement.covers(house.now()):
            starts = day_of(one.agreement.starts, zone)
            ends = max(today, starts + timedelta(days=1))
            rows.append(row(one) | {"starts": starts.isoformat(), "ends": ends.isoformat()})
    if not rows:
        raise BadRequest("This customer has moved out already.", field="login")
    return rows


def arriving(services: tuple[Service, ...], today: date, way: str) -> list[dict[str, str]]:
    """A row of a new home with electricity, from today on."""
    if way != IN:
        raise BadRequest("A customer moves out or in.", field="way")
    number = f"{services[0].account.number}-{len(services) + 1}"
    place = {"address": f"{len(services) + 1} Harbor St", "city": "Riverton", "state": "CA"}
    fresh = {"agreement": number, "usage_point": f"SP-{number}", "commodity": "electricity"}
    return [fresh | place | {"account": services[0].account.number, "starts": today.isoformat()}]


def row(one: Service) -> dict[str, str]:
    """The keys of a service that is known."""
    return {
        "agreement": one.agreement.number,
        "account": one.account.number,
        "usage_point": str(one.usage_point.id),
        "commodity": one.usage_point.commodity.value,
    }


def written(rows: list[dict[str, str]], columns: tuple[str, ...]) -> str:
    """A table."""
    out = StringIO()
    table = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue()
