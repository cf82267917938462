"""What is new for a third party, over all its authorizations: a fixed number of statements, however many there are.

Blocks and authorizations are each one statement, read as they come, in the same order; usage points, channels and
bills are read for a page of authorizations at a time. So nothing here grows with their number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, Select, String, bindparam, cast, or_, select, text, union_all

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.store.authorizations import (
    AUTHORIZATION,
    AUTHORIZATION_USAGE_POINT,
    alive,
    every_share,
    read_authorization,
)
from wattshare.custodian.store.bills import BILL, Bill, SummaryKind, billed_within, read_bill
from wattshare.custodian.store.blocks import (
    BLOCK_COLUMNS,
    CHANNEL,
    INTERVAL_BLOCK,
    READING_TYPE,
    block_of,
    within,
)
from wattshare.custodian.store.channels import channel_rank, read_channel
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Big, Row
from wattshare.custodian.store.premises import USAGE_POINT, read_usage_point
from wattshare.espi.kinds import METERED, Kind

# authorizations of a page, and rows fetched at a time
PAGE, CHUNK = 500, 1_000
# later than everything
LAST = 1 << 62


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

    @property
    def given(self) -> dict[str, Any]:
        """What the statements are given."""
        return {
            "third_party": self.third_party_id,
            "only": self.only or 0,
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


class Deltas:
    """News by third party."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def authorizations(self, third_party_id: int, only: int | None, at: int) -> Iterator[Authorization]:
        """Its customers' authorizations that are alive, or one of them; by id, as they are read."""
        given = {"third_party": third_party_id, "only": only or 0, "held_at": at}
        return (
            read_authorization(dict(zip(AUTHORIZATION_COLUMNS, row, strict=True))) for row in self._rows(ALIVE, given)
        )

    def commodities(self, third_party_id: int, only: int | None, at: int) -> frozenset[Commodity]:
        """What the usage points of these authorizations supply."""
        given = {"third_party": third_party_id, "only": only or 0, "held_at": at}
        return frozenset(map(Commodity, self._connection.execute(SUPPLIED, given).scalars()))

    def news(self, asked: Asked) -> Iterator[News]:
        """What is new, by authorization and usage point; those without news are left out."""
        blocks = Ahead(self.blocks(asked))
        authorizations = self.authorizations(asked.third_party_id, asked.only, asked.at)
        while page := list(islice(authorizations, PAGE)):
            yield from self._news(asked, page, blocks)

    def blocks(self, asked: Asked) -> Iterator[tuple[int, Block]]:
        """The latest block of each channel, and those that changed since, with their authorization; in order."""
        for (held_id, *_), channel in groupby(self.rows(asked), key=CHANNEL_KEY):
            by_start = {row[3]: row for row in channel}
            last = max(by_start)
            for start, row in by_start.items():
                block = block_of(row[1:])
                # a former agreement's last day is not the latest
                changed = asked.since is not None and block.updated_at > asked.since
                if changed or (start == last and not asked.changes_only):
                    yield held_id, block

    def rows(self, asked: Asked) -> Iterator[Any]:
        """The rows behind `blocks` as they come: the authorization's id and `BLOCK_COLUMNS`; some are there twice."""
        return self._rows(LATEST if asked.since is None else CHANGED, asked.given)

    # parts

    def _news(self, asked: Asked, page: list[Authorization], blocks: "Ahead") -> Iterator[News]:
        held = {one.id: one for one in page}
        given = asked.given | {"first": page[0].id, "last": page[-1].id}
        points, channels = self._grouped(POINTS, given), self._grouped(CHANNELS, given)
        bills = self._grouped(LAST_BILLS if asked.since is None else BILLS_SINCE, given)
        for key, [point] in points.items():
            mine = tuple(blocks.of(key))
            billed = tuple(map(read_bill, bills.get(key, ())))
            if mine or billed:
                yield News(
                    held[key[0]],
                    read_usage_point(point),
                    tuple(sorted(map(read_channel, channels.get(key, ())), key=channel_rank)),
                    mine,
                    billed if asked.since is not None else billed[-1:],
                )

    def _grouped(self, statement: Select[Any], given: dict[str, Any]) -> dict[tuple[int, int], list[Row]]:
        """Rows by authorization and usage point, in the order of the statement."""
        found: dict[tuple[int, int], list[Row]] = {}
        for row in self._connection.execute(statement, given).mappings():
            found.setdefault((row["held_id"], row["point_id"]), []).append(row)
        return found

    def _rows(self, statement: Executable, given: dict[str, Any]) -> Iterator[Any]:
        with self._connection.execute(statement, given, execution_options={"yield_per": CHUNK}) as rows:
            yield from rows


