"""The time of a house: the machine's, or the sandbox's own, which runs beside it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from wattshare.custodian.model.clock import Clock, system_clock

FILE = "clock.json"


@dataclass
class ShiftedClock:
    """The machine's time and an offset that is kept in a file, so that every process has the same."""

    path: Path
    _read: tuple[int, int] = field(default=(-1, 0), init=False)

    def __call__(self) -> int:
        """UTC epoch seconds."""
        return system_clock() + self.offset()

    def offset(self) -> int:
        """Seconds ahead of the machine; the file is read again when it has changed."""
        try:
            changed = self.path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0
        known, offset = self._read
        if changed != known:
            offset = int(json.loads(self.path.read_text())["offset"])
            self._read = (changed, offset)
        return offset

    def shift(self, offset: int) -> None:
        """Set the offset, for every process."""
        aside = self.path.with_suffix(".part")
        aside.write_text(json.dumps({"offset": offset}))
        aside.replace(self.path)


def clock_of(home: Path, *, sandbox: bool) -> Clock:
    """The clock of an installation: only a sandbox's may be shifted."""
    return ShiftedClock(home / FILE) if sandbox else system_clock
