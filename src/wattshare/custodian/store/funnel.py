"""Requests of apps on their way, and counts of those that are over. Nothing in a count is of anybody."""

from collections.abc import Iterator
from dataclasses import asdict

from sqlalchemy import Column, Connection, ForeignKey, Index, String, Table, delete, func, literal, select, true, update

from wattshare.custodian.model.funnel import Counts, Dimension, Fate, Passage, Step
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.sessions import CONSENT_REQUEST
from wattshare.custodian.store.statements import insert, later

PASSAGE = Table(
    "passage",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("third_party_id", Big, ForeignKey("third_party.id"), nullable=False),
    Column("day", Big, nullable=False),
    Column("device", String, nullable=False),
    Column("language", String, nullable=False),
    Column("way", String, nullable=False),
    Column("step", Big, nullable=False),
    Column("authorization_id", Big, index=True),
    Index("ix_passage_step", "step", "request_id"),
)

FUNNEL = Table(
    "funnel",
    METADATA,
    Column("day", Big, primary_key=True, autoincrement=False),
    Column("third_party_id", Big, ForeignKey("third_party.id"), primary_key=True, autoincrement=False),
    Column("device", String, primary_key=True),
    Column("language", String, primary_key=True),
    Column("way", String, primary_key=True),
    Column("step", Big, primary_key=True, autoincrement=False),
    Column("fate", String, primary_key=True),
    Column("count", Big, nullable=False),
)
ALIKE = ("day", "third_party_id", "device", "language", "way", "step")
COLUMNS = {
    Dimension.APP: "third_party_id",
    Dimension.DEVICE: "device",
    Dimension.LANGUAGE: "language",
    Dimension.WAY: "way",
}


class Funnel:
    """Passages by their request, and counts."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def begin(self, passage: Passage) -> None:
        """A request arrived."""
        self._connection.execute(PASSAGE.insert(), asdict(passage))

    def reach(
        self, request_id: str, step: Step, *, language: str, way: str = "", authorization_id: int | None = None
    ) -> None:
        """A request came to a step: never back, and to each of them once."""
        told: dict[str, object] = {"step": later(PASSAGE.c.step, literal(int(step))), "language": language}
        told |= {"way": way} if way else {}
        told |= {} if authorization_id is None else {"authorization_id": authorization_id}
        this = (PASSAGE.c.request_id == request_id) & (PASSAGE.c.step <= step)
        self._connection.execute(update(PASSAGE).where(this).values(told))

    def exchanged(self, authorization_id: int) -> None:
        """The code of what a customer said yes to was redeemed."""
        waits = (PASSAGE.c.authorization_id == authorization_id) & (PASSAGE.c.step < Step.EXCHANGED)
        self._connection.execute(update(PASSAGE).where(waits).values(step=int(Step.EXCHANGED)))

    def close(self, request_id: str, fate: Fate, step: Step | None = None) -> bool:
        """A request is over: it becomes a count and is forgotten. Whether it was on its way."""
        gone = delete(PASSAGE).where(PASSAGE.c.request_id == request_id).returning(*(PASSAGE.c[name] for name in ALIKE))
        row = self._connection.execute(gone).mappings().first()
        if row is None:
            return False
        counted = {**row, "fate": fate.value} | ({} if step is None else {"step": int(step)})
        one_more = insert(self._connection, FUNNEL).values(**counted, count=1)
        self._connection.execute(
            one_more.on_conflict_do_update(index_elements=list(counted), set_={"count": FUNNEL.c.count + 1})
        )
        return True

    def left(self, at: int, most: int) -> tuple[str, ...]:
        """Requests that nobody decided, and that no longer wait for anybody."""
        waits = select(CONSENT_REQUEST.c.request_id).where(
            CONSENT_REQUEST.c.request_id == PASSAGE.c.request_id, CONSENT_REQUEST.c.expires_at > at
        )
        undecided = select(PASSAGE.c.request_id).where(PASSAGE.c.step < Step.SHARED, ~waits.exists())
        return tuple(self._connection.scalars(undecided.order_by(PASSAGE.c.request_id).limit(most)))

    def decided(self, after: str, most: int) -> tuple[Passage, ...]:
        """Requests that were answered with yes and whose data has not come, by their ids after one."""
        found = (
            select(PASSAGE)
            .where(PASSAGE.c.step >= Step.SHARED, PASSAGE.c.request_id > after)
            .order_by(PASSAGE.c.request_id)
            .limit(most)
        )
        rows = self._connection.execute(found).mappings()
        return tuple(Passage(**{**row, "step": Step(row["step"])}) for row in rows)

    def counts(
        self, first: int, last: int, third_party_id: int | None, dimension: Dimension | None
    ) -> dict[str | int, Counts]:
        """What arrived on these days, by a dimension's values; of all, by "" alone. What is on its way is open."""
        found: dict[str | int, dict[tuple[Step, Fate], int]] = {}
        for value, step, fate, count in self._counted(first, last, third_party_id, dimension):
            found.setdefault(value, {})[Step(step), Fate(fate)] = int(count)
        return dict(found)

    def _counted(
        self, first: int, last: int, third_party_id: int | None, dimension: Dimension | None
    ) -> Iterator[tuple[str | int, int, str, int]]:
        over, open_ = (FUNNEL.c.fate, func.sum(FUNNEL.c.count)), (literal(Fate.OPEN.value), func.count())
        for table, (fate, count) in ((FUNNEL, over), (PASSAGE, open_)):
            value = literal("") if dimension is None else table.c[COLUMNS[dimension]]
            wanted = true() if third_party_id is None else table.c.third_party_id == third_party_id
            by = [table.c.step, *([FUNNEL.c.fate] if table is FUNNEL else [])]
            if dimension is not None:
                by.append(table.c[COLUMNS[dimension]])
            found = (
                select(value, table.c.step, fate, count).where(table.c.day.between(first, last), wanted).group_by(*by)
            )
            yield from (tuple(row) for row in self._connection.execute(found))
