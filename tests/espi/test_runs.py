"""Readings that are read many at a time are those that would be read one by one."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshare.espi.fields import ESPI
from wattshare.espi.usage import DateTimeInterval, IntervalBlock, IntervalReading, ReadingQuality
from wattshare.espi.wire import Malformed, read

INT48 = st.integers(-(2**47), 2**47)
INT16 = st.integers(-(2**15), 2**15 - 1)
READINGS = st.builds(
    IntervalReading,
    cost=st.none() | INT48,
    quality=st.lists(st.builds(ReadingQuality, quality=st.integers(0, 2**16 - 1)), max_size=2).map(tuple),
    time_period=st.none()
    | st.builds(DateTimeInterval, duration=st.integers(0, 2**32 - 1), start=st.integers(0, 4_102_444_800)),
    value=st.none() | INT48,
    consumption_tier=st.none() | INT16,
    tou=st.none() | INT16,
    cpp=st.none() | INT16,
)


def leaf(name: str, value: object) -> str:
    return "" if value is None else f"<n:{name}>{value}</n:{name}>"


def printed(reading: IntervalReading) -> str:
    period = reading.time_period
    return (
        "<n:IntervalReading>"
        + leaf("cost", reading.cost)
        + "".join(leaf("ReadingQuality", leaf("quality", one.quality)) for one in reading.quality)
        + (leaf("timePeriod", leaf("duration", period.duration) + leaf("start", period.start)) if period else "")
        + leaf("value", reading.value)
        + leaf("consumptionTier", reading.consumption_tier)
        + leaf("tou", reading.tou)
        + leaf("cpp", reading.cpp)
        + "</n:IntervalReading>"
    )


def block(readings: str, opening: str = "") -> bytes:
    return f'<n:IntervalBlock xmlns:n="{ESPI}"{opening}>\n{readings}\n</n:IntervalBlock>'.encode()


@settings(deadline=None)
@given(readings=st.lists(READINGS, max_size=12))
def test_any_readings_are_read_as_they_are_written(readings: list[IntervalReading]) -> None:
    expected = IntervalBlock(reading=tuple(readings))
    in_runs = block("".join(printed(reading) for reading in readings))
    # a blank inside a value keeps it out of every run
    one_by_one = re.sub(rb"(\d)<", rb"\1 <", in_runs)
    assert read(in_runs).root == read(one_by_one).root == expected


PLAIN = "<n:IntervalReading><n:value>1</n:value></n:IntervalReading>\n"
ODD = {
    "an attribute": ('<n:IntervalReading a="1"/>', "unknown-attribute"),
    "an attribute of a value": (
        '<n:IntervalReading><n:value a="1">1</n:value></n:IntervalReading>',
        "unknown-attribute",
    ),
    "another order": (
        "<n:IntervalReading><n:value>1</n:value><n:cost>1</n:cost></n:IntervalReading>",
        "out-of-order",
    ),
    "two values": (
        "<n:IntervalReading><n:value>1</n:value><n:value>1</n:value></n:IntervalReading>",
        "too-many",
    ),
    "half a period": (
        "<n:IntervalReading><n:timePeriod><n:start>1</n:start></n:timePeriod></n:IntervalReading>",
        "incomplete",
    ),
    "text": ("a", "text-between"),
    "text inside": ("<n:IntervalReading>a</n:IntervalReading>", "text-between"),
    "another namespace": ('<IntervalReading xmlns="urn:x"/>', "unknown-element"),
    "the prefix of another namespace": ('<n:IntervalReading xmlns:n="urn:x"/>', "unknown-element"),
    "a value too great": (
        "<n:IntervalReading><n:value>999999999999999</n:value></n:IntervalReading>",
        "out-of-range",
    ),
    "an unknown element": (
        "<n:IntervalReading><n:value>1</n:value><n:v/></n:IntervalReading>",
        "unknown-element",
    ),
}


@pytest.mark.parametrize("before", [0, 1, 5, 500, 5000])
@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_found_behind_any_run(name: str, before: int) -> None:
    odd, rule = ODD[name]
    with pytest.raises(Malformed) as caught:
        read(block(PLAIN * before + odd + PLAIN * 5))
    assert caught.value.rule == rule
    # a text has no line of its own
    assert caught.value.line in ({1, before + 2} if "text" in name else {before + 2})


def test_readings_behind_an_odd_one_are_read() -> None:
    second = "<n:IntervalReading><n:value> 2 </n:value></n:IntervalReading>"
    found = read(block(PLAIN * 9 + second + PLAIN * 9)).root
    assert isinstance(found, IntervalBlock)
    assert [reading.value for reading in found.reading] == [1] * 9 + [2] + [1] * 9


def test_a_namespace_that_would_end_the_tag_is_refused() -> None:
    forged = "a&gt;&lt;n:IntervalReading&gt;&lt;n:value&gt;9&lt;/n:value&gt;&lt;/n:IntervalReading&gt;"
    with pytest.raises(Malformed):
        read(block(PLAIN * 9, opening=f' xmlns:x="{forged}"'))


@pytest.mark.parametrize("prefix", ["a.b", "a-b", "é", "n0"])
def test_any_prefix_will_do(prefix: str) -> None:
    document = block(PLAIN * 9).decode().replace("n:", f"{prefix}:").replace("xmlns:n=", f"xmlns:{prefix}=")
    found = read(document.encode()).root
    assert isinstance(found, IntervalBlock)
    assert len(found.reading) == 9
