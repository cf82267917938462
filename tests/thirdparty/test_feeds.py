"""Feeds as values: readings, bills, services."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from wattshare.thirdparty.bills import Quantity, bills, newest
from wattshare.thirdparty.errors import Unreadable
from wattshare.thirdparty.feeds import Measured, readings
from wattshare.thirdparty.services import Address, services
from wattshare.thirdparty.units import money, quantity

R = "https://riverton.example/GreenButtonConnect/espi/1_1/resource"
POINT = f"{R}/Subscription/4100001/UsagePoint/5390000001"
CHANNEL = f"{POINT}/MeterReading/TnpJNmJuVnNiRG81TURBNk1RPT06MQ=="
TYPE = f"{R}/ReadingType/NzI6bnVsbDo5MDA6MQ=="
START = 1714546800


def entry(up: str, here: str, content: str, *related: str) -> str:
    links = "".join(f'<ns1:link href="{each}" rel="related"/>' for each in related)
    return f"""<ns1:entry><ns1:id>0b8f6c1e-0000-4000-8000-000000000002</ns1:id>
<ns1:link href="{up}" rel="up"/><ns1:link href="{here}" rel="self"/>{links}
<ns1:title type="text">x</ns1:title>
<ns1:published>2024-05-02T00:00:00Z</ns1:published><ns1:updated>2024-05-02T00:00:00Z</ns1:updated>
<ns1:content>{content}</ns1:content></ns1:entry>"""


def feed(*entries: str) -> bytes:
    return f"""<ns1:feed xmlns:ns0="http://naesb.org/espi" xmlns:ns1="http://www.w3.org/2005/Atom">
<ns1:id>0b8f6c1e-0000-4000-8000-000000000001</ns1:id><ns1:title type="text">Usage</ns1:title>
<ns1:updated>2024-05-02T00:00:00Z</ns1:updated>
<ns1:link href="{R}/Batch/Bulk/50001" rel="self"/>{"".join(entries)}</ns1:feed>""".encode()


def reading(value: int, number: int, extra: str = "", quality: str = "") -> str:
    return f"""<ns0:IntervalReading>{quality}<ns0:timePeriod><ns0:duration>900</ns0:duration>
<ns0:start>{START + 900 * number}</ns0:start></ns0:timePeriod><ns0:value>{value}</ns0:value>{extra}
</ns0:IntervalReading>"""


READING_TYPE = entry(
    f"{R}/ReadingType",
    TYPE,
    """<ns0:ReadingType><ns0:accumulationBehaviour>4</ns0:accumulationBehaviour><ns0:commodity>1</ns0:commodity>
<ns0:currency>840</ns0:currency><ns0:defaultQuality>17</ns0:defaultQuality><ns0:flowDirection>1</ns0:flowDirection>
<ns0:intervalLength>900</ns0:intervalLength><ns0:powerOfTenMultiplier>-3</ns0:powerOfTenMultiplier>
<ns0:uom>72</ns0:uom></ns0:ReadingType>""",
)
USAGE_POINT = entry(
    POINT.rpartition("/")[0],
    POINT,
    "<ns0:UsagePoint><ns0:ServiceCategory><ns0:kind>0</ns0:kind></ns0:ServiceCategory></ns0:UsagePoint>",
)
METER_READING = entry(f"{POINT}/MeterReading", CHANNEL, "<ns0:MeterReading/>", f"{CHANNEL}/IntervalBlock", TYPE)
BLOCK = entry(
    f"{CHANNEL}/IntervalBlock",
    f"{CHANNEL}/IntervalBlock/{START}",
    f"""<ns0:IntervalBlock><ns0:interval><ns0:duration>86400</ns0:duration><ns0:start>{START}</ns0:start>
</ns0:interval>{reading(99000, 0, "<ns0:tou>6</ns0:tou>")}
{reading(-1, 1, quality="<ns0:ReadingQuality><ns0:quality>8</ns0:quality></ns0:ReadingQuality>")}
</ns0:IntervalBlock>""",
)
CODES = entry(
    f"{R}/ProgramIdMapping",
    f"{R}/ProgramIdMapping/1",
    """<ns0:ProgramIdMappings><ns0:programIdMapping>
