"""What proves once who somebody is: codes that were sent, and links to a new password.

The database holds nothing that could be typed in or followed: a code and a link are found by their macs.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, ForeignKey, String, Table, Text, delete, func, select, update

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.statements import upsert

ONE_TIME_CODE = Table(
    "one_time_code",
    METADATA,
    # the session that asked; it has one code at a time
    Column("session_mac", String, primary_key=True),
    Column("code_mac", String, nullable=False),
    # none: nobody has the number that was typed
    Column("customer_id", Big, ForeignKey("customer.id"), index=True),
    Column("account_number", Text, nullable=False),  # as it was typed; sealed
    Column("way", String, nullable=False),
    Column("tries", Big, nullable=False),
    Column("used_at", Big),
    Column("expires_at", Big, nullable=False, index=True),
)

RECOVERY_LINK = Table(
    "recovery_link",
    METADATA,
    Column("mac", String, primary_key=True),
    Column("customer_id", Big, ForeignKey("customer.id"), index=True),
    Column("login", Text, nullable=False),  # as it was typed; sealed
    Column("expires_at", Big, nullable=False, index=True),
)

PURPOSE = "proofs"
# between two presses of a button, at most
TWICE_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class KeptCode:
    """What is known of a code that was sent."""

    # None: the account number is nobody's
    customer_id: int | None
    account_number: str
    way: str


@dataclass(frozen=True, kw_only=True)
class KeptLink:
    """What is known of a link that was sent."""

    customer_id: int | None
    login: str


class Proofs:
    """Codes by session, links by themselves."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    # codes

    def put_code(self, session_id: str, code: str, kept: KeptCode, expires_at: int) -> None:
        """Keep a session's code, in place of the one before."""
        mac = self._session_macs(session_id)[0]
        row = {
            "session_mac": mac,
            "code_mac": self._keys.mac(_code_text(mac, code)),
            "customer_id": kept.customer_id,
            "account_number": self._keys.seal(PURPOSE, f"one_time_code/{mac}", kept.account_number),
            "way": kept.way,
            "tries": 0,
            "used_at": None,
            "expires_at": expires_at,
        }
        upsert(self._connection, ONE_TIME_CODE, row)

    def asked(self, session_id: str, at: int) -> KeptCode | None:
        """What a session's code is for, unless it is over or used at that second."""
        found = select(ONE_TIME_CODE).where(self._of(session_id), _lives(at))
        row = self._connection.execute(found).mappings().one_or_none()
        if row is None:
            return None
        number = self._keys.open(PURPOSE, f"one_time_code/{row['session_mac']}", row["account_number"])
        return KeptCode(customer_id=row["customer_id"], account_number=number, way=row["way"])

    def try_code(self, session_id: str, at: int, most: int) -> str | None:
        """Count a try at a session's code, before it is looked at. The code's mac; None when it takes no more."""
        columns = ONE_TIME_CODE.c
        counted = (
            update(ONE_TIME_CODE)
            .where(self._of(session_id), _lives(at), columns.tries < most)
            .values(tries=columns.tries + 1)
            .returning(columns.code_mac)
        )
        found: str | None = self._connection.execute(counted).scalar_one_or_none()
        return found

    def fits(self, session_id: str, mac: str, code: str) -> bool:
        """Whether it is the code that a mac was made of."""
        return any(self._keys.matches(mac, _code_text(session, code)) for session in self._session_macs(session_id))

    def use_code(self, session_id: str, mac: str, at: int) -> bool:
        """Use a code up. Whether it could be: it is used once, and a button that is pressed twice is one use."""
        columns = ONE_TIME_CODE.c
        mine = self._of(session_id) & (columns.code_mac == mac) & _lives(at)
        used = update(ONE_TIME_CODE).where(mine).values(used_at=func.coalesce(columns.used_at, at))
        return self._connection.execute(used).rowcount == 1

    # links

    def put_link(self, link: str, kept: KeptLink, expires_at: int) -> None:
        """Keep a link."""
        mac = self._keys.mac(_link_text(link))
        sealed = self._keys.seal(PURPOSE, f"recovery_link/{mac}", kept.login)
        row = {"mac": mac, "customer_id": kept.customer_id, "login": sealed, "expires_at": expires_at}
        self._connection.execute(RECOVERY_LINK.insert(), row)

    def link(self, link: str, at: int) -> KeptLink | None:
        """What a link is for, unless it is over at that second, or for nobody."""
        columns = RECOVERY_LINK.c
        mine = columns.mac.in_(self._keys.macs(_link_text(link)))
        found = select(RECOVERY_LINK).where(mine, columns.expires_at > at, columns.customer_id.is_not(None))
        row = self._connection.execute(found).mappings().one_or_none()
        if row is None:
            return None
        login = self._keys.open(PURPOSE, f"recovery_link/{row['mac']}", row["login"])
        return KeptLink(customer_id=row["customer_id"], login=login)

    def use_link(self, link: str) -> bool:
        """Use a link up, and every other one of its customer. Whether it was there: it is used once."""
        columns = RECOVERY_LINK.c
        used = delete(RECOVERY_LINK).where(columns.mac.in_(self._keys.macs(_link_text(link))))
        customer_id = self._connection.execute(used.returning(columns.customer_id)).scalar_one_or_none()
        if customer_id is None:
            return False
        self._connection.execute(delete(RECOVERY_LINK).where(columns.customer_id == customer_id))
        return True

    # upkeep

    def forget(self, before: int) -> int:
        """Drop what was over before that second. How many."""
        return self._dropped(table.c.expires_at < before for table in (ONE_TIME_CODE, RECOVERY_LINK))

    def erase(self, customer_id: int) -> int:
        """Drop what is a customer's. How many rows."""
        return self._dropped(table.c.customer_id == customer_id for table in (ONE_TIME_CODE, RECOVERY_LINK))

    def _dropped(self, which: Iterable[ColumnElement[bool]]) -> int:
        tables = (ONE_TIME_CODE, RECOVERY_LINK)
        return sum(
            self._connection.execute(delete(table).where(rows)).rowcount
            for table, rows in zip(tables, which, strict=True)
        )

    def _of(self, session_id: str) -> ColumnElement[bool]:
        return ONE_TIME_CODE.c.session_mac.in_(self._session_macs(session_id))

    def _session_macs(self, session_id: str) -> tuple[str, ...]:
        return self._keys.macs("one_time_code:" + session_id)


def _lives(at: int) -> ColumnElement[bool]:
    used = ONE_TIME_CODE.c.used_at
    return (ONE_TIME_CODE.c.expires_at > at) & (used.is_(None) | (used > at - TWICE_SECONDS))


def _code_text(session_mac: str, code: str) -> str:
    return f"one_time_code:{session_mac}:{code}"


def _link_text(link: str) -> str:
    return "recovery_link:" + link
