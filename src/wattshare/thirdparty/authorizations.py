"""The authorizations that a third party holds, as its custodian lists them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from wattshare.espi.atom import Entry
from wattshare.espi.usage import Authorization, DateTimeInterval
from wattshare.thirdparty.errors import Unreadable

ACTIVE = 1
BULK = re.compile(r"/Batch/Bulk/([^/]+)/?$")
REGISTRATION = re.compile(r"/ApplicationInformation/([^/]+)/?$")


@dataclass(frozen=True, kw_only=True)
class HeldAuthorization:
    """One entry of the list: a customer's, or one of the third party's own two. espi.xsd Authorization."""

    # AuthorizationID, which is SubscriptionID and RetailCustomerID of a customer's
    id: str
    # 0 ended, 1 active, 2 denied
    status: int
    # the granted scope string
    scope: str
    resource_uri: str
    # from when to when data may be asked for; no end where the customer set none
    since: datetime | None
    until: datetime | None
    # the first day whose data may be asked for
    data_since: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether it still opens anything."""
        return self.status == ACTIVE

    @property
    def bulk_id(self) -> str | None:
        """The id of the bulk rows, on the one entry that leads to them."""
        found = BULK.search(urlsplit(self.resource_uri).path)
        return found[1] if found else None

    @property
    def is_customers(self) -> bool:
        """Whether a customer gave it: neither the bulk entry nor the registration's."""
        return self.bulk_id is None and not REGISTRATION.search(urlsplit(self.resource_uri).path)


def held(entry: Entry) -> HeldAuthorization:
    """An entry of the Authorization rows, read.

    Raises:
        Unreadable: it holds something else, or has no address of its own.
    """
    content = next((each for each in entry.content if isinstance(each, Authorization)), None)
    if content is None or entry.self_href is None:
        raise Unreadable("An entry of the Authorization rows holds no Authorization.")
    since, until = _bounds(content.authorized_period)
    return HeldAuthorization(
        id=urlsplit(entry.self_href).path.rstrip("/").rpartition("/")[2],
        status=content.status,
        scope=content.scope,
        resource_uri=content.resource_uri or "",
        since=since,
        until=until,
        data_since=_bounds(content.published_period)[0],
    )


def _bounds(period: DateTimeInterval | None) -> tuple[datetime | None, datetime | None]:
    """Start and end; a length of 0, or none, is no end. ESPI says so of authorized periods."""
    if period is None:
        return None, None
    start = datetime.fromtimestamp(period.start, UTC)
    if not period.duration:
        return start, None
    return start, datetime.fromtimestamp(period.start + period.duration, UTC)
