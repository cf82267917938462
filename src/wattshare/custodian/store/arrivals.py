"""Blocks on their way into their table, many at once, in months that are there for them.

PostgreSQL keeps a partition a month. A month is opened by the first row that falls into it, and rows are copied into
the month itself: COPY does not go through the row security of the whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
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
from wattshare.custodian.store.blocks import INTERVAL_BLOCK, ROW_COLUMNS, SIDECARS, SPILL, block_row
from wattshare.custodian.store.history import CLOSED_MONTH, month_of
from wattshare.custodian.store.kept import Span, channels_within, segments_within, spans_of_days
from wattshare.custodian.store.revisions import TAKING_IN
from wattshare.custodian.store.statements import alone

OPEN_MONTH = text("SELECT open_month(:start)").bindparams(bindparam("start", type_=BigInteger))
# rows of one COPY: each is a statement of its own, with a deadline of its own
COPIED = 10_000
QUOTED = ", ".join(f'"{name}"' for name in ROW_COLUMNS)
COPY = f"COPY {{}} ({QUOTED}) FROM STDIN (FORMAT BINARY)"
INSERT = f"INSERT INTO interval_block ({QUOTED}) VALUES ({', '.join('?' * len(ROW_COLUMNS))})"  # noqa: S608  our own names

# a row as COPY has it in binary: how many fields, then the length of each and what is in it; null is of length -1
SIGNATURE, TRAILER, NULL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff", b"\xff\xff\xff\xff"
LENGTH = Struct(">i").pack
# a day of nothing but values, up to them
FIELDS = len(ROW_COLUMNS)
PLAIN_HEAD, PLAIN_DAY = Struct(">h" + "iq" + "ii").pack, Struct(">" + "iq" * 8 + "i").pack
# such days that are remembered
ALIKE = 4_096
# usage point, channel, start, duration, end of the day, step, count, width, values
PlainDay = tuple[int, int, int, int, int, int, int, int, bytes | memoryview]
START = itemgetter(2)
Item = TypeVar("Item")
# bytes that are sent at a time
SENT = 256 * 1024
# the same of days of nothing but values, of which each is four
PARTS = 2_000


class Arrivals:
    """What comes into the table of blocks, in one transaction."""

    def __init__(self, connection: Connection, late: int) -> None:
        """Take the transaction's connection, and how long after its day a reading is late."""
        self.connection = self._connection = connection
        self._late = late
        self._partitioned = connection.dialect.name == "postgresql"
        # months that are known to be there, by year and month
        self._months: dict[tuple[int, int], str] = {}

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
            self._copy(self._opened(month, those[0].start), those)

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

    def met(self, days: Sequence[PlainDay]) -> frozenset[tuple[int, int]]:
        """The usage points and channels that have something from the first of their days to the last."""
        spans = spans_of_days((day[0], day[1], day[2], day[4]) for day in days)
        found = channels_within(self._connection, spans)
        if self.closed_months:
            found |= {(one.usage_point_id, one.channel) for one in segments_within(self._connection, spans)}
        return frozenset(found)

    def load_plain(self, days: Iterable[PlainDay], revision: int, at: int) -> None:
        """The same of days that are nothing but values, all of one revision."""
        every = iter(days)
        while chunk := tuple(islice(every, COPIED)):
            if not self.closed_months.isdisjoint(map(month_of, set(map(START, chunk)))):
                self._refuse_kept(day[:3] for day in chunk)
            if not self._partitioned:
                rows = [plain_row(day, revision, at, late=self._late) for day in chunk]
                self._connection.exec_driver_sql(INSERT, rows)
                continue
            for month, those in by_month(chunk, START).items():
                self._send(self._opened(month, those[0][2]), plain_pieces(those, revision, at, late=self._late))

    def _opened(self, month: tuple[int, int], second: int) -> str:
        """The table of a month, by a second in it."""
        if month not in self._months:
            self._months[month] = self._connection.execute(OPEN_MONTH, {"start": second}).scalar_one()
        return self._months[month]

    def _copy(self, table: str, blocks: Iterable[Block]) -> None:
        self._send(table, pieces(blocks))

    def _send(self, table: str, told: Iterable[bytes]) -> None:
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


def by_month(items: Sequence[Item], start_of: Callable[[Item], int]) -> Mapping[tuple[int, int], Sequence[Item]]:
    """Blocks by the year and month in which they start, in UTC."""
    # many start together
    known: dict[int, tuple[int, int]] = {}
    for start in set(map(start_of, items)):
        day = datetime.fromtimestamp(start, UTC)
        known[start] = day.year, day.month
    if len(every := set(known.values())) == 1:
        return {every.pop(): items}
    months: dict[tuple[int, int], list[Item]] = {}
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


def plain_row(day: PlainDay, revision: int, at: int, *, late: int) -> tuple[Any, ...]:
    """The row of a day of nothing but values, in the order of the columns."""
    point, channel, start, duration, day_end, *packed = day
    held_to = start + duration if start + duration > day_end + SPILL else day_end
    head = (point, channel, start, duration, day_end, day_end, held_to, *packed)
    counts = (0, 0, packed[1] if at > day_end + late else 0)
    return (*head, *[None] * len(SIDECARS), revision, revision, at, at, *counts)


def _plain_day(day: tuple[int, ...], tail: bytes, at: int, late: int) -> tuple[bytes, bytes]:
    """What stands before and behind the values of a day: start, duration, end, step, count, width."""
    start, duration, day_end, step, count, width = day
    held_to = start + duration if start + duration > day_end + SPILL else day_end
    numbers = (start, duration, day_end, day_end, held_to, step, count, width)
    middle = PLAIN_DAY(*(part for number in numbers for part in (8, number)), count * width)
    return middle, tail + LAST_NUMBERS(4, 0, 4, 0, 4, count if at > day_end + late else 0)


def plain_pieces(days: Iterable[PlainDay], revision: int, at: int, *, late: int) -> Iterator[bytes]:
    """Such days as COPY reads them: numbers at once, then the values, then what all of them have alike."""
    tail = plain_tail(revision, at)
    # of many usage points a day is the same but for its values
    alike: dict[tuple[int, ...], tuple[bytes, bytes]] = {}
    parts: list[bytes | memoryview] = [SIGNATURE]
    here, head = (0, 0), b""
    for point, channel, *day, values in days:
        if here != (point, channel):
            here, head = (point, channel), PLAIN_HEAD(FIELDS, 8, point, 4, channel)
        key = tuple(day)
        if key not in alike:
            if len(alike) > ALIKE:
                alike.clear()
            alike[key] = _plain_day(key, tail, at, late)
        middle, ends = alike[key]
        parts += (head, middle, values, ends)
        if len(parts) >= PARTS:
            yield b"".join(parts)
            parts.clear()
    parts.append(TRAILER)
    yield b"".join(parts)


# estimated, corrected, late
LAST_NUMBERS = Struct(">iiiiii").pack


def plain_tail(revision: int, at: int) -> bytes:
    """What stands behind the values of a day of nothing else."""
    numbers = b"".join(Struct(">iq").pack(8, number) for number in (revision, revision, at, at))
    return NULL * len(SIDECARS) + numbers


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
