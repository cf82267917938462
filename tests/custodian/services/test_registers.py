"""Tables of what registers show, which are no amounts of intervals."""

import io
from typing import Any

import pytest

from tests.custodian.services.taking import NOW
from tests.custodian.services.test_tables import FRIDAY, POINT, meaning, taken
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

HOURS = range(FRIDAY, FRIDAY + 48 * 3600, 3600)
EPOCH: dict[str, Any] = {"time": {"format": "epoch", "zone": None}}
CHANNELS = {**EPOCH, "columns": {"channel": "channel"}}
RISING = [10_000 + hour // 2 for hour in range(48)]


@pytest.fixture
def engine() -> str:
    """What the store is on: values are seen before it."""
    return "sqlite"


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def told(report: Report) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(one.code, one.count, one.places) for one in report.warnings]


def table(*channels: list[int]) -> str:
    """A table of usage points with values of one kind."""
    rows = [
        f"{POINT + number},{start},{value}"
        for number, values in enumerate(channels)
        for start, value in zip(HOURS, values, strict=False)
    ]
    return "point,start,kwh\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("dry_run", [False, True])
def test_values_that_never_fall_are_told_of(door: Door, dry_run: bool) -> None:
    report = taken(door, table(RISING, [value + 5 for value in RISING]), meaning(**EPOCH), dry_run=dry_run)
    assert told(report) == [("like-registers", 96, ("delivered kWh",))]


@pytest.mark.parametrize(
    "channels",
    {
        "one falls": [RISING, [*RISING[:30], 9_999, *RISING[31:]]],
        "one falls over midnight": [[*RISING[:24], *RISING[:24]]],
        "they are few": [RISING[:23]],
        "they rise by more than they were": [[hour + 1 for hour in range(48)]],
        "none changes": [[7] * 48],
        "none is above zero": [[0] * 48],
    }.values(),
)
def test_others_are_not(door: Door, channels: list[list[int]]) -> None:
    assert told(taken(door, table(*channels), meaning(**EPOCH))) == []


def test_what_never_changes_says_nothing_of_others(door: Door) -> None:
    assert told(taken(door, table([0] * 48, RISING), meaning(**EPOCH))) == [("like-registers", 48, ("delivered kWh",))]


def test_a_column_of_channels_tells_registers_from_amounts(door: Door) -> None:
    rows = [
        f"{POINT},{channel},{start},{value}"
        for start, value in zip(HOURS, RISING, strict=True)
        for channel, value in (("INT", start // 3600 % 3), ("REG", value))
    ]
    report = taken(door, "point,channel,start,kwh\n" + "\n".join(rows) + "\n", meaning(**CHANNELS))
    assert told(report) == [("like-registers", 48, ("delivered kWh REG",))]


def test_rows_that_are_set_aside_are_not_seen(door: Door, tmp_path: Any) -> None:
    text = table(RISING) + f"{POINT + 1},{FRIDAY},9\n{POINT + 1},{FRIDAY},8\n"
    report = taken(door, text, meaning(**EPOCH), set_aside=tmp_path / "bad.csv")
    assert (report.rows_refused, told(report)) == (1, [("like-registers", 48, ("delivered kWh",))])


@pytest.mark.parametrize(("values", "warned"), [(RISING, 96), ([5, 4] * 24, 0)])
def test_of_columns_the_same_is_told(door: Door, values: list[int], warned: int) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    points = [POINT + number for number in (0, 1) for _ in HOURS]
    out = io.BytesIO()
    pq.write_table(pa.table({"point": points, "start": [*HOURS, *HOURS], "kwh": [*values, *values]}), out)
    for words in ({"dry_run": True}, {}):
        report = taken(door, out.getvalue(), meaning(**EPOCH), **words)
        assert told(report) == ([("like-registers", warned, ("delivered kWh",))] if warned else [])