<ns0:tOUorCPPorConsumptionTier>tou</ns0:tOUorCPPorConsumptionTier><ns0:code>6</ns0:code><ns0:name>WOP</ns0:name>
<ns0:note>Winter Off Peak</ns0:note></ns0:programIdMapping></ns0:ProgramIdMappings>""",
)
PARTS = (READING_TYPE, USAGE_POINT, METER_READING, BLOCK, CODES)
FIRST = Measured(
    usage_point="5390000001",
    meter_reading="TnpJNmJuVnNiRG81TURBNk1RPT06MQ==",
    commodity="electricity",
    flow="delivered",
    start=datetime(2024, 5, 1, 7, tzinfo=UTC),
    duration=timedelta(minutes=15),
    value=Decimal(99),
    unit="Wh",
    quality=("validated",),
    tou=6,
    tou_name="WOP",
    currency="USD",
)


@pytest.mark.parametrize("parts", list(itertools.permutations(PARTS)))
def test_readings_have_meaning_in_whatever_order_the_entries_come(parts: Sequence[str]) -> None:
    first, second = readings(feed(*parts))
    assert first == FIRST
    assert (second.value, second.quality, second.tou) == (
        Decimal("-0.001"),
        ("estimated from a reference day",),
        None,
    )


def test_parts_that_were_asked_for_one_by_one_are_read_together() -> None:
    first, _ = readings(feed(BLOCK), feed(METER_READING), feed(READING_TYPE), feed(CODES))
    assert first == FIRST


def test_blocks_with_one_reading_type_beside_them_need_no_meter_reading() -> None:
    first, _ = readings(feed(BLOCK), feed(READING_TYPE))
    assert (first.value, first.tou_name) == (Decimal(99), None)


@pytest.mark.parametrize("parts", [(BLOCK,), (BLOCK, METER_READING)])
def test_a_block_whose_unit_nobody_tells_is_unreadable(parts: Sequence[str]) -> None:
    with pytest.raises(Unreadable, match="does not say what"):
        list(readings(feed(*parts)))


def test_a_reading_without_a_time_follows_the_one_before_it() -> None:
    untimed = """<ns0:IntervalReading><ns0:value>1</ns0:value></ns0:IntervalReading>"""
    missing = "<ns0:IntervalReading/>"
    block = entry(
        f"{CHANNEL}/IntervalBlock",
        f"{CHANNEL}/IntervalBlock/{START}",
        f"""<ns0:IntervalBlock><ns0:interval><ns0:duration>86400</ns0:duration><ns0:start>{START}</ns0:start>
</ns0:interval>{untimed}{missing}{untimed}</ns0:IntervalBlock>""",
    )
    times = [each.start for each in readings(feed(READING_TYPE, METER_READING, block))]
    assert times == [FIRST.start, FIRST.start + timedelta(minutes=30)]


@pytest.mark.parametrize(
    ("value", "power", "said"),
    [(1067300, -3, "1067.3"), (103659540, -8, "1.0365954"), (5, 3, "5000"), (-7, None, "-7"), (0, -3, "0")],
)
def test_quantities_are_exact(value: int, power: int | None, said: str) -> None:
    assert f"{quantity(value, power):f}" == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(23364000, "233.64"), (1200000, "12.00"), (12000, "0.12"), (-1, "-0.00001"), (12345, "0.12345")],
)
def test_money_is_exact_and_has_cents(value: int, said: str) -> None:
    assert f"{money(value):f}" == said


def test_a_real_electric_day_is_read(fixtures: Path) -> None:
    measured = list(readings(fixtures / "samples" / "pge-cmd-batch-electric-dst-tou.xml", lenient=True))
    assert len(measured) == 49
    assert {(each.commodity, each.flow, each.unit, each.quality) for each in measured} == {
        ("electricity", "delivered", "Wh", measured[0].quality)
    }
    # the clock is set back on that night: 25 hours from midnight to midnight
    assert measured[-1].start + measured[-1].duration - measured[24].start == timedelta(hours=25)
    assert all(each.tou_name for each in measured)


def test_a_real_gas_day_is_read_in_therms(fixtures: Path) -> None:
    first, *_ = readings(fixtures / "samples" / "pge-cmd-batch-gas-daily.xml", lenient=True)
    assert (first.commodity, first.unit, first.duration) == ("natural gas", "therm", timedelta(days=1))
    assert first.start.second == 1
    assert Decimal("0.1") < first.value < Decimal(10)


def test_real_bills_are_read(fixtures: Path) -> None:
    first, *rest = bills(fixtures / "samples" / "pge-cmd-usagesummary-feed.xml", lenient=True)
    assert len(rest) == 2
    assert first.amount == Decimal("233.64")
    assert first.consumption is not None
    assert first.consumption.unit == "Wh"
    assert first.tariff == "HAG5A"
    assert len(first.lines) == 5
    assert first.id.isdigit()
    assert first.start is not None
    assert first.end is not None
    assert timedelta(days=27) < first.end - first.start < timedelta(days=34)


def bill(amount: int, published: str) -> str:
    content = f"""<ns0:UsageSummary><ns0:billingPeriod><ns0:duration>2505600</ns0:duration>
