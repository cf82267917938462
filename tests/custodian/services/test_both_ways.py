"""Tables with what was delivered and what was received in one row."""

import io
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.services.taking import NOW, authorize_everything
from tests.custodian.services.test_tables import POINT, taken
from wattshare.custodian.formats.tables.mapping import BadMapping, Mapping, from_plain
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.services.intake import Intake
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.services.intake.report import Preview
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

DELIVERED, RECEIVED = 1, 19
NAMES = "point,start,Delivered (kWh),Received (kWh)"
Readings = dict[int | None, list[tuple[int, int | None]]]


@pytest.fixture
def engine() -> str:
    """What the store is on: all is decided before it."""
    return "sqlite"


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def meant(way: str = "delivered", **columns: str) -> Mapping:
    """Hours of local time, in kWh."""
    named = {"usage_point": "point", "start": "start", **columns}
    plain: dict[str, Any] = {
        "columns": named,
        "values": {"unit": "kWh"},
        "time": {"format": "iso", "zone": "local", "ambiguous": "order"},
        "interval": {"length": 3600},
    }
    return from_plain(plain if "received" in columns else plain | {"flow": {"all": way}})


def kept(store: Store) -> Readings:
    """Starts and values in Wh of each flow."""
    with store.begin() as tx:
        held = authorize_everything(tx, POINT)
        return {
            channel.reading_type.flow_direction: [
                (reading.start, None if reading.value is None else reading.value // 1000)
                for block in tx.readings.blocks(held, POINT, channel.number, None, NOW, PGE)
                for reading in unpack(block)
            ]
            for channel in tx.readings.channels_shared(held, POINT, NOW)
        }


def values(store: Store) -> dict[int | None, list[int | None]]:
    """Without the starts."""
    return {flow: [value for _, value in readings] for flow, readings in kept(store).items()}


@pytest.mark.parametrize(
    "names",
    [
        "point,start,Delivered (kWh),Received (kWh)",
        "point,start,kWh received,kWh delivered",
        "point,start,Import kWh,Export kWh",
        "point,start,export,quality,import",
    ],
)
def test_both_columns_are_found(door: Door, store: Store, names: str) -> None:
    cells = {"delivered": ("1.5", "0"), "import": ("1.5", "0"), "received": ("0.25", "2"), "export": ("0.25", "2")}
    columns = names.split(",")

    def row(hour: int) -> str:
        def cell(name: str) -> str:
            word = next((word for word in cells if word in name.casefold()), None)
            return cells[word][hour] if word else ""

        return ",".join([str(POINT), f"2024-06-13 {hour:02}:00", *map(cell, columns[2:])])

    given = from_plain({"values": {"unit": "kWh"}, "time": {"zone": "local"}})
    report = taken(door, f"{names}\n{row(0)}\n{row(1)}\n", given)
    assert report.refused is None, report.refused
    assert (report.rows, report.readings.new, len(report.channels)) == (2, 4, 2)
    assert values(store) == {DELIVERED: [1500, 0], RECEIVED: [250, 2000]}


@pytest.mark.parametrize(
    "names", ["Consumption kWh,Generation kWh", "Delivered kWh,Received Wh", "net kWh,Received kWh"]
)
def test_what_may_mean_something_else_is_asked_about(door: Door, names: str) -> None:
    report = taken(door, f"point,start,{names}\n{POINT},2024-06-13 00:00,1,2\n", from_plain({}))
    assert "flow.all" in {one.key for one in report.questions}


@pytest.mark.parametrize("way", ["delivered", "received", "net", "split"])
def test_who_says_which_way_all_flows_is_asked_for_the_column(door: Door, store: Store, way: str) -> None:
    given = from_plain({"values": {"unit": "kWh"}, "time": {"zone": "local"}, "flow": {"all": way}})
    report = taken(door, f"{NAMES}\n{POINT},2024-06-13 00:00,1,2\n{POINT},2024-06-13 01:00,1,2\n", given)
    assert "columns.value" in {one.key for one in report.questions}


def test_a_trial_shows_both_of_a_row(door: Door) -> None:
    text = f"{NAMES}\n{POINT},2024-06-13 00:00,1,2\n{POINT},2024-06-13 01:00,3,4\n"
    mapping = meant(value="Delivered (kWh)", received="Received (kWh)")
    shown = taken(door, text, mapping, dry_run=True).preview
    assert [(one.row, one.flow, one.value) for one in shown if isinstance(one, Preview)] == [
        *((2, DELIVERED, 1_000_000), (2, RECEIVED, 2_000_000)),
        *((3, DELIVERED, 3_000_000), (3, RECEIVED, 4_000_000)),
    ]


def test_it_is_as_if_the_table_came_twice(tmp_path: Path, door: Door, store: Store) -> None:
    # the hour that comes twice, a gap, and rows out of order
    hours = ["00:00", "01:00", "01:00", "02:00", "04:00", "03:00"]
    rows = [f"{POINT},2023-11-05 {hour},{at + 1},{(at * 7) % 5}" for at, hour in enumerate(hours)]
    text = "\n".join(["point,start,a,b", *rows, ""])
    assert taken(door, text, meant(value="a", received="b")).refused is None
    once = kept(store)
    assert {flow: len(readings) for flow, readings in once.items()} == {DELIVERED: 6, RECEIVED: 6}
    for column, way in (("a", "delivered"), ("b", "received")):
        again = taken(door, text, meant(value=column, way=way))
        assert again.refused is None
        assert (again.readings.new, again.readings.changed, again.readings.same) == (0, 0, 6)
    assert kept(store) == once


def test_where_one_of_both_is_bad_neither_is_kept(tmp_path: Path, door: Door, store: Store) -> None:
    rows = ["00:00,1,2", "01:00,x,2", "02:00,1,-2", "03:00,1,", "04:00,5,6"]
    text = f"{NAMES}\n" + "".join(f"{POINT},2024-06-13 {row}\n" for row in rows)
    mapping = meant(value="Delivered (kWh)", received="Received (kWh)")
    refused = taken(door, text, mapping)
    assert refused.refused
    aside = tmp_path / "aside.csv"
    report = door.take(io.BytesIO(text.encode()), "both.csv", Wanted(mapping=mapping, set_aside=aside))
    assert report.refused is None
    said = [(bad.row, bad.column) for bad in report.bad_rows]
    assert said == [(3, "Delivered (kWh)"), (4, "Received (kWh)"), (5, "Received (kWh)")]
    assert values(store) == {DELIVERED: [1000, 5000], RECEIVED: [2000, 6000]}


def test_an_empty_cell_is_a_gap_of_that_way_alone(door: Door, store: Store) -> None:
    plain = {"usage_point": "point", "start": "start", "value": "a", "received": "b"}
    mapping = from_plain(
        {
            "columns": plain,
            "values": {"unit": "kWh", "empty": "gap"},
            "time": {"format": "iso", "zone": "local"},
            "interval": {"length": 3600},
        }
    )
    text = f"point,start,a,b\n{POINT},2024-06-13 00:00,1,\n{POINT},2024-06-13 01:00,,2\n{POINT},2024-06-13 02:00,3,4\n"
    assert taken(door, text, mapping).refused is None
    assert values(store) == {DELIVERED: [1000, 3000], RECEIVED: [2000, 4000]}


@pytest.mark.parametrize(
    ("plain", "key"),
    [
        ({"form": "wide", "columns": {"received": "b"}}, "columns.received"),
        ({"columns": {"value": "a", "received": "b", "flow": "c"}}, "columns.received"),
        ({"columns": {"value": "a", "received": "a"}}, "columns.received"),
        ({"columns": {"value": "a", "received": "b"}, "flow": {"all": "net"}}, "flow.all"),
    ],
)
def test_a_second_column_that_does_not_fit_is_refused(plain: dict[str, Any], key: str) -> None:
    with pytest.raises(BadMapping, match=f"^{key}: "):
        from_plain(plain)
