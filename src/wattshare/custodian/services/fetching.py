"""Prepared files on their way out: whose they are, and whether they still may be had while they go."""

import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Expired, Unavailable, Unknown, Withdrawn
from wattshare.custodian.model.work import BATCH_OVER, MAKE, Batch, BatchState, Part
from wattshare.custodian.services.access import ASK_SECONDS, Access, Permission
from wattshare.custodian.services.part_files import PartFiles
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.trail import TrailEntry

CHUNK = 256 * 1024
# a file that is being made again is waited for
RENEW_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A prepared part, ready to be sent. `path` None: the window held nothing."""

    part: Part
    path: Path | None
    transaction: str | None
    # by an answer with bytes of it
    owed: TrailEntry | None = None


class Looked(NamedTuple):
    """A part as a view shows it."""

    found: tuple[Part, Batch] | None
    # who is in it and whose period is over: then nothing was found yet
    over: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Fetching:
    """The last step of a batch."""

    store: Store
    now: Clock
    access: Access
    files: PartFiles
    keep_days: int
    wait: Callable[[float], None] = field(default=time.sleep)
    monotonic: Callable[[], float] = field(default=time.monotonic)

    def look(self, tx: Tx, correlation_id: str) -> Looked:
        """What there is of a part, in the view in which the bearer was let in."""
        found, some_over = tx.batches.shown_at(correlation_id, at := self.now())
        if not some_over:
            return Looked(found, frozenset())
        over = tx.authorizations.over_at(at) & frozenset(tx.batches.authorizations_in(correlation_id))
        return Looked(None if over else found, over)

    def fetch(self, permission: Permission, correlation_id: str, call_id: str, looked: Looked) -> Fetched:
        """The file behind a notice's address, if it is still the bearer's to have; after the view of `look`.

        Raises:
            NotCovered: the part belongs to another resource, third party or authorization.
            Expired: the file is no longer kept.
            Unavailable: it is still being made again after a withdrawal.
        """
        found = self._closed(correlation_id, looked.over) if looked.over else looked.found
        ends = self.monotonic() + RENEW_SECONDS
        while (theirs := self._theirs(permission, found))[0].stale:
            if self.monotonic() >= ends:
                raise Unavailable("The file is being made again; try in a few seconds.", retry_after=10)
            self.wait(0.25)
            with self.store.read() as tx:
                found = tx.batches.shown(correlation_id)
        part, batch = theirs
        path = self.files.path(part.file)
        owed = None if path is None else self._owed(part, batch, call_id)
        return Fetched(part=part, path=path, transaction=batch.transaction, owed=owed)

    def _owed(self, part: Part, batch: Batch, call_id: str) -> TrailEntry:
        """What the trail is owed where any of it leaves."""
        return TrailEntry(
            event="batch_fetched",
            at=self.now(),
            third_party_id=batch.third_party_id,
            authorization_id=batch.authorization_id,
            endpoint=batch.endpoint,
            window=batch.window,
            count=part.entries,
            detail={"part": part.correlation_id, "version": part.version, "usage_points": part.usage_points},
            correlation_id=call_id,
        )

    def _closed(self, correlation_id: str, over: frozenset[int]) -> tuple[Part, Batch] | None:
        """A part in which somebody is whose period is over: closed before the next round of endings finds them."""
        with self.store.begin() as tx:
            for authorization_id in over:
                for batch_id in tx.batches.mark_stale(authorization_id):
                    tx.jobs.add(MAKE, batch_id, self.now(), rank=0)
        with self.store.read() as tx:
            return tx.batches.shown(correlation_id)

    def _theirs(self, permission: Permission, found: tuple[Part, Batch] | None) -> tuple[Part, Batch]:
        """A part with its batch, if they are the bearer's to have."""
        if found is None:
            raise Unknown("There is no such file, or it is no longer kept.")
        part, batch = found
        held = permission.authorization
        theirs = batch.third_party_id == permission.third_party.id and batch.endpoint == permission.endpoint.name
        if batch.authorization_id is not None and (held is None or held.id != batch.authorization_id):
            theirs = False
        if not theirs or batch.state is BatchState.ORDERED:
            # what is being made is nobody's yet
            raise Unknown("There is no such file, or it is no longer kept.")
        late = batch.expires_at is not None and batch.expires_at <= self.now()
        if batch.state is BatchState.CANCELLED:
            raise Expired("The order of this file was cancelled.")
        if batch.state is BatchState.VOID:
            raise Withdrawn
        if late or batch.state is BatchState.EXPIRED:
            raise Expired(f"Files are kept for {self.keep_days} days. Order the window again.")
        return part, batch

    def pieces(
        self, permission: Permission, fetched: Fetched, *, inflate: bool, first: int, count: int
    ) -> Iterator[bytes]:
        """Bytes of a part, for as long as the bearer may have them: as they are kept, or inflated.

        Raises:
            Unavailable: as `open`.
            Withdrawn: the bearer may no longer have them; UnknownBearer, NotCovered likewise.
        """
        asked = self.monotonic()
        kept = self.open(fetched)
        with kept, gzip.open(kept, "rb") if inflate else kept as file:
            # of what is inflated, all that goes before has to be
            file.seek(first)
            while count and (piece := file.read(min(CHUNK, count))):
                if self.monotonic() - asked >= ASK_SECONDS:
                    self.go_on(permission, fetched.part)
                    asked = self.monotonic()
                count -= len(piece)
                yield piece

    @staticmethod
    def open(fetched: Fetched) -> BinaryIO:
        """The file of a part, to be closed.

        Raises:
            Unavailable: it has just been made again, or its days are over.
        """
        if fetched.path is None:
            raise LookupError("a part of nothing has no file")
        try:
            return fetched.path.open("rb")
        except FileNotFoundError as gone:
            raise Unavailable("The file has just been replaced; ask again.", retry_after=1) from gone

    def go_on(self, permission: Permission, part: Part) -> None:
        """Ask again whether the bearer may have this part, as it was when it was fetched.

        Raises:
            Withdrawn, UnknownBearer, NotCovered: it may not.
            Unavailable: it is made again without somebody in it, for the others.
        """
        with self.store.read() as tx:
            self.access.renew(tx, permission)
            found = tx.batches.shown(part.correlation_id)
        if found is None or found[1].state in BATCH_OVER:
            raise Withdrawn
        if found[0].stale or found[0].version != part.version:
            # before the first byte this is an answer: 404 would say that it is gone for the others, too
            raise Unavailable("The file is being made again; ask again.", retry_after=1)
