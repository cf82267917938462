"""Blocks on their way into their table, many at once, in months that are there for them.

PostgreSQL keeps a partition a month. A month is opened by the first row that falls into it, and rows are copied into
the month itself: COPY does not go through the row security of the whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from operator import attrgetter, itemgetter
from struct import Struct
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Integer, LargeBinary, bindparam, select, text
from sqlalchemy.exc import DBAPIError

from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.model.readings import Block
from wattshare.custodian.model.segments import read_marks
from wattshare.custodian.store.blocks import INTERVAL_BLOCK, ROW_COLUMNS, block_row
from wattshare.custodian.store.history import CLOSED_MONTH, month_of
from wattshare.custodian.store.kept import Span, channels_within, segments_within, spans_of_days
from wattshare.custodian.store.plain_days import (
    NULL,
    SENT,
    SIGNATURE,
    TRAILER,
    DayAt,
    Laid,
    PlainDay,
    PlainDays,
    Stream,
    lay_out,
    plain_pieces,
    plain_row,
)
from wattshare.custodian.store.revisions import TAKING_IN
from wattshare.custodian.store.statements import alone

OPEN_MONTH, BEGIN_MONTH, ATTACH_MONTH = (
    text(f"SELECT {name}_month(:start)").bindparams(bindparam("start", type_=BigInteger))
    for name in ("open", "begin", "attach")
)
# rows of one COPY: each is a statement of its own, with a deadline of its own; or the part of that for which it goes on
COPIED, PART = 10_000, 0.1
QUOTED = ", ".join(f'"{name}"' for name in ROW_COLUMNS)
COPY = f"COPY {{}} ({QUOTED}) FROM STDIN (FORMAT BINARY)"
INSERT = f"INSERT INTO interval_block ({QUOTED}) VALUES ({', '.join('?' * len(ROW_COLUMNS))})"  # noqa: S608  our own names

LENGTH = Struct(">i").pack
START = itemgetter(2)
Item = TypeVar("Item")


class Arrivals:
    """What comes into the table of blocks, in one transaction."""

    def __init__(self, connection: Connection, late: int) -> None:
        """Take the transaction's connection, and how long after its day a reading is late."""
        self.connection = self._connection = connection
        self._late = late
        self._partitioned = connection.dialect.name == "postgresql"
        # months that are known to be there
        self._months: dict[int, str] = {}

    @cached_property
    def closed_months(self) -> frozenset[int]:
        """The months of which there are segments. From now on nobody else writes blocks."""
        alone(self._connection, TAKING_IN)
        return frozenset(self._connection.execute(select(CLOSED_MONTH.c.month)).scalars())

    def is_late(self, block: Block) -> bool:
        """Whether what a block brings comes long after its day."""
        return block.updated_at > block.day_end + self._late

    def begun(self, block: Block) -> Block:
        """A block that is the first of its day, as it will be read again."""
        late = 0 if block.late or not self.is_late(block) else block.count
        if block.first_revision and block.published_at and not late:
            return block
        return replace(
            block,
            first_revision=block.first_revision or block.revision,
            published_at=block.published_at or block.updated_at,
            late=late or block.late,
        )

    def load(self, blocks: Iterable[Block]) -> None:
        """Keep blocks of days that have none, as fast as the database takes them.

        Raises:
            Conflict: a day is in the history.
        """
        every = map(self.begun, blocks)
        while chunk := tuple(islice(every, COPIED)):
            self._refuse_kept((block.usage_point_id, block.channel, block.start) for block in chunk)
            self.add(chunk)

    def add(self, blocks: Sequence[Block]) -> None:
        """Keep blocks as they are, of days that are known to have none."""
        if not self._partitioned:
            self._connection.exec_driver_sql(INSERT, [block_row(block) for block in blocks])
            return
        for month, those in by_month(blocks, attrgetter("start")).items():
            self._send(self._opened(month), pieces(those))

    def _refuse_kept(self, places: Iterable[tuple[int, int, int]]) -> None:
        """See that no day, by usage point, channel and start, is in the history already."""
        if not self.closed_months:
            return
        old = {place for place in places if month_of(place[2]) in self.closed_months}
        spans = tuple(Span(point, channel, start, start) for point, channel, start in old)
        for segment in segments_within(self._connection, spans):
            for mark in read_marks(segment):
                if (segment.usage_point_id, segment.channel, mark.start) in old:
                    raise Conflict("A day of these is kept already.", field="start")

    def met(self, days: Iterable[DayAt]) -> frozenset[tuple[int, int]]:
        """The usage points and channels that have something from the first of their days to the last."""
        spans = spans_of_days(days)
        found = channels_within(self._connection, spans)
        if self.closed_months:
            found |= {(one.usage_point_id, one.channel) for one in segments_within(self._connection, spans)}
        return frozenset(found)

    def load_plain(self, days: Iterable[PlainDay], revision: int, at: int) -> None:
        """As `load`, of days that are nothing but values, all of one revision."""
        every = iter(days)
        while chunk := tuple(islice(every, COPIED)):
            if not self.closed_months.isdisjoint(map(month_of, set(map(START, chunk)))):
                self._refuse_kept(day[:3] for day in chunk)
            if not self._partitioned:
                rows = [plain_row(day, revision, at, late=self._late) for day in chunk]
                self._connection.exec_driver_sql(INSERT, rows)
                continue
            for month, those in by_month(chunk, START).items():
                self._send(self._opened(month), plain_pieces(those, revision, at, late=self._late))

    def lay_out(self, days: PlainDays, revision: int, at: int) -> Laid:
        """Such days in columns, made ready to be loaded. Nothing is asked of the database, so others may do it."""
        return lay_out(days, revision, at, late=self._late) if self._partitioned else Laid(days, {})

    def load_laid(self, many: Iterable[Laid], revision: int, at: int) -> None:
        """The same of such days that were laid out; while they are written, the next ones may be made.

        What is of one month goes into one COPY, for as long as that is young.
        """
        closed, coming = self.closed_months, iter(many)
        longest = PART * self._connection.get_execution_options().get("wattshare_seconds", 0)
        laid = next(coming, None)
        while laid is not None:
            if not laid.months or not closed.isdisjoint(laid.months):
                self.load_plain(laid.days.rows(), revision, at)
                laid = next(coming, None)
                continue
            first, *others = laid.months
            for month in others:
                self._fill(month, (SIGNATURE, laid.months[month], TRAILER))
            stream = Stream(laid, coming, first, longest)
            self._fill(first, stream)
            laid = stream.laid

    def _fill(self, month: int, told: Iterable[bytes | memoryview]) -> None:
        """Copy rows into a month. One that is not there yet gets its indexes after them, which is less work."""
        begun = None
        if month not in self._months:
            begun = self._connection.execute(BEGIN_MONTH, {"start": month}).scalar_one()
        self._send(begun or self._opened(month), told)
        if begun is not None:
            self._connection.execute(ATTACH_MONTH, {"start": month})
            self._months[month] = begun

    def _opened(self, month: int) -> str:
        """The table of a month."""
        if month not in self._months:
            self._months[month] = self._connection.execute(OPEN_MONTH, {"start": month}).scalar_one()
        return self._months[month]

    def _send(self, table: str, told: Iterable[bytes | memoryview]) -> None:
        faults: type[Exception] = self._connection.dialect.loaded_dbapi.Error
        driver: Any = self._connection.connection.cursor()
        statement = COPY.format(table)
        try:
            with driver, driver.copy(statement) as copy:
                for piece in told:
                    copy.write(piece)
        except faults as why:
            # as a fault of any other statement
            raise DBAPIError.instance(statement, None, why, faults, hide_parameters=True) from why


