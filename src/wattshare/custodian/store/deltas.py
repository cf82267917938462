"""What is new for a third party, over all its authorizations: a fixed number of statements, however many there are.

Blocks and authorizations are each one statement, read as they come, in the same order; usage points, channels and
bills are read for a page of authorizations at a time. So nothing here grows with their number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, groupby, islice
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, Select

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.model.segments import marks_of, read_blocks
from wattshare.custodian.store.authorizations import (
    listed,
)
from wattshare.custodian.store.bills import Bill, read_bill
from wattshare.custodian.store.blocks import (
    block_of,
)
from wattshare.custodian.store.channels import channel_rank
from wattshare.custodian.store.delta_queries import (
    ALIVE,
    BILLS_SINCE,
    CHANGED,
    CHANGES,
    CHANNELS,
    CUT_MONTHS,
    HISTORY,
    HISTORY_CHANGES,
    LAST,
    LAST_BILLS,
    LATEST,
    POINTS,
    SUPPLIED,
)
from wattshare.custodian.store.history import (
    SEGMENT_COLUMNS,
    compared,
    held_by,
    read_segment,
)
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.plain import known_text
from wattshare.espi.usage import ReadingType

# authorizations of a page, and rows fetched at a time
PAGE, CHUNK = 250, 500


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whose news, and since when."""

    third_party_id: int
    # one authorization of it; None: all
    only: int | None
    commodity: Commodity
    at: int
    # the second of an earlier answer; None: there was none
    since: int | None
    # what came later is as if it were not there
    until: int | None
    # the latest is left out where it did not change
    changes_only: bool = False
    # authorizations of smaller ids are left out
    least: int = 0

    @property
    def given(self) -> dict[str, Any]:
        """What the statements are given."""
        return {
            "third_party": self.third_party_id,
            "only": self.only or 0,
            "least": self.least,
            "commodity": self.commodity.value,
            "held_at": self.at,
            "since": self.since,
            "until": LAST if self.until is None else self.until,
        }


class News(NamedTuple):
    """What is new of one usage point of one authorization; its channels whether new or not."""

    held: Authorization
    point: UsagePoint
    channels: tuple[Channel, ...]
    blocks: tuple[Block, ...]
    bills: tuple[Bill, ...]


class ChannelRow(NamedTuple):
    """A channel, and a share that may open some of it."""

    held: int
    point: int
    number: int
    reading_type_id: str
    meter_serial: str | None
    content: str
    # whether it does
    sure: bool
    since: int
    until: int | None


# authorization, usage point, channel and start of a block, and the block
Candidate = tuple[tuple[int, int, int, int], Block]


def channel_of(row: ChannelRow) -> Channel:
    """The channel of a row."""
    return Channel(
        usage_point_id=row.point,
        number=row.number,
        reading_type_id=row.reading_type_id,
        reading_type=known_text(row.content, ReadingType),
        meter_serial=row.meter_serial,
    )


def _channel_of(candidate: Candidate) -> tuple[int, int, int]:
    return candidate[0][:3]


