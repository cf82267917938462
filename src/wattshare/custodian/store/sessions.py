"""Browsers that are signed in or about to be, what they were asked, and who guesses too often.

The database holds nothing that could be shown as a cookie: a session is found by the mac of its id.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    literal,
    select,
    text,
    update,
)

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row

BROWSER_SESSION = Table(
    "browser_session",
    METADATA,
    Column("mac", String, primary_key=True),
    Column("customer_id", Big, ForeignKey("customer.id"), index=True),
    Column("form_token", Text, nullable=False),  # sealed
    # what the release before knows of the way in
    Column("guest", Boolean, nullable=False),
    Column("way", String),
    # who is really there, where somebody acts for the customer
    Column("delegate_id", Big, ForeignKey("customer.id")),
    Column("expires_at", Big, nullable=False, index=True),
)

CONSENT_REQUEST = Table(
    "consent_request",
    METADATA,
    Column("session_mac", String, ForeignKey("browser_session.mac"), primary_key=True),
    Column("request_id", String, primary_key=True),
    Column("body", Text, nullable=False),  # sealed JSON
    Column("expires_at", Big, nullable=False, index=True),
)

FAILURE = Table(
    "failure",
    METADATA,
    Column("id", Big, primary_key=True),
    Column("mac", String, nullable=False),
    Column("at", Big, nullable=False, index=True),
    Index("ix_failure_mac", "mac", "at"),
)

PURPOSE = "sessions"
# made once, for every page: by what a key of now and those before it make of a cookie or of a guess
_MACS: BindParameter[str] = bindparam("macs", expanding=True)
FOUND = select(BROWSER_SESSION).where(BROWSER_SESSION.c.mac.in_(_MACS))
TOUCHED = update(BROWSER_SESSION).where(BROWSER_SESSION.c.mac.in_(_MACS)).values(expires_at=bindparam("until"))
FAILURES = (
    select(func.count())
    .select_from(FAILURE)
    .where(FAILURE.c.mac.in_(_MACS), FAILURE.c.at >= bindparam("since", type_=Big))
)
# ways in without an online account
GUESTS = frozenset({"guest", "code"})


@dataclass(frozen=True, kw_only=True)
class KeptSession:
    """What is known of a session."""

    customer_id: int | None
    form_token: str
    way: str
    expires_at: int
    delegate_id: int | None = None


class Sessions:
    """Sessions by the cookie's value."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def add(
        self,
        session_id: str,
        *,
        customer_id: int | None,
        form_token: str,
        way: str = "",
        expires_at: int,
        delegate_id: int | None = None,
    ) -> None:
        """Keep a new session."""
        mac = self._mac(session_id)
        self._connection.execute(
            BROWSER_SESSION.insert().values(
                mac=mac,
                customer_id=customer_id,
                form_token=self._keys.seal(PURPOSE, f"browser_session/{mac}", form_token),
                guest=way in GUESTS,
                way=way,
                expires_at=expires_at,
                delegate_id=delegate_id,
            )
        )

    def find(self, session_id: str, at: int) -> KeptSession | None:
        """The session of that id, unless it is over at that second."""
        row = self._session(session_id)
        if row is None or row["expires_at"] <= at:
            return None
        return KeptSession(
            customer_id=row["customer_id"],
            form_token=self._keys.open(PURPOSE, f"browser_session/{row['mac']}", row["form_token"]),
            way=_way(row),
            expires_at=row["expires_at"],
            delegate_id=row["delegate_id"],
        )

    def touch(self, session_id: str, expires_at: int) -> None:
        """Let a session last until then."""
        self._connection.execute(TOUCHED, {"macs": self._macs(session_id), "until": expires_at})

    def end(self, session_id: str) -> None:
        """Forget a session and what it was asked."""
        macs = self._macs(session_id)
        self._connection.execute(delete(CONSENT_REQUEST).where(CONSENT_REQUEST.c.session_mac.in_(macs)))
        self._connection.execute(delete(BROWSER_SESSION).where(BROWSER_SESSION.c.mac.in_(macs)))

    def end_of_customer(self, customer_id: int, *, but: str) -> int:
        """Forget every session of a customer but one, and what they were asked. How many."""
        session = BROWSER_SESSION.c
        theirs = (session.customer_id == customer_id) | (session.delegate_id == customer_id)
        others = theirs & session.mac.not_in(self._macs(but))
        mine = select(session.mac).where(others)
        self._connection.execute(delete(CONSENT_REQUEST).where(CONSENT_REQUEST.c.session_mac.in_(mine)))
        return self._connection.execute(delete(BROWSER_SESSION).where(others)).rowcount

    # what a third party asks while the customer signs in and decides

    def put_request(self, session_id: str, request_id: str, body: Mapping[str, object], expires_at: int) -> None:
        """Keep a request of a session that is there."""
        session = self._session(session_id)
        self._connection.execute(
            CONSENT_REQUEST.insert().values(
                session_mac=self._mac(session_id) if session is None else session["mac"],
                request_id=request_id,
                body=self._keys.seal(PURPOSE, f"consent_request/{request_id}", json.dumps(body)),
                expires_at=expires_at,
            )
        )

    def keep_latest(self, session_id: str, request_id: str, most: int) -> None:
        """Of what is kept of one sort besides a session's requests, forget all but this one and the latest others."""
        columns = CONSENT_REQUEST.c
        alike = columns.request_id.startswith(request_id.partition(":")[0] + ":") & (columns.request_id != request_id)
        others = columns.session_mac.in_(self._macs(session_id)) & alike
        latest = select(columns.request_id).where(others).order_by(columns.expires_at.desc(), columns.request_id)
        spared = self._connection.scalars(latest.limit(most - 1)).all()
        self._connection.execute(delete(CONSENT_REQUEST).where(others, columns.request_id.not_in(spared)))

    def request(self, session_id: str, request_id: str, at: int) -> dict[str, Any] | None:
        """A session's request, unless it is over at that second."""
        columns = CONSENT_REQUEST.c
        sealed = self._connection.execute(
            select(columns.body).where(
                columns.session_mac.in_(self._macs(session_id)),
                columns.request_id == request_id,
                columns.expires_at > at,
            )
        ).scalar_one_or_none()
        if sealed is None:
            return None
        body: dict[str, Any] = json.loads(self._keys.open(PURPOSE, f"consent_request/{request_id}", sealed))
        return body

    def waiting(self, session_id: str, at: int) -> str | None:
        """The request of a session that waits for longest from that second on: the one that came last."""
        columns = CONSENT_REQUEST.c
        waits = columns.session_mac.in_(self._macs(session_id)) & (columns.expires_at > at)
        # what is kept besides the requests has a name with its sort before it
        found = select(columns.request_id).where(waits, columns.request_id.not_like("%:%"))
        newest: str | None = self._connection.scalar(found.order_by(columns.expires_at.desc()).limit(1))
        return newest

    def requests_of(self, customer_id: int, most: int) -> tuple[tuple[str, dict[str, Any], int], ...]:
        """What was asked in a customer's sessions and is not answered: id, request and end, the latest first."""
        columns = CONSENT_REQUEST.c
        mine = (BROWSER_SESSION.c.mac == columns.session_mac) & (BROWSER_SESSION.c.customer_id == customer_id)
        found = (
            select(columns.request_id, func.max(columns.body), func.max(columns.expires_at).label("ends"))
            .join(BROWSER_SESSION, mine)
            # what is kept besides the requests has a name with its sort before it
            .where(columns.request_id.not_like("%:%"))
            .group_by(columns.request_id)
            .order_by(text("ends DESC"), columns.request_id)
            .limit(most)
        )
        return tuple(
            (name, json.loads(self._keys.open(PURPOSE, f"consent_request/{name}", sealed)), ends)
            for name, sealed, ends in self._connection.execute(found)
        )

    def change_request(self, session_id: str, request_id: str, body: Mapping[str, object]) -> None:
        """Keep something else of a session's request, for as long as before."""
        columns = CONSENT_REQUEST.c
        mine = columns.session_mac.in_(self._macs(session_id)) & (columns.request_id == request_id)
        sealed = self._keys.seal(PURPOSE, f"consent_request/{request_id}", json.dumps(body))
        self._connection.execute(update(CONSENT_REQUEST).where(mine).values(body=sealed))

    def drop_request(self, session_id: str, request_id: str) -> bool:
        """Forget a request and its copies. Whether it was there: a form that is sent twice counts once."""
        columns = CONSENT_REQUEST.c
        every = columns.request_id == request_id
        mine = columns.session_mac.in_(self._macs(session_id)) & every
        if self._connection.execute(delete(CONSENT_REQUEST).where(mine)).rowcount != 1:
            return False
        self._connection.execute(delete(CONSENT_REQUEST).where(every))
        return True

    def take(self, session_id: str, request_id: str, at: int) -> dict[str, Any] | None:
        """What a session alone has under that name, unless it is over at that second; it is gone then."""
        body = self.request(session_id, request_id, at)
        columns = CONSENT_REQUEST.c
        mine = columns.session_mac.in_(self._macs(session_id)) & (columns.request_id == request_id)
        gone = self._connection.execute(delete(CONSENT_REQUEST).where(mine)).rowcount
        return body if gone else None

    def copy_requests(self, old_id: str, new_id: str) -> None:
        """Hand a session's requests to the one that takes its place; what its pages complained of is left behind."""
        columns = CONSENT_REQUEST.c
        asked = select(literal(self._mac(new_id)), columns.request_id, columns.body, columns.expires_at)
        left = columns.request_id.startswith("complaint:")
        mine = asked.where(columns.session_mac.in_(self._macs(old_id)), ~left)
        names = ["session_mac", "request_id", "body", "expires_at"]
        self._connection.execute(CONSENT_REQUEST.insert().from_select(names, mine))

    # guesses

    def failures(self, key: str, since: int) -> int:
        """How often a key failed since that second."""
        given = {"macs": self._failure_macs(key), "since": since}
        return int(self._connection.execute(FAILURES, given).scalar_one())

    def fail(self, key: str, at: int) -> None:
        """Count a failure."""
        self._connection.execute(FAILURE.insert(), {"mac": self._failure_macs(key)[0], "at": at})

    def forgive(self, key: str) -> None:
        """Forget a key's failures."""
        self._connection.execute(delete(FAILURE).where(FAILURE.c.mac.in_(self._failure_macs(key))))

    def forget(self, before: int) -> int:
        """Drop sessions and requests that were over, and failures from, before that second. How many."""
        over = select(BROWSER_SESSION.c.mac).where(BROWSER_SESSION.c.expires_at < before)
        statements = (
            delete(CONSENT_REQUEST).where(
                (CONSENT_REQUEST.c.expires_at < before) | CONSENT_REQUEST.c.session_mac.in_(over)
            ),
            delete(BROWSER_SESSION).where(BROWSER_SESSION.c.expires_at < before),
            delete(FAILURE).where(FAILURE.c.at < before),
        )
        return sum(self._connection.execute(statement).rowcount for statement in statements)

    def _session(self, session_id: str) -> Row | None:
        return self._connection.execute(FOUND, {"macs": self._macs(session_id)}).mappings().one_or_none()

    def _mac(self, session_id: str) -> str:
        return self._keys.mac("browser_session:" + session_id)

    def _macs(self, session_id: str) -> tuple[str, ...]:
        return self._keys.macs("browser_session:" + session_id)

    def _failure_macs(self, key: str) -> tuple[str, ...]:
        return self._keys.macs("failure:" + key)


def _way(row: Row) -> str:
    """By which way in a session became somebody's; one that the release before began has it from `guest`."""
    if row["customer_id"] is None:
        return ""
    return row["way"] or ("guest" if row["guest"] else "account")
