"""Disclosures into the trail: those of many answers by one commit.

A commit costs as much as a small answer does. Whoever finds nobody at it writes for all who wait by then; nobody
goes on before the own entry is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.trail import TrailEntry


@dataclass(kw_only=True)
class Waiting:
    """Entries, and what has become of them."""

    entries: Sequence[TrailEntry]
    kept: bool = False
    # somebody else's fault in writing it
    fault: Exception | None = None


@dataclass(frozen=True, kw_only=True)
class Noting:
    """Any number of threads that have something to write down."""

    store: Store
    # held by who writes
    turn: Lock = field(default_factory=Lock)
    # held for as long as the list below is looked at
    door: Lock = field(default_factory=Lock)
    waiting: list[Waiting] = field(default_factory=list)

    def note(self, entries: Sequence[TrailEntry]) -> None:
        """Write entries down. Not in a transaction of the caller's own, which would keep a connection meanwhile.

        Raises:
            Unavailable: the database cannot be reached, or others keep it for too long.
        """
        mine = Waiting(entries=entries)
        with self.door:
            self.waiting.append(mine)
        with self.turn:
            if not mine.kept and mine.fault is None:
                self._write(self._taken())
        if mine.fault is not None:
            raise Unavailable(logged="an entry of the trail could not be written with others") from mine.fault

    def _taken(self) -> list[Waiting]:
        with self.door:
            taken = self.waiting[:]
            self.waiting.clear()
        return taken

    def _write(self, taken: list[Waiting]) -> None:
        try:
            with self.store.note() as tx:
                tx.trail.write_every([entry for one in taken for entry in one.entries])
        except Exception as fault:
            for one in taken:
                one.fault = fault
            raise
        for one in taken:
            one.kept = True
