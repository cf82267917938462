"""Files in, readings out: every official sample, and what is odd about feeds in general."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.custodian.services.feeds import CUSTOMER_FEED, HOUR, Feed, local
from tests.custodian.services.taking import NOW, contents_of, readings_of, services_of, warned
from wattshare.custodian.formats.remarks import Remark
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.services.intake import Intake
from wattshare.custodian.store.database import Store
from wattshare.espi.ids import meter_reading_id
from wattshare.espi.profile import PGE

FILE = "feed.xml"


@pytest.fixture
def intake(store: Store) -> Intake:
    """The way into an empty utility, on a stopped clock."""
    return Intake(store, lambda: NOW, PGE)


def add_account(store: Store, number: str = "1234567890-1") -> int:
    with store.begin() as tx:
        customer = tx.customers.add_customer("Robin Field")
        return tx.customers.add_account(customer.id, number).id


def test_a_trial_tells_what_would_be_and_keeps_nothing(intake: Intake, store: Store) -> None:
    before = contents_of(store)
    tried = intake.take(Feed().day(0).xml(), name=FILE, dry_run=True)
    assert (tried.dry_run, tried.revision, tried.readings) == (True, None, Tally(new=24))
    assert contents_of(store) == before
    taken = intake.take(Feed().day(0).xml(), name=FILE)
    assert (taken.known, taken.readings) == (False, tried.readings)


def test_a_file_that_breaks_at_its_end_leaves_nothing(intake: Intake, store: Store) -> None:
    before = contents_of(store)
    broken = Feed().day(0).day(1).xml().replace(b"</feed>", b"<entry><content><IntervalBlock")
    report = intake.take(broken, name=FILE)
    assert report.refused is not None
    assert report.refused.rule == "well-formed"
    assert contents_of(store) == before


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
    before = contents_of(store)
    report = intake.take(Feed().day(1).xml(), name=FILE, account="9999999999-9")
    assert report.refused is not None
    assert report.refused.rule == "conflict"
    assert contents_of(store) == before
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


def test_readings_that_start_together_and_differ_in_length_refuse_the_file(intake: Intake, store: Store) -> None:
    before = contents_of(store)
    feed = Feed().day(0)
    feed.days.append([replace(reading, start=local(0), duration=HOUR * 2) for reading in feed.days[0][:1]])
    report = intake.take(feed.xml(), name=FILE)
    assert report.refused is not None
    assert (report.refused.rule, report.refused.element) == ("placing", f"IntervalReading {local(0)}")
    assert "3600 and 7200 seconds" in report.refused.sentence
    assert contents_of(store) == before


def test_readings_that_overlap_are_kept_and_named(intake: Intake, store: Store) -> None:
    feed = Feed().day(0).day(1)
    # an hour of the one day that lasts three, and the last of the day that reaches into the next
    for at in (5, 23):
        feed.days[0][at] = replace(feed.days[0][at], duration=3 * HOUR if at == 5 else 2 * HOUR)
    report = intake.take(feed.xml(), name=FILE)
    [warning] = report.warnings
    starts = tuple(str(start) for start in (local(0) + 6 * HOUR, local(0) + 7 * HOUR, local(1)))
    assert (warning.code, warning.count, warning.places) == (Remark.OVERLAPPING_READINGS, 3, starts)
    assert readings_of(store, report.usage_points[0]) == Counter(feed.readings)


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
    before = contents_of(store)
    lost = Feed().day(0).xml(only=b"<IntervalBlock").replace(b"/UsagePoint/5390000001/MeterReading/1/", b"/Somewhere/")
    report = intake.take(lost, name=FILE)
    assert report.refused is not None
    assert (report.refused.rule, report.refused.element.split()[0]) == ("placing", "IntervalBlock")
    assert contents_of(store) == before


def test_a_customer_feed_that_says_something_new_changes_only_that(intake: Intake, store: Store) -> None:
    first = intake.take(CUSTOMER_FEED, name=FILE)
    assert dict(first.customers) == {
        "accounts": 1, "agreements": 1, "customers": 1, "locations": 1, "meters": 1, "programs": 1
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