def by_month(items: Sequence[Item], start_of: Callable[[Item], int]) -> Mapping[int, Sequence[Item]]:
    """Blocks by the month in which they start, in UTC."""
    # many start together
    known = {start: month_of(start) for start in set(map(start_of, items))}
    if len(every := set(known.values())) == 1:
        return {every.pop(): items}
    months: dict[int, list[Item]] = {}
    for item in items:
        months.setdefault(known[start_of(item)], []).append(item)
    return months


def pieces(blocks: Iterable[Block]) -> Iterator[bytes]:
    """Blocks as COPY reads them."""
    piece = bytearray(SIGNATURE)
    for block in blocks:
        piece += binary(block_row(block))
        if len(piece) >= SENT:
            yield bytes(piece)
            piece.clear()
    piece += TRAILER
    yield bytes(piece)


def _stretches() -> Iterator[tuple[int, int, Struct | None]]:
    """The columns from one to another as they are written: numbers side by side at once, others one by one."""
    numbers: list[str] = []
    for place, column in enumerate((*INTERVAL_BLOCK.c, None)):
        # Big is an Integer on SQLite only
        if column is not None and not column.nullable and isinstance(column.type, Integer):
            numbers.append("iq" if isinstance(column.type, BigInteger) else "ii")
            continue
        if numbers:
            yield place - len(numbers), place, Struct(">" + "".join(numbers))
        numbers = []
        if column is not None:
            if not isinstance(column.type, LargeBinary):
                raise TypeError(f"no manner for the column {column.name}")
            yield place, place + 1, None


STRETCHES = tuple(_stretches())
LENGTHS = tuple(8 if isinstance(column.type, BigInteger) else 4 for column in INTERVAL_BLOCK.c)
COUNTED = Struct(">h").pack(len(ROW_COLUMNS))


def binary(row: tuple[Any, ...]) -> bytes:
    """A row as COPY has it in binary."""
    parts = [COUNTED]
    for first, after, numbers in STRETCHES:
        if numbers is not None:
            told = [part for place in range(first, after) for part in (LENGTHS[place], row[place])]
            parts.append(numbers.pack(*told))
        elif row[first] is None:
            parts.append(NULL)
        else:
            parts += (LENGTH(len(row[first])), row[first])
    return b"".join(parts)
