"""Documents of an invented utility, as they are kept in tests/wire."""

from wattshare.espi.atom import Entry, Feed, Link, Resource
from wattshare.espi.customer import (
    Customer,
    CustomerAccount,
    CustomerAgreement,
    DemandResponseProgram,
    Meter,
    PositionPoint,
    ProgramDate,
    ServiceLocation,
    Status,
    StreetAddress,
    StreetDetail,
    TelephoneNumber,
    TownDetail,
    UsagePoints,
)
from wattshare.espi.usage import (
    BatchList,
    BillingChargeSource,
    DateTimeInterval,
    IntervalBlock,
    IntervalReading,
    LineItem,
    LocalTimeParameters,
    MeterReading,
    ProgramIdMapping,
    ProgramIdMappings,
    ReadingQuality,
    ReadingType,
    ServiceCategory,
    ServiceDeliveryPoint,
    ServiceStatus,
    SummaryMeasurement,
    TariffRiderRef,
    UsagePoint,
    UsageSummary,
)

ROOT = "https://data.riverton.example/GreenButtonConnect/espi/1_1/resource"
POINT = f"{ROOT}/Subscription/4100001/UsagePoint/5390000001"
READING = f"{POINT}/MeterReading/NzI6bnVsbDo5MDA6MQ==:1"
CUSTOMERS = f"{ROOT}/RetailCustomer/4100001/Customer"
AT = 1_709_971_200
DAY = 1_709_884_800


def entry(number: int, title: str, up: str, last: str, *related: str, content: Resource) -> Entry:
    links = [Link(rel="up", href=up), Link(rel="self", href=f"{up}/{last}")]
    return Entry(
        id=f"0a0b0c0d-0000-5000-8000-{number:012}",
        links=(*links, *(Link(rel="related", href=href) for href in related)),
        title=title,
        published=AT,
        updated=AT + 60,
        content=(content,),
    )


def reading(number: int, value: int, *, tou: int | None = None) -> IntervalReading:
    return IntervalReading(
        cost=3_150,
        quality=(ReadingQuality(quality=17),),
        time_period=DateTimeInterval(duration=900, start=DAY + 900 * number),
        value=value,
        tou=tou,
    )


INTERVAL_BLOCK = entry(
    4,
    "Interval block",
    f"{READING}/IntervalBlock",
    str(DAY),
    content=IntervalBlock(
        interval=DateTimeInterval(duration=86_400, start=DAY),
        reading=(reading(0, 99_000, tou=6), reading(1, 101_000), reading(2, -250)),
    ),
)

USAGE_SUMMARY = entry(
    5,
    "Bill",
    f"{POINT}/UsageSummary",
    "1709280000000",
    content=UsageSummary(
        billing_period=DateTimeInterval(duration=2_505_600, start=1_706_774_400),
        bill_last_period=23_364_000,
        cost_additional_detail_last_period=(
            LineItem(
                amount=1_200_000,
                note="Energy & delivery <peak>",
                measurement=SummaryMeasurement(power_of_ten_multiplier=-3, uom=72, value=100_000_000),
                item_kind=3,
                unit_cost=12_000,
                item_period=DateTimeInterval(duration=2_505_600, start=1_706_774_400),
            ),
            LineItem(amount=-300_000, note="Climate credit", item_kind=8),
        ),
        currency=840,
        overall_consumption_last_period=SummaryMeasurement(
            power_of_ten_multiplier=-3,
            uom=72,
            value=146_000_000,
            reading_type_ref=f"{ROOT}/ReadingType/NzI6bnVsbDo5MDA6MQ==",
        ),
        quality_of_reading=17,
        status_time_stamp=AT,
        commodity=1,
        tariff_profile="RES-TOU-4",
        read_cycle="Q",
        tariff_rider_refs=(
            TariffRiderRef(rider_type="Low income", enrollment_status="enrolled", effective_date=DAY),
            TariffRiderRef(rider_type="Solar", enrollment_status="unenrolled", effective_date=DAY),
        ),
        billing_charge_source=BillingChargeSource(agency_name="Riverton Community Power"),
    ),
)

