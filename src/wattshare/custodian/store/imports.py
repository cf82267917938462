"""Files that were taken in, and what the names in them stand for here."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Column, Connection, Index, String, Table, select

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.lots import Lot
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.revisions import TAKING_IN
from wattshare.custodian.store.statements import alone, among, chunks

IMPORTED_FILE = Table(
    "imported_file",
    METADATA,
    # SHA-256 of the bytes in lower-case hex
    Column("digest", String, primary_key=True),
    # where it was sent to and how it was read: the same bytes may land on another usage point, too
    Column("manner", String, primary_key=True),
    Column("revision", Big, nullable=False),
    Column("at", Big, nullable=False),
    Column("report", JSON, nullable=False),
)

# in a manner, what tells one more reading of the same bytes from those before
AGAIN = "again"

# what a name of another custodian's stands for here; a mac, because some names hold account numbers
FOREIGN_NAME = Table(
    "foreign_name",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("name_mac", String, primary_key=True),
    Column("id", Big, nullable=False),
)

# what became of each document that came, refused ones among them
IMPORT_OUTCOME = Table(
    "import_outcome",
    METADATA,
    Column("number", Big, primary_key=True),
    Column("at", Big, nullable=False),
    # as it was called
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("revision", Big),
    Column("report", JSON, nullable=False),
    sqlite_autoincrement=True,
)

# which fields of a customer, account, agreement, place, meter or enrolment a revision changed; never their values
RECORD_CHANGE = Table(
    "record_change",
    METADATA,
    Column("number", Big, primary_key=True),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("revision", Big, nullable=False),
    Column("at", Big, nullable=False),
    # names of fields; * where it is new
    Column("fields", JSON, nullable=False),
    Index("ix_record_change_kind_key", "kind", "key"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one document."""

    number: int
    at: int
    name: str
    digest: str
    kind: str
    # taken, known or refused
    state: str
    revision: int | None
    report: Mapping[str, Any]


class Imports:
    """Files by digest, and names by kind."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def report(self, digest: str, manner: Mapping[str, Any]) -> dict[str, Any] | None:
        """What was reported of these bytes, read in that manner; None: they are new.

        Writers ask this one after the other: the next file comes when this one is in. Their clock is read after it.
        """
        alone(self._connection, TAKING_IN)
        return self.seen(digest, manner)

    def seen(self, digest: str, manner: Mapping[str, Any]) -> dict[str, Any] | None:
        """The same, without waiting for others: for who asks before reading a large file."""
        columns = IMPORTED_FILE.c
        found = select(columns.report).where(columns.digest == digest, columns.manner == _text(manner))
        report: dict[str, Any] | None = self._connection.execute(found).scalar_one_or_none()
        return report

    def add(self, digest: str, manner: Mapping[str, Any], *, revision: int, at: int, report: Mapping[str, Any]) -> None:
        """Keep that these bytes were taken in, and what came of it.

        Once more: they are known from now on to who does not ask for that, too.
        """
        plain = {name: value for name, value in manner.items() if name != AGAIN}
        known = plain != manner and self.seen(digest, plain) is not None
        for told in {_text(manner)} if known else {_text(manner), _text(plain)}:
            row = {"digest": digest, "manner": told, "revision": revision, "at": at}
            self._connection.execute(IMPORTED_FILE.insert().values(**row, report=dict(report)))
        self.note(report, state="taken", at=at)

    def note(self, report: Mapping[str, Any], *, state: str, at: int) -> None:
        """Write down what became of a document."""
        named = {name: report[name] for name in ("name", "digest", "kind", "revision")}
        self._connection.execute(IMPORT_OUTCOME.insert().values(**named, at=at, state=state, report=dict(report)))

    def outcomes(self, last: int) -> tuple[Outcome, ...]:
        """What became of the last documents, the latest first."""
        rows = self._connection.execute(select(IMPORT_OUTCOME).order_by(IMPORT_OUTCOME.c.number.desc()).limit(last))
        return tuple(Outcome(**row) for row in rows.mappings())

    def note_change(self, kind: str, key: str, revision: int, at: int, fields: Sequence[str]) -> None:
        """Write down which fields of a thing a revision changed; `*` where it is new."""
        row = {"kind": kind, "key": key, "revision": revision, "at": at, "fields": list(fields)}
        self._connection.execute(RECORD_CHANGE.insert(), row)

    def changes(self, kind: str, key: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The revisions that changed a thing, with the fields."""
        columns = RECORD_CHANGE.c
        found = select(columns.revision, columns.fields).where(columns.kind == kind, columns.key == key)
        rows = self._connection.execute(found.order_by(columns.number))
        return tuple((revision, tuple(names)) for revision, names in rows)

    def known(self, kind: str, name: str) -> int | None:
        """The id that another custodian's name of that kind stands for."""
        columns, macs = FOREIGN_NAME.c, self._keys.macs(name_text(kind, name))
        found = select(columns.id).where(columns.kind == kind, columns.name_mac.in_(macs))
        return self._connection.execute(found).scalar_one_or_none()

    def learn(self, kind: str, name: str, here: int) -> None:
        """Keep what another custodian's name stands for."""
        row = {"kind": kind, "name_mac": self._keys.mac(name_text(kind, name)), "id": here}
        self._connection.execute(FOREIGN_NAME.insert(), row)

    def known_many(self, kind: str, names: Iterable[str]) -> dict[str, int]:
        """The ids that those of the names stand for that stand for any."""
        columns, found = FOREIGN_NAME.c, dict[str, int]()
        for some in chunks(names):
            by_mac = {mac: name for name in some for mac in self._keys.macs(name_text(kind, name))}
            rows = select(columns.name_mac, columns.id).where(
                columns.kind == kind, among(self._connection, columns.name_mac, by_mac)
            )
            found.update({by_mac[mac]: here for mac, here in self._connection.execute(rows)})
        return found

    def new_names(self, ids: Mapping[str, Mapping[str, int]]) -> Lot:
        """What other custodians' names, by kind, stand for from now on."""
        named = ((kind, name, here) for kind, those in ids.items() for name, here in those.items())
        mac = self._keys.mac
        rows = ({"kind": kind, "name_mac": mac(name_text(kind, name)), "id": here} for kind, name, here in named)
        return Lot(FOREIGN_NAME, rows)

    def named(self, kind: str, here: int) -> bool:
        """Whether an id is what some name of that kind stands for."""
        columns = FOREIGN_NAME.c
        found = select(columns.id).where(columns.kind == kind, columns.id == here).limit(1)
        return self._connection.execute(found).first() is not None


def name_text(kind: str, name: str) -> str:
    """What the mac of a name is made of."""
    return f"foreign_name:{kind}:{name}"


def _text(manner: Mapping[str, Any]) -> str:
    return json.dumps(manner, sort_keys=True, separators=(",", ":"))