class Deltas:
    """News by third party."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def authorizations(
        self, third_party_id: int, only: int | None, at: int, *, least: int = 0
    ) -> Iterator[Authorization]:
        """Its customers' authorizations that are alive, or one of them, from an id on; by id, as they are read."""
        given = {"third_party": third_party_id, "only": only or 0, "least": least, "held_at": at}
        return map(listed, self._rows(ALIVE, given))

    def commodities(self, third_party_id: int, only: int | None, at: int) -> frozenset[Commodity]:
        """What the usage points of these authorizations supply."""
        given = {"third_party": third_party_id, "only": only or 0, "least": 0, "held_at": at}
        return frozenset(map(Commodity, self._connection.execute(SUPPLIED, given).scalars()))

    def news(self, asked: Asked) -> Iterator[News]:
        """What is new, by authorization and usage point; those without news are left out."""
        blocks = Ahead(self.blocks(asked))
        authorizations = self.authorizations(asked.third_party_id, asked.only, asked.at, least=asked.least)
        while page := list(islice(authorizations, PAGE)):
            yield from self._news(asked, page, blocks)

    def blocks(self, asked: Asked) -> Iterator[tuple[int, Block]]:
        """The latest block of each channel, and those that changed since, with their authorization; in order."""
        candidates, closed = self._hot(asked), self._history(asked)
        # mostly nothing of closed months is new
        if (first := next(closed, None)) is not None:
            candidates = merge(candidates, chain((first,), closed), key=itemgetter(0))
        for (held_id, *_), channel in groupby(candidates, key=_channel_of):
            by_start = {place[3]: block for place, block in channel}
            last = max(by_start)
            for start, block in by_start.items():
                # a former agreement's last day is not the latest
                changed = asked.since is not None and block.updated_at > asked.since
                if changed or (start == last and not asked.changes_only):
                    yield held_id, block

    def rows(self, asked: Asked) -> Iterator[Any]:
        """The rows of the hot tier behind `blocks` as they come: the authorization's id and `BLOCK_COLUMNS`.

        Some are there twice.
        """
        if asked.changes_only:
            return self._rows(CHANGES, asked.given)
        return self._rows(LATEST if asked.since is None else CHANGED, asked.given)

    def every_row(self, asked: Asked) -> Iterator[Any]:
        """All rows that `news` reads, of any table, as they come: nothing is made of them."""
        yield from self.rows(asked)
        yield from self._closed(asked)
        alive = self._rows(ALIVE, asked.given)
        while page := list(islice(alive, PAGE)):
            given = asked.given | {"first": page[0].id, "last": page[-1].id}
            yield from page
            for statement in (CHANNELS, billed(asked), POINTS):
                yield from self._page(statement, given)

    # parts

    def _hot(self, asked: Asked) -> Iterator[Candidate]:
        """The latest block that the hot tier has for each share of a channel, and those that changed; in order."""
        last = None
        for row in self.rows(asked):
            place = row[:4]
            # the latest and a changed one are often the same, side by side
            if place != last:
                last = place
                yield place, block_of(row[1:])

    def _history(self, asked: Asked) -> Iterator[Candidate]:
        """The same of the history: of months that something changed in, and of last ones that nothing came after."""
        since = LAST if asked.since is None else asked.since
        until = LAST if asked.until is None else asked.until
        for held_id, *told, share_since, share_until in self._closed(asked):
            segment = dict(zip(SEGMENT_COLUMNS, told, strict=True))
            marks = marks_of(segment["marks"])
            mine = [
                place
                for place, mark in enumerate(marks)
                if mark.published_at <= until and held_by(share_since, share_until, compared(mark))
            ]
            taken = [place for place in mine if marks[place].updated_at > since or place == mine[-1]]
            if taken:
                for block in read_blocks(read_segment(segment), marks, taken):
                    yield (held_id, block.usage_point_id, block.channel, block.start), block

    def _closed(self, asked: Asked) -> Iterator[Any]:
        since = LAST if asked.since is None else asked.since
        return self._rows(HISTORY_CHANGES if asked.changes_only else HISTORY, asked.given | {"since": since})

    def _measured(self, rows: list[ChannelRow]) -> tuple[Channel, ...]:
        """The channels of rows that have one for each share: those that measured on a day of some share, or never."""
        if len(rows) == 1 and rows[0].sure:
            return (channel_of(rows[0]),)
        found = []
        for _, shares in groupby(rows, key=attrgetter("number")):
            told = list(shares)
            if any(row.sure for row in told) or any(self._had(row) for row in told):
                found.append(channel_of(told[0]))
        return tuple(sorted(found, key=channel_rank))

    def _had(self, row: ChannelRow) -> bool:
        """Whether a share that cuts through a month has a day of it."""
        told = {"of_point": row.point, "of_channel": row.number, "since": row.since, "until": row.until}
        return any(
            held_by(row.since, row.until, compared(mark))
            for marks in self._connection.execute(CUT_MONTHS, told).scalars()
            for mark in marks_of(marks)
        )

    def _news(self, asked: Asked, page: list[Authorization], blocks: "Ahead") -> Iterator[News]:
        held = {one.id: one for one in page}
        given = asked.given | {"first": page[0].id, "last": page[-1].id}
        channels: dict[tuple[int, int], list[ChannelRow]] = {}
        for row in map(ChannelRow._make, self._page(CHANNELS, given)):
            channels.setdefault(row[:2], []).append(row)
        bills: dict[tuple[int, int], list[Row]] = {}
        for bill in self._connection.execute(billed(asked), given).mappings():
            bills.setdefault((bill["held_id"], bill["point_id"]), []).append(bill)
        for held_id, point_id, commodity, location_id, extra in self._page(POINTS, given):
            key = held_id, point_id
            mine = blocks.of(key)
            summaries = tuple(map(read_bill, bills.get(key, ())))
            if mine or summaries:
                yield News(
                    held[held_id],
                    UsagePoint(id=point_id, commodity=Commodity(commodity), location_id=location_id, extra=extra),
                    self._measured(channels.get(key, [])),
                    mine,
                    summaries if asked.since is not None else summaries[-1:],
                )

    def _page(self, statement: Executable, given: dict[str, Any]) -> Any:
        """The rows of a page of authorizations: by a plan that is kept, which PostgreSQL does not do for a cursor."""
        return self._connection.execute(statement, given).all()

    def _rows(self, statement: Executable, given: dict[str, Any]) -> Iterator[Any]:
        """The rows, as they come: many at a time, as one by one takes longer than to read them."""
        with self._connection.execute(statement, given, execution_options={"yield_per": CHUNK}) as rows:
            while found := rows.fetchmany(CHUNK):
                yield from found


def billed(asked: Asked) -> Select[Any]:
    """The bills that are new."""
    return LAST_BILLS if asked.since is None else BILLS_SINCE


@dataclass
class Ahead:
    """Blocks that are read in the order in which they are asked for."""

    blocks: Iterator[tuple[int, Block]]
    next: tuple[int, Block] | None = field(init=False)

    def __post_init__(self) -> None:
        """Read the first one."""
        self.next = next(self.blocks, None)

    def of(self, key: tuple[int, int]) -> tuple[Block, ...]:
        """Those of an authorization and a usage point; nothing that comes before them is left.

        Raises:
            LookupError: there is something before them, which nobody asked for.
        """
        found = []
        while self.next is not None:
            held_id, block = self.next
            place = held_id, block.usage_point_id
            if place > key:
                break
            if place < key:
                raise LookupError(f"a block of {place} is asked for after {key}")
            found.append(block)
            self.next = next(self.blocks, None)
        return tuple(found)