@dataclass
class Ahead:
    """Blocks that are read in the order in which they are asked for."""

    blocks: Iterator[tuple[int, Block]]
    next: tuple[int, Block] | None = field(init=False)

    def __post_init__(self) -> None:
        """Read the first one."""
        self.next = next(self.blocks, None)

    def of(self, key: tuple[int, int]) -> Iterator[Block]:
        """Those of an authorization and a usage point; nothing that comes before them is left.

        Raises:
            LookupError: there is something before them, which nobody asked for.
        """
        while self.next is not None:
            held_id, block = self.next
            place = held_id, block.usage_point_id
            if place > key:
                return
            if place < key:
                raise LookupError(f"a block of {place} is asked for after {key}")
            yield block
            self.next = next(self.blocks, None)


# statements, made once

CHANNEL_KEY = itemgetter(0, 1, 2)
BY_THIRD_PARTY = (AUTHORIZATION.c.third_party_id == bindparam("third_party", type_=Big)) & or_(
    bindparam("only", type_=Big) == 0, AUTHORIZATION.c.id == bindparam("only", type_=Big)
)
OF_PAGE = BY_THIRD_PARTY & AUTHORIZATION.c.id.between(bindparam("first", type_=Big), bindparam("last", type_=Big))
# kinds are written as JSON, so that a name between quotes is a whole name
SHARES = {kind: cast(AUTHORIZATION.c.kinds, String).like(f'%"{kind.value}"%') for kind in sorted(METERED)}
SHARES_USAGE, SHARES_METERED = SHARES[Kind.USAGE], or_(*SHARES.values())
AUTHORIZATION_COLUMNS = tuple(column.name for column in AUTHORIZATION.c)
ALIVE = (
    select(AUTHORIZATION)
    .where(BY_THIRD_PARTY, AUTHORIZATION.c.customer_id.is_not(None), alive(bindparam("held_at", type_=Big)))
    .order_by(AUTHORIZATION.c.id)
)
SUPPLIED = (
    select(USAGE_POINT.c.commodity)
    .distinct()
    .select_from(AUTHORIZATION)
    .join(AUTHORIZATION_USAGE_POINT, AUTHORIZATION_USAGE_POINT.c.authorization_id == AUTHORIZATION.c.id)
    .join(USAGE_POINT, USAGE_POINT.c.id == AUTHORIZATION_USAGE_POINT.c.usage_point_id)
    .where(BY_THIRD_PARTY, alive(bindparam("held_at", type_=Big)))
)
SINCE, UNTIL = bindparam("since", type_=Big), bindparam("until", type_=Big)
OF_COMMODITY = USAGE_POINT.c.commodity == bindparam("commodity")


