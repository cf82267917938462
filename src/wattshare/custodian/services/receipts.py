"""Receipts: what became of a permission, written down with the act, mailed, and signed when it is downloaded.

A receipt has the facts as they were then. It is signed with the key that signs notices; `wattshare receipt verify`
checks it without asking anybody.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.messages import MessageKind, Way
from wattshare.custodian.model.premises import Service
from wattshare.custodian.model.references import reference
from wattshare.custodian.model.texts import cut
from wattshare.custodian.services.messages import Messages
from wattshare.custodian.services.overview import customer_name, name_of, partner_of
from wattshare.custodian.services.signing import PUBLIC, Signing, by_key
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.store.receipts import KeptReceipt
from wattshare.espi.canonical import ALGORITHM, RECEIPT, RECORD, VERSION, content
from wattshare.espi.days import day_of
from wattshare.espi.kinds import in_order

# of one permission, on its page
SHOWN = 50
# homes that a mail names; the others are on the page
MAILED = 10


class Event(StrEnum):
    """What became of a permission."""

    SHARED = "shared"
    CHANGED = "changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    # somebody else who holds the account stopped it there, and it goes on elsewhere
    REDUCED = "reduced"
    ENDED = "ended"


# what is told to who holds an account together with the customer
HOLDERS_NEWS = frozenset({Event.SHARED, Event.CHANGED, Event.REDUCED, Event.ENDED})


@dataclass(frozen=True, kw_only=True)
class Receipts:
    """Writes receipts, and signs them."""

    store: Store
    signing: Signing
    messages: Messages
    utility: str
    # where a customer's own page is
    portal: str
    zone: ZoneInfo

    def write(
        self,
        tx: Tx,
        held: Authorization,
        event: Event,
        at: int,
        *,
        before: frozenset[int] = frozenset(),
        holder_id: int | None = None,
    ) -> None:
        """Write down what became of a permission, and owe its customer the mail; in the transaction of the act.

        So are those owed one who hold an account together with the customer, of what they hold. `before`: the
        agreements that it was for until then. `holder_id`: the one of them who did it.
        """
        if held.customer_id is None:
            return
        services = services_of(tx, held)
        number = tx.receipts.next_id()
        facts = {
            "version": VERSION,
            "number": f"{reference(held.id)}-{number}",
            "event": event.value,
            "at": iso(at),
            "utility": self.utility,
            "app": cut(name_of(tx, held.third_party_id)),
            "given_by": customer_name(tx, held.customer_id),
            "done_by": None if holder_id is None else customer_name(tx, holder_id),
            "together_with": cut(with_it) if (with_it := partner_of(tx, held)) else None,
            "manage": f"{self.portal}/sharing",
            **terms(held, services, self.zone),
        }
        tx.receipts.add(KeptReceipt(id=number, authorization_id=held.id, event=event.value, at=at, facts=facts))
        if self.messages.can(Way.MAIL):
            self.messages.put(
                tx, held.customer_id, MessageKind.RECEIPT, self._mailed(tx, held, event, at, facts, services)
            )
            if event in HOLDERS_NEWS:
                self._tell_holders(tx, held, event, at, facts, before)

    def goes_by_mail(self, customer_id: int) -> bool:
        """Whether a customer's receipts go by mail: where mails go out, and an address is on file."""
        with self.store.read(Purpose.PEOPLE) as tx:
            return self.messages.reaches(tx, customer_id)

    def _tell_holders(
        self, tx: Tx, held: Authorization, event: Event, at: int, facts: dict[str, Any], before: frozenset[int]
    ) -> None:
        """Owe a mail to everybody else who holds an account that it is for, or was until then."""
        shared = {agreement for _, agreement in tx.authorizations.shared(held.id)}
        every = [one for one in tx.customers.services(held.customer_id or 0) if one.agreement.id in shared | before]
        holding = tx.holders.at({one.account.id for one in every}, at)
        for customer_id in dict.fromkeys(who for holders in holding.values() for who in holders):
            if customer_id == held.customer_id:
                continue
            theirs = [one for one in every if customer_id in holding[one.account.id]]
            kept = [one for one in theirs if one.agreement.id in shared]
            # of homes that are not theirs they are told nothing
            what = event if kept else Event.ENDED
            told = self._mailed(tx, held, what, at, facts, kept or theirs)
            why = told["why"] or ("holder" if facts["done_by"] else "customer")
            self.messages.put(tx, customer_id, MessageKind.HOLDER, told | {"why": why if what is Event.ENDED else ""})

    def _mailed(
        self, tx: Tx, held: Authorization, event: Event, at: int, facts: dict[str, Any], services: Iterable[Service]
    ) -> dict[str, str | int]:
        """What its mail says. The link opens the page, and stops nothing by itself."""
        party = tx.parties.by_id(held.third_party_id)
        places = list(dict.fromkeys(address(service) for service in services))
        return {
            "event": event.value,
            "why": held.ending.value if held.ending else "",
            "at": at,
            "app": facts["app"],
            "giver": facts["given_by"],
            "doer": facts["done_by"] or "",
            "partner": facts["together_with"] or "",
            "spoken": facts["reference"],
            "kinds": " ".join(facts["data"]),
            "uses": " ".join(dict.fromkeys(service.usage_point.commodity.value for service in services)),
            "homes": "; ".join(filter(None, places[:MAILED])),
            "more": max(len(places) - MAILED, 0),
            "ends": held.ends or 0,
            "link": facts["manage"],
            # until when data was shared: nothing was, where the app never came for it
            "until": self._until(tx, held),
            "contact": "" if party is None else cut(party.support),
        }

    @staticmethod
    def _until(tx: Tx, held: Authorization) -> int:
        """The last second of data of what has ended: until it was paused, where it was; 0 where there never was any."""
        if held.ended_at is None or held.ending is Ending.LAPSED:
            return 0
        before = next((one for one in tx.receipts.of(held.id, 2) if one.event != Event.ENDED), None)
        paused = before.at if before is not None and before.event == Event.PAUSED else held.ended_at
        return min(paused, held.ended_at, held.ends or held.ended_at) - 1

    def of(self, authorization_id: int) -> tuple[KeptReceipt, ...]:
        """A permission's receipts, the newest first."""
        with self.store.read(Purpose.PEOPLE) as tx:
            every = tx.receipts.of(authorization_id, SHOWN)
            held = tx.authorizations.by_id(authorization_id)
            hidden = any(service.hidden for service in services_of(tx, held)) if held and every else False
        return tuple(replace(one, facts=without_addresses(one.facts)) for one in every) if hidden else every

    # signing

    def receipt(self, kept: KeptReceipt) -> dict[str, Any]:
        """A receipt with its signature."""
        return self._signed(RECEIPT, kept.facts)

    def record(self, facts: dict[str, Any]) -> dict[str, Any]:
        """All that is known of a permission, with a signature."""
        return self._signed(RECORD, {"version": VERSION, **facts})

    def _signed(self, what: str, facts: dict[str, Any]) -> dict[str, Any]:
        key = self.signing.own()[0]
        value = by_key(key.secret, content(what, facts))
        return {what: facts, "signature": {"algorithm": ALGORITHM, "key": f"{PUBLIC}{key.public}", "value": value}}


