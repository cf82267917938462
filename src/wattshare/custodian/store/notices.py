"""Notices that are owed, and every try to tell them."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import JSON, Column, Connection, ForeignKey, Index, String, Table, Text, select, update

from wattshare.custodian.model.work import Attempt, Notice, NoticeKind, NoticeState
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row

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
    Index("ix_notice_third_party_id", "third_party_id", "created_at"),
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

    def add(self, notice: Notice) -> None:
        """Keep a notice that is owed."""
        self._connection.execute(NOTICE.insert().values(**_columns(notice)))

    def by_id(self, notice_id: str) -> Notice | None:
        """The notice of that webhook-id."""
        found = select(NOTICE).where(NOTICE.c.id == notice_id)
        row = self._connection.execute(found).mappings().one_or_none()
        return None if row is None else _notice(row)

    def of_third_party(self, third_party_id: int, since: int) -> tuple[Notice, ...]:
        """A third party's notices from that second on, in their order."""
        rows = self._connection.execute(
            select(NOTICE)
            .where(NOTICE.c.third_party_id == third_party_id, NOTICE.c.created_at >= since)
            .order_by(NOTICE.c.created_at, NOTICE.c.id)
        )
        return tuple(map(_notice, rows.mappings()))

    def change(self, notice: Notice) -> None:
        """Keep another state of a notice."""
        self._connection.execute(update(NOTICE).where(NOTICE.c.id == notice.id).values(**_columns(notice)))

    def add_attempt(self, attempt: Attempt) -> None:
        """Keep what became of a try."""
        self._connection.execute(ATTEMPT.insert().values(**asdict(attempt)))

    def attempts(self, notice_id: str) -> tuple[Attempt, ...]:
        """Every try to tell a notice, in their order."""
        found = select(ATTEMPT).where(ATTEMPT.c.notice_id == notice_id).order_by(ATTEMPT.c.id)
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
