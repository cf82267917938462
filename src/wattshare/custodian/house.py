"""The house: everything of an installation, put together."""

import os
import socket
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshare.custodian import facts
from wattshare.custodian.chance import random_hex, random_key
from wattshare.custodian.delivery import Delivery
from wattshare.custodian.model.clock import Clock, Secrets
from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.model.work import MAKE, TAKE
from wattshare.custodian.outbound import Outbound
from wattshare.custodian.services.access import Access
from wattshare.custodian.services.batches import Batches
from wattshare.custodian.services.closing import CLOSE, Closing
from wattshare.custodian.services.codes import Codes
from wattshare.custodian.services.completeness import Completeness
from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.delegates import Delegates
from wattshare.custodian.services.deltas import DELTA
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.disclosure import Disclosure
from wattshare.custodian.services.fetching import Fetching
from wattshare.custodian.services.funnel import Funnel
from wattshare.custodian.services.hiding import Hiding
from wattshare.custodian.services.homes import Homes
from wattshare.custodian.services.limits import Limits
from wattshare.custodian.services.orders import Orders
from wattshare.custodian.services.overview import Overview
from wattshare.custodian.services.own_data import OwnData
from wattshare.custodian.services.own_usage import OwnUsage
from wattshare.custodian.services.recovery import Recovery
from wattshare.custodian.services.registration import Registration
from wattshare.custodian.services.reminders import Reminders
from wattshare.custodian.services.signin import SignIn
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.database import Store
from wattshare.custodian.worker.loop import Lane, Worker
from wattshare.espi import wire
from wattshare.espi.profile import Profile

if TYPE_CHECKING:
    from wattshare.custodian.formats.sources import Caps
    from wattshare.custodian.services.intake import Intake
    from wattshare.custodian.services.intake.door import Door
    from wattshare.custodian.services.intake.dropping import DropFolder
    from wattshare.custodian.services.recent import Recent
    from wattshare.custodian.services.single import Single
    from wattshare.custodian.services.tokens import Tokens

