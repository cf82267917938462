"""The bars: what is held against what, and how high it should be."""

from dataclasses import dataclass
from enum import Enum


class Better(Enum):
    """Which way a figure should go."""

    MORE = "≥"
    LESS = "≤"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One figure with its floor, its target and what would be surprising."""

    id: str
    sentence: str
    better: Better
    floor: float
    target: float
    moonshot: float | None = None
    # "%": a ratio; "×": a ratio above one; else a unit of its own
    unit: str = "%"

    def shown(self, figure: float | None) -> str:
        """A figure as the table has it."""
        if figure is None:
            return ""
        if self.unit == "%":
            return f"{figure * 100:.3g} %"
        return f"{figure:.3g} {self.unit}"

    def reached(self, figure: float) -> str:
        """The highest of the three that a figure reaches."""
        marks = (("moonshot", self.moonshot), ("target", self.target), ("floor", self.floor))
        for name, mark in marks:
            if mark is not None and (figure >= mark if self.better is Better.MORE else figure <= mark):
                return name
        return "below floor" if self.better is Better.MORE else "above floor"


def more(name: str, sentence: str, floor: float, target: float, moonshot: float | None = None, unit: str = "%") -> Bar:
    """A bar that is better the higher the figure."""
    return Bar(
        id=name,
        sentence=sentence,
        better=Better.MORE,
        floor=floor,
        target=target,
        moonshot=moonshot,
        unit=unit,
    )


def less(name: str, sentence: str, floor: float, target: float, moonshot: float | None = None, unit: str = "×") -> Bar:
    """A bar that is better the lower the figure."""
    return Bar(
        id=name,
        sentence=sentence,
        better=Better.LESS,
        floor=floor,
        target=target,
        moonshot=moonshot,
        unit=unit,
    )


BARS = {
    bar.id: bar
    for bar in (
        more("R1", "a year of blocks as XML, bytes a second ÷ memcpy", 0.20, 0.30),
        more("R2", "a year's feed as gzip, bytes of XML a second ÷ memcpy", 0.08, 0.80, 2.00),
        more("R2d", "R2 by the direct encoder", 0.08, 0.80, 2.00),
        less("R3", "bytes of that gzip ÷ bytes by zlib at level 6", 1.25, 1.05, 0.95),
        less("R3d", "R3 by the direct encoder", 1.25, 1.05, 0.95),
        more(
            "F1",
            "a year's feed through the whole server: CPU of nginx for the same bytes ÷ ours",
            0.006,
            0.05,
            0.10,
        ),
        more("F1d", "F1 by the direct encoder", 0.006, 0.05, 0.10),
        more("F2", "a small entry through the whole server: CPU of nginx for the same bytes ÷ ours", 0.05, 0.15, 0.30),
        less("F3", "growth of resident memory while a reader of 4 MB/s takes a million blocks", 16, 8, unit="MB"),
        less("B1", "a day's news of 100,000 authorizations, database to gzip file ÷ reading the same rows", 5, 2, 1.3),
        less("B2", "resident memory of the worker meanwhile", 150, 100, unit="MB"),
        less("B2b", "the same ÷ with 10,000 authorizations", 1.1, 1.1),
        more("B3", "a finished file fetched: CPU of nginx for the same bytes ÷ ours", 0.80, 0.90, 0.95),
        more("I1", "Parquet into PostgreSQL, rows a second ÷ \\copy of the same rows", 0.50, 0.75, 0.90),
        more("I2", "Green Button XML taken in, bytes a second ÷ lxml parsing it for nobody", 0.20, 0.45, 4.00),
        less("I3", "slowest hundredth of reads while data is taken in ÷ while it is quiet", 10, 5),
        less("S1", "bytes on disk a reading, compacted", 2.0, 1.5, 1.2, unit="B"),
        less("S2", "one usage point's year read cold ÷ one cold read of 4 KB", 100, 40, 15),
    )
}
