"""What belongs to agreements, by one statement: account, customer, usage point and where it is; then its meters."""

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select

from wattshare.custodian.model.premises import Agreement, Meter
from wattshare.custodian.store.authorizations import AUTHORIZATION, OPEN_SHARES
from wattshare.custodian.store.holders import accounts_of, at_latest, at_soonest, is_held, row_of
from wattshare.custodian.store.metadata import Big, Row
from wattshare.custodian.store.premises import (
    ACCOUNT,
    ACCOUNT_HOLDER,
    AGREEMENT,
    CUSTOMER,
    METER,
    SERVICE_LOCATION,
    USAGE_POINT,
)

TABLES = (AGREEMENT, ACCOUNT, CUSTOMER, USAGE_POINT, SERVICE_LOCATION)
# the columns of each table, and what they are called beside those of the others
LABELS = {table.name: [(column.name, f"{table.name}.{column.name}") for column in table.c] for table in TABLES}


def services_of(which: ColumnElement[bool], holder: ColumnElement[int] | None) -> Select[Any]:
    """Agreements for one of the customers who hold them, and as long as they do; None: whom the account names."""
    columns: dict[str, ColumnElement[Any]] = {
        f"{table.name}.{column.name}": column for table in TABLES for column in table.c
    }
    found = AGREEMENT.join(ACCOUNT, ACCOUNT.c.id == AGREEMENT.c.account_id)
    if holder is None:
        found = found.join(CUSTOMER, CUSTOMER.c.id == ACCOUNT.c.customer_id)
    else:
        found = found.join(CUSTOMER, CUSTOMER.c.id == holder).outerjoin(ACCOUNT_HOLDER, row_of(CUSTOMER.c.id))
        since, until = at_soonest(AGREEMENT.c.starts), at_latest(AGREEMENT.c.ends)
        which &= is_held(CUSTOMER.c.id) & or_(until.is_(None), until > since)
        columns |= {"agreement.starts": since, "agreement.ends": until}
    return (
        select(*(column.label(name) for name, column in columns.items()))
        .select_from(found)
        .join(USAGE_POINT, USAGE_POINT.c.id == AGREEMENT.c.usage_point_id)
        .outerjoin(SERVICE_LOCATION, SERVICE_LOCATION.c.id == USAGE_POINT.c.location_id)
        .where(which)
        .order_by(AGREEMENT.c.usage_point_id, AGREEMENT.c.starts)
    )


def parts_of(row: Row) -> dict[str, dict[str, Any]]:
    """What a row has of each table."""
    return {table: {name: row[label] for name, label in labels} for table, labels in LABELS.items()}


def stood(meter: Meter, agreement: Agreement) -> bool:
    """Whether a meter was there while the agreement ran."""
    return (
        meter.usage_point_id == agreement.usage_point_id
        and (agreement.ends is None or meter.installed < agreement.ends)
        and (meter.removed is None or meter.removed > agreement.starts)
    )


# made once: files of customers ask for every authorization. Given the two of `of_held`
SHARED = services_of(
    AGREEMENT.c.id.in_(select(OPEN_SHARES.subquery("opened").c.agreement_id)),
    select(AUTHORIZATION.c.customer_id).where(AUTHORIZATION.c.id == bindparam("held_id", type_=Big)).scalar_subquery(),
)
# every page of a customer asks for theirs. Given `of_customer`
_CUSTOMER = bindparam("of_customer", type_=Big)
HELD = services_of(AGREEMENT.c.account_id.in_(accounts_of(_CUSTOMER)), _CUSTOMER)
METERS = (
    select(METER)
    .where(METER.c.usage_point_id.in_(bindparam("of_points", expanding=True)))
    .order_by(METER.c.installed, METER.c.serial)
)
