"""A table of agreements taken in: moving in and moving out, in whatever order the rows stand."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from operator import attrgetter

from wattshare.custodian.formats.tables.faults import Fault
from wattshare.custodian.formats.tables.records import Record
from wattshare.custodian.model.premises import Agreement
from wattshare.custodian.services.intake.records import CHUNK, BadRecord, Records
from wattshare.custodian.store.statements import chunks

NEVER = 1 << 62


@dataclass
class Agreements:
    """The agreements of one table, with those that they meet."""

    records: Records
    # as they are known, and as they will be, by usage point; a new one has no id yet
    _known: dict[int, tuple[Agreement, ...]] = field(default_factory=dict)
    _told: dict[int, list[Agreement]] = field(default_factory=dict)
    # the row that says so
    _rows: dict[tuple[int, int, str, int], int] = field(default_factory=dict)

    def take(self, rows: Sequence[Record]) -> None:
        """Keep agreements; those that are empty or overlap are noted as faults."""
        known = len(self.records.faults.numbers)
        for some in chunks(self.records.counted(rows), CHUNK):
            self._look_up(some)
            for row in some:
                try:
                    self._tell(row)
                except BadRecord as why:
                    self.records.faults.note(row.row, why.fault)
        for told in self._told.values():
            self._check(sorted(told, key=attrgetter("starts")))
        # those that were set aside before are none of these rows
        if len(self.records.faults.numbers) == known:
            self._keep()

    def _look_up(self, rows: Sequence[Record]) -> None:
        """See which accounts and usage points rows name, where those are, and whose they are and were."""
        draft = self.records.draft
        self.records.look_up_accounts(rows)
        points = self.records.look_up_points(rows, hold=True)
        places = (draft.points.get(here) for here in points)
        draft.look_up(draft.locations, "id", {one.location_id for one in places if one and one.location_id is not None})
        found = defaultdict[int, list[Agreement]](list)
        for one in draft.look_up(draft.agreements, "usage_point_id", points - self._known.keys(), more=True):
            found[one.usage_point_id].append(one)
        for here in points - self._known.keys():
            self._known[here] = tuple(sorted(found[here], key=attrgetter("starts")))

    def _tell(self, row: Record) -> None:
        """Lay a row beside what is known."""
        starts, ends = row.get("starts"), row.get("ends")
        if ends is not None and ends <= starts:
            raise BadRecord("ends", "It ends before it starts; the day of moving out is after that of moving in.")
        account = self.records.account_of(row)
        here = self.records.point_of(row, row.get("commodity"))
        self.records.locate(here, self.records.address_of(row))
        known = self._known.setdefault(here, ())
        told = self._told.setdefault(here, list(known))
        same = [one for one in told if (one.account_id, one.number) == (account.id, row.get("agreement"))]
        exact = [one for one in same if one.starts == starts] or same
        if len(exact) > 1:
            raise BadRecord("agreement", "Several agreements have this number, and none of them this start.")
        fresh = Agreement(
            id=0, usage_point_id=here, account_id=account.id, number=row.get("agreement"), starts=starts, ends=ends
        )
        before = exact[0] if exact else fresh
        now = replace(before, starts=starts, ends=ends, tariff=row.get("tariff") or before.tariff)
        if exact:
            told.remove(exact[0])
        told.append(now)
        self._rows[_key(now)] = row.row

    def _check(self, told: Sequence[Agreement]) -> None:
        """Note agreements for one usage point that overlap."""
        for first, second in pairwise(told):
            if second.starts >= (NEVER if first.ends is None else first.ends):
                continue
            row = self._rows.get(_key(second)) or self._rows[_key(first)]
            sentence = (
                f"Agreement {second.number} from {_day(second.starts)} overlaps agreement {first.number}, which runs "
                f"from {_day(first.starts)} to {_day(first.ends)}, for usage point {first.usage_point_id}; end one of "
                "them before the other starts."
            )
            self.records.faults.note(row, Fault("starts", sentence))

    def _keep(self) -> None:
        """Let be what is new."""
        for here, told in self._told.items():
            known = {one.id: one for one in self._known[here]}
            changed = [one for one in told if one.id and one != known[one.id]]
            for one in sorted(changed, key=lambda one: one.starts < known[one.id].starts):
                self.records.draft.agreements.put(one)
                self._count(known[one.id], one)
            for one in told:
                if not one.id:
                    self._add(one)
                elif one in known.values() and _key(one) in self._rows:
                    self.records.counts["same"] += 1

    def _add(self, one: Agreement) -> None:
        self._count(None, self.records.draft.add_agreement(one))

    def _count(self, before: Agreement | None, now: Agreement) -> None:
        self.records.counts[self.records.noted("agreement", str(now.id), before, now)] += 1


def _key(one: Agreement) -> tuple[int, int, str, int]:
    return one.usage_point_id, one.account_id, one.number, one.starts


def _day(at: int | None) -> str:
    return "no end" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
