"""Any readings, in any shape of table, are the same readings again."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wattshare.custodian.formats.tables.asking import places_of
from wattshare.custodian.formats.tables.columns import Faults, Named
from wattshare.custodian.formats.tables.days import Days
from wattshare.custodian.formats.tables.mapping import Mapping, Text, from_plain
from wattshare.custodian.formats.tables.spool import BLOCK, open_table_spool
from wattshare.custodian.formats.tables.stage import Stage
from wattshare.custodian.formats.tables.text import CsvTable
from wattshare.custodian.formats.tables.wide import WideStage, cells_of
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.readings import Block
from wattshare.espi.profile import PGE

STEP = 1800
# midnight in Los Angeles before each change of the clocks, and an ordinary one
MIDNIGHTS = (1_710_057_600, 1_730_617_200, 1_709_884_800)
Found = dict[tuple[str, int], int]


@dataclass(frozen=True)
class Shape:
    """How a table is written."""

    delimiter: str
    decimal: str
    encoding: str
    end: str
    clock: str
    stamp: str


shapes = st.builds(
    Shape,
    delimiter=st.sampled_from([",", ";", "\t", "|", "^"]),
    decimal=st.sampled_from([".", ","]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    end=st.sampled_from(["\n", "\r\n"]),
    clock=st.sampled_from(["utc", "offset", "local", "epoch", "us"]),
    stamp=st.sampled_from(["start", "end"]),
)
names = st.sampled_from(["5390000001", "SP 17", 'the "old", mill', "Mühle\nhinten", "=1+1"])
# within three days: of 23, 25 and 24 hours
starts = st.builds(
    lambda midnight, step: midnight + step * STEP, st.sampled_from(MIDNIGHTS), st.integers(min_value=0, max_value=45)
)
readings = st.dictionaries(st.tuples(names, starts), st.integers(min_value=0, max_value=(1 << 47) - 1), min_size=1)


def stamped(at: int, clock: str) -> tuple[str, str]:
    """A second as the clock writes it, and which of two hours it is in."""
    utc = datetime.fromtimestamp(at, UTC)
    local = utc.astimezone(PGE.zone)
    texts = {
        "utc": f"{utc:%Y-%m-%d %H:%M}",
        "offset": local.isoformat(),
        "local": f"{local:%Y-%m-%d %H:%M:%S}",
        "epoch": str(at),
        "us": f"{local:%m/%d/%Y %I:%M %p}",
    }
    return texts[clock], "second" if local.fold else "first"


def mapping_of(shape: Shape, **more: Any) -> Mapping:
    forms = {"epoch": "epoch", "us": "%m/%d/%Y %I:%M %p"}
    zones = {"utc": "UTC", "offset": "offset", "epoch": None}
    times: dict[str, Any] = {
        "format": forms.get(shape.clock, "iso"),
        "zone": zones.get(shape.clock, "local"),
        "missing": "refuse",
    }
    times |= {"ambiguous": "column", "first": ["first"], "second": ["second"]}
    plain: dict[str, Any] = {
        "columns": {"usage_point": "point", shape.stamp: "at", "value": "wh", "fold": "fold"},
        "values": {"unit": "Wh", "decimal": shape.decimal, "empty": "gap"},
        "time": {key: value for key, value in times.items() if value is not None},
        "interval": {"length": STEP},
        "flow": {"all": "delivered"},
        "file": {"delimiter": shape.delimiter, **({"encoding": "latin-1"} if shape.encoding == "latin-1" else {})},
    }
    return from_plain(plain | more)


def printed(value: int, shape: Shape) -> str:
    """A value in thousandths of a Wh, in Wh."""
    return f"{value // 1000}{shape.decimal}{value % 1000:03}"


def written(rows: list[list[str]], shape: Shape) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=shape.delimiter, lineterminator=shape.end).writerows(rows)
    return out.getvalue().encode(shape.encoding)


def read(data: bytes, mapping: Mapping) -> tuple[Found, Faults]:
    """Every reading that a table makes, by name and start."""
    faults = Faults()
    table = CsvTable.open(io.BytesIO(data), mapping.file)
    with open_table_spool() as spool:
        stage = Stage(places_of(table.header, mapping), len(table.header), mapping, PGE, spool, faults)
        cells = cells_of(table.header) if mapping.form == "wide" else None
        take = stage.take if cells is None else WideStage(stage, cells, table.header).take
        for batch in table.batches():
            take(batch)
        stage.finish().settle(lambda _: Named("", 1, "", ""))
        Days(spool, PGE, faults, lambda _: 0, lambda _: Named("", 1, "", "")).make()
        series = [one.name for one in stage.series]
        found: Found = {}
        for number, *packed in spool.blocks():
            parts: dict[str, Any] = dict(zip(BLOCK, packed, strict=True))
            for reading in unpack(Block(usage_point_id=0, channel=0, **parts)):
                assert reading.duration == STEP
                assert reading.value is not None
                found[series[int(str(number))], reading.start] = reading.value
    return found, faults


@settings(max_examples=60, deadline=None)
@given(readings, shapes)
def test_a_row_a_reading(readings: Found, shape: Shape) -> None:
    rows = [["point", "at", "wh", "fold"]]
    for (name, start), value in readings.items():
        at, fold = stamped(start + (STEP if shape.stamp == "end" else 0), shape.clock)
        rows.append([name, at, printed(value, shape), fold])
    found, faults = read(written(rows, shape), mapping_of(shape))
    assert not faults.numbers
    assert found == readings


@settings(max_examples=60, deadline=None)
@given(readings, shapes)
def test_a_row_a_day(readings: Found, shape: Shape) -> None:
    labels = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 1440, 30)]
    again = ["01:00 (2)", "01:30 (2)"]
    days: dict[tuple[str, str], dict[str, str]] = {}
    for (name, start), value in readings.items():
        local = datetime.fromtimestamp(start, UTC).astimezone(PGE.zone)
        label = f"{local:%H:%M}" + (" (2)" if local.fold else "")
        days.setdefault((name, f"{local:%Y-%m-%d}"), {})[label] = printed(value, shape)
    rows = [["point", "at", *labels, *again]]
    rows += [[*key, *(cells.get(label, "") for label in (*labels, *again))] for key, cells in days.items()]
    mapping = mapping_of(shape)
    columns, times = {"usage_point": "point", "date": "at"}, {"format": "iso", "zone": "local", "stamp": "start"}
    wide = mapping_of(shape, form="wide", columns=columns, time=times)
    found, faults = read(written(rows, shape), wide)
    assert not faults.numbers
    assert found == readings
    assert mapping.form == "long"


def test_shapes_reach_both_changes_of_the_clocks() -> None:
    locals_ = [datetime.fromtimestamp(at, UTC).astimezone(PGE.zone) for at in MIDNIGHTS]
    assert all((one.hour, one.minute) == (0, 0) for one in locals_)
    lengths = [
        (one.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=PGE.zone).timestamp() - one.timestamp()
        for one in locals_
    ]
    assert lengths == [82_800, 90_000, 86_400]
    assert Text().header is None
