"""One's own use by day, month and year: of one's own days, with what was estimated or corrected told apart."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.custodian.houses import DAY, Home, TestHouse
from wattshare.custodian.model.errors import NotCovered
from wattshare.custodian.model.packing import pack_columns
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.readings import Channel
from wattshare.custodian.services.own_usage import Span, Usage, bounds, next_month
from wattshare.custodian.services.tongues import Tongues
from wattshare.custodian.web.usage import decimals, hours, in_words, marks, stretch
from wattshare.espi.days import day_bounds, day_of

FORWARD, BACK = date(2024, 3, 10), date(2023, 11, 5)


def of(house: TestHouse, home: Home, span: Span, day: date | None = None, agreement: int = 0) -> Usage:
    """What a customer is shown of a service."""
    return house.house.own_usage.usage(home.customer.id, home.agreements[agreement].id, None, span, day)


def measured(house: TestHouse, home: Home, day: date, value: int, quality: int = 17) -> None:
    """A day of quarter hours, all alike."""
    start, end = day_bounds(day, house.house.profile.zone)
    count = (end - start) // 900
    with house.store.begin() as tx:
        [channel] = tx.readings.channels(home.usage_points[0])
        block = pack_columns(
            [value] * count,
            usage_point_id=home.usage_points[0],
            channel=channel.number,
            start=start,
            day_end=end,
            step=900,
            quality=[(quality,)] * count,
            tou=[6] * count,
            revision=tx.revisions.begin("test", house.clock()),
            at=house.clock(),
        )
        tx.readings.put_block(block, "metered")


def test_days_have_their_hours_and_words_for_them(house: TestHouse) -> None:
    home, zone, english = house.home(days=8), house.house.profile.zone, Tongues.of().every[0]
    forward = of(house, home, Span.DAY, FORWARD)
    assert len(forward.bars) == 92
    assert hours(english, forward, zone) == "This day has 23 hours: the clocks went forward."
    labels = [line.label.replace("\u202f", " ") for line in in_words(english, forward, zone)]
    assert (labels[7], labels[8]) == ("1:45 AM", "3:00 AM")
    measured(house, home, BACK, 2_000_000)
    back = of(house, home, Span.DAY, BACK)
    assert len(back.bars) == 100
    assert hours(english, back, zone) == "This day has 25 hours: the clocks went back."
    labels = [line.label.replace("\u202f", " ") for line in in_words(english, back, zone)]
    assert (labels[4], labels[8], labels[12]) == ("1:00 AM PDT", "1:00 AM PST", "2:00 AM")
    assert len(set(labels)) == 100
    assert back.total == 2 * 100 * back.way.measure.amount(1_000_000)
    # from there to here
    assert (back.earliest, back.latest, back.before) == (BACK, house.day(1), None)
    assert (back.after, forward.before, of(house, home, Span.DAY).after) == (date(2023, 11, 6), date(2024, 3, 9), None)


def test_months_and_years_add_up(house: TestHouse) -> None:
    home = house.home(days=0)
    house.meter(home.usage_points[0], Commodity.ELECTRICITY, 14)
    month, year = of(house, home, Span.MONTH), of(house, home, Span.YEAR)
    assert (month.first, month.last, len(month.bars)) == (date(2024, 3, 1), date(2024, 3, 31), 13)
    days = [of(house, home, Span.DAY, date(2024, 3, day)) for day in range(1, 13)]
    assert [bar.value for bar in month.bars[:12]] == [sum(bar.value or 0 for bar in day.bars) for day in days]
    assert [bar.value for bar in month.bars[12:]] == [None]
    assert (len(year.bars), year.bars[2].value) == (3, sum(bar.value or 0 for bar in month.bars))
    assert year.bars[1].readings == 2 * 96
    assert year.total == of(house, home, Span.MONTH, date(2024, 2, 1)).total + month.total
    english = Tongues.of().every[0]
    assert [line.note for line in in_words(english, year, house.house.profile.zone)] == ["No reading", "", ""]
    # long before: what lies between is told of the months that have some days
    measured(house, home, date(2024, 1, 29), 1)
    broken = of(house, home, Span.YEAR)
    notes = [line.note for line in in_words(english, broken, house.house.profile.zone)]
    assert notes == ["2 days without a reading", "27 days without a reading", ""]
    assert [stretch(english, shown) for shown in (days[0], month, year)] == ["March 1, 2024", "March 2024", "2024"]


def test_what_was_estimated_or_corrected_is_told_in_words(house: TestHouse) -> None:
    home, zone, english = house.home(days=3), house.house.profile.zone, Tongues.of().every[0]
    yesterday = house.day(1)
    measured(house, home, house.day(2), 5_000, quality=8)
    measured(house, home, yesterday, 7_000)
    shown = of(house, home, Span.DAY)
    assert shown.first == yesterday
    lines = list(in_words(english, shown, zone))
    # the eighth quarter was 7000 before
    assert {line.note for place, line in enumerate(lines) if place != 7} == {"corrected"}
    assert (lines[7].note, lines[7].marked) == ("", False)
    assert marks(english, shown.bars) == ["95 corrected readings"]
    month = list(in_words(english, of(house, home, Span.MONTH), zone))
    assert month[yesterday.day - 1].note == "95 corrected readings"
    assert month[yesterday.day - 2].note == "96 estimated readings, 96 corrected readings"
    assert (month[-1].note, month[-1].amount, month[-1].value) == ("No reading", "–", "")


def test_nobody_sees_anothers_use_nor_the_days_before_their_own(house: TestHouse) -> None:
    ada, bob = house.home(days=8), house.home(days=1)
    with pytest.raises(NotCovered):
        house.house.own_usage.usage(bob.customer.id, ada.agreements[0].id, None, Span.DAY, None)
    with pytest.raises(NotCovered):
        house.house.own_usage.usage(ada.customer.id, ada.agreements[0].id, 99, Span.DAY, None)
    # bob moves in where ada was
    moved = house.midnight(4)
    with house.store.begin() as tx:
        tx.customers.end_agreement(ada.agreements[0].id, moved)
        account = tx.customers.services(bob.customer.id)[0].account
        following = tx.customers.add_agreement(ada.usage_points[0], account.id, "9900000077", starts=moved)
    theirs = of(house, ada, Span.MONTH)
    mine = house.house.own_usage.usage(bob.customer.id, following.id, None, Span.MONTH, None)
    read = [[bar.readings > 0 for bar in shown.bars[:12]] for shown in (theirs, mine)]
    assert read == [[4 < day < 9 for day in range(1, 13)], [day >= 9 for day in range(1, 13)]]
    assert (theirs.latest, mine.earliest) == (date(2024, 3, 8), date(2024, 3, 9))


def put(
    house: TestHouse,
    channel: Channel,
    since: int,
    values: list[int],
    *,
    step: int = 900,
    quality: int = 17,
) -> None:
    """Readings of a channel one after the other, within a day."""
    day = day_of(since, house.house.profile.zone)
    with house.store.begin() as tx:
        block = pack_columns(
            values,
            usage_point_id=channel.usage_point_id,
            channel=channel.number,
            start=since,
            day_end=day_bounds(day, house.house.profile.zone)[1],
            step=step,
            quality=[(quality,)] * len(values),
            revision=tx.revisions.begin("test", house.clock()),
            at=house.clock(),
        )
        tx.readings.put_block(block, "metered")


def unread(house: TestHouse) -> Home:
    """A home whose meter has read nothing so far."""
    home, other = house.home(days=0), house.home(days=1)
    with house.store.begin() as tx:
        [channel] = tx.readings.channels(other.usage_points[0])
        tx.readings.add_channel(replace(channel, number=0, usage_point_id=home.usage_points[0]))
    return home


def swapped(house: TestHouse, home: Home, *, power: int = 0, step: int = 900) -> tuple[Channel, Channel]:
    """The channel of a home, and that of the meter which came after; `power` of ten above the former's."""
    with house.store.begin() as tx:
        former, *_ = tx.readings.channels(home.usage_points[0])
        more = (former.reading_type.power_of_ten_multiplier or 0) + power
        kind = replace(former.reading_type, power_of_ten_multiplier=more, interval_length=step)
        name = tx.readings.put_reading_type(kind)
        later = replace(former, number=0, meter_serial="swapped", reading_type=kind, reading_type_id=name)
        return former, tx.readings.add_channel(later)


