"""Files in, readings out: every official sample, and what is odd about feeds in general."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.custodian.services.feeds import CUSTOMER_FEED, Feed, local
from wattshare.custodian.formats.remarks import Remark
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.parties import ThirdParty, UserType
from wattshare.custodian.model.premises import Commodity, Service
from wattshare.custodian.model.readings import Reading
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi import usage, wire
from wattshare.espi.atom import Entry
from wattshare.espi.ids import meter_reading_id
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import PGE
from wattshare.espi.usage import IntervalReading

NOW = 1_750_000_000
FILE = "feed.xml"


@pytest.fixture
def intake(store: Store) -> Intake:
    """The way into an empty utility, on a stopped clock."""
    return Intake(store, lambda: NOW, PGE)


def readings_of(store: Store, usage_point: int) -> Counter[Reading]:
    """Everything that the house has of a usage point, whatever the channel."""
    with store.begin() as tx:
        held = authorize_everything(tx, usage_point)
        found: Counter[Reading] = Counter()
        for channel in tx.readings.channels_shared(held, usage_point, NOW):
            for block in tx.readings.blocks(held, usage_point, channel.number, None, NOW, PGE):
                found.update(unpack(block))
        return found


def authorize_everything(tx: Tx, usage_point: int) -> Authorization:
    """An authorization of all that was ever metered at a usage point, claimed by somebody where it is nobody's."""
    agreements = tx.customers.agreements_of(usage_point)
    if not agreements:
        customer = tx.customers.add_customer("Robin Field")
        account = tx.customers.add_account(customer.id, f"claims {usage_point}")
        agreements = (tx.customers.add_agreement(usage_point, account.id, "SA-1", starts=0),)
    account_of = tx.customers.account(agreements[0].account_id)
    assert account_of is not None
    party = ThirdParty(
        id=tx.parties.next_id(),
        name=f"Reader {tx.parties.next_id()}",
        user_type=UserType.STANDARD,
        client_id=f"client {tx.parties.next_id()}",
        application_id=f"application {tx.parties.next_id()}",
    )
    tx.parties.add(party, secret=f"s{party.id}", registration_token=f"r{party.id}")
    held = Authorization(
        id=tx.authorizations.next_id(),
        third_party_id=party.id,
        customer_id=account_of.customer_id,
        kinds=frozenset({Kind.USAGE, Kind.BILLING}),
        starts=0,
        floor=0,
        created_at=0,
        changed_at=0,
    )
    tx.authorizations.add(held, tuple((usage_point, agreement.id) for agreement in agreements))
    return held


def services_of(store: Store, number: str) -> tuple[Service, ...]:
    """Everything that an account has."""
    with store.read() as tx:
        account = tx.customers.by_account_number(number)
        return () if account is None else tx.customers.services(account.customer_id)


def warned(report: Report) -> dict[str, int]:
    """How often each oddity was met."""
    return {warning.code: warning.count for warning in report.warnings}


def add_account(store: Store, number: str = "1234567890-1") -> int:
    with store.begin() as tx:
        customer = tx.customers.add_customer("Robin Field")
        return tx.customers.add_account(customer.id, number).id


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
    "opower-ngrid-gas-INVALID": Verdict(
        "empty-value", 36, 35, 0, 1, 1, (Remark.COMMODITY_ASSUMED, Remark.CONFLICTING_READINGS, ZONE)
    ),
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
    assert report.refused is None
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


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_file_twice_changes_nothing(fixtures: Path, intake: Intake, store: Store, name: str) -> None:
    source, lenient = (fixtures / "samples" / f"{name}.xml").read_bytes(), bool(SAMPLES[name].strict)
    first = intake.take(source, name=FILE, lenient=lenient)
    before = _contents(store)
    again = intake.take(source, name="another name", lenient=lenient)
    assert again.known
    assert (again.digest, again.revision) == (first.digest, None)
    assert _contents(store) == before
    # other bytes that say the same
    same = intake.take(source + b"\n", name=FILE, lenient=lenient)
    assert not same.known
    assert (same.readings.new, same.readings.changed) == (0, 0)
    assert (same.bills.new, same.bills.changed, dict(same.customers)) == (0, 0, {})
    assert _contents(store) == before


