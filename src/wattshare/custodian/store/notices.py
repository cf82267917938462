"""Notices that are owed, and every try to tell them."""

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import JSON, Column, Connection, ForeignKey, Index, String, Table, Text, delete, select, update

from wattshare.custodian.model.work import Attempt, Notice, NoticeKind, NoticeState
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.statements import grow, holding

NOTICE = Table(
    "notice",
    METADATA,
    Column("id", String, primary_key=True),
    Column("third_party_id", Big, ForeignKey("third_party.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("resources", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("transaction", String),
    Column("batch_id", String, ForeignKey("batch.id"), index=True),
    Column("created_at", Big, nullable=False),
    Column("told_at", Big),
    Column("attempts", Big, nullable=False),
    Column("number", Big, nullable=False),
    Column("owed_at", Big, nullable=False),
    Column("replays", Big, nullable=False),
    Index("ix_notice_third_party_id", "third_party_id", "created_at"),
    Index("ix_notice_number", "third_party_id", "number", unique=True),
)

ATTEMPT = Table(
    "attempt",
    METADATA,
    Column("id", Big, primary_key=True),
    Column("notice_id", String, ForeignKey("notice.id"), nullable=False, index=True),
    Column("at", Big, nullable=False),
    Column("status", Big),
    Column("cause", Text),
    Column("milliseconds", Big, nullable=False),
)


class Notices:
    """Notices by id and third party."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def add(self, notice: Notice) -> Notice:
        """Keep a notice, with the next number of its third party.

        The counter is held until the commit: whoever has read a number has seen every smaller one.
        """
        number = grow(self._connection, f"notices of {notice.third_party_id}")
        numbered = replace(notice, number=number)
        self._connection.execute(NOTICE.insert(), _columns(numbered))
        return numbered

    def by_id(self, notice_id: str, third_party_id: int | None = None) -> Notice | None:
        """The notice of that webhook-id; where a third party is named, only if it is that one's. Writers hold it."""
        found = select(NOTICE).where(NOTICE.c.id == notice_id)
        if third_party_id is not None:
            found = found.where(NOTICE.c.third_party_id == third_party_id)
        row = self._connection.execute(holding(self._connection, found)).mappings().one_or_none()
        return None if row is None else _notice(row)

    def of_third_party(
        self,
        third_party_id: int,
        since: int = 0,
        *,
        until: int | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> tuple[Notice, ...]:
        """A third party's notices in their order.

        From the second `since` to before `until`; with a greater number than `after`; at most so many.
        """
        columns = NOTICE.c
        mine = [columns.third_party_id == third_party_id, columns.created_at >= since, columns.number > after]
        if until is not None:
            mine.append(columns.created_at < until)
        found = select(NOTICE).where(*mine).order_by(columns.number).limit(limit)
        return tuple(map(_notice, self._connection.execute(found).mappings()))

    def forget(self, before: int) -> int:
        """Drop what was created before that second and is not owed any more, with its tries. How many."""
        old = (NOTICE.c.created_at < before) & (NOTICE.c.state != NoticeState.DUE)
        self._connection.execute(delete(ATTEMPT).where(ATTEMPT.c.notice_id.in_(select(NOTICE.c.id).where(old))))
        return self._connection.execute(delete(NOTICE).where(old)).rowcount

    def change(self, notice: Notice) -> None:
        """Keep another state of a notice."""
        self._connection.execute(update(NOTICE).where(NOTICE.c.id == notice.id).values(**_columns(notice)))

    def drop(self, batch_id: str) -> int:
        """Let nobody be told of a batch who has not been yet. How many notices."""
        due = (NOTICE.c.batch_id == batch_id) & (NOTICE.c.state == NoticeState.DUE)
        return self._connection.execute(update(NOTICE).where(due).values(state=NoticeState.GIVEN_UP)).rowcount

    def add_attempt(self, attempt: Attempt) -> None:
        """Keep what became of a try."""
        self._connection.execute(ATTEMPT.insert(), asdict(attempt))

    def attempts(self, *notice_ids: str) -> tuple[Attempt, ...]:
        """Every try to tell these notices, in their order."""
        found = select(ATTEMPT).where(ATTEMPT.c.notice_id.in_(notice_ids)).order_by(ATTEMPT.c.id)
        rows = self._connection.execute(found).mappings()
        return tuple(Attempt(**{name: value for name, value in row.items() if name != "id"}) for row in rows)


def _columns(notice: Notice) -> dict[str, Any]:
    return asdict(notice) | {"resources": list(notice.resources)}


def _notice(row: Row) -> Notice:
    return Notice(
        **{
            **row,
            "kind": NoticeKind(row["kind"]),
            "state": NoticeState(row["state"]),
            "resources": tuple(row["resources"]),
        }
    )
