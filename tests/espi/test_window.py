"""The window of a request."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshare.espi.days import day_bounds, day_of
from wattshare.espi.profile import PGE, STANDARD, Profile
from wattshare.espi.window import LATEST, BadWindow, Window

PACIFIC = ZoneInfo("America/Los_Angeles")
# 2024-05-01 00:00 Pacific
MAY = 1714546800
DAY = 86400

TIMES = st.integers(0, LATEST)
BOUNDS = st.none() | TIMES
NAMES = ("published-min", "published-max", "updated-min", "updated-max")


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T07:00:00Z",
        "2024-05-01T07:00:00.000Z",
        "2024-05-01T07:00:00.999999999Z",
        "2024-05-01T00:00:00-07:00",
        "2024-05-01T12:30:00+05:30",
        "2024-05-01T12:30:00 05:30",
        "2024-05-01T07:00:00+00:00",
        "2024-05-01T07:00:00-00:00",
        "1714546800",
        "01714546800",
        "1714546800000",
        "1714546800999",
    ],
)
def test_a_time_is_read_in_every_form_that_we_take(text: str) -> None:
    assert Window.read({"published-min": text}) == Window(published_min=MAY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "All",
        "03/01/2016",
        "2024-05-01",
        "2024-05-01T07:00Z",
        "2024-05-01T07:00:00",
        "2024-05-01 07:00:00Z",
        "2024-05-01T07:00:00z",
        "2024-05-01T07:00:00Z ",
        "2024-05-01T07:00:00Z\n",
        "2024-05-01T07:00:00.Z",
        "2024-05-01T07:00:00-0700",
        "2024-05-01T07:00:00-24:00",
        "2024-05-01T07:00:00-07:60",
        "2024-02-30T07:00:00Z",
        "2024-13-01T07:00:00Z",
        "2024-05-01T24:00:00Z",
        "2024-05-01T07:00:60Z",
        "0000-05-01T07:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "2101-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "-1",
        "+1714546800",
        "1714546800.0",
        "1e9",
        "4133980800",
        "99999999999",
        "171454680000",
        "17145468000000",
        "9999999999999",
        "١٧١٤٥٤٦٨٠٠",
        "1_714_546_800",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("name", NAMES)
def test_anything_else_is_refused_and_the_parameter_named(name: str, text: str) -> None:
    with pytest.raises(BadWindow) as refusal:
        Window.read({name: text})
    assert refusal.value.parameter == name
    assert name in refusal.value.sentence


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("2100-12-31T23:59:59Z", LATEST)])
def test_the_first_and_the_last_second_are_in(text: str, seconds: int) -> None:
    assert Window.read({"updated-max": text}).updated_max == seconds


@pytest.mark.parametrize("stem", ["published", "updated"])
def test_a_minimum_after_its_maximum_is_refused(stem: str) -> None:
    with pytest.raises(BadWindow) as refusal:
        Window.read({f"{stem}-min": str(MAY + 1), f"{stem}-max": str(MAY)})
    assert refusal.value.parameter == f"{stem}-min"


def test_a_minimum_may_be_its_maximum() -> None:
    query = {"published-min": str(MAY), "published-max": str(MAY)}
    assert Window.read(query) == Window(published_min=MAY, published_max=MAY)


def test_other_parameters_are_nothing_to_it() -> None:
    assert Window.read({"correlationID": "x", "Published-Min": "All", "depth": "All"}).unbounded


@given(st.dictionaries(st.sampled_from(NAMES), st.text() | st.text("0123456789TZ:+- ", max_size=26)))
def test_any_query_is_a_window_or_refused(query: dict[str, str]) -> None:
    try:
        window = Window.read(query)
    except BadWindow as refusal:
        parameter = refusal.parameter
    else:
        assert Window.of_key(window.key()) == window
        return
    assert parameter in query


@given(BOUNDS, BOUNDS, BOUNDS, BOUNDS)
def test_a_window_is_what_its_key_and_its_query_say(
    first: int | None, second: int | None, third: int | None, fourth: int | None
) -> None:
    published, updated = _ordered(first, second), _ordered(third, fourth)
    window = Window(
        published_min=published[0], published_max=published[1], updated_min=updated[0], updated_max=updated[1]
    )
    assert Window.of_key(window.key()) == window
    assert Window.read(window.query()) == window
    assert window.unbounded == (not window.key())


def test_the_key_is_the_same_however_the_window_was_written() -> None:
    one = Window.read({"published-max": "1714633200000", "published-min": "2024-05-01T07:00:00Z"})
    other = Window.read({"published-min": "1714546800", "published-max": "2024-05-02T00:00:00-07:00"})
    assert one.key() == other.key() == "published-min=1714546800&published-max=1714633200"


# minimum, maximum, and the days that are in by our manner and by the standard's, counted from 1 May
DAYS = [
    (MAY, MAY + 82800, [0], [0]),
    (MAY, MAY + DAY, [0, 1], [0]),
    (MAY, MAY + DAY - 1, [0], [0]),
    (MAY + 1, MAY + DAY, [0, 1], [0]),
    (MAY + DAY - 1, MAY + DAY + 1, [0, 1], [0, 1]),
    (MAY + DAY, MAY + DAY, [1], []),
    (MAY + 3600, MAY + 3600, [0], [0]),
    (None, MAY, [-1, 0], [-1]),
    (MAY + DAY, None, [1, 2], [1, 2]),
]


@pytest.mark.parametrize(("least", "most", "ours", "standard"), DAYS)
def test_a_window_takes_these_days(least: int | None, most: int | None, ours: list[int], standard: list[int]) -> None:
    window = Window(published_min=least, published_max=most)
    assert _days_taken(window, PGE) == ours
    assert _days_taken(window, STANDARD) == standard


def test_a_maximum_at_midnight_leaves_out_the_gas_of_that_day() -> None:
    window = Window(published_min=MAY, published_max=MAY + DAY)
    assert window.covers_block(MAY + 1, MAY + DAY, PGE)
    assert not window.covers_block(MAY + DAY + 1, MAY + 2 * DAY, PGE)


def test_a_day_of_25_hours_is_taken_by_its_last_second() -> None:
    start, end = day_bounds(date(2019, 11, 3), PACIFIC)
    assert Window(published_min=end - 1).covers_block(start, end, PGE)
    assert not Window(published_min=end).covers_block(start, end, PGE)


@pytest.mark.parametrize("blocks", [2, 5])
def test_the_standards_windows_leave_out_the_first_and_the_last_of_contiguous_blocks(blocks: int) -> None:
    bounds = [(MAY + day * DAY, MAY + (day + 1) * DAY) for day in range(blocks)]
    window = Window(published_min=bounds[1][0], published_max=bounds[-2][1])
    taken = [start for start, end in bounds if window.covers_block(start, end, STANDARD)]
    assert len(taken) == blocks - 2


@given(BOUNDS, BOUNDS, st.integers(0, 4_000_000_000), st.sampled_from([PGE, STANDARD]))
def test_days_and_blocks_agree(first: int | None, second: int | None, at: int, profile: Profile) -> None:
    least, most = _ordered(first, second)
    window = Window(published_min=least, published_max=most)
    day = day_of(at, PACIFIC)
    earliest, latest = window.days(PACIFIC, profile)
    within = (earliest is None or earliest <= day) and (latest is None or day <= latest)
    assert window.covers_block(*day_bounds(day, PACIFIC), profile) == within


@pytest.mark.parametrize(
    ("least", "most", "profile", "covered"),
    [
        (MAY, MAY, PGE, True),
        (MAY, MAY + 1, STANDARD, True),
        (MAY - DAY, MAY, STANDARD, False),
        (MAY + 3600, None, PGE, True),
        (MAY + DAY, None, PGE, False),
        (None, MAY - 1, PGE, False),
    ],
)
def test_a_bill_counts_by_its_day(least: int | None, most: int | None, profile: Profile, covered: bool) -> None:
    window = Window(published_min=least, published_max=most)
    assert window.covers_time(MAY, PACIFIC, profile) == covered


@pytest.mark.parametrize(
    ("least", "most", "covered"),
    [(MAY, MAY, True), (MAY + 1, None, False), (None, MAY - 1, False), (None, None, True)],
)
def test_a_change_counts_by_its_second(least: int | None, most: int | None, covered: bool) -> None:
    assert Window(updated_min=least, updated_max=most).covers_change(MAY) == covered


def _ordered(first: int | None, second: int | None) -> tuple[int | None, int | None]:
    if first is not None and second is not None and second < first:
        return second, first
    return first, second


def _days_taken(window: Window, profile: Profile) -> list[int]:
    """Which of four days, the second of them 1 May, are in."""
    days = range(-1, 3)
    return [day for day in days if window.covers_block(MAY + day * DAY, MAY + (day + 1) * DAY, profile)]