<ns0:start>1434006000</ns0:start></ns0:billingPeriod><ns0:billLastPeriod>{amount}</ns0:billLastPeriod>
<ns0:costAdditionalDetailLastPeriod><ns0:amount>1200000</ns0:amount><ns0:note>Peak</ns0:note>
<ns0:measurement><ns0:powerOfTenMultiplier>-3</ns0:powerOfTenMultiplier><ns0:uom>72</ns0:uom>
<ns0:value>100000000</ns0:value></ns0:measurement><ns0:itemKind>3</ns0:itemKind><ns0:unitCost>12000</ns0:unitCost>
</ns0:costAdditionalDetailLastPeriod><ns0:currency>840</ns0:currency>
<ns0:qualityOfReading>17</ns0:qualityOfReading><ns0:statusTimeStamp>1440109957</ns0:statusTimeStamp>
<ns0:commodity>1</ns0:commodity></ns0:UsageSummary>"""
    told = entry(f"{POINT}/UsageSummary", f"{POINT}/UsageSummary/1,436,684,400,000", content)
    return told.replace("<ns1:published>2024-05-02T00", f"<ns1:published>{published}T00")


def test_of_a_bill_that_was_issued_again_the_newest_counts() -> None:
    issued = list(bills(feed(bill(200, "2024-05-03"), bill(100, "2024-05-02"))))
    assert len(issued) == 2
    [chosen] = newest(issued)
    assert chosen.amount == Decimal("0.002")
    assert (chosen.id, chosen.usage_point) == ("1436684400000", "5390000001")


def test_a_bill_has_lines_with_units() -> None:
    [told] = bills(feed(bill(23364000, "2024-05-02")))
    [line] = told.lines
    assert (line.note, line.kind, line.amount) == ("Peak", "energy usage fee", Decimal("12.00"))
    assert line.quantity == Quantity(value=Decimal(100000), unit="Wh")
    assert line.unit_cost == Decimal("0.12")
    assert (told.currency, told.quality, told.commodity) == ("USD", "validated", "electricity")


def test_a_real_customer_feed_is_joined_to_its_usage_point(fixtures: Path) -> None:
    [service] = services(fixtures / "samples" / "pge-cmd-retailcustomer-batch.xml", lenient=True)
    assert (service.usage_point, service.retail_customer) == ("9760620582", "92772")
    assert (service.customer_name, service.account_number) == ("ACME INDUSTRIES", "1687340014")
    assert service.agreement_number == "1112392222"
    assert (service.customer_class, service.status) == ("AGR", "Active")
    assert service.address == Address(lines=("140 HAN RD",), town="KING CITY", state="CA", postal_code="95101")
    [meter] = service.meters
    assert (meter.serial_number, meter.interval_length) == ("1121183459", 900)
    assert "ACME" not in repr(service)


AGREEMENT = f"{R}/RetailCustomer/4100001/Customer/C1/CustomerAccount/A1/CustomerAgreement/5390000001"


def customer_feed(*contents: tuple[str, str]) -> bytes:
    entries = "".join(entry(here.rpartition("/")[0], here, content) for here, content in contents)
    return f"""<ns1:feed xmlns:ns1="http://www.w3.org/2005/Atom" xmlns="http://naesb.org/espi/customer">
<ns1:id>0b8f6c1e-0000-4000-8000-000000000001</ns1:id><ns1:title type="text">Customers</ns1:title>
<ns1:updated>2024-05-02T00:00:00Z</ns1:updated><ns1:link href="{R}/Batch/RetailCustomer/4100001" rel="self"/>
{entries}</ns1:feed>""".encode()


INFORMATION = customer_feed(
    (AGREEMENT, "<CustomerAgreement><name>1112390000</name><type>RES</type></CustomerAgreement>")
)
PROGRAMS = customer_feed(
    (
        AGREEMENT,
        """<CustomerAgreement><name>1112390000</name><DemandResponseProgram><programName>BIP</programName>
<enrollmentStatus>enrolled</enrollmentStatus><programDate><programDate>1525158000</programDate>
<programDateDescription>CUST_DR_PROGRAM_ENROLLMENT_DATE</programDateDescription></programDate>
<capacityReservationLevel><powerOfTenMultiplier>3</powerOfTenMultiplier><uom>38</uom><value>150</value>
</capacityReservationLevel></DemandResponseProgram></CustomerAgreement>""",
    )
)


@pytest.mark.parametrize("sources", [(INFORMATION, PROGRAMS), (PROGRAMS, INFORMATION)])
def test_enrolments_join_the_customers_information(sources: Sequence[bytes]) -> None:
    [service] = services(*sources)
    assert (service.customer_class, service.agreement_number) == ("RES", "1112390000")
    [program] = service.programs
    assert (program.program, program.status) == ("BIP", "enrolled")
    assert program.dates == (("CUST_DR_PROGRAM_ENROLLMENT_DATE", datetime(2018, 5, 1, 7, tzinfo=UTC)),)
    assert program.capacity_reservation == Quantity(value=Decimal(150000), unit="W")
