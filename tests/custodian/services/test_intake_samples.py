"""Every official sample, by its verdict, and what comes out again."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.custodian.services.taking import NOW, authorize_everything, contents_of, readings_of, services_of
from wattshare.custodian.formats.remarks import Remark
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.readings import Reading
from wattshare.custodian.services.intake import Intake
from wattshare.custodian.store.database import Store
from wattshare.espi import usage, wire
from wattshare.espi.atom import Entry
from wattshare.espi.profile import PGE
from wattshare.espi.usage import IntervalReading

FILE = "feed.xml"


@pytest.fixture
def intake(store: Store) -> Intake:
    """The way into an empty utility, on a stopped clock."""
    return Intake(store, lambda: NOW, PGE)


@dataclass(frozen=True)
class Verdict:
    """What becomes of an official sample: by the rule where it is taken strictly, else named."""

    strict: str | None = None
    readings: int = 0
    # of the file's readings, those that another one of the same start replaced or repeated
    repeated: int = 0
    bills: int = 0
    points: int = 0
    channels: int = 0
    # remarks, without the deviations of the reader
    remarks: tuple[Remark, ...] = ()
    # the rule by which it is refused leniently, too
    lenient: str | None = None


ZONE, NO_METERING = Remark.OTHER_ZONE, Remark.NO_METERING
SAMPLES = {
    "espi-gas-monthly": Verdict(None, 13, 0, 1, 1, 1, (ZONE,)),
    "espi-net-all-function-blocks": Verdict("missing-item-kind", 10, 0, 2, 1, 10, (ZONE,)),
    # its bill is of a usage point that is not in the file, its third block hangs on two meter readings
    "espi-net-three-measurements": Verdict(
        None,
        49,
        0,
        1,
        2,
        3,
        (
            Remark.COMMODITY_ASSUMED,
            Remark.LINK_CONTRADICTS,
            ZONE,
            Remark.PARENT_ABSENT,
            Remark.READING_TYPE_TWICE,
        ),
    ),
    "espi-net-zero-home-1min-week": Verdict(None, 20_160, 0, 2, 1, 2),
    "espi-power-quality-15min": Verdict(None, 92, 0, 2, 1, 1, (ZONE,)),
    "espi-temperature": Verdict(None, 2, 0, 1, 1, 1, (ZONE,)),
    "espi-three-usagepoints-two-timezones": Verdict(None, 216, 0, 3, 3, 3, (ZONE,)),
    "espi-water-monthly": Verdict(None, 2, 0, 1, 1, 1, (ZONE,)),
    "gba-applicationinformation-entry": Verdict(remarks=(NO_METERING,)),
    "gba-authorization-feed": Verdict(remarks=(NO_METERING,)),
    "gba-customer-feed-status-text-INVALID": Verdict("text-for-status", remarks=(Remark.CUSTOMER_WITHOUT_ACCOUNT,)),
    "gba-usage-feed-embedded-readingtype-INVALID": Verdict(
        "embedded-reading-type", points=1, channels=1, remarks=(Remark.LINK_TO_CHILD, ZONE)
    ),
    "liberty-apuc-electric-INVALID": Verdict("unknown-element", 300, 0, 0, 1, 1),
    # 36 months that all start in the second of the download
    "opower-ngrid-gas-INVALID": Verdict("empty-value", lenient="placing"),
    "pge-cmd-applicationinformation-entry": Verdict(remarks=(NO_METERING,)),
    "pge-cmd-authorization-entry": Verdict("duration-in-milliseconds", remarks=(NO_METERING,)),
    "pge-cmd-batch-electric-dst-tou": Verdict(None, 49, 0, 0, 1, 1),
    "pge-cmd-batch-gas-daily": Verdict(None, 2, 0, 0, 1, 1, (Remark.LINK_BY_PLACE,)),
    # the same day 24 times, growing
    "pge-cmd-intervalblock-feed": Verdict(
        None,
        2_556,
        276,
        0,
        1,
        1,
        (Remark.COMMODITY_ASSUMED, Remark.PARENT_ABSENT, Remark.READING_TYPE_ASSUMED),
    ),
    "pge-cmd-localtimeparameters-entry": Verdict(),
    "pge-cmd-notification-batchlist": Verdict(remarks=(NO_METERING,)),
    "pge-cmd-readingtype-feed": Verdict(),
    "pge-cmd-retailcustomer-batch": Verdict(points=1, remarks=(Remark.COMMODITY_ASSUMED,)),
    "pge-cmd-usagepoint-feed": Verdict(points=1),
    "pge-cmd-usagesummary-feed": Verdict(bills=3, points=1, remarks=(Remark.PARENT_ABSENT,)),
    "pge-dmd-2012-e1-residential-large": Verdict(None, 3_791, 0, 0, 1, 1, (Remark.LINK_TO_CHILD,)),
    "sample-apache-all-in-one": Verdict(None, 1_340, 0, 2, 1, 1, (ZONE,)),
    "sce-bulk-retailcustomer": Verdict(
        points=1, remarks=(Remark.AGREEMENT_WITHOUT_START, Remark.COMMODITY_ASSUMED, Remark.NOT_KEPT)
    ),
    "sce-bulk-usage-and-billing": Verdict("unknown-element", 3, 0, 7, 1, 1, (ZONE, Remark.READING_TYPE_TWICE)),
    "sdge-style-single-family-year": Verdict(None, 8_760, 1, 1, 1, 1, (Remark.CONFLICTING_READINGS,)),
    "utilityapi-batch-2024": Verdict(None, 67, 0, 0, 1, 1, (ZONE,)),
    "utilityapi-retailcustomer-2025": Verdict(
        "out-of-order", points=3, remarks=(Remark.AGREEMENT_WITHOUT_START, Remark.COMMODITY_ASSUMED, ZONE)
    ),
}


def test_the_verdicts_are_of_all_samples(fixtures: Path) -> None:
    assert {path.stem for path in (fixtures / "samples").glob("*.xml")} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_taken_in_by_its_verdict(fixtures: Path, intake: Intake, name: str) -> None:
    verdict, source = SAMPLES[name], (fixtures / "samples" / f"{name}.xml").read_bytes()
    if verdict.strict:
        refused = intake.take(source, name=FILE)
        assert refused.refused is not None
        assert (refused.refused.rule, refused.revision, refused.read) == (verdict.strict, None, 0)
        assert refused.refused.line is not None
        assert refused.refused.element
    report = intake.take(source, name=FILE, lenient=bool(verdict.strict))
    assert (report.refused.rule if report.refused else None) == verdict.lenient
    assert (report.read, report.repeated) == (verdict.readings, verdict.repeated)
    assert report.readings == Tally(new=verdict.readings - verdict.repeated)
    assert report.bills == Tally(new=verdict.bills)
    assert (len(report.usage_points), len(report.channels)) == (verdict.points, verdict.channels)
    assert {warning.code for warning in report.warnings if warning.line is None} == set(verdict.remarks)


@pytest.mark.parametrize("name", [name for name in SAMPLES if SAMPLES[name].readings])
def test_what_a_sample_says_comes_out_again(fixtures: Path, intake: Intake, store: Store, name: str) -> None:
    path, lenient = fixtures / "samples" / f"{name}.xml", bool(SAMPLES[name].strict)
    report = intake.take(path.read_bytes(), name=FILE, lenient=lenient)
    came_in = Counter(_read(path, lenient=lenient))
    came_out: Counter[Reading] = Counter()
    for usage_point in report.usage_points:
        came_out += readings_of(store, usage_point)
    assert came_out.total() == SAMPLES[name].readings - SAMPLES[name].repeated
    # nothing came out that did not come in; what is lacking was repeated or replaced, and counted
    assert came_out - came_in == Counter()
    assert (came_in - came_out).total() == SAMPLES[name].repeated


def _read(path: Path, *, lenient: bool) -> list[Reading]:
    """The readings of a file by the reader alone."""
    with path.open("rb") as file:
        return [
            _plain(reading)
            for item in wire.stream(file, lenient=lenient)
            if isinstance(item, Entry)
            for content in item.content
            if isinstance(content, usage.IntervalBlock)
            for reading in content.reading
        ]


def _plain(reading: IntervalReading) -> Reading:
    assert reading.time_period is not None
    return Reading(
        start=reading.time_period.start,
        duration=reading.time_period.duration,
        value=reading.value,
        quality=tuple(one.quality for one in reading.quality),
        cost=reading.cost,
        tou=reading.tou,
        tier=reading.consumption_tier,
        cpp=reading.cpp,
    )


@pytest.mark.parametrize("name", [name for name in SAMPLES if not SAMPLES[name].lenient])
def test_the_same_file_twice_changes_nothing(fixtures: Path, intake: Intake, store: Store, name: str) -> None:
    source, lenient = (fixtures / "samples" / f"{name}.xml").read_bytes(), bool(SAMPLES[name].strict)
    first = intake.take(source, name=FILE, lenient=lenient)
    before = contents_of(store)
    again = intake.take(source, name="another name", lenient=lenient)
    assert again.known
    assert (again.digest, again.revision) == (first.digest, None)
    assert contents_of(store) == before
    # other bytes that say the same
    same = intake.take(source + b"\n", name=FILE, lenient=lenient)
    assert not same.known
    assert (same.readings.new, same.readings.changed) == (0, 0)
    assert (same.bills.new, same.bills.changed, dict(same.customers)) == (0, 0, {})
    assert contents_of(store) == before


def test_gas_days_start_a_second_after_midnight(fixtures: Path, intake: Intake, store: Store) -> None:
    path = fixtures / "samples" / "pge-cmd-batch-gas-daily.xml"
    [here] = intake.take(path.read_bytes(), name=FILE).usage_points
    with store.begin() as tx:
        point = tx.customers.usage_point(here)
        assert point is not None
        assert point.commodity is Commodity.GAS
        blocks = list(tx.readings.blocks(authorize_everything(tx, here), here, 1, None, NOW, PGE))
    assert [(block.start % 86_400, block.duration) for block in blocks] == [(25_201, 86_400)] * 2
    assert all(block.day_end == block.start - 1 + 86_400 for block in blocks)


def test_the_day_of_the_clock_is_one_block_of_25_hours(fixtures: Path, intake: Intake, store: Store) -> None:
    path = fixtures / "samples" / "pge-cmd-batch-electric-dst-tou.xml"
    [here] = intake.take(path.read_bytes(), name=FILE).usage_points
    with store.begin() as tx:
        blocks = list(tx.readings.blocks(authorize_everything(tx, here), here, 1, None, NOW, PGE))
        codes = {code.code: code.name for code in tx.programs.codes()}
    assert [(block.start, block.count, block.duration) for block in blocks] == [
        (1_572_678_000, 24, 86_400),
        (1_572_764_400, 25, 90_000),
    ]
    assert (len(codes), codes[6]) == (10, "WOP")


def test_bills_keep_their_dates_and_their_lines(fixtures: Path, intake: Intake, store: Store) -> None:
    path = fixtures / "samples" / "pge-cmd-usagesummary-feed.xml"
    [here] = intake.take(path.read_bytes(), name=FILE).usage_points
    with store.begin() as tx:
        bills = tx.bills.of(authorize_everything(tx, here), here, None, NOW, PGE)
    assert [bill.bill_date for bill in bills] == [1_431_586_800, 1_434_092_400, 1_436_684_400]
    last = bills[-1].summary
    assert (last.bill_last_period, len(last.cost_additional_detail_last_period)) == (23_364_000, 5)
    assert (last.tariff_profile, last.read_cycle) == ("HAG5A", "Q")


def test_a_customer_feed_brings_who_lives_there(fixtures: Path, intake: Intake, store: Store) -> None:
    path = fixtures / "samples" / "pge-cmd-retailcustomer-batch.xml"
    report = intake.take(path.read_bytes(), name=FILE)
    assert report.usage_points == (9_760_620_582,)
    [service] = services_of(store, "1687340014")
    assert (service.customer.name, service.customer.customer_class) == ("ACME INDUSTRIES", "AGR")
    assert (service.agreement.number, service.agreement.starts) == ("1112392222", 1_376_550_000)
    assert service.location is not None
    assert service.location.address.line == "140 HAN RD"
    assert service.location.address.postal_code == "95101"
    [meter] = service.meters
    assert (meter.serial, meter.interval_length) == ("1121183459", 900)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["usage first", "customers first"])
def test_both_feeds_of_one_custodian_meet_at_the_usage_point(
    fixtures: Path, intake: Intake, store: Store, order: tuple[int, int]
) -> None:
    names = ("sce-bulk-usage-and-billing.xml", "sce-bulk-retailcustomer.xml")
    landed = [
        intake.take((fixtures / "samples" / names[which]).read_bytes(), name=FILE, lenient=True).usage_points
        for which in order
    ]
    assert landed[0] == landed[1]
    [service] = services_of(store, "2-00-111-1111")
    assert service.usage_point.id == landed[0][0]
    assert service.agreement.number == "3-001-4647-18"
    assert service.location is not None
    assert service.location.address.line == "11111 COLORADO ST"
    assert len(readings_of(store, landed[0][0])) == 3
