"""Daylight saving rules in eight digits."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wattshare.espi import dst

# key, start, end, shift, standard offset
ZONES = [
    ("America/Los_Angeles", "360E2000", "B40E2000", 3600, -28800),
    ("America/New_York", "360E2000", "B40E2000", 3600, -18000),
    ("Europe/London", "3E0E1000", "AE0E2000", 3600, 0),
    ("Australia/Sydney", "A40E2000", "440E3000", 3600, 36000),
    ("Australia/Lord_Howe", "A40E2000", "440E2000", 1800, 37800),
    ("America/Phoenix", "FFFFFFFF", "FFFFFFFF", 0, -25200),
    ("Pacific/Honolulu", "FFFFFFFF", "FFFFFFFF", 0, -36000),
    ("UTC", "FFFFFFFF", "FFFFFFFF", 0, 0),
]

NOTHING, SECOND = timedelta(), timedelta(seconds=1)

RULES = st.builds(
    dst.Rule,
    month=st.integers(1, 12),
    operator=st.integers(0, 7),
    day_of_month=st.integers(1, 31),
    weekday=st.integers(1, 7),
    hour=st.integers(0, 23),
    second=st.integers(0, 3599),
)


@pytest.mark.parametrize(
    ("word", "rule"),
    [
        ("B40E2000", dst.Rule(month=11, operator=dst.FIRST, weekday=7, hour=2)),
        ("360E2000", dst.Rule(month=3, operator=dst.SECOND, weekday=7, hour=2)),
        ("360e2000", dst.Rule(month=3, operator=dst.SECOND, weekday=7, hour=2)),
        ("FFFFFFFF", None),
        ("ffffffff", None),
    ],
)
def test_a_word_is_read(word: str, rule: dst.Rule | None) -> None:
    assert dst.read_rule(word) == rule


@pytest.mark.parametrize(
    "word",
    [
        "",
        "B40E",
        "B60E",
        "B40E20000",
        "B40E200G",
        "00000000",
        "D40E2000",
        "B40F8000",
        "B40E2FFF",
        "B4002000",
        " B40E200",
    ],
)
def test_a_word_that_says_no_rule_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        dst.read_rule(word)


@given(RULES)
def test_rules_and_words_go_both_ways(rule: dst.Rule) -> None:
    assert dst.read_rule(dst.write_rule(rule)) == rule


@given(st.integers(0, 2**32 - 1).map("{:08X}".format))
def test_any_eight_digits_are_a_rule_that_writes_them_or_refused(word: str) -> None:
    try:
        rule = dst.read_rule(word)
    except ValueError:
        return
    assert dst.write_rule(rule) == word


@given(st.text())
def test_any_text_is_a_rule_or_refused(word: str) -> None:
    try:
        rule = dst.read_rule(word)
    except ValueError:
        return
    assert dst.write_rule(rule) == word.upper()


@given(RULES, st.integers(1970, 2100))
def test_the_day_of_a_rule_is_the_one_that_it_describes(rule: dst.Rule, year: int) -> None:
    try:
        at = rule.at(year)
    except ValueError:
        assume(False)
    ordinal = (at.day - 1) // 7 + 1
    last = (at + timedelta(days=7)).month != at.month
    match rule.operator:
        case dst.ON_DAY:
            assert (at.month, at.day) == (rule.month, rule.day_of_month)
        case dst.ON_OR_AFTER:
            assert at.isoweekday() == rule.weekday
            assert 0 <= (at.date() - at.date().replace(month=rule.month, day=rule.day_of_month)).days < 7 or (
                at.month != rule.month
            )
        case dst.LAST:
            assert (at.month, at.isoweekday(), last) == (rule.month, rule.weekday, True)
        case nth:
            assert (at.month, at.isoweekday(), ordinal) == (rule.month, rule.weekday, nth - 1)


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone[0])
def test_a_zone_is_told_by_its_rules(zone: tuple[str, str, str, int, int]) -> None:
    told = dst.parameters(ZoneInfo(zone[0]))
    assert (told.dst_start_rule, told.dst_end_rule, told.dst_offset, told.tz_offset) == zone[1:]


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone[3]], ids=lambda zone: zone[0])
@pytest.mark.parametrize("year", range(2008, 2041))
def test_a_rule_names_the_second_of_the_change_year_after_year(zone: tuple[str, str, str, int, int], year: int) -> None:
    key, start, end, shift, offset = zone
    for word, before, after in ((start, offset, offset + shift), (end, offset + shift, offset)):
        rule = dst.read_rule(word)
        assert rule is not None
        change = rule.at(year).replace(tzinfo=UTC) - timedelta(seconds=before)
        assert _offsets(ZoneInfo(key), change) == (before, after)


def test_the_rules_are_those_of_the_year() -> None:
    told = dst.parameters(ZoneInfo("America/Los_Angeles"), 2006)
    assert dst.read_rule(told.dst_start_rule) == dst.Rule(month=4, operator=dst.FIRST, weekday=7, hour=2)
    assert dst.read_rule(told.dst_end_rule) == dst.Rule(month=10, operator=dst.LAST, weekday=7, hour=2)


def test_a_rule_may_spill_into_the_next_month() -> None:
    told = dst.parameters(ZoneInfo("Africa/Cairo"))
    # the last Thursday's midnight is Friday's, and may be in November
    assert dst.read_rule(told.dst_end_rule) == dst.Rule(month=10, operator=dst.ON_OR_AFTER, day_of_month=26, weekday=5)


def test_a_rule_by_date_and_weekday_is_found() -> None:
    told = dst.parameters(ZoneInfo("America/Santiago"))
    assert dst.read_rule(told.dst_end_rule) == dst.Rule(month=4, operator=dst.ON_OR_AFTER, day_of_month=2, weekday=7)


@pytest.mark.parametrize(("key", "year"), [("Africa/Casablanca", 2025), ("America/Caracas", 2016)])
def test_a_zone_that_no_two_rules_describe_is_refused(key: str, year: int) -> None:
    with pytest.raises(ValueError, match=key):
        dst.parameters(ZoneInfo(key), year)


def _offsets(zone: ZoneInfo, at: datetime) -> tuple[int, int]:
    """Offset of the zone just before and at an instant."""
    before, after = ((instant.astimezone(zone).utcoffset() or NOTHING) for instant in (at - SECOND, at))
    return before // SECOND, after // SECOND
