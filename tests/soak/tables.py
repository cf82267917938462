"""A table of readings of any size, the same every time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

DAYS, STEPS = 30, 96
FIRST = datetime(2024, 2, 20, tzinfo=UTC)
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