def test_a_meter_that_was_swapped_goes_on_in_the_same_chart(house: TestHouse) -> None:
    home = house.home(days=3)
    former, later = swapped(house, home)
    start = day_bounds(house.day(0), house.house.profile.zone)[0]
    put(house, former, start, [1] * 20)
    put(house, later, start + 20 * 900, [5] * 76)
    # the day before has both meters whole: the later one counts
    put(house, later, day_bounds(house.day(1), house.house.profile.zone)[0], [5] * 96)
    shown = of(house, home, Span.DAY)
    assert (len(shown.ways), shown.first) == (1, house.day(0))
    assert [bar.value for bar in shown.bars] == [1] * 20 + [5] * 76
    before = of(house, home, Span.DAY, house.day(1))
    assert {bar.value for bar in before.bars} == {5}
    assert len(of(house, home, Span.DAY, house.day(2)).bars) == len(before.bars)
    # an address of the later meter is one of the same chart
    agreement = home.agreements[0].id
    assert house.house.own_usage.usage(home.customer.id, agreement, later.number, Span.DAY, None) == shown


@pytest.mark.parametrize("day", [FORWARD, BACK, date(2024, 2, 29)])
def test_of_the_interval_of_a_swap_each_meter_has_its_part(house: TestHouse, day: date) -> None:
    home = unread(house)
    former, later = swapped(house, home)
    start, end = day_bounds(day, house.house.profile.zone)
    count, cut = (end - start) // 900, 30
    put(house, former, day_bounds(day - timedelta(days=1), house.house.profile.zone)[0], [1] * 96)
    # the former meter stops in the quarter hour in which the later one begins
    put(house, former, start, [2] * cut + [1], quality=8)
    put(house, later, start + cut * 900, [3] * (count - cut))
    put(house, later, end, [5] * 96)
    shown = of(house, home, Span.DAY, day)
    assert [bar.value for bar in shown.bars] == [2] * cut + [1 + 3] + [3] * (count - cut - 1)
    assert [bar.start for bar in shown.bars] == list(range(start, end, 900))
    whole = sum(bar.value or 0 for bar in shown.bars)
    month, year = of(house, home, Span.MONTH, day), of(house, home, Span.YEAR, day)
    assert (month.bars[day.day - 1].value, month.bars[day.day - 1].estimated) == (whole, cut + 1)
    around = [one for one in (day - timedelta(days=1), day + timedelta(days=1)) if one.month == day.month]
    assert year.bars[day.month - 1].value == whole + sum(
        bar.value or 0 for one in around for bar in of(house, home, Span.DAY, one).bars
    )