def _contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of what is metered, billed and held."""
    names: tuple[str, ...] = ("interval_block", "correction", "bill", "bill_correction", "channel", "reading_type")
    names += ("usage_point", "agreement", "account", "customer", "service_location", "meter", "program_code")
    with store.engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {name}").all()), key=repr)
            for name in names
        }


def test_a_trial_tells_what_would_be_and_keeps_nothing(intake: Intake, store: Store) -> None:
    before = _contents(store)
    tried = intake.take(Feed().day(0).xml(), name=FILE, dry_run=True)
    assert (tried.dry_run, tried.revision, tried.readings) == (True, None, Tally(new=24))
    assert _contents(store) == before
    taken = intake.take(Feed().day(0).xml(), name=FILE)
    assert (taken.known, taken.readings) == (False, tried.readings)


def test_a_file_that_breaks_at_its_end_leaves_nothing(intake: Intake, store: Store) -> None:
    before = _contents(store)
    broken = Feed().day(0).day(1).xml().replace(b"</feed>", b"<entry><content><IntervalBlock")
    report = intake.take(broken, name=FILE)
    assert report.refused is not None
    assert report.refused.rule == "well-formed"
    assert _contents(store) == before


def test_entries_may_come_in_any_order(intake: Intake, store: Store) -> None:
    feed = Feed().day(0).day(1)
    report = intake.take(feed.xml(backwards=True), name=FILE)
    assert warned(report) == {}
    assert readings_of(store, report.usage_points[0]) == Counter(feed.readings)


def test_ten_digits_are_a_usage_point_and_any_other_name_gets_ten(intake: Intake) -> None:
    [kept] = intake.take(Feed(point="5390000001").day(0).xml(), name=FILE).usage_points
    assert kept == 5_390_000_001
    named = [
        intake.take(Feed(point=point, entry_id=entry_id).day(0).xml(), name=FILE).usage_points[0]
        for point, entry_id in (("1", "a"), ("1", "b"), ("2", "a"), ("1", "a"))
    ]
    assert all(9_000_000_000 <= here <= 9_999_999_999 for here in named)
    # neither the address nor the id alone names a usage point: software ships both
    assert len(set(named)) == 3
    assert named[0] == named[3]


def test_a_file_lands_where_it_is_sent(intake: Intake, store: Store) -> None:
    feed = Feed(point="1").day(0)
    report = intake.take(feed.xml(), name=FILE, usage_point=5_390_000_007)
    assert report.usage_points == (5_390_000_007,)
    assert readings_of(store, 5_390_000_007) == Counter(feed.readings)
    gas = intake.take(Feed(point="2", service=1).day(0).xml(), name=FILE, usage_point=5_390_000_007)
    assert gas.refused is not None
    assert gas.refused.rule == "conflict"
    nothing = intake.take(CUSTOMER_FEED, name=FILE, usage_point=5_390_000_007)
    assert nothing.refused is not None


def test_an_account_gets_the_agreement_from_the_first_reading_on(intake: Intake, store: Store) -> None:
    account = add_account(store)
    feed = Feed().day(3)
    for given in (feed.xml(), feed.day(4).xml()):
        report = intake.take(given, name=FILE, account="1234567890-1")
        assert report.refused is None
        with store.read() as tx:
            [agreement] = tx.customers.agreements_of(report.usage_points[0])
        assert (agreement.account_id, agreement.starts, agreement.ends) == (account, local(3), None)


def test_a_service_that_is_somebody_elses_is_not_taken_away(intake: Intake, store: Store) -> None:
    add_account(store)
    add_account(store, "9999999999-9")
    intake.take(Feed().day(0).xml(), name=FILE, account="1234567890-1")
    before = _contents(store)
    report = intake.take(Feed().day(1).xml(), name=FILE, account="9999999999-9")
    assert report.refused is not None
    assert report.refused.rule == "conflict"
    assert _contents(store) == before
    unknown = intake.take(Feed().day(1).xml(), name=FILE, account="000")
    assert unknown.refused is not None


def test_who_moves_in_gets_the_readings_from_the_move_on(intake: Intake, store: Store) -> None:
    add_account(store)
    newcomer = add_account(store, "9999999999-9")
    [here] = intake.take(Feed().day(0).day(1).xml(), name=FILE, account="1234567890-1").usage_points
    with store.begin() as tx:
        [former] = tx.customers.agreements_of(here)
        tx.customers.end_agreement(former.id, local(1))
    intake.take(Feed().day(2).xml(), name=FILE, account="9999999999-9")
    with store.read() as tx:
        _, agreement = tx.customers.agreements_of(here)
    assert (agreement.account_id, agreement.starts) == (newcomer, local(1))


def test_a_corrected_file_corrects_exactly_its_changed_intervals(intake: Intake, store: Store) -> None:
    feed = Feed().day(0).day(1).day(2)
    [here] = intake.take(feed.xml(), name=FILE).usage_points
    corrected = Feed().day(0).day(1, changed={7: 999, 8: 0}).day(2)
    report = intake.take(corrected.xml(), name=FILE)
    assert report.readings == Tally(changed=2, same=70)
    with store.read() as tx:
        [correction] = tx.readings.corrections(here)
    assert [(old.value, new.value) for old, new in zip(correction.old, correction.new, strict=True)] == [
        (107, 999),
        (108, 0),
    ]
    assert correction.revision == report.revision
    assert readings_of(store, here) == Counter(corrected.readings)


def test_of_two_readings_of_one_start_the_last_counts_and_is_named(intake: Intake, store: Store) -> None:
    feed = Feed().day(0).day(0, changed={5: 7})
    report = intake.take(feed.xml(), name=FILE)
    [warning] = report.warnings
    assert (warning.code, warning.count) == (Remark.CONFLICTING_READINGS, 1)
    assert warning.places == (str(local(0) + 5 * 3_600),)
    assert (report.read, report.repeated, report.readings.new) == (48, 24, 24)
    values = {reading.start: reading.value for reading in readings_of(store, report.usage_points[0])}
    assert values[local(0) + 5 * 3_600] == 7


def test_readings_without_a_time_follow_each_other(intake: Intake, store: Store) -> None:
    feed = Feed().day(0)
    report = intake.take(feed.xml(timed=False), name=FILE)
    assert report.refused is None
    assert readings_of(store, report.usage_points[0]) == Counter(feed.readings)
    nameless = intake.take(feed.xml(timed=False).replace(b"<intervalLength>3600</intervalLength>", b""), name=FILE)
    assert nameless.refused is not None
    assert nameless.refused.rule == "placing"


BROKEN_LINKS = [
    (b'rel="related" href="https://riverton.example/espi/1_1/resource/Subscription/1/UsagePoint/U/MeterReading"',
     b'rel="related" href="https://riverton.example/espi/1_1/resource/Subscription/1/UsagePoint/U/MeterReading/1"',
     Remark.LINK_TO_CHILD),
    (b'rel="related" href="https://riverton.example/espi/1_1/resource/Subscription/1/UsagePoint/U/MeterReading"',
     b'rel="related" href="/espi/1_1/resource/Subscription/1/UsagePoint/U/MeterReading/"',
     Remark.LINK_BY_PATH),
    (b'rel="related" href="https://riverton.example/espi/1_1/resource/Subscription/1/UsagePoint/U/MeterReading"',
     b'rel="related" href="https://elsewhere.example/none"',
     Remark.LINK_BY_PATH),
    (b'rel="up" href="https://riverton.example/espi/1_1/resource/Subscription/1/UsagePoint/U/MeterReading/1/IntervalBlock"',
     b'rel="related" href="https://elsewhere.example/none"',
     Remark.LINK_BY_PATH),
    (b'rel="related" href="https://riverton.example/espi/1_1/resource/ReadingType/1"',
     b'rel="related" href="ReadingType/1"',
     Remark.LINK_BY_PATH),
    (b'rel="related" href="https://riverton.example/espi/1_1/resource/ReadingType/1"',
     b'rel="related" href="ReadingType/2"',
     Remark.LINK_BY_PLACE),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "remark"), BROKEN_LINKS)
def test_a_broken_link_is_mended_and_named(
    intake: Intake, store: Store, right: bytes, wrong: bytes, remark: Remark
) -> None:
    feed = Feed(point="U").day(0)
    assert right in feed.xml()
    report = intake.take(feed.xml().replace(right, wrong), name=FILE)
    assert report.refused is None
    assert remark in warned(report)
    assert readings_of(store, report.usage_points[0]) == Counter(feed.readings)


def test_a_part_that_belongs_nowhere_refuses_the_file(intake: Intake, store: Store) -> None:
    before = _contents(store)
    lost = Feed().day(0).xml(only=b"<IntervalBlock").replace(b"/UsagePoint/5390000001/MeterReading/1/", b"/Somewhere/")
    report = intake.take(lost, name=FILE)
    assert report.refused is not None
    assert (report.refused.rule, report.refused.element.split()[0]) == ("placing", "IntervalBlock")
    assert _contents(store) == before


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


def test_a_customer_feed_that_says_something_new_changes_only_that(intake: Intake, store: Store) -> None:
    first = intake.take(CUSTOMER_FEED, name=FILE)
    assert dict(first.customers) == {
        "accounts": 1, "agreements": 1, "customers": 2, "locations": 1, "meters": 1, "programs": 1
    }  # fmt: skip
    second = intake.take(CUSTOMER_FEED.replace(b"Elm Street", b"Fir Street"), name=FILE)
    assert dict(second.customers) == {"locations": 1}
    [service] = services_of(store, "1234567890-1")
    assert service.location is not None
    assert service.location.address.line == "12 Fir Street"
    assert service.account.phone == "5555550100"
    with store.read() as tx:
        [program] = tx.programs.of((service.usage_point.id,))
    assert (program.program, program.capacity_reservation, program.power_of_ten) == ("Peak Day Saver", 150, 3)


def test_what_names_people_does_not_stay_with_the_usage_point(fixtures: Path, intake: Intake, store: Store) -> None:
    feed = Feed(extra=b"<serviceDeliveryPoint><name>12 Elm Street</name><tariffProfile>R-1</tariffProfile>"
                b"<customerAgreement>SA-77</customerAgreement></serviceDeliveryPoint><status>1</status>")  # fmt: skip
    [here] = intake.take(feed.day(0).xml(service_first=True), name=FILE).usage_points
    with store.read() as tx:
        point = tx.customers.usage_point(here)
    assert point is not None
    assert point.extra is not None
    assert "R-1" in point.extra
    assert "Elm" not in point.extra
    assert "SA-77" not in point.extra


def test_a_part_of_our_own_feed_finds_its_channel(intake: Intake, store: Store) -> None:
    [here] = intake.take(Feed().day(0).xml(), name=FILE).usage_points
    with store.read() as tx:
        [channel] = tx.readings.channels(here)
    name = meter_reading_id(channel.reading_type_id, channel.number)
    fragment = Feed(meter_reading=name).day(1).xml(only=b"<IntervalBlock")
    report = intake.take(fragment, name=FILE)
    assert [one.channel for one in report.channels] == [channel.number]
    assert Remark.READING_TYPE_ASSUMED not in warned(report)
    with store.read() as tx:
        assert len(tx.readings.channels(here)) == 1
