"""Disclosures into the trail: those of many answers by one commit, if what they were made from still holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from wattshare.custodian.services.recent import Proof
from wattshare.custodian.services.together import Together
from wattshare.custodian.store.access_changes import AccessChange, order
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.short import Outlived
from wattshare.custodian.store.trail import TrailEntry


class Debts(NamedTuple):
    """Entries of answers that are told together."""

    entries: Sequence[TrailEntry]
    # of each; None: it was found out just now
    proofs: Sequence[Proof | None]


# which of some entries are written
Held = Sequence[bool]
FAILED = "an entry of the trail could not be written with others"


def nothing(_: tuple[AccessChange, ...]) -> None:
    """For who keeps nothing that changes."""


@dataclass(frozen=True, kw_only=True)
class Noting:
    """Any number of threads that have something to write down."""

    store: Store
    # told of what has changed since something was found out
    changed: Callable[[tuple[AccessChange, ...]], None] = nothing
    together: Together[Debts, Held] = field(default_factory=partial(Together, logged=FAILED))

    def note(self, entries: Sequence[TrailEntry], proofs: Sequence[Proof | None] = ()) -> Held:
        """Write entries down whose proofs hold; whether each was. `proofs`: of each entry, or none.

        Not in a transaction of the caller's own, which would keep a connection meanwhile.

        Raises:
            Unavailable: the database cannot be reached, or others keep it for too long.
        """
        return self.together.do(Debts(entries, proofs or (None,) * len(entries)), self._write)

    def _write(self, taken: Sequence[Debts]) -> Sequence[Held]:
        if self._written_at_once(taken):
            return [(True,) * len(one.entries) for one in taken]
        held, changes = self._written(taken)
        if changes:
            self.changed(changes)
        return held

    def _written_at_once(self, taken: Sequence[Debts]) -> bool:
        """Write all of them by one statement, as nothing has changed. Whether that could be done."""
        entries = [entry for one in taken for entry in one.entries]
        try:
            with self.store.single_note() as tx:
                return tx is not None and not tx.trail.write_unless_changed(entries, earliest(taken))
        except Outlived:
            # the other way finds out whether there is a server
            return False

    def _written(self, taken: Sequence[Debts]) -> tuple[list[Held], tuple[AccessChange, ...]]:
        """Write those down that hold: which did, and what has changed since the first of them was found out."""
        moment = earliest(taken)
        with self.store.note() as tx:
            changes = () if moment is None else tx.access_changes.since(moment)
            held = [[proof is None or proof.holds(changes) for proof in one.proofs] for one in taken]
            kept = [
                entry
                for one, holding in zip(taken, held, strict=True)
                for entry, holds in zip(one.entries, holding, strict=True)
                if holds
            ]
            if kept:
                tx.trail.write_every(kept)
        return list(held), changes


def earliest(taken: Sequence[Debts]) -> str | None:
    """The moment of the first of what was found out before; None: nothing was."""
    moments = {proof.moment for one in taken for proof in one.proofs if proof is not None}
    return min(moments, key=order) if moments else None
