"""Disclosures into the trail: those of many answers by one commit.

A commit costs as much as a small answer does. Whoever finds nobody at it writes for all who wait by then; nobody
goes on before the own entry is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.services.recent import Proof
from wattshare.custodian.store.access_changes import AccessChange, order
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.short import Outlived
from wattshare.custodian.store.trail import TrailEntry


@dataclass(kw_only=True)
class Waiting:
    """Entries, and what has become of them."""

    entries: Sequence[TrailEntry]
    # of each; None: it was found out just now
    proofs: Sequence[Proof | None]
    # which of them are written; empty before that
    held: Sequence[bool] = ()
    kept: bool = False
    # somebody else's fault in writing it
    fault: Exception | None = None


def nothing(_: tuple[AccessChange, ...]) -> None:
    """For who keeps nothing that changes."""


@dataclass(frozen=True, kw_only=True)
class Noting:
    """Any number of threads that have something to write down."""

    store: Store
    # told of what has changed since something was found out
    changed: Callable[[tuple[AccessChange, ...]], None] = nothing
    # held by who writes
    turn: Lock = field(default_factory=Lock)
    # held for as long as the list below is looked at
    door: Lock = field(default_factory=Lock)
    waiting: list[Waiting] = field(default_factory=list)

    def note(self, entries: Sequence[TrailEntry], proofs: Sequence[Proof | None] = ()) -> Sequence[bool]:
        """Write entries down whose proofs hold; whether each was. `proofs`: of each entry, or none.

        Not in a transaction of the caller's own, which would keep a connection meanwhile.

        Raises:
            Unavailable: the database cannot be reached, or others keep it for too long.
        """
        mine = Waiting(entries=entries, proofs=proofs or (None,) * len(entries))
        with self.door:
            self.waiting.append(mine)
        with self.turn:
            if not mine.kept and mine.fault is None:
                self._write(self._taken())
        if mine.fault is not None:
            raise Unavailable(logged="an entry of the trail could not be written with others") from mine.fault
        return mine.held

    def _taken(self) -> list[Waiting]:
        with self.door:
            taken = self.waiting[:]
            self.waiting.clear()
        return taken

    def _write(self, taken: list[Waiting]) -> None:
        try:
            changes = () if self._written_at_once(taken) else self._written(taken)
        except Exception as fault:
            for one in taken:
                one.fault = fault
            raise
        for one in taken:
            one.kept = True
        if changes:
            self.changed(changes)

    def _written_at_once(self, taken: Sequence[Waiting]) -> bool:
        """Write all of them by one statement, as nothing has changed. Whether that could be done."""
        try:
            with self.store.single_note() as tx:
                if tx is None or tx.trail.write_unless_changed(
                    [entry for one in taken for entry in one.entries], earliest(taken)
                ):
                    return False
        except Outlived:
            # the other way finds out whether there is a server
            return False
        for one in taken:
            one.held = (True,) * len(one.entries)
        return True

    def _written(self, taken: Sequence[Waiting]) -> tuple[AccessChange, ...]:
        """Write those down that hold. What has changed since the first of them was found out."""
        moment = earliest(taken)
        with self.store.note() as tx:
            changes = () if moment is None else tx.access_changes.since(moment)
            for one in taken:
                one.held = [proof is None or proof.holds(changes) for proof in one.proofs]
            held = [entry for one in taken for entry, holds in zip(one.entries, one.held, strict=True) if holds]
            if held:
                tx.trail.write_every(held)
        return changes


def earliest(taken: Sequence[Waiting]) -> str | None:
    """The moment of the first of what was found out before; None: nothing was."""
    moments = {proof.moment for one in taken for proof in one.proofs if proof is not None}
    return min(moments, key=order) if moments else None