def _blocks(*, since: bool) -> Any:
    share = every_share(BY_THIRD_PARTY & SHARES_USAGE).subquery("share")
    blocks, other = INTERVAL_BLOCK.c, INTERVAL_BLOCK.alias("other")
    latest = (
        select(other.c.start)
        .where(
            other.c.usage_point_id == CHANNEL.c.usage_point_id,
            other.c.channel == CHANNEL.c.number,
            within(share, other),
            other.c.published_at <= UNTIL,
        )
        .order_by(other.c.start.desc())
        .limit(1)
        .correlate(share, CHANNEL)
        .scalar_subquery()
    )
    columns = (share.c.held_id, *(blocks[name] for name in BLOCK_COLUMNS))
    points = share.join(USAGE_POINT, (USAGE_POINT.c.id == share.c.usage_point_id) & OF_COMMODITY)
    here = (blocks.usage_point_id == CHANNEL.c.usage_point_id) & (blocks.channel == CHANNEL.c.number)
    last = select(*columns).select_from(
        points.join(CHANNEL, CHANNEL.c.usage_point_id == share.c.usage_point_id).join(
            INTERVAL_BLOCK, here & (blocks.start == latest)
        )
    )
    # authorization, usage point, channel, start: columns of a union have no other name on every database
    order = text("1, 2, 3, 4")
    if not since:
        return last.order_by(order)
    changed = (
        select(*columns)
        .select_from(points.join(INTERVAL_BLOCK, blocks.usage_point_id == share.c.usage_point_id))
        .where(within(share, INTERVAL_BLOCK), blocks.updated_at > SINCE, blocks.published_at <= UNTIL)
    )
    return union_all(last, changed).order_by(order)


def _bills(*, since: bool) -> Select[Any]:
    share, other = every_share(OF_PAGE & SHARES_METERED).subquery("share"), BILL.alias("other")
    bills = BILL.c
    found = (
        select(share.c.held_id, bills.usage_point_id.label("point_id"), BILL)
        .distinct()
        .select_from(share.join(USAGE_POINT, (USAGE_POINT.c.id == share.c.usage_point_id) & OF_COMMODITY))
        .join(BILL, (bills.usage_point_id == share.c.usage_point_id) & (bills.kind == SummaryKind.USAGE))
        .where(billed_within(share, BILL), bills.published_at <= UNTIL)
        .order_by(share.c.held_id, bills.usage_point_id, bills.bill_date)
    )
    if since:
        return found.where(bills.updated_at > SINCE)
    mine = (other.c.usage_point_id == share.c.usage_point_id) & (other.c.kind == SummaryKind.USAGE)
    last = (
        select(other.c.bill_date)
        .where(mine, billed_within(share, other), other.c.published_at <= UNTIL)
        .order_by(other.c.bill_date.desc())
        .limit(1)
        .correlate(share)
        .scalar_subquery()
    )
    return found.where(bills.bill_date == last)


def _points() -> Select[Any]:
    share = every_share(OF_PAGE & SHARES_METERED).subquery("share")
    return (
        select(share.c.held_id, USAGE_POINT.c.id.label("point_id"), USAGE_POINT)
        .distinct()
        .join(share, share.c.usage_point_id == USAGE_POINT.c.id)
        .where(OF_COMMODITY)
        .order_by(share.c.held_id, USAGE_POINT.c.id)
    )


def _channels() -> Select[Any]:
    share, blocks = every_share(OF_PAGE & SHARES_USAGE).subquery("share"), INTERVAL_BLOCK.c
    here = (blocks.usage_point_id == CHANNEL.c.usage_point_id) & (blocks.channel == CHANNEL.c.number)
    metered = select(blocks.start).where(here, within(share, INTERVAL_BLOCK)).exists()
    return (
        select(share.c.held_id, CHANNEL.c.usage_point_id.label("point_id"), CHANNEL, READING_TYPE.c.content)
        .distinct()
        .select_from(share.join(USAGE_POINT, (USAGE_POINT.c.id == share.c.usage_point_id) & OF_COMMODITY))
        .join(CHANNEL, CHANNEL.c.usage_point_id == share.c.usage_point_id)
        .join(READING_TYPE, READING_TYPE.c.id == CHANNEL.c.reading_type_id)
        .where(or_(metered, ~select(blocks.start).where(here).exists()))
    )


LATEST, CHANGED = _blocks(since=False), _blocks(since=True)
LAST_BILLS, BILLS_SINCE = _bills(since=False), _bills(since=True)
POINTS, CHANNELS = _points(), _channels()
