"""Small Green Button feeds, written out, all invented."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from wattshare.custodian.model.readings import Reading
from wattshare.espi.days import day_bounds
from wattshare.espi.profile import PGE

FIRST = date(2024, 6, 3)
HOUR = 3_600
ROOT = "https://riverton.example/espi/1_1/resource"
NAMESPACE = ' xmlns="http://naesb.org/espi/customer">'
STAMPS = "<published>2024-06-04T00:00:00Z</published><updated>2024-06-04T00:00:00Z</updated>"


def local(day: int) -> int:
    """The first second of a day, counted from the first."""
    return day_bounds(FIRST + timedelta(days=day), PGE.zone)[0]


@dataclass
class Feed:
    """A usage point with one channel of hours."""

    point: str = "5390000001"
    entry_id: str = "0"
    service: int = 0
    meter_reading: str = "1"
    extra: bytes = b""
    days: list[list[Reading]] = field(default_factory=list)

    @property
    def readings(self) -> list[Reading]:
        """Everything in it."""
        return [reading for day in self.days for reading in day]

    def day(self, day: int, *, changed: Mapping[int, int] | None = None) -> "Feed":
        """Add a day of hours; values are 100 and the hour, but for those that are changed."""
        start, end = day_bounds(FIRST + timedelta(days=day), PGE.zone)
        values = {hour: 100 + hour for hour in range((end - start) // HOUR)} | dict(changed or {})
        self.days.append(
            [
                Reading(start=start + HOUR * hour, duration=HOUR, value=value, quality=(17,), tou=6)
                for hour, value in values.items()
            ]
        )
        return self

    def xml(
        self, *, backwards: bool = False, timed: bool = True, only: bytes = b"", service_first: bool = False
    ) -> bytes:
        """The feed; some of its entries, or in reverse order, or without the readings' times."""
        entries = [self._point(service_first), self._channel(), self._type()]
        entries += [self._block(day, timed) for day in self.days]
        chosen = [entry for entry in entries if only.decode() in entry]
        body = "".join(reversed(chosen) if backwards else chosen)
        return (
            '<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:uuid:00000000-0000-4000-8000-000000000000</id>'
            "<title>Usage</title><updated>2024-06-04T00:00:00Z</updated>"
            f'<link rel="self" href="{ROOT}/Batch/Subscription/1"/>{body}</feed>'
        ).encode()

    def _entry(self, number: str, self_href: str, content: str, *related: str) -> str:
        name = f"urn:uuid:00000000-0000-4000-8000-{number.encode().hex():0>12}"
        up = self_href.rpartition("/")[0]
        links = f'<link rel="self" href="{self_href}"/><link rel="up" href="{up}"/>'
        links += "".join(f'<link rel="related" href="{href}"/>' for href in related)
        return f"<entry><id>{name}</id>{links}<title/>{STAMPS}<content>{content}</content></entry>"

    @property
    def _point_href(self) -> str:
        return f"{ROOT}/Subscription/1/UsagePoint/{self.point}"

    @property
    def _channel_href(self) -> str:
        return f"{self._point_href}/MeterReading/{self.meter_reading}"

    def _point(self, service_first: bool) -> str:
        category = f"<ServiceCategory><kind>{self.service}</kind></ServiceCategory>"
        extra = self.extra.decode()
        if service_first:
            # the schema has the status between the two
            place, _, status = extra.partition("<status>")
            extra = f"<status>{status}{place}"
        content = f'<UsagePoint xmlns="http://naesb.org/espi">{category}{extra}</UsagePoint>'
        return self._entry(self.entry_id, self._point_href, content, f"{self._point_href}/MeterReading")

    def _channel(self) -> str:
        related = (f"{self._channel_href}/IntervalBlock", f"{ROOT}/ReadingType/1")
        return self._entry("m", self._channel_href, self._content("<MeterReading/>"), *related)

    def _type(self) -> str:
        content = (
            "<ReadingType><commodity>1</commodity><flowDirection>1</flowDirection>"
            "<intervalLength>3600</intervalLength><kind>12</kind>"
            "<powerOfTenMultiplier>-3</powerOfTenMultiplier><uom>72</uom></ReadingType>"
        )
        return self._entry("t", f"{ROOT}/ReadingType/1", self._content(content))

    def _block(self, day: list[Reading], timed: bool) -> str:
        start, length = day[0].start, sum(reading.duration for reading in day)
        interval = f"<interval><duration>{length}</duration><start>{start}</start></interval>"
        body = "".join(_reading(reading, timed) for reading in day)
        content = self._content(f"<IntervalBlock>{interval}{body}</IntervalBlock>")
        return self._entry("b", f"{self._channel_href}/IntervalBlock/{start}", content)

    def _content(self, xml: str) -> str:
        name = xml[1:].split(">", maxsplit=1)[0].split("/", maxsplit=1)[0]
        return xml.replace(f"<{name}", f'<{name} xmlns="http://naesb.org/espi"', 1)


