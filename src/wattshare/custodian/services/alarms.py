"""Alarms: a receiver of notices that is dead is told to people, once, and once more when it is back."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from wattshare.custodian.mailing import MAIL_ADDRESS, Mail, Mailing
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.receivers import Circuit, Receiver
from wattshare.custodian.model.work import Job
from wattshare.custodian.store.database import Store, Tx

LOG = structlog.get_logger(__name__)
ALARM = "alarm"
DEAD, BACK = "dead", "back"


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """Watches receivers, and writes to the operator and to the third party's contacts."""

    store: Store
    now: Clock
    mailing: Mailing
    # seconds of failure after which a receiver is dead
    after_seconds: int
    operator: tuple[str, ...]

    def watch(self) -> int:
        """Owe a mail for each receiver that has died, or is back, since the last time. How many."""
        with self.store.read() as tx:
            failing = tx.receivers.failing()
        return sum(self._judge(receiver.third_party_id) for receiver in failing)

    def _judge(self, third_party_id: int) -> bool:
        at = self.now()
        with self.store.begin() as tx:
            known = tx.receivers.of(third_party_id)
            if known.alarmed_at is None and known.is_dead(at, self.after_seconds):
                tx.receivers.keep(replace(known, alarmed_at=at))
                self._owe(tx, known, DEAD, at)
                LOG.warning("receiver_dead", third_party=third_party_id, cause=known.cause, count=known.failures)
                return True
            if known.alarmed_at is not None and not known.failures:
                tx.receivers.forget(third_party_id)
                self._owe(tx, known, BACK, at)
                LOG.warning("receiver_back", third_party=third_party_id)
                return True
        return False

    @staticmethod
    def _owe(tx: Tx, known: Receiver, what: str, at: int) -> None:
        since = known.failing_since or at
        tx.jobs.add(ALARM, f"{known.third_party_id}-{what}-{since}", at, third_party_id=known.third_party_id)

    def send(self, job: Job) -> None:
        """Write the mail of an alarm."""
        third_party, what, since = job.subject.split("-")
        with self.store.read() as tx:
            party = tx.parties.by_id(int(third_party))
            known = tx.receivers.of(int(third_party))
        if party is None:
            return
        subject, text = dead(party, known, int(since)) if what == DEAD else back(party)
        to = (*self.operator, *(one for one in party.contacts if MAIL_ADDRESS.fullmatch(one)))
        if to:
            self.mailing.send(Mail(id=f"receiver-{job.subject}", to=to, subject=subject, text=text))


def dead(party: ThirdParty, known: Receiver, since: int) -> tuple[str, str]:
    """Subject and text of the alarm."""
    again = (
        "It answered 410, so nothing is sent until its address is changed or a notice is asked for."
        if known.state is Circuit.GONE
        else "They are tried again by themselves; when one is taken, all that waits is sent."
    )
    when = f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M}"
    return (
        f"Notices to {party.name} are not taken",
        f"The receiver of {party.name}'s notices has taken none since {when} UTC.\n"
        f"The last try failed with: {known.cause}.\n\n"
        f"Nothing is lost. {again}\n"
        "Each notice with every try is in the ledger: wattshare notices list.\n",
    )


def back(party: ThirdParty) -> tuple[str, str]:
    """Subject and text of the end of an alarm."""
    return (
        f"Notices to {party.name} are taken again",
        f"The receiver of {party.name}'s notices takes them again. What waited is being sent.\n",
    )
