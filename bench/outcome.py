"""What was seen: a figure for each bar, or why there is none."""

from dataclasses import dataclass, field

from bench.bars import BARS


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A bar's figure."""

    id: str
    figure: float | None = None
    # why there is no figure, or what it was made of
    note: str = ""
    # the figures behind it, each with its unit in its name
    parts: dict[str, float] = field(default_factory=dict)

    def row(self) -> tuple[str, ...]:
        """A line of the table."""
        bar = BARS[self.id]
        marks = tuple(bar.shown(mark) for mark in (bar.floor, bar.target, bar.moonshot))
        seen = bar.shown(self.figure) if self.figure is not None else "not measured"
        reached = "" if self.figure is None else bar.reached(self.figure)
        return (self.id, bar.sentence, *marks, seen, reached, self.note)

    def facts(self) -> dict[str, object]:
        """The same for programs."""
        bar = BARS[self.id]
        return {
            "id": self.id,
            "sentence": bar.sentence,
            "unit": bar.unit,
            "floor": bar.floor,
            "target": bar.target,
            "moonshot": bar.moonshot,
            "seen": self.figure,
            "reached": None if self.figure is None else bar.reached(self.figure),
            "note": self.note,
            "parts": self.parts,
        }


class NotMeasured(Exception):
    """A bar cannot be measured here; the text says what is missing and how to get it."""


class Refused(Exception):
    """A server answers that it cannot answer now."""


class Wrong(Exception):
    """What was to be measured gives something else than it should."""