def _reading(reading: Reading, timed: bool) -> str:
    period = f"<timePeriod><duration>{reading.duration}</duration><start>{reading.start}</start></timePeriod>"
    return (
        "<IntervalReading><ReadingQuality><quality>17</quality></ReadingQuality>"
        f"{period if timed else ''}<value>{reading.value}</value><tou>{reading.tou}</tou></IntervalReading>"
    )


def _customer_entry(path: str, content: str) -> str:
    href = f"{ROOT}/RetailCustomer/1/{path}"
    up = href.rpartition("/")[0]
    return (
        f"<entry><id>urn:uuid:00000000-0000-4000-8000-{len(path):012x}</id>"
        f'<link rel="self" href="{href}"/><link rel="up" href="{up}"/><title/>{STAMPS}'
        f"<content>{content.replace('>', NAMESPACE, 1)}"
        "</content></entry>"
    )


_AGREEMENT = "Customer/1/CustomerAccount/2/CustomerAgreement/5390000001"
CUSTOMER_FEED = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:uuid:00000000-0000-4000-8000-000000000001</id>'
    "<title>Customers</title><updated>2024-06-04T00:00:00Z</updated>"
    f'<link rel="self" href="{ROOT}/Batch/RetailCustomer/1"/>'
    + _customer_entry("Customer/1", "<Customer><name>Robin Field</name></Customer>")
    + _customer_entry(
        "Customer/1/CustomerAccount/2",
        "<CustomerAccount><name>1234567890-1</name><billingCycle>Q</billingCycle><contactInfo>"
        "<phone1><areaCode>555</areaCode><localNumber>5550100</localNumber></phone1></contactInfo>"
        "</CustomerAccount>",
    )
    + _customer_entry(
        _AGREEMENT,
        "<CustomerAgreement><name>SA-1</name><type>COM</type><signDate>1700000000</signDate>"
        "<DemandResponseProgram><programName>Peak Day Saver</programName>"
        "<enrollmentStatus>enrolled</enrollmentStatus><capacityReservationLevel>"
        "<powerOfTenMultiplier>3</powerOfTenMultiplier><uom>38</uom><value>150</value>"
        "</capacityReservationLevel></DemandResponseProgram></CustomerAgreement>",
    )
    + _customer_entry(
        f"{_AGREEMENT}/ServiceLocation/3",
        "<ServiceLocation><mainAddress><streetDetail><addressGeneral>12 Elm Street</addressGeneral>"
        "</streetDetail><townDetail><name>Riverton</name><stateOrProvince>CA</stateOrProvince></townDetail>"
        "<postalCode>95990</postalCode></mainAddress></ServiceLocation>",
    )
    + _customer_entry(f"{_AGREEMENT}/ServiceLocation/3/Meter/4", "<Meter><serialNumber>M-77</serialNumber></Meter>")
    + "</feed>"
).encode()
