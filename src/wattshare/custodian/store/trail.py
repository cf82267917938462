"""The trail: who was allowed, shown or refused what, and when. Written once, without personal details."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Connection, Index, String, Table, literal_column, select

from wattshare.custodian.store.access_changes import ACCESS_CHANGE, LATER, AccessChange, changes, of_moment
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.prepared import Added, Prepared

# no foreign keys: an entry outlives what it is about. The migration adds triggers that refuse every change
TRAIL = Table(
    "trail",
    METADATA,
    Column("id", Big, primary_key=True),
    Column("at", Big, nullable=False, index=True),
    Column("event", String, nullable=False),
    Column("third_party_id", Big),
    Column("authorization_id", Big),
    Column("endpoint", String),
    Column("window", String),
    Column("count", Big),
    Column("detail", JSON, nullable=False),
    Column("correlation_id", String),
    Index("ix_trail_third_party_id", "third_party_id", "id"),
    Index("ix_trail_authorization_id", "authorization_id", "id"),
    sqlite_autoincrement=True,
)


WRITTEN = tuple(column.name for column in TRAIL.c if column.name != "id")
ADDED = Added(TRAIL, WRITTEN)
CHANGED = select(ACCESS_CHANGE.c.third_party_id, ACCESS_CHANGE.c.authorization_id).where(LATER).cte("changed")
# all rows or none, by one statement, and so in one message: on PostgreSQL
UNLESS_CHANGED = Prepared(
    select(CHANGED).add_cte(
        TRAIL.insert()
        .from_select(list(WRITTEN), ADDED.given().where(~select(CHANGED.c.third_party_id).exists()))
        .cte("written")
    )
)


@dataclass(frozen=True, kw_only=True)
class TrailEntry:
    """One thing that happened."""

    # 0 before it is written
    id: int = 0
    at: int
    event: str
    third_party_id: int | None = None
    authorization_id: int | None = None
    endpoint: str | None = None
    window: str | None = None
    count: int | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    correlation_id: str | None = None

    def under(self, correlation_id: str) -> "TrailEntry":
        """The same of an answer with that id. As `dataclasses.replace` has it, but for what that takes."""
        made = object.__new__(TrailEntry)
        made.__dict__.update(self.__dict__, correlation_id=correlation_id)
        return made


# what says which kinds of data an authorization has from then on; in so many words, as its index has it
TERMS = TRAIL.c.event.in_(
    literal_column(f"'{event}'") for event in ("consented", "consented_offline", "consented_with_primary", "changed")
)
Index("ix_trail_terms", TRAIL.c.authorization_id, TRAIL.c.id, sqlite_where=TERMS, postgresql_where=TERMS)


class Trail:
    """The trail by authorization, third party and time."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def write(
        self,
        event: str,
        at: int,
        *,
        third_party_id: int | None = None,
        authorization_id: int | None = None,
        endpoint: str | None = None,
        window: str | None = None,
        count: int | None = None,
        detail: Mapping[str, object] | None = None,
        correlation_id: str | None = None,
    ) -> None:
        """Write down what happened. `detail` names nobody and holds no reading."""
        entry = TrailEntry(
            at=at,
            event=event,
            third_party_id=third_party_id,
            authorization_id=authorization_id,
            endpoint=endpoint,
            window=window,
            count=count,
            detail=detail or {},
            correlation_id=correlation_id,
        )
        self.write_every([entry])

    def write_every(self, entries: Sequence[TrailEntry]) -> None:
        """Write down several things, in their order; each gets its number now."""
        ADDED.add(self._connection, [_columns(entry) for entry in entries])

    def write_unless_changed(self, entries: Sequence[TrailEntry], moment: str | None) -> tuple[AccessChange, ...]:
        """Write down several things if nothing has changed since a moment; else what has. None: whatever has changed.

        By one statement: PostgreSQL alone has it. See `Store.single_note`.
        """
        told = {name: [getattr(entry, name) for entry in entries] for name in WRITTEN}
        told["detail"] = [_detail(entry) for entry in entries]
        return changes(UNLESS_CHANGED.rows(self._connection, told | of_moment(moment)))

    def of_authorization(self, authorization_id: int) -> tuple[TrailEntry, ...]:
        """What happened to an authorization and its data."""
        return self._every(TRAIL.c.authorization_id == authorization_id)

    def of_third_party(self, third_party_id: int) -> tuple[TrailEntry, ...]:
        """What a third party did and was told."""
        return self._every(TRAIL.c.third_party_id == third_party_id)

    def looks(self, authorization_id: int, most: int) -> tuple[TrailEntry, ...]:
        """The last answers and files that carried the data of one authorization, the newest first."""
        return self._last(
            (TRAIL.c.authorization_id == authorization_id) & TRAIL.c.event.in_(("disclosed", "batch_fetched")), most
        )

    def terms(self, authorization_id: int) -> tuple[TrailEntry, ...]:
        """When an authorization was given and changed, and what it was for then; in order."""
        return self._every((TRAIL.c.authorization_id == authorization_id) & TERMS)

    def bulk_files(self, third_party_id: int, most: int) -> tuple[TrailEntry, ...]:
        """What last became of a third party's files for many authorizations: made, fetched; the newest first."""
        mine = (TRAIL.c.third_party_id == third_party_id) & TRAIL.c.authorization_id.is_(None)
        return self._last(mine & TRAIL.c.event.in_(("batch_made", "batch_fetched")), most)

    def since(self, at: int) -> tuple[TrailEntry, ...]:
        """What happened from that second on."""
        return self._every(TRAIL.c.at >= at)

    def _last(self, which: ColumnElement[bool], most: int) -> tuple[TrailEntry, ...]:
        found = select(TRAIL).where(which).order_by(TRAIL.c.id.desc()).limit(most)
        return tuple(TrailEntry(**row) for row in self._connection.execute(found).mappings())

    def _every(self, which: ColumnElement[bool]) -> tuple[TrailEntry, ...]:
        rows = self._connection.execute(select(TRAIL).where(which).order_by(TRAIL.c.id)).mappings()
        return tuple(TrailEntry(**row) for row in rows)


def _columns(entry: TrailEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in WRITTEN} | {"detail": _detail(entry)}


def _detail(entry: TrailEntry) -> str:
    return json.dumps(dict(entry.detail)) if entry.detail else "{}"
