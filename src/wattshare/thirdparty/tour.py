"""A walk through all that a third party does, in a running sandbox: what is sent, and what comes back."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from wattshare.espi.wire import Malformed
from wattshare.thirdparty import connect
from wattshare.thirdparty.browser import Browser
from wattshare.thirdparty.client import Client, Ordered
from wattshare.thirdparty.consent import Visit
from wattshare.thirdparty.custodian import Custodian, read_sandbox
from wattshare.thirdparty.errors import ConsentNeeded, Failed, TokenRefused
from wattshare.thirdparty.feeds import Source, readings
from wattshare.thirdparty.inbox import NotANotice, read_notice
from wattshare.thirdparty.recorder import Exchange, Recorder
from wattshare.thirdparty.tokens import MemoryTokenStore, Tokens

# days of usage that the tour's batch holds
DAYS = 7
# seconds to wait for a notice, and between two looks
NOTICE_WAIT = 120
LOOK_EVERY = 1


class StepFailed(Failed):
    """A step did not come out as it should; the text says which and why."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the tour, taken."""

    number: int
    title: str
    # what it came to, in a sentence
    outcome: str
    exchanges: tuple[Exchange, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Came:
    """What a step came to."""

    outcome: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def over_the_network(custodian: Custodian) -> httpx2.BaseTransport:
    """How requests leave this machine, with the trust and the certificate of a registration."""
    return httpx2.HTTPTransport(verify=custodian.tls())


@dataclass(kw_only=True)
class Tour:
    """The sandbox at `home`, one of its third parties, one of its customers."""

    home: Path
    third_party: str | None = "standard"
    customer: str | None = None
    sleep: Callable[[int], None] = time.sleep
    carry: Callable[[Custodian], httpx2.BaseTransport] = over_the_network

    def __post_init__(self) -> None:
        self._told = read_sandbox(self.home / "sandbox.json")
        self.custodian = Custodian.from_sandbox(self.home, self.third_party)
        self._person = self._customer()
        self._recorder = Recorder(self.carry(self.custodian))
        # a browser has no certificate
        self._screen = Recorder(self.carry(replace(self.custodian, certificate=None, private_key=None)))
        self.store = MemoryTokenStore()
        self.client = Client(self.custodian, store=self.store, transport=self._recorder)
        self._rehearsal = Client(self.custodian, store=self.store, transport=self._recorder, test=True)
        self._notices_before = set(self._notice_files())

    def walk(self) -> Iterator[Step]:
        """Every step as it is taken.

        Raises:
            StepFailed: one did not come out as it should; those after it are not taken.
        """
        for number, (title, step) in enumerate(self._steps(), 1):
            try:
                came = step()
            except (Failed, Malformed, httpx2.HTTPError, OSError) as error:
                raise StepFailed(f"Step {number} ({title}) failed. {error}") from error
            exchanges = tuple(self._screen.taken() + self._recorder.taken())
            yield Step(number=number, title=title, outcome=came.outcome, exchanges=exchanges, facts=came.facts)

    def close(self) -> None:
        """Let the connections go."""
        self._recorder.close()
        self._screen.close()

    def _steps(self) -> tuple[tuple[str, Callable[[], Came]], ...]:
        return (
            ("connectivity test: a client token of the test endpoint, and the status", self._status),
            ("connectivity test: the sample data", self._sample),
            ("OAuth test: a dummy code and a dummy token", self._rehearse),
            ("consent: the customer signs in and shares", self._consent),
            ("token: the code becomes an access and a refresh token", self._token),
            ("batch: all usage of the authorization is ordered", self._order),
            ("notice: the custodian tells where the file is", self._notice),
            ("fetch: the file, read into values with units", self._fetch),
            ("revocation: the authorization ends", self._revoke),
            ("afterwards: the token opens nothing, the status is 0", self._afterwards),
        )

    def _status(self) -> Came:
        if not self._rehearsal.status():
            raise Failed("The service says that it is unavailable.")
        return Came(outcome="The service is up.")

    def _sample(self) -> Came:
        count, _ = _summed(self._rehearsal.sample_data())
        if not count:
            raise Failed("The sample data has no reading.")
        return Came(outcome=f"A feed with {count} readings of nobody's.", facts={"readings": count})

    def _rehearse(self) -> Came:
        journey = connect.begin(self.custodian, test=True)
        with Browser(self._screen, waits_for=journey.redirect_uri) as browser:
            page = browser.open(journey.url)
        if not page.arrived:
            raise Failed(f"The test authorize endpoint answered {page.status}: {page.words}")
        code = connect.arrive(journey, self.custodian, page.url)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": journey.redirect_uri}
        self._rehearsal.call("test-token", form=form)
        return Came(outcome="The dummy code was redeemed: the OAuth test is done.")

    def _consent(self) -> Came:
        self._journey = connect.begin(self.custodian, pkce=True)
        visit = Visit(login=self._person["login"], password=self._person["password"])
        with Browser(self._screen, waits_for=self._journey.redirect_uri) as browser:
            self._arrived_at = visit.agree(browser, self._journey.url)
        who = f"{self._person['login']} ({self._person.get('household', 'a customer')})"
        return Came(outcome=f"{who} shared; the browser came back with a code.", facts={"customer": who})

    def _token(self) -> Came:
        self._tokens: Tokens = connect.finish(self.client, self._journey, self._arrived_at)
        subscription, scope = self._tokens.subscription, self._tokens.scope
        return Came(
            outcome=f"Authorization {subscription}, scope {scope}",
            facts={"subscription": subscription, "scope": scope},
        )

    def _order(self) -> Came:
        since, until = self._days()
        self._ordered: Ordered = self.client.subscription(self._tokens.subscription, since, until)
        return Came(
            outcome=f"202: the days from {since} to {until} are being made.",
            facts={"since": str(since), "until": str(until), "correlation_id": self._ordered.correlation_id},
        )

    def _days(self) -> tuple[date, date]:
        """The week before the consent, by the custodian's clock: a sandbox's may be ahead of ours."""
        given = self.client.authorization(self._tokens.subscription).since or self.client.now()
        today = given.astimezone(self.custodian.profile.zone).date()
        return today - timedelta(days=DAYS), today

    def _notice(self) -> Came:
        for _ in range(NOTICE_WAIT // LOOK_EVERY):
            if urls := self._told_urls():
                self._urls = urls
                counted = "one address" if len(urls) == 1 else f"{len(urls)} addresses"
                return Came(outcome=f"A BatchList with {counted}: {', '.join(urls)}", facts={"urls": urls})
            self.sleep(LOOK_EVERY)
        raise Failed(f"No notice of the batch came within {NOTICE_WAIT} seconds; is the worker running?")

    def _fetch(self) -> Came:
        count, sums = _summed(*(self.client.fetch(url) for url in self._urls))
        if not count:
            raise Failed("The file holds no reading.")
        totals = {" ".join(kind): f"{total:f}" for kind, total in sums.items()}
        said = "; ".join(f"{kind}: {total}" for kind, total in totals.items())
        return Came(outcome=f"{count} readings. {said}", facts={"readings": count, "totals": totals})

    def _revoke(self) -> Came:
        reply = self.client.call("revoke-authorization", authorization=self._tokens.subscription)
        return Came(outcome=f"{reply.status}: the authorization ended.", facts={"status": reply.status})

    def _afterwards(self) -> Came:
        self._recorder.taken()
        try:
            self.client.usage_points(self._tokens.subscription)
        except (ConsentNeeded, TokenRefused) as error:
            statuses = [each.status for each in self._recorder.seen()]
            if 401 not in statuses:
                raise Failed(f"The token was refused, but not with 401: {error}") from error
        else:
            raise Failed("The access token still opens the usage points.")
        status = self.client.authorization(self._tokens.subscription).status
        if status != 0:
            raise Failed(f"The authorization's status is {status} in the place of 0.")
        return Came(outcome="401 for the access token; status 0.", facts={"status": status})

    def _customer(self) -> Mapping[str, Any]:
        people = [person for person in self._told.get("customers", ()) if person.get("login")]
        for person in people:
            wanted = (person["login"], person.get("household")) if self.customer else ()
            if (self.customer in wanted) if wanted else person.get("usage_points"):
                return dict(person)
        raise Failed(f"The sandbox has no customer {self.customer or 'with a usage point'}.")

    def _notice_files(self) -> list[Path]:
        folder = self.home / self._told["notices"]
        return sorted(folder.rglob("*.xml")) if folder.is_dir() else []

    def _told_urls(self) -> list[str]:
        """The addresses of our order, out of the notices that came since the tour began."""
        for file in self._notice_files():
            if file not in self._notices_before:
                try:
                    urls = [url for url in read_notice(file.read_bytes()) if self._ordered.is_told_by(url)]
                except NotANotice:
                    continue
                if urls:
                    return urls
        return []


def _summed(*sources: Source) -> tuple[int, dict[tuple[str, str, str], Decimal]]:
    """How many readings there are, and their sums by commodity, flow and unit."""
    count, sums = 0, dict[tuple[str, str, str], Decimal]()
    for measured in readings(*sources):
        kind = (measured.commodity, measured.flow, measured.unit)
        sums[kind] = sums.get(kind, Decimal(0)) + measured.value
        count += 1
    return count, sums
