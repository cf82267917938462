"""Readings of a table, or of Green Button, that start more than a day from now."""

import io
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.servers import ENGINES
from tests.custodian.services.feeds import Feed
from tests.custodian.services.taking import NOW
from tests.custodian.services.test_tables import POINT, meaning, taken
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.services.intake.tables import Readings
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_bounds, day_of
from wattshare.espi.profile import PGE

EPOCH = {"time": {"format": "epoch", "zone": None}}
REFUSE = {"time": {**EPOCH["time"], "future": "refuse"}}
SENTENCE = "A reading starts more than a day from now."


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def table(*starts: int) -> str:
    return "point,start,kwh\n" + "".join(f"{POINT},{start},1\n" for start in starts)


def told(report: Report) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(one.code, one.count, one.places) for one in report.warnings]


@pytest.mark.parametrize("dry_run", [False, True])
def test_readings_of_the_future_are_counted_and_the_first_is_named(door: Door, dry_run: bool) -> None:
    late = NOW + 86_400
    report = taken(door, table(late + 3600, late, NOW, late + 7200, late + 10_800), meaning(**EPOCH), dry_run=dry_run)
    assert (report.refused, report.readings.new) == (None, 5)
    assert told(report) == [("future-readings", 3, (f"row 2, {POINT}, 2025-06-16T16:06:40Z",))]
    assert report.warnings[0].sentence == SENTENCE


def test_readings_up_to_a_day_from_now_are_none_of_the_future(door: Door) -> None:
    assert told(taken(door, table(NOW + 86_400), meaning(**EPOCH))) == []


def test_a_row_that_stands_twice_counts_once(door: Door) -> None:
    report = taken(door, table(NOW + 90_000, NOW + 90_000), meaning(**EPOCH))
    assert [count for _, count, _ in told(report)] == [1]


def test_a_mapping_may_refuse_them(door: Door, tmp_path: Path) -> None:
    text = table(NOW, NOW + 90_000)
    report = taken(door, text, meaning(**REFUSE))
    [bad] = report.bad_rows
    assert str(bad) == "row 3, start: It starts more than a day from now, and time.future is “refuse”."
    assert report.refused is not None
    report = taken(door, text, meaning(**REFUSE), set_aside=tmp_path / "bad.csv")
    assert (report.readings.new, report.rows_refused, told(report)) == (1, 1, [])


def test_what_is_kept_of_a_report_names_nobody(door: Door, store: Store) -> None:
    report = taken(door, table(NOW + 90_000), meaning(**EPOCH))
    with store.read(Purpose.INTAKE) as tx:
        [kept] = tx.imports.outcomes(1)
    assert told(report)[0][2]
    assert [(one["count"], list(one["places"])) for one in kept.report["warnings"]] == [(1, [])]


def parquet(first: int, days: int, points: int = 2) -> bytes:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    end = first
    for _ in range(days):
        end = day_bounds(day_of(end, PGE.zone), PGE.zone)[1]
    starts = list(range(first, end, 3600))
    columns: dict[str, Any] = {
        "point": [POINT + number for number in range(points) for _ in starts],
        "start": starts * points,
        "kwh": [1] * len(starts) * points,
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def test_of_columns_the_same_is_told(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    first = day_bounds(day_of(NOW, PGE.zone), PGE.zone)[0]
    file = parquet(first, 4)
    in_columns = taken(door, file, meaning(**EPOCH))
    with monkeypatch.context() as patched:
        patched.setattr(Readings, "_take_columns", lambda *_: None)
        by_rows = taken(door, file, meaning(**EPOCH), again="x")
    assert told(in_columns) == told(by_rows)
    # four days from midnight on but what is up to now, and a day more
    behind = (NOW + 86_400 - first) // 3600 + 1
    assert told(in_columns)[0][1] == 2 * (96 - behind)
    assert f"row {behind + 1}, {POINT}," in told(in_columns)[0][2][0]


def test_of_columns_they_are_refused_row_by_row(door: Door) -> None:
    first = day_bounds(day_of(NOW, PGE.zone), PGE.zone)[0]
    assert taken(door, parquet(first - 5 * 86_400, 2), meaning(**REFUSE)).refused is None
    report = taken(door, parquet(first, 4), meaning(**REFUSE))
    assert report.refused is not None
    assert "time.future" in report.refused.sentence


def test_green_button_of_the_future_is_told_of(store: Store) -> None:
    early = Door(Intake(store, lambda: NOW - 40 * 366 * 86_400, PGE))
    report = early.take(io.BytesIO(Feed().day(0).xml()), "feed.xml", Wanted())
    [warned] = [one for one in report.warnings if one.code == "future-readings"]
    assert (warned.count, warned.sentence) == (report.read, SENTENCE)
    late = Door(Intake(store, lambda: NOW, PGE)).take(io.BytesIO(Feed().day(1).xml()), "feed.xml", Wanted())
    assert not any(one.code == "future-readings" for one in late.warnings)
