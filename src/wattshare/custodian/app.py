"""Where the house is put together, once: settings in, every service out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
WEAK = "what was committed may be lost in a power cut; see docs/postgresql.md"
ADVICE = {
    ROW_SECURITY: "this role sees every row, whatever it is asked for; see docs/postgresql.md",
    "server_encoding": "some names cannot be written; see docs/postgresql.md",
    "server_version": "this release was never tried on it; see docs/postgresql.md",
}


def profile_of(settings: Settings) -> Profile:
    """The profile with what this installation says differently."""
    profile = PROFILES[settings.profile]
    if settings.data_custodian_id is None:
        return profile
    return replace(profile, data_custodian_id=settings.data_custodian_id)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the services are made of that are put together here."""

    settings: Settings
    profile: Profile
    store: Store
    now: Clock
    texts: Secrets
    new_uuid: Callable[[], str]
    addresses: Addresses
    access: Access
    files: PartFiles
    encoder: Encoder | None
    delivery: Delivery
    counting: Counting


def assemble(
    settings: Settings,
    store: Store,
    now: Clock,
    *,
    texts: Secrets = random_text,
    new_uuid: Callable[[], str] = random_uuid,
    outbound: Outbound | None = None,
) -> House:
    """Put the house together.

    Raises:
        BadSettings: something that they ask for is not there.
    """
    profile = profile_of(settings)
    addresses = Addresses(settings.public_base, profile)
    ground = Ground(
        settings=settings,
        profile=profile,
        store=store,
        now=now,
        texts=texts,
        new_uuid=new_uuid,
        addresses=addresses,
        access=Access(store=store, now=now),
        files=PartFiles(settings.home / BATCHES),
        encoder=encoder_of(settings),
        delivery=Delivery.of(settings, store, now, addresses=addresses, new_uuid=new_uuid, outbound=outbound),
        counting=Counting(store=store, now=now),
    )
    return furnished(ground)


def furnished(on: Ground) -> House:
    """The house with every service in it."""
    settings, store, now, zone = on.settings, on.store, on.now, on.profile.zone
    registration, consent, batches, sign_in = registration_of(on), consent_of(on), batches_of(on), sign_in_of(on)
    return House(
        settings=settings,
        profile=on.profile,
        now=now,
        secrets=on.texts,
        store=store,
        addresses=on.addresses,
        registration=registration,
        consent=consent,
        sign_in=sign_in,
        codes=codes_of(on, sign_in),
        recovery=recovery_of(on, sign_in),
        access=on.access,
        limits=Limits.of(settings, store, now, zone),
        disclosure=disclosure_of(on, registration),
        batches=batches,
        orders=Orders(store=store, now=now, batches=batches),
        fetching=Fetching(store=store, now=now, access=on.access, files=on.files, keep_days=settings.batch_days),
        delivery=on.delivery,
        overview=Overview(store=store, now=now),
        homes=Homes(store=store, now=now, consent=consent, messages=on.delivery.messages, portal=settings.public_base),
        reminders=reminders_of(on),
        own_data=OwnData(store=store, now=now, zone=zone),
        own_usage=OwnUsage(store=store, now=now, zone=zone),
        funnel=Funnel(store=store, now=now, zone=zone),
        closing=Closing(store=store, now=now, close_days=settings.close_days),
        completeness=Completeness(store=store, now=now, profile=on.profile),
    )


# what the settings have a word in, one by one


def registration_of(on: Ground) -> Registration:
    """Third parties, their milestones, and whom to tell when they change."""
    return Registration(
        store=on.store,
        now=on.now,
        addresses=on.addresses,
        hex_text=random_hex,
        new_uuid=on.new_uuid,
        allow_http=on.settings.allow_http_callbacks,
        allow_self_signed=on.settings.allow_self_signed,
        warn=on.delivery.warnings.changed,
    )


def consent_of(on: Ground) -> Consent:
    """Customers' permissions, with the receipts of them."""
    receipts = Receipts(
        store=on.store,
        signing=on.delivery.signing,
        messages=on.delivery.messages,
        utility=on.settings.utility_name,
        portal=on.settings.public_base,
        zone=on.profile.zone,
    )
    return Consent(store=on.store, now=on.now, addresses=on.addresses, new_uuid=on.new_uuid, receipts=receipts)


def batches_of(on: Ground) -> Batches:
    """Feeds that are ordered, made in parts of the size that the settings say."""
    return Batches(
        store=on.store,
        now=on.now,
        new_uuid=on.new_uuid,
        addresses=on.addresses,
        bulk=Bulk(addresses=on.addresses, volume_bytes=on.settings.part_megabytes * 1_000_000),
        files=on.files,
        keep_days=on.settings.batch_days,
        encoder=on.encoder,
    )


def sign_in_of(on: Ground) -> SignIn:
    """Customers' ways in, for as long as the settings say."""
    seconds = on.settings.session_minutes * 60
    return SignIn(store=on.store, now=on.now, secrets=on.texts, session_seconds=seconds, counting=on.counting)


def codes_of(on: Ground, sign_in: SignIn) -> Codes:
    """A way in without an online account."""
    return Codes(
        store=on.store,
        now=on.now,
        counting=on.counting,
        sign_in=sign_in,
        messages=on.delivery.messages,
        dice=randbelow,
    )


def recovery_of(on: Ground, sign_in: SignIn) -> Recovery:
    """A way back in, for those who forgot their password."""
    return Recovery(
        store=on.store,
        now=on.now,
        secrets=on.texts,
        counting=on.counting,
        sign_in=sign_in,
        messages=on.delivery.messages,
        base=on.settings.public_base,
    )


def disclosure_of(on: Ground, registration: Registration) -> Disclosure:
    """What is answered at once."""
    return Disclosure(
        store=on.store,
        now=on.now,
        addresses=on.addresses,
        access=on.access,
        mask_client_secret=on.settings.mask_client_secret,
        passed_connectivity=registration.passed_connectivity,
        encoder=on.encoder,
    )


def reminders_of(on: Ground) -> Reminders:
    """Mails about permissions, as many days ahead as the settings say."""
    return Reminders(
        store=on.store,
        now=on.now,
        messages=on.delivery.messages,
        zone=on.profile.zone,
        portal=on.settings.public_base,
        end_days=on.settings.reminder_days,
        idle_days=on.settings.idle_days,
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
            LOG.critical("database_is_weak", setting=weak, advice=ADVICE.get(weak, WEAK))
        yield assemble(settings, store, clock_of(settings.home, sandbox=settings.sandbox))
    finally:
        store.close()
