"""Messages to people, until they are sent, and the languages that customers read.

What a message says and where it goes is sealed, and gone as soon as it is sent or given up.
"""

import json
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, String, Table, Text, delete, select, update

from wattshare.custodian.model.messages import Message, MessageKind, MessageState, Way
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.statements import upsert

MESSAGE = Table(
    "message",
    METADATA,
    Column("id", String, primary_key=True),
    Column("customer_id", Big, ForeignKey("customer.id"), index=True),
    Column("kind", String, nullable=False),
    Column("way", String, nullable=False),
    Column("body", Text),  # sealed JSON; none when it is done
    Column("state", String, nullable=False),
    Column("created_at", Big, nullable=False, index=True),
    Column("ends_at", Big, nullable=False),
    Column("attempts", Big, nullable=False),
    Column("cause", String),
)

CUSTOMER_LANGUAGE = Table(
    "customer_language",
    METADATA,
    Column("customer_id", Big, ForeignKey("customer.id"), primary_key=True, autoincrement=False),
    Column("language", String, nullable=False),
)

PURPOSE = "messages"


class Messages:
    """Messages by their ids."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def add(self, message: Message) -> None:
        """Keep one that is due."""
        body: dict[str, Any] = {"to": message.to, "language": message.language, "facts": dict(message.facts)}
        self._connection.execute(
            MESSAGE.insert().values(
                id=message.id,
                customer_id=message.customer_id,
                kind=message.kind,
                way=message.way,
                body=self._keys.seal(PURPOSE, f"message/{message.id}", json.dumps(body)),
                state=message.state,
                created_at=message.created_at,
                ends_at=message.ends_at,
                attempts=message.attempts,
            )
        )

    def by_id(self, message_id: str) -> Message | None:
        """The message of that id."""
        row = self._connection.execute(select(MESSAGE).where(MESSAGE.c.id == message_id)).mappings().one_or_none()
        return None if row is None else self._read(row)

    def tried(self, message: Message) -> None:
        """Count a try that did not succeed."""
        which = MESSAGE.c.id == message.id
        self._connection.execute(update(MESSAGE).where(which).values(attempts=MESSAGE.c.attempts + 1))

    def close(self, message: Message) -> bool:
        """Keep what became of a message that was due, and nothing of what it said. Whether it was due still."""
        due = (MESSAGE.c.id == message.id) & (MESSAGE.c.state == MessageState.DUE)
        told = {"state": message.state, "cause": message.cause, "body": None}
        return self._connection.execute(update(MESSAGE).where(due).values(**told)).rowcount == 1

    def every(self, since: int, state: MessageState | None, most: int) -> tuple[Message, ...]:
        """The newest messages since that second, in that state where one is named; at most so many."""
        which = MESSAGE.c.created_at >= since
        if state is not None:
            which &= MESSAGE.c.state == state
        found = select(MESSAGE).where(which).order_by(MESSAGE.c.created_at.desc(), MESSAGE.c.id).limit(most)
        return tuple(self._read(row) for row in self._connection.execute(found).mappings())

    def forget(self, before: int) -> int:
        """Drop messages from before that second. How many."""
        return self._connection.execute(delete(MESSAGE).where(MESSAGE.c.created_at < before)).rowcount

    def erase(self, customer_id: int) -> int:
        """Drop what a customer is owed, was sent, and reads. How many rows."""
        tables = (MESSAGE, CUSTOMER_LANGUAGE)
        statements = (delete(table).where(table.c.customer_id == customer_id) for table in tables)
        return sum(self._connection.execute(statement).rowcount for statement in statements)

    # languages

    def remember_language(self, customer_id: int, language: str) -> None:
        """Keep which language a customer reads."""
        upsert(self._connection, CUSTOMER_LANGUAGE, {"customer_id": customer_id, "language": language})

    def language(self, customer_id: int) -> str | None:
        """The language that a customer read last."""
        which = CUSTOMER_LANGUAGE.c.customer_id == customer_id
        found: str | None = self._connection.scalar(select(CUSTOMER_LANGUAGE.c.language).where(which))
        return found

    def _read(self, row: Row) -> Message:
        body: dict[str, Any] = {"to": [], "language": None, "facts": {}}
        if row["body"] is not None:
            body = json.loads(self._keys.open(PURPOSE, f"message/{row['id']}", row["body"]))
        names = ("id", "customer_id", "created_at", "ends_at", "attempts", "cause")
        return Message(
            **{name: row[name] for name in names},
            kind=MessageKind(row["kind"]),
            way=Way(row["way"]),
            state=MessageState(row["state"]),
            to=tuple(body["to"]),
            language=body["language"],
            facts=body["facts"],
        )