USAGE_FEED = Feed(
    id="0a0b0c0d-0000-5000-8000-000000000000",
    title="Usage and billing",
    updated=AT + 60,
    links=(Link(rel="self", href=f"{ROOT}/Batch/Subscription/4100001"),),
    entries=(
        entry(
            1,
            "Pacific time",
            f"{ROOT}/LocalTimeParameters",
            "1",
            content=LocalTimeParameters(
                dst_end_rule="B40E2000", dst_offset=3_600, dst_start_rule="360E2000", tz_offset=-28_800
            ),
        ),
        entry(
            2,
            "Kind of reading",
            f"{ROOT}/ReadingType",
            "NzI6bnVsbDo5MDA6MQ==",
            content=ReadingType(
                accumulation_behaviour=4,
                commodity=1,
                currency=840,
                data_qualifier=12,
                default_quality=17,
                flow_direction=1,
                interval_length=900,
                kind=12,
                phase=769,
                power_of_ten_multiplier=-3,
                time_attribute=0,
                uom=72,
                measuring_period=2,
            ),
        ),
        entry(
            3,
            "Usage point",
            f"{ROOT}/Subscription/4100001/UsagePoint",
            "5390000001",
            f"{POINT}/MeterReading",
            f"{POINT}/UsageSummary",
            f"{ROOT}/LocalTimeParameters/1",
            content=UsagePoint(
                service_category=ServiceCategory(kind=0),
                status=1,
                service_delivery_point=ServiceDeliveryPoint(tariff_profile="RES-TOU-4"),
                is_virtual=False,
            ),
        ),
        entry(
            6,
            "Meter reading",
            f"{POINT}/MeterReading",
            "NzI6bnVsbDo5MDA6MQ==:1",
            f"{READING}/IntervalBlock",
            f"{ROOT}/ReadingType/NzI6bnVsbDo5MDA6MQ==",
            content=MeterReading(),
        ),
        INTERVAL_BLOCK,
        USAGE_SUMMARY,
        entry(
            7,
            "Time of use",
            f"{ROOT}/ProgramIdMapping",
            "1",
            content=ProgramIdMappings(
                program_id_mapping=(
                    ProgramIdMapping(kind="tou", code="6", name="WOP", note="Winter off peak"),
                    ProgramIdMapping(kind="cpp", code="1", name="EVT"),
                )
            ),
        ),
    ),
)

CUSTOMER_FEED = Feed(
    id="0a0b0c0d-0000-5000-8000-000000000010",
    title="Customer information",
    updated=AT + 60,
    links=(Link(rel="self", href=f"{ROOT}/Batch/RetailCustomer/4100001"),),
    entries=(
        entry(
            11,
            "Customer",
            CUSTOMERS,
            "1",
            f"{CUSTOMERS}/1/CustomerAccount",
            content=Customer(name="Ada Miller", kind="residential", customer_name="Ada Miller"),
        ),
        entry(
            12,
            "Service location",
            f"{CUSTOMERS}/1/CustomerAccount/2/CustomerAgreement/5390000001/ServiceLocation",
            "3",
            content=ServiceLocation(
                main_address=StreetAddress(
                    street_detail=StreetDetail(address_general="1 Mill Lane"),
                    town_detail=TownDetail(code="00001", name="Riverton", state_or_province="CA"),
                ),
                phone1=TelephoneNumber(area_code="555", local_number="0100", ext="7"),
                position_points=(PositionPoint(x_position="1.5", y_position="2.5"),),
                usage_points=(UsagePoints(usage_point=(POINT,)),),
            ),
        ),
        entry(
            13,
            "Account",
            f"{CUSTOMERS}/1/CustomerAccount",
            "2",
            content=CustomerAccount(name="1112390000", account_id="1112390000"),
        ),
        entry(
            14,
            "Agreement",
            f"{CUSTOMERS}/1/CustomerAccount/2/CustomerAgreement",
            "5390000001",
            content=CustomerAgreement(
                name="5390000001",
                type="RES",
                doc_status=Status(value="Active"),
                sign_date=1_577_865_600,
                demand_response_program=(
                    DemandResponseProgram(
                        program_name="Cool Evenings",
                        enrollment_status="enrolled",
                        program_date=(
                            ProgramDate(
                                program_date=1_577_865_600,
                                program_date_description="CUST_DR_PROGRAM_ENROLLMENT_DATE",
                            ),
                        ),
                    ),
                ),
            ),
        ),
        entry(
            15,
            "Meter",
            f"{CUSTOMERS}/1/CustomerAccount/2/CustomerAgreement/5390000001/ServiceLocation/3/Meter",
            "1010101010",
            content=Meter(type="Electric", serial_number="1010101010", interval_length=900),
        ),
    ),
)

BATCH_LIST = BatchList(
    resources=(
        f"{ROOT}/Batch/Bulk/50123?correlationID=0a0b0c0d&part=1",
        f"{ROOT}/Batch/Bulk/50123?correlationID=0a0b0c0d&part=2",
    )
)

SERVICE_STATUS = ServiceStatus(current_status=1)