def terms(held: Authorization, services: Iterable[Service], zone: ZoneInfo) -> dict[str, Any]:
    """What is shared and until when, as facts; times in UTC."""
    return {
        "reference": reference(held.id),
        "state": held.state.value,
        "data": [kind.value for kind in in_order(held.kinds)],
        "services": [
            {
                "address": address(service),
                "commodity": service.usage_point.commodity.value,
                "number_ends_in": service.agreement.number[-4:],
            }
            for service in services
        ],
        "data_from": day_of(held.floor, zone).isoformat(),
        "since": iso(held.starts),
        "until": iso(held.ends),
        "ended": iso(held.ended_at) if held.state is State.ENDED else None,
        "ending": held.ending.value if held.ending else None,
    }


def without_addresses(facts: dict[str, Any]) -> dict[str, Any]:
    """A receipt as it may be shown once an address is hidden that it has."""
    return facts | {"services": [service | {"address": None} for service in facts["services"]]}


def address(service: Service) -> str | None:
    """Where a service is."""
    if service.location is None:
        return None
    where = service.location.address
    return cut(f"{where.line}, {where.city}")


def services_of(tx: Tx, held: Authorization) -> tuple[Service, ...]:
    """The services that a permission was given for, ended ones too."""
    shared = {agreement for _, agreement in tx.authorizations.shared(held.id)}
    mine = tx.customers.services(held.customer_id or 0)
    return tuple(service for service in mine if service.agreement.id in shared)


def iso(at: int | None) -> str | None:
    """A second as ISO 8601 in UTC."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
