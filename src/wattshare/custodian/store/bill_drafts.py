"""The bills of a table of bills, as they will be kept."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from wattshare.custodian.model.changes import Outcome
from wattshare.custodian.store.bills import BILL, BILL_CORRECTION, SummaryKind, dated, free_date, row_of
from wattshare.custodian.store.lots import Lot
from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.statements import among, chunks
from wattshare.espi.profile import Profile
from wattshare.espi.usage import UsageSummary

SEEN = ("usage_point_id", "kind", "bill_date", "period_start", "period_end", "issued_at", "content")
# what a bill that changes gets; its key is not written, not even as it was
TO = ("issued_at", "content", "day_end", "held_from", "revision", "updated_at")
CHANGED = (
    update(BILL)
    .where(*(BILL.c[name] == bindparam(f"key_{name}") for name in SEEN[:3]))
    .values({name: bindparam(f"to_{name}") for name in TO})
)
# usage point and bill date
Place = tuple[int, int]


@dataclass
class BillDraft:
    """Bills by usage point: as they are, and as they will be."""

    connection: Connection
    profile: Profile | None = None
    # looked up last, by usage point
    _known: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    _new: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    # those that were there and change, as they will be and as they were
    _told: dict[Place, dict[str, Any]] = field(default_factory=dict)
    _before: dict[Place, str] = field(default_factory=dict)
    _entries: list[dict[str, Any]] = field(default_factory=list)
    _numbers: dict[Place, int] = field(default_factory=lambda: defaultdict(int))

    def look_up(self, usage_point_ids: Collection[int]) -> None:
        """The bills of usage points, instead of those that were looked up before."""
        self._known = {here: list(self._new.get(here, ())) for here in usage_point_ids}
        for row in seen(self.connection, usage_point_ids):
            here, date = row["usage_point_id"], row["bill_date"]
            self._known[here].append(self._told.get((here, date), row))

    def put(self, usage_point_id: int, summary: UsageSummary, bill_date: int, profile: Profile, reason: str) -> Outcome:
        """As `Bills.put`."""
        self.profile, told = profile, row_of(usage_point_id, summary, bill_date)
        mine = self._known[usage_point_id]
        mine.sort(key=lambda row: row["bill_date"])
        period = (told["period_start"], told["period_end"])
        stored = next((row for row in mine if (row["period_start"], row["period_end"]) == period), None)
        if stored is None:
            new = told | {"bill_date": free_date({row["bill_date"] for row in mine}, bill_date, profile)}
            mine.append(new)
            self._new[usage_point_id].append(new)
            return Outcome.NEW
        if stored["content"] == told["content"]:
            return Outcome.SAME
        self._change(stored, told, reason)
        return Outcome.CHANGED

    def _change(self, stored: dict[str, Any], told: dict[str, Any], reason: str) -> None:
        here, date = place = stored["usage_point_id"], stored["bill_date"]
        if not any(row is stored for row in self._new.get(here, ())):
            self._before.setdefault(place, stored["content"])
            self._told[place] = stored
        entry = {"usage_point_id": here, "kind": SummaryKind.USAGE, "bill_date": date, "number": self._numbers[place]}
        self._entries.append(entry | {"reason": reason, "old": stored["content"], "new": told["content"]})
        self._numbers[place] += 1
        stored |= {"content": told["content"], "issued_at": told["issued_at"]}

    def prepared(self) -> "PreparedBills":
        """What is to be written, with whose it is: nothing is decided from now on."""
        new = [self._dated(row) for some in self._new.values() for row in some]
        told = [self._dated(row) for row in self._told.values()]
        return PreparedBills(Lot(BILL, new), Lot(BILL_CORRECTION, list(self._entries)), told, self._before)

    def _dated(self, row: Row) -> Row:
        if self.profile is None:
            raise LookupError("no bill was put")
        return dated(row, self.profile)


@dataclass(frozen=True)
class PreparedBills:
    """Bills that are only to be written."""

    new: Lot
    # what others were before
    entries: Lot
    changed: list[Row]
    # what those had in them
    before: Mapping[Place, str]

    def stands(self, connection: Connection) -> bool:
        """Whether all that change are still as they were seen. Who changes bills is alone at it: none need be held."""
        rows = seen(connection, {here for here, _ in self.before})
        found = {(row["usage_point_id"], row["bill_date"]): row["content"] for row in rows}
        return all(found.get(place) == content for place, content in self.before.items())

    def write(self, connection: Connection, revision: int, at: int) -> None:
        """Write them, and what they were."""
        now = {"revision": revision, "updated_at": at}
        self.new.write(connection, first_revision=revision, published_at=at, **now)
        if self.changed:
            keyed = [
                {f"key_{name}": row[name] for name in SEEN[:3]} | {f"to_{name}": {**row, **now}[name] for name in TO}
                for row in self.changed
            ]
            connection.execute(CHANGED, keyed)
        self.entries.write(connection, revision=revision, at=at)


def seen(connection: Connection, points: Collection[int]) -> Iterator[dict[str, Any]]:
    """The bills of usage points."""
    bill = BILL.c
    for some in chunks(points):
        mine = (bill.kind == SummaryKind.USAGE) & among(connection, bill.usage_point_id, some)
        found = select(*(bill[name] for name in SEEN)).where(mine).order_by(bill.usage_point_id, bill.bill_date)
        yield from map(dict, connection.execute(found).mappings())