def test_what_two_meters_read_at_once_counts_once(house: TestHouse) -> None:
    home = unread(house)
    # the later meter says thousands of what the former one says
    former, later = swapped(house, home, power=3)
    start = day_bounds(house.day(1), house.house.profile.zone)[0]
    put(house, former, start, [1_000] * 60 + [0] * 36)
    put(house, later, start, [0] * 40 + [2] * 56)
    shown = of(house, home, Span.DAY, house.day(1))
    # what reads nothing has not measured what the other did; of both the later one's is taken
    assert [bar.value for bar in shown.bars] == [1_000] * 40 + [2_000] * 56
    assert shown.total == shown.way.measure.amount(40 * 1_000 + 56 * 2_000)
    # an hour of a meter with hours, of which the other has some quarters: the closer readings count
    _, hourly = swapped(house, home, step=3_600)
    put(house, hourly, start, [9_000] * 24, step=3_600)
    assert of(house, home, Span.DAY, house.day(1)).bars == shown.bars
    assert of(house, home, Span.MONTH, house.day(1)).bars[house.day(1).day - 1].value == sum(
        bar.value or 0 for bar in shown.bars
    )


def test_a_column_has_as_many_decimals_in_each_row(house: TestHouse) -> None:
    home = unread(house)
    former, _ = swapped(house, home)
    start, power = day_bounds(house.day(1), house.house.profile.zone)[0], former.reading_type.power_of_ten_multiplier
    one = 10 ** -(power or 0)
    put(house, former, start, [70 * one, 72 * one, 1_000 * one, 0])
    lines = in_words(Tongues.of().every[0], of(house, home, Span.DAY, house.day(1)), house.house.profile.zone)
    assert [line.amount for line in lines] == ["0.070", "0.072", "1.000", "0.000"]
    assert [decimals([Decimal(text)]) for text in ("1000", "0.10", "0.0004", "2.1234")] == [0, 1, 0, 3]
    assert decimals([]) == 0


def test_a_reading_longer_than_a_day_is_of_the_day_it_began(house: TestHouse) -> None:
    home = house.home(commodities=(Commodity.GAS,), days=1)
    start, end = house.midnight(40), house.midnight(10)
    with house.store.begin() as tx:
        [channel] = tx.readings.channels(home.usage_points[0])
        block = pack_columns(
            [77],
            usage_point_id=home.usage_points[0],
            channel=channel.number,
            start=start,
            day_end=end,
            step=end - start,
            quality=[(17,)],
            revision=tx.revisions.begin("test", house.clock()),
            at=house.clock(),
        )
        tx.readings.put_block(block, "metered")
    began = house.day(40)
    shown = of(house, home, Span.MONTH, began)
    assert (shown.bars[began.day - 1].value, shown.bars[began.day - 1].longest) == (77, end - start)
    lines = list(in_words(Tongues.of().every[0], shown, house.house.profile.zone))
    assert lines[began.day - 1].note == "one reading for 30 days"


@pytest.mark.parametrize("day", [date(2024, 1, 31), date(2024, 2, 29), date(2024, 12, 31)])
def test_stretches_hold_their_days(day: date) -> None:
    for span in Span:
        first, last = bounds(span, day)
        assert first <= day <= last
    assert next_month(day).day == 1
    assert DAY < (next_month(day) - day).total_seconds() + DAY <= 32 * DAY
