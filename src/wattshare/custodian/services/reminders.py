"""Reminders to customers: an end that comes near, a permission without an end once a year, an app that never looks.

Once each. A worker asks every day; the mail is owed in the transaction that writes down that it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from wattshare.custodian.model.authorization import Authorization, State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.messages import MessageKind, Way
from wattshare.custodian.model.references import reference
from wattshare.custodian.model.texts import cut
from wattshare.custodian.services.messages import Messages
from wattshare.custodian.services.overview import last_in_bulk, name_of
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_of
from wattshare.espi.endpoints import EVERY

DAY = 86_400
# permissions that are looked at in one transaction
PAGE = 200
# the calendar's name of the daily round
ROUND = "reminders"
# rows whose answers carry customers' data
CARRYING = frozenset(row.name for row in EVERY if row.kinds)


class Reminder(StrEnum):
    """What a customer is reminded of."""

    ENDS = "ends"
    YEAR = "year"
    IDLE = "idle"


@dataclass(frozen=True, kw_only=True)
class Reminders:
    """Looks through the permissions that stand."""

    store: Store
    now: Clock
    messages: Messages
    zone: ZoneInfo
    # where a customer's own page is
    portal: str
    # so many days before an end, and after an app's last look; 0: not at all
    end_days: int
    idle_days: int

    def run_due(self) -> int:
        """The day's round, where it was not made yet. How many mails are owed."""
        at = self.now()
        day = day_of(at, self.zone)
        if not self.messages.can(Way.MAIL):
            return 0
        with self.store.begin() as tx:
            following = tx.daily.next_run(ROUND, ROUND)
            if following is not None and at < following:
                return 0
            tx.daily.set_next_run(ROUND, ROUND, at + DAY)
        return self.remind(day)

    def remind(self, today: date) -> int:
        """Look through all of them, some at a time."""
        owed, after, bulk = 0, 0, Bulk()
        while True:
            with self.store.begin(Purpose.PEOPLE) as tx:
                page = tx.reminders.standing(after, PAGE)
                if not page:
                    return owed
                after = page[-1].id
                looks = self._looks(tx, page, bulk)
                told = tx.reminders.last(Reminder.IDLE, [held.id for held in page])
                for held in page:
                    owed += self._remind(tx, held, today, looks.get(held.id), told.get(held.id))

    def _looks(self, tx: Tx, page: tuple[Authorization, ...], bulk: "Bulk") -> dict[int, int]:
        """When data of each was last taken: by itself, or in a file for many."""
        found = tx.reminders.taken([held.id for held in page], CARRYING)
        for held in page:
            if (at := bulk.of(tx, held.third_party_id).get(held.id)) is not None:
                found[held.id] = max(at, found.get(held.id, 0))
        return found

    def _remind(self, tx: Tx, held: Authorization, today: date, looked: int | None, told: int | None) -> int:
        at = self.now()
        due = {
            Reminder.ENDS: self._ends(held, at),
            Reminder.YEAR: self._year(held, today),
            Reminder.IDLE: self._idle(held, at, looked, told),
        }
        return sum(
            self._owe(tx, held, what, looked)
            for what, mark in due.items()
            if mark is not None and tx.reminders.remind(held.id, what, mark, at)
        )

    def _ends(self, held: Authorization, at: int) -> int | None:
        """The end that is near, of what was given long before."""
        if held.ends is None or not self.end_days or held.ends <= at:
            return None
        near = held.ends - self.end_days * DAY
        return held.ends if held.created_at < near <= at else None

    def _year(self, held: Authorization, today: date) -> int | None:
        """How many years something without an end is old, from the first one on."""
        if held.ends is not None:
            return None
        began = day_of(held.starts, self.zone)
        years = today.year - began.year - ((today.month, today.day) < (began.month, began.day))
        return years or None

    def _idle(self, held: Authorization, at: int, looked: int | None, told: int | None) -> int | None:
        """Since when an app that may look has not; once for each silence."""
        since = max(looked or 0, held.starts)
        if held.state is State.PAUSED or not self.idle_days or at - since < self.idle_days * DAY:
            return None
        return since if told is None or told < since else None

    def _owe(self, tx: Tx, held: Authorization, what: Reminder, looked: int | None) -> int:
        facts: dict[str, str | int] = {
            "what": what.value,
            "app": cut(name_of(tx, held.third_party_id)),
            "spoken": reference(held.id),
            "since": held.starts,
            "ends": held.ends or 0,
            "looked": looked or 0,
            "days": self.idle_days,
            "link": f"{self.portal}/sharing",
        }
        self.messages.put(tx, held.customer_id, MessageKind.REMINDER, facts)
        return 1


@dataclass
class Bulk:
    """What files for many were fetched, by third party: read once a round."""

    known: dict[int, Mapping[int, int]] = field(default_factory=dict)

    def of(self, tx: Tx, third_party_id: int) -> Mapping[int, int]:
        """When a file with each authorization in it was last fetched."""
        if third_party_id not in self.known:
            self.known[third_party_id] = last_in_bulk(tx, third_party_id)
        return self.known[third_party_id]