DAY = 86_400
# what has ended is kept for that long, so that its use is noticed
FORGET_SECONDS = 30 * DAY


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything, put together."""

    settings: Settings
    profile: Profile
    now: Clock
    secrets: Secrets
    store: Store
    addresses: Addresses
    registration: Registration
    consent: Consent
    sign_in: SignIn
    codes: Codes
    recovery: Recovery
    access: Access
    limits: Limits
    disclosure: Disclosure
    batches: Batches
    fetching: Fetching
    orders: Orders
    delivery: Delivery
    overview: Overview
    homes: Homes
    reminders: Reminders
    own_data: OwnData
    own_usage: OwnUsage
    funnel: Funnel
    closing: Closing
    completeness: Completeness

    # what only browsers and third parties ask for: a worker, which they do not, holds none of its libraries

    @cached_property
    def tokens(self) -> "Tokens":
        """Codes and tokens."""
        from wattshare.custodian.services.tokens import Tokens  # noqa: PLC0415

        settings = self.settings
        return Tokens(
            store=self.store,
            now=self.now,
            secrets=self.secrets,
            addresses=self.addresses,
            mutual_tls=settings.mutual_tls,
            access_seconds=settings.access_seconds,
            refresh_seconds=settings.refresh_days * DAY,
            open_data=self.consent.open_data,
            passed_oauth=self.registration.passed_oauth,
        )

    @cached_property
    def recent(self) -> "Recent":
        """What was found out about bearers in this second."""
        from wattshare.custodian.services.recent import Recent  # noqa: PLC0415

        return Recent(now=self.now, key=random_key(), on=self.store.watched)

    @cached_property
    def single(self) -> "Single | None":
        """The utility's own sign-in, where the settings name one."""
        settings = self.settings
        if not settings.oidc_issuer:
            return None
        from wattshare.custodian.services.provider import Provider  # noqa: PLC0415
        from wattshare.custodian.services.single import BACK, SIGNED_OUT, Single  # noqa: PLC0415

        return Single(
            store=self.store,
            now=self.now,
            secrets=self.secrets,
            sign_in=self.sign_in,
            provider=Provider(
                issuer=settings.oidc_issuer,
                client_id=settings.oidc_client_id,
                client_secret=settings.oidc_client_secret,
                outbound=Outbound.of(settings, allowed=settings.allow_own),
                now=self.now,
            ),
            name=settings.oidc_name or settings.utility_name,
            scopes=settings.oidc_scopes,
            claim=settings.oidc_claim,
            claim_names=settings.oidc_claim_names,
            acr=settings.oidc_acr,
            back=settings.public_base + BACK,
            out=settings.public_base + SIGNED_OUT,
        )

    @property
    def hiding(self) -> Hiding:
        """Addresses that are hidden, and sharing that ends at once."""
        return Hiding(store=self.store, now=self.now, consent=self.consent)

    # what takes files in, and reads them: a worker without a folder for them holds nothing of it

    @cached_property
    def intake(self) -> "Intake":
        """What files bring."""
        from wattshare.custodian.services.intake import Intake  # noqa: PLC0415

        return Intake(store=self.store, now=self.now, profile=self.profile, limits=limits_of(self.settings))

    @property
    def door(self) -> "Door":
        """Where files of any kind come in."""
        from wattshare.custodian.services.intake.door import Door  # noqa: PLC0415

        return Door(self.intake)

    @property
    def caps(self) -> "Caps":
        """How much is unpacked of an archive."""
        from wattshare.custodian.formats.sources import Caps  # noqa: PLC0415

        return Caps(
            bytes=self.settings.unpacked_bytes,
            ratio=self.settings.unpacked_ratio,
            members=self.settings.archive_members,
        )

    @property
    def drop(self) -> "DropFolder | None":
        """The folder that files are dropped into, where there is one."""
        if self.settings.drop_folder is None:
            return None
        from wattshare.custodian.services.intake.dropping import DropFolder  # noqa: PLC0415

        return DropFolder(
            folder=self.settings.drop_folder,
            store=self.store,
            door=self.door,
            now=self.now,
            caps=self.caps,
            still=self.settings.drop_seconds,
            set_aside=self.settings.drop_set_aside,
        )

    # running

    @property
    def delegates(self) -> Delegates:
        """Who may share for whom."""
        return Delegates(store=self.store, now=self.now, secrets=self.secrets, sign_in=self.sign_in)

    def worker(self, name: str | None = None) -> Worker:
        """A worker."""
        drop = self.drop
        return Worker(
            store=self.store,
            now=self.now,
            # by the process, for whoever looks at who has a job in hand
            name=name or f"{socket.gethostname()}-{os.getpid()}-{random_hex(8)}",
            steps={
                MAKE: lambda job: self.batches.make(job.subject),
                **self.delivery.steps,
                CLOSE: self.closing.work,
                **({TAKE: drop.take} if drop else {}),
            },
            lanes=(
                Lane(kinds=(MAKE,), in_turn=True),
                Lane(kinds=(DELTA,)),
                Lane(kinds=(CLOSE,)),
                self.delivery.sending,
                self.delivery.mailing,
                *((Lane(kinds=(TAKE,), one_at_a_time=True),) if drop else ()),
            ),
            chores=(
                *((drop.look,) if drop else ()),
                self.consent.end_due,
                self.homes.run_due,
                self.reminders.run_due,
                *self.delivery.chores,
                self.batches.expire,
                self.batches.tidy,
                self.limits.forget,
                self.funnel.settle,
                self.forget,
                self.closing.plan,
            ),
        )

    def forget(self) -> None:
        """Drop tokens, sessions and counters that are long past."""
        with self.store.begin() as tx:
            tx.tokens.forget(self.now() - FORGET_SECONDS)
            tx.sessions.forget(self.now() - FORGET_SECONDS)
            tx.delegations.forget(self.now() - FORGET_SECONDS)
            tx.proofs.forget(self.now())
            tx.access_changes.forget(self.now())

    def registered(self, version: int | None) -> tuple[int, tuple[str, ...]] | None:
        """The client certificates that are let in; None when they are those of `version`."""
        with self.store.read() as tx:
            present = tx.parties.certificates_version()
            if present == version:
                return None
            return present, tuple(pem for _, pem in tx.parties.certificates())

    # told as facts

    def third_party_facts(self, name: str, certificate: Path | None = None) -> dict[str, Any]:
        """A registration with its credentials, as the sandbox's file has it, and its milestones."""
        registered = self.registration.show(name)
        with self.store.read() as tx:
            partner = tx.parties.by_id(registered.party.partner_id) if registered.party.partner_id else None
        return facts.of_third_party(registered, partner, certificate, self.now())

    def authorization_facts(self, authorization_id: int) -> dict[str, Any]:
        """One authorization.

        Raises:
            Unknown: there is none of that id.
        """
        with self.store.read() as tx:
            held = tx.authorizations.by_id(authorization_id)
            if held is None:
                raise Unknown(f"There is no authorization {authorization_id}.", field="authorization")
            party = tx.parties.by_id(held.third_party_id)
            shared = tx.authorizations.shared(held.id)
        return facts.of_authorization(held, party.name if party else "", [point for point, _ in shared])

    def every_authorization(self, third_party: str | None) -> list[dict[str, Any]]:
        """Every authorization, or one third party's."""
        chosen = self.registration.every()
        if third_party is not None:
            chosen = (self.registration.show(third_party).party,)
        with self.store.read() as tx:
            return [
                facts.of_authorization(held, party.name, [point for point, _ in tx.authorizations.shared(held.id)])
                for party in chosen
                for held in tx.authorizations.of_third_party(party.id, alive_only=False)
            ]


def limits_of(settings: Settings) -> wire.Limits:
    """How much of a file is read before it is refused."""
    return wire.Limits(
        bytes=settings.xml_bytes,
        depth=settings.xml_depth,
        elements=settings.xml_elements,
        attributes=settings.xml_attributes,
        text=settings.xml_text,
    )
