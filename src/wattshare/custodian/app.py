"""Where the house is put together, once: settings in, every service out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import randbelow
from typing import Any

import structlog

from wattshare.custodian import logs
from wattshare.custodian.chance import random_hex, random_text, random_uuid
from wattshare.custodian.clocks import clock_of
from wattshare.custodian.delivery import Delivery
from wattshare.custodian.house import House
from wattshare.custodian.installation import present, store_of
from wattshare.custodian.model.clock import Clock, Secrets
from wattshare.custodian.outbound import Outbound
from wattshare.custodian.services.access import Access
from wattshare.custodian.services.batches import Batches
from wattshare.custodian.services.closing import Closing
from wattshare.custodian.services.codes import Codes
from wattshare.custodian.services.completeness import Completeness
from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.bulk import Bulk
from wattshare.custodian.services.disclosure.disclosure import Disclosure
from wattshare.custodian.services.disclosure.wirepath.direct import Absent, Encoder, chosen
from wattshare.custodian.services.fetching import Fetching
from wattshare.custodian.services.funnel import Funnel
from wattshare.custodian.services.homes import Homes
from wattshare.custodian.services.limits import Limits
from wattshare.custodian.services.orders import Orders
from wattshare.custodian.services.overview import Overview
from wattshare.custodian.services.own_data import OwnData
from wattshare.custodian.services.own_usage import OwnUsage
from wattshare.custodian.services.part_files import PartFiles
from wattshare.custodian.services.receipts import Receipts
from wattshare.custodian.services.recovery import Recovery
from wattshare.custodian.services.registration import Registration
from wattshare.custodian.services.reminders import Reminders
from wattshare.custodian.services.signin import SignIn
from wattshare.custodian.services.tries import Counting
from wattshare.custodian.settings import BadSettings, Settings
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.postgresql import ROW_SECURITY
from wattshare.custodian.store.readiness import bring_up
from wattshare.espi.profile import PROFILES, Profile

BATCHES = "batches"
LOG = structlog.get_logger()
OPEN = "this role sees every row, whatever it is asked for; see docs/operate.md"
WEAK = "what was committed may be lost in a power cut; see docs/operate.md"


def profile_of(settings: Settings) -> Profile:
    """The profile with what this installation says differently."""
    profile = PROFILES[settings.profile]
    if settings.data_custodian_id is None:
        return profile
    return replace(profile, data_custodian_id=settings.data_custodian_id)


def assemble(
    settings: Settings,
    store: Store,
    now: Clock,
    *,
    texts: Secrets = random_text,
    new_uuid: Callable[[], str] = random_uuid,
    outbound: Outbound | None = None,
) -> House:
    """Put the house together."""
    profile = profile_of(settings)
    addresses, encoder = Addresses(settings.public_base, profile), encoder_of(settings)
    access, files = Access(store=store, now=now), PartFiles(settings.home / BATCHES)
    delivery = Delivery.of(settings, store, now, addresses=addresses, new_uuid=new_uuid, outbound=outbound)
    registration = Registration(
        store=store,
        now=now,
        addresses=addresses,
        hex_text=random_hex,
        new_uuid=new_uuid,
        allow_http=settings.allow_http_callbacks,
        allow_self_signed=settings.allow_self_signed,
        warn=delivery.warnings.changed,
    )
    receipts = Receipts(
        store=store,
        signing=delivery.signing,
        messages=delivery.messages,
        utility=settings.utility_name,
        portal=settings.public_base,
        zone=profile.zone,
    )
    consent = Consent(store=store, now=now, addresses=addresses, new_uuid=new_uuid, receipts=receipts)
    batches = Batches(
        store=store,
        now=now,
        new_uuid=new_uuid,
        addresses=addresses,
        bulk=Bulk(addresses=addresses, volume_bytes=settings.part_megabytes * 1_000_000),
        files=files,
        keep_days=settings.batch_days,
        encoder=encoder,
    )
    counting = Counting(store=store, now=now)
    sign_in = SignIn(
        store=store, now=now, secrets=texts, session_seconds=settings.session_minutes * 60, counting=counting
    )
    return House(
        settings=settings,
        profile=profile,
        now=now,
        secrets=texts,
        store=store,
        addresses=addresses,
        registration=registration,
        consent=consent,
        sign_in=sign_in,
        codes=Codes(
            store=store,
            now=now,
            counting=counting,
            sign_in=sign_in,
            messages=delivery.messages,
            dice=randbelow,
        ),
        recovery=Recovery(
            store=store,
            now=now,
            secrets=texts,
            counting=counting,
            sign_in=sign_in,
            messages=delivery.messages,
            base=settings.public_base,
        ),
        access=access,
        limits=Limits.of(settings, store, now, profile.zone),
        disclosure=Disclosure(
            store=store,
            now=now,
            addresses=addresses,
            access=access,
            mask_client_secret=settings.mask_client_secret,
            passed_connectivity=registration.passed_connectivity,
            encoder=encoder,
        ),
        batches=batches,
        orders=Orders(store=store, now=now, batches=batches),
        fetching=Fetching(store=store, now=now, access=access, files=files, keep_days=settings.batch_days),
        delivery=delivery,
        overview=Overview(store=store, now=now),
        homes=Homes(store=store, now=now, consent=consent, messages=delivery.messages, portal=settings.public_base),
        reminders=Reminders(
            store=store,
            now=now,
            messages=delivery.messages,
            zone=profile.zone,
            portal=settings.public_base,
            end_days=settings.reminder_days,
            idle_days=settings.idle_days,
        ),
        own_data=OwnData(store=store, now=now, zone=profile.zone),
        own_usage=OwnUsage(store=store, now=now, zone=profile.zone),
        funnel=Funnel(store=store, now=now, zone=profile.zone),
        closing=Closing(store=store, now=now, close_days=settings.close_days),
        completeness=Completeness(store=store, now=now, profile=profile),
    )


def encoder_of(settings: Settings) -> Encoder | None:
    """What packs feeds of readings, if it is not the templates.

    Raises:
        BadSettings: it is asked for and not there.
    """
    try:
        return chosen(settings.encoder)
    except Absent as why:
        raise BadSettings(f"encoder: is direct, and {why}") from None


@contextmanager
def opened(home: Path | None, **values: Any) -> Iterator[House]:
    """The house of a home folder, for as long as the block runs.

    Raises:
        BadSettings: the settings do not fit together.
        BadKeys: the keys cannot be used.
        NotReady: nothing is there yet.
        BadDatabase: the database cannot be used.
    """
    logs.configure()
    settings = present(home, **values)
    store = store_of(settings)
    try:
        bring_up(store)
        for weak in store.weak_settings():
            LOG.critical("database_is_weak", setting=weak, advice=OPEN if weak == ROW_SECURITY else WEAK)
        yield assemble(settings, store, clock_of(settings.home, sandbox=settings.sandbox))
    finally:
        store.close()
