"""What tells third parties and people, put together: notices, what causes them by a calendar, alarms, messages."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from wattshare.custodian.chance import random_hex
from wattshare.custodian.mailing import Mailing, Texting
from wattshare.custodian.model.clock import Clock, system_clock
from wattshare.custodian.outbound import Outbound
from wattshare.custodian.services.alarms import ALARM, Alarms
from wattshare.custodian.services.corrections import Corrections
from wattshare.custodian.services.deltas import DELTA, Deltas
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.expiries import Expiries
from wattshare.custodian.services.ledger import Ledger
from wattshare.custodian.services.messages import SEND, Messages
from wattshare.custodian.services.notices import TELL, Notices, Schedule
from wattshare.custodian.services.outages import Outages
from wattshare.custodian.services.signing import Signing
from wattshare.custodian.services.warning import Warnings
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.database import Store
from wattshare.custodian.worker.loop import Lane, Step

if TYPE_CHECKING:
    from wattshare.custodian.services.tongues import Tongues

DAY = 86_400
# mails that are sent at a time
MAILS = 4


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Everything that has to do with notices and messages."""

    settings: Settings
    now: Clock
    notices: Notices
    signing: Signing
    ledger: Ledger
    outages: Outages
    deltas: Deltas
    corrections: Corrections
    expiries: Expiries
    alarms: Alarms
    messages: Messages
    warnings: Warnings

    @classmethod
    def of(
        cls,
        settings: Settings,
        store: Store,
        now: Clock,
        *,
        addresses: Addresses,
        new_uuid: Callable[[], str],
        outbound: Outbound | None,
    ) -> "Delivery":
        """As the settings have it."""
        profile, mailing = addresses.profile, Mailing.of(settings)
        messages = messages_of(settings, store, now, mailing=mailing, outbound=outbound, zone=profile.zone)
        warnings = Warnings(messages=messages)
        signing = Signing(store=store, now=now, random=secrets.token_bytes, warn=warnings.secret_changed)
        return cls(
            settings=settings,
            now=now,
            notices=Notices(
                store=store,
                now=now,
                outbound=outbound or Outbound.of(settings),
                signing=signing,
                profile=profile,
                schedule=schedule_of(settings),
                # a sandbox's clock may run ahead of every receiver's
                stamp=system_clock if settings.sandbox else now,
            ),
            signing=signing,
            ledger=Ledger(store=store, now=now, new_uuid=new_uuid),
            outages=Outages(store=store, now=now, new_uuid=new_uuid, addresses=addresses),
            deltas=Deltas(store=store, now=now, new_uuid=new_uuid, zone=profile.zone, schedule=settings.delta_schedule),
            corrections=Corrections(store=store, now=now, new_uuid=new_uuid, addresses=addresses),
            expiries=Expiries(store=store, now=now, new_uuid=new_uuid, addresses=addresses, days=settings.expiry_days),
            alarms=Alarms(
                store=store,
                now=now,
                mailing=mailing,
                after_seconds=settings.notice_alarm_hours * 3_600,
                operator=settings.alarm_mail,
            ),
            messages=messages,
            warnings=warnings,
        )

    @property
    def steps(self) -> dict[str, Step]:
        """What a worker does of it."""
        return {
            TELL: self.notices.tell,
            DELTA: self.deltas.order,
            ALARM: self.alarms.send,
            SEND: self.messages.send,
        }

    @property
    def sending(self) -> Lane:
        """The lane of what goes out: receivers that answer late hold up nothing else."""
        return Lane(kinds=(TELL,), slots=self.settings.sending_slots, each=self.settings.sending_slots_each)

    @property
    def mailing(self) -> Lane:
        """The lane of mails and text messages: a relay that is slow holds up nothing else."""
        return Lane(kinds=(SEND, ALARM), slots=MAILS)

    @property
    def chores(self) -> tuple[Callable[[], object], ...]:
        """What a worker does once a minute."""
        return (self.deltas.run_due, self.corrections.tell, self.expiries.tell, self.alarms.watch, self.forget)

    def forget(self) -> int:
        """Drop notices that are past their days, and messages. How many."""
        return self.messages.forget() + self.ledger.forget(self.now() - self.settings.notice_days * DAY)


def messages_of(
    settings: Settings, store: Store, now: Clock, *, mailing: Mailing, outbound: Outbound | None, zone: ZoneInfo
) -> Messages:
    """What is written to customers, in the utility's name."""
    return Messages(
        store=store,
        now=now,
        new_id=random_hex,
        mailing=mailing,
        texting=Texting.of(settings, outbound),
        tongues=tongues_of(settings),
        house={
            "utility": settings.utility_name,
            "portal": settings.public_base,
            "phone": settings.utility_phone,
            "email": settings.utility_email,
            "zone": zone,
        },
    )


def tongues_of(settings: Settings) -> "Callable[[], Tongues]":
    """The languages of messages. They take megabytes, and are read for the first message that is sent.

    Raises:
        BadSettings: the operator has some of their own, which are read at once, and one cannot be read.
    """

    @cache
    def read() -> "Tongues":
        from wattshare.custodian.services.tongues import Tongues  # noqa: PLC0415 as said

        return Tongues.of(settings.catalogues)

    if settings.catalogues is not None:
        read()
    return read


def schedule_of(settings: Settings) -> Schedule:
    """When notices are tried again."""
    return Schedule(
        steps=settings.notice_steps,
        last_step=settings.notice_last_step,
        file_seconds=settings.batch_days * DAY,
        other_seconds=settings.notice_days * DAY,
    )
