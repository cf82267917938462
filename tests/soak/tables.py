"""A table of readings of any size, the same every time: as CSV, or as Parquet that is read in columns."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

DAYS, STEPS = 30, 96
FIRST = datetime(2024, 2, 20, tzinfo=UTC)
# columns hold whole local days: it is midnight in Los Angeles
FIRST_LOCAL = FIRST + timedelta(hours=8)
# usage points that are written at a time
POINTS = 20
MAPPING = """
[columns]
usage_point = "point"
start = "start"
value = "kwh"
quality = "quality"

[values]
unit = "kWh"

[time]
format = "iso"
zone = "offset"

[interval]
length = 900

[flow]
all = "delivered"

[quality]
A = 17
E = 8
"""
# the same without words for quality
COLUMNS_MAPPING = MAPPING.replace('quality = "quality"\n', "").partition("[quality]")[0]


def write_columns(file: Path, readings: int) -> int:
    """Write Parquet of about so many readings, by usage point and then by time; how many."""
    points, steps = max(1, readings // (DAYS * STEPS)), range(DAYS * STEPS)
    starts = [FIRST_LOCAL + timedelta(minutes=15 * step) for step in steps]
    schema = pa.schema([("point", pa.int64()), ("start", pa.timestamp("s", "UTC")), ("kwh", pa.decimal128(12, 3))])
    with pq.ParquetWriter(file, schema) as out:
        for first in range(0, points, POINTS):
            some = range(first, min(first + POINTS, points))
            columns = (
                [5_390_000_001 + point for point in some for _ in steps],
                starts * len(some),
                [Decimal(_kwh(point, step)) for point in some for step in steps],
            )
            arrays = [pa.array(column, of) for column, of in zip(columns, schema.types, strict=True)]
            out.write_table(pa.table(arrays, schema=schema))
    return points * len(steps)


def write_table(file: Path, readings: int) -> int:
    """Write a table of about so many readings, by time and then by usage point; how many."""
    points = max(1, readings // (DAYS * STEPS))
    with file.open("w") as out:
        out.write("point,start,kwh,quality\n")
        for step in range(DAYS * STEPS):
            at = f"{FIRST + timedelta(minutes=15 * step):%Y-%m-%dT%H:%MZ}"
            out.writelines(
                f"{5_390_000_001 + point},{at},{_kwh(point, step)},{'E' if step % 97 == 0 else 'A'}\n"
                for point in range(points)
            )
    return points * DAYS * STEPS


def _kwh(point: int, step: int) -> str:
    return f"{(point * 37 + step * 91) % 2000 / 1000:.3f}"
