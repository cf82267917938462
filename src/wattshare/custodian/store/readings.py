"""Readings: channels, their packed blocks, and what was corrected.

Whoever reads for a third party gives the authorization, and the statement itself goes the whole chain from it
to the block. Where a block is kept is nobody else's business: they leave by `Tiers`, and come by `Arrivals`.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import Connection, func, select

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.changes import Correction, Extent, Outcome, Tally
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.premises import Agreement
from wattshare.custodian.model.readings import Block
from wattshare.custodian.store.arrivals import Arrivals
from wattshare.custodian.store.blocks import CORRECTION, INTERVAL_BLOCK, PACKED
from wattshare.custodian.store.channels import Channels
from wattshare.custodian.store.history import EVER, NEVER, SEGMENT, Cut
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.merging import Merging
from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.plain_days import DayAt, Laid, PlainDay, PlainDays
from wattshare.custodian.store.tiers import Scope, Tiers, own_blocks, sum_of
from wattshare.custodian.store.underway import is_there
from wattshare.espi.profile import Profile
from wattshare.espi.window import Window

# blocks that are merged with one look at what is kept
MERGED = 512
# seconds after the end of its day from which on a reading is late, where nothing else is said
LATE = 3 * 86_400


class Readings(Channels):
    """Channels and their blocks."""

    def __init__(self, connection: Connection, keys: Keys, late: int = LATE) -> None:
        """Take the transaction's connection, and how long after its day a reading is late."""
        super().__init__(connection, keys)
        self._arrivals = Arrivals(connection, late)

    # what comes

    def put_block(self, block: Block, reason: str) -> Outcome:
        """Merge a block into its day, reading by reading: new ones are added, different ones replace.

        The block brings its revision and that revision's time. What is the same is not written.
        """
        merging = Merging(arrivals=self._arrivals, reason=reason)
        tally = merging.take((block,))
        if tally.same == tally.all:
            return Outcome.SAME
        return Outcome.NEW if merging.first else Outcome.CHANGED

    def merge_block(self, block: Block, reason: str) -> Tally:
        """The same, counting readings."""
        return self.merge_blocks((block,), reason)

    def merge_blocks(self, blocks: Iterable[Block], reason: str) -> Tally:
        """The same of many blocks, one after the other in the order given, with few statements for all of them."""
        tally, coming = Tally(), iter(blocks)
        while chunk := tuple(islice(coming, MERGED)):
            merging = Merging(arrivals=self._arrivals, reason=reason)
            tally += merging.take(chunk)
        return tally

    def merge_each(self, blocks: Iterable[Block], reason: str) -> list[Tally]:
        """The same, counting each block by itself."""
        tallies, coming = list[Tally](), iter(blocks)
        while chunk := tuple(islice(coming, MERGED)):
            merging = Merging(arrivals=self._arrivals, reason=reason)
            merging.take(chunk)
            tallies += merging.each
        return tallies

    def sort_out(self, blocks: Iterable[Block], reason: str) -> Iterator[tuple[list[Tally], list[Block], list[Block]]]:
        """The same without writing, some blocks at a time: what would become of each, and which days are not there yet
        and which would change others.
        """
        coming = iter(blocks)
        while chunk := tuple(islice(coming, MERGED)):
            merging = Merging(arrivals=self._arrivals, reason=reason)
            merging.look(chunk)
            yield merging.each, merging.first, merging.met

    def met(self, days: Iterable[DayAt]) -> frozenset[tuple[int, int]]:
        """The usage points and channels that have something from the first of their days to the last."""
        return self._arrivals.met(days)

    def load(self, blocks: Iterable[Block]) -> None:
        """Keep blocks of days that have none yet, many at once. A day that has one fails the transaction.

        Raises:
            Conflict: a day is in the history.
        """
        self._arrivals.load(blocks)

    def load_plain(self, days: Iterable[PlainDay], revision: int, at: int) -> None:
        """The same of days that are nothing but values: for who brings a whole utility's."""
        self._arrivals.load_plain(days, revision, at)

    def lay_out(self, days: PlainDays, revision: int, at: int) -> Laid:
        """Such days in columns, made ready; by whatever thread."""
        return self._arrivals.lay_out(days, revision, at)

    def load_laid(self, many: Iterable[Laid], revision: int, at: int) -> None:
        """The same of such days that were made ready; while they are written, the next ones may be made."""
        self._arrivals.load_laid(many, revision, at)

    # what is known

    def first_day(self, usage_point_id: int) -> int | None:
        """The start of the earliest block of a usage point."""
        blocks, segments = INTERVAL_BLOCK.c, SEGMENT.c
        found = (
            select(func.min(blocks.start)).where(blocks.usage_point_id == usage_point_id, is_there(INTERVAL_BLOCK)),
            select(func.min(segments.least_start)).where(segments.usage_point_id == usage_point_id),
        )
        starts = map(self._connection.scalar, found)
        return min((start for start in starts if start is not None), default=None)

    def corrections(self, usage_point_id: int, *, after: int = 0) -> Iterator[Correction]:
        """What revisions after `after` replaced, in the order in which it happened."""
        ledger = CORRECTION.c
        rows = self._connection.execute(
            select(CORRECTION)
            .where(ledger.usage_point_id == usage_point_id, ledger.revision > after)
            .order_by(ledger.revision, ledger.channel, ledger.start, ledger.number)
        )
        return (_correction(row) for row in rows.mappings())

    def corrected_in(self, block: Block) -> frozenset[int]:
        """The starts of the readings of a block that were replaced by others."""
        ledger = CORRECTION.c
        rows = self._connection.execute(
            select(CORRECTION).where(
                ledger.usage_point_id == block.usage_point_id,
                ledger.channel == block.channel,
                ledger.start.between(block.start, block.day_end - 1),
            )
        )
        return frozenset(old.start for row in rows.mappings() for old in _correction(row).old)

    # what an authorization opens

    def blocks(
        self,
        authorization: Authorization,
        usage_point_id: int,
        channel: int,
        window: Window | None,
        at: int,
        profile: Profile,
    ) -> Iterator[Block]:
        """What the authorization opens and the window takes of one channel, by start, as it is read."""
        return self._tiers(authorization, at).stream(usage_point_id, channel, Cut.of(window, profile))

    def few_blocks(
        self,
        authorization: Authorization,
        usage_point_id: int,
        channel: int,
        window: Window | None,
        at: int,
        profile: Profile,
    ) -> list[Block] | None:
        """What `blocks` gives, read at once; None where it is much."""
        return self._tiers(authorization, at).few(usage_point_id, channel, Cut.of(window, profile))

    def latest_blocks(
        self,
        authorization: Authorization,
        usage_point_id: int,
        channel: int,
        since: int | None,
        at: int,
        *,
        until: int | None = None,
    ) -> Iterator[Block]:
        """The latest block of one channel that the authorization opens, and those changed after `since`.

        Of what was known at `until`, where that is given.
        """
        tiers, known_by = self._tiers(authorization, at), EVER if until is None else until
        latest = tiers.latest(Scope(usage_point_id, channel), known_by)
        return tiers.stream(usage_point_id, channel, changed(since, known_by, latest.get((usage_point_id, channel))))

    def own_blocks(
        self, agreement: Agreement, channel: int, since: int, until: int, *, last: bool = False
    ) -> Iterator[Block]:
        """What was metered while an agreement was its customer's, for that customer's own eyes.

        Blocks that begin in [since, until), by start; with `last` the last of them alone.
        """
        found = own_blocks(self._connection, agreement, channel, since, until)
        return iter(deque(found, maxlen=1)) if last else found

    def block(
        self, authorization: Authorization, usage_point_id: int, channel: int, start: int, at: int
    ) -> Block | None:
        """One block, if the authorization opens it."""
        return self._tiers(authorization, at).block(usage_point_id, channel, start)

    def count_blocks(
        self,
        authorization: Authorization,
        usage_point_id: int,
        channel: int,
        window: Window | None,
        at: int,
        profile: Profile,
    ) -> int:
        """How many `blocks` would give."""
        found = self.extent(authorization, window, at, profile, usage_point_id=usage_point_id, channel=channel)
        return found.count if found else 0

    def extent(
        self,
        authorization: Authorization,
        window: Window | None,
        at: int,
        profile: Profile,
        *,
        usage_point_id: int | None = None,
        channel: int | None = None,
    ) -> Extent | None:
        """Count and revisions of what the window takes: of a channel, a usage point, or all that is opened.

        None: nothing.
        """
        scope = Scope(usage_point_id, channel)
        return self._tiers(authorization, at).extent(scope, Cut.of(window, profile))

    def latest_extent(
        self,
        authorization: Authorization,
        since: int | None,
        at: int,
        *,
        until: int | None = None,
        usage_point_id: int | None = None,
        channel: int | None = None,
    ) -> Extent | None:
        """The same of what `latest_blocks` gives."""
        tiers, known_by = self._tiers(authorization, at), EVER if until is None else until
        latest = tiers.latest(Scope(usage_point_id, channel), known_by)
        found = (tiers.extent(Scope(*place), changed(since, known_by, start)) for place, start in latest.items())
        return sum_of([extent for extent in found if extent is not None])

    # parts

    def _tiers(self, authorization: Authorization, at: int) -> Tiers:
        return Tiers(connection=self._connection, authorization=authorization, at=at)


def changed(since: int | None, known_by: int, latest: int | None) -> Cut:
    """What was changed after a second, and one block besides."""
    also = NEVER if latest is None else latest
    return Cut(changed_from=EVER if since is None else since + 1, known_by=known_by, also=also)


def _correction(row: Row) -> Correction:
    place = {name: row[name] for name in ("usage_point_id", "channel", "start")}
    old, new = (
        unpack(Block(**place, duration=0, day_end=row["day_end"], **{name: row[side + name] for name in PACKED}))
        for side in ("old_", "new_")
    )
    named = {name: row[name] for name in ("revision", "at", "reason")}
    return Correction(**place, **named, old=old, new=new)
