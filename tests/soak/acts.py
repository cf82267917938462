"""What third parties, customers and the operator do at random; what they were promised goes to a journal."""

import json
import random
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from tests.soak.journal import Journal
from tests.soak.receiver import WHOSE, tokens_of
from tests.soak.town import HARBOR, Town
from wattshare.thirdparty.browser import Browser, Form, Page
from wattshare.thirdparty.client import Client, Ordered
from wattshare.thirdparty.connect import begin, finish
from wattshare.thirdparty.consent import Visit, sign_in_form
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.errors import Failed
from wattshare.thirdparty.retries import Patience
from wattshare.thirdparty.tokens import FileTokenStore

# orders of a third party whose files are kept: each end of sharing makes them all again
ORDERS_KEPT = 8
# consents that one command writes down: each begins, and ends an earlier one
ADDED = 10
# files that are asked for right after somebody in them has stopped sharing
PROBED = 3
COMMAND_SECONDS = 60


@dataclass
class Actor:
    """One third party with its customers and its operator, one act after the other."""

    town: Town
    name: str
    folder: Path
    chance: random.Random
    journal: Journal
    days: int
    stopped: threading.Event
    # authorizations that nobody has ended yet, and their usage points or household
    held: dict[str, Any] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.custodian = Custodian.from_sandbox(self.town.home.path, self.name)
        clock = self.town.clock
        store = FileTokenStore(tokens_of(self.folder, self.name))
        self.client = Client(
            self.custodian,
            store=store,
            now=lambda: datetime.fromtimestamp(clock(), UTC),
            patience=Patience(tries=3, within=20),
        )
        self.party = str(self.custodian.bulk_id)
        told = json.loads((self.town.home / "sandbox.json").read_text())
        self.people = [one for one in told["customers"] if one["login"]]

    @property
    def acts(self) -> tuple[tuple[int, Callable[[], None]], ...]:
        """Each with its share of all."""
        if self.name == HARBOR:
            return (
                (16, self.connect),
                (34, self.order_one),
                (8, self.order_all),
                (22, self.look),
                (6, self.revoke),
                (8, self.stop_sharing),
                (6, self.cancel),
            )
        return (
            (40, self.order_all),
            (6, self.order_customers),
            (25, self.look),
            (14, self.revoke),
            (3, self.revoke_as_operator),
            (10, self.add),
            (6, self.cancel),
        )

    def act(self) -> None:
        """One act, by chance; what fails is written down as not promised."""
        shares, acts = zip(*self.acts, strict=True)
        [act] = self.chance.choices(acts, shares)
        try:
            act()
            self.tidy()
        except (Failed, httpx2.HTTPError, OSError, subprocess.SubprocessError) as error:
            self.journal.write("unanswered", party=self.party, act=act.__name__, why=f"{type(error).__name__}: {error}")

    def run(self, pace: float) -> None:
        """Act until stopped, one act in about so many seconds."""
        while not self.stopped.wait(self.chance.uniform(0.3, 1.7) * pace):
            self.act()

    # orders

    def window(self) -> tuple[date, date]:
        """Some days of those that there are."""
        today = datetime.fromtimestamp(self.town.clock(), UTC).astimezone(self.custodian.profile.zone).date()
        first = self.chance.randint(1, self.days)
        return today - timedelta(days=first), today - timedelta(days=self.chance.randint(1, first))

    def order_all(self) -> None:
        """Order usage of everybody."""
        self.promised(self.client.bulk(*self.window()))

    def order_customers(self) -> None:
        """Order everybody's names and places."""
        self.promised(self.client.bulk_customers())

    def order_one(self) -> None:
        """Order usage of one customer."""
        if self.held:
            chosen = self.chance.choice(sorted(self.held))
            self.promised(self.client.subscription(chosen, *self.window()), chosen)

    def promised(self, order: Ordered, authorization: str | None = None) -> None:
        """The 202 is there."""
        told = {"order": order.id, "label": order.transaction, "authorization": authorization}
        self.journal.write("ordered", party=self.party, **told)
        if order.id is not None and order.id not in self.orders:
            self.orders.append(order.id)

    def look(self) -> None:
        """Look at an order; fetch what it says is ready."""
        if not self.orders:
            return
        chosen = self.chance.choice(self.orders)
        status = self.client.order_status(chosen)
        if status.state == "ready":
            self.files = [*self.files, *(part.href for part in status.parts)][-20:]
            for part in status.parts:
                self.fetch(part.href)

    def fetch(self, url: str) -> None:
        """Fetch a file, and write down whose it is."""
        began = time.time()
        reply = self.client.fetch(url)
        whose = sorted({found.decode() for found in WHOSE.findall(b"" if reply.is_empty else reply.read())})
        self.journal.write("fetched", party=self.party, url=url, began=began, outcome="fetched", whose=whose)

    def cancel(self) -> None:
        """Take an order back."""
        if self.orders:
            self.cancel_order(self.chance.choice(self.orders))

    def tidy(self) -> None:
        """Take back the oldest orders that are ready: not all files there ever were are made again and again."""
        if len(self.orders) > ORDERS_KEPT:
            oldest = self.orders[0]
            if self.client.order_status(oldest).is_open:
                self.orders.append(self.orders.pop(0))
            else:
                self.cancel_order(oldest)

    def cancel_order(self, order: str) -> None:
        """From the moment of asking nothing is promised any more."""
        self.journal.write("cancelling", party=self.party, order=order)
        self.orders.remove(order)
        self.client.cancel(order)

    # permissions

    def revoke(self) -> None:
        """End an authorization by DELETE."""
        if self.held:
            chosen = self.chance.choice(sorted(self.held))
            self.ending(chosen)
            self.client.revoke(chosen)
            self.ended(chosen)

    def revoke_as_operator(self) -> None:
        """End one by command."""
        if self.held:
            chosen = self.chance.choice(sorted(self.held))
            self.ending(chosen)
            self.command("authorization", "revoke", chosen)
            self.ended(chosen)

    def add(self) -> None:
        """Consents on paper: of some who do not share, and again of some who do."""
        points = self.chance.sample(self.town.points, ADDED)
        before = [one for one, whose in self.held.items() if whose in points]
        for one in before:
            self.ending(one)
        named = [word for point in points for word in ("--usage-point", str(point))]
        added = self.command("authorization", "add", "--third-party", self.name, *named)
        for one in before:
            self.ended(one)
        for made in added:
            self.begun(str(made["id"]), made["usage_points"][0])

    def connect(self) -> None:
        """A customer shares on the pages, for the first time or again."""
        person = self.chance.choice(self.people)
        journey = begin(self.custodian, pkce=bool(self.chance.randrange(2)))
        before = [one for one, whose in self.held.items() if whose == person["login"]]
        for one in before:
            self.ending(one)
        with self.browser(journey.redirect_uri) as browser:
            visit = Visit(login=person["login"], password=person["password"])
            arrived = visit.agree(browser, journey.url)
        tokens = finish(self.client, journey, arrived)
        for one in before:
            self.ended(one)
        self.begun(tokens.subscription, person["login"])

    def stop_sharing(self) -> None:
        """A customer stops sharing on their own page."""
        if not self.held:
            return
        chosen = self.chance.choice(sorted(self.held))
        [person] = (one for one in self.people if one["login"] == self.held[chosen])
        base = self.custodian.resource.partition("/GreenButtonConnect")[0]
        with self.browser(f"{base}/nowhere") as browser:
            page = browser.open(f"{base}/sharing")
            form = sign_in_form(page)
            if form is None:
                raise Failed(f"no way in: {page.words}")
            for control, key in ((form.first("text", "email", ""), "login"), (form.first("password"), "password")):
                if control is not None:
                    control.value = person[key]
            page = browser.submit(page, form, form.buttons[0])
            page = pressed(browser, page, f"stop sharing with {self.name.lower()}")
            self.ending(chosen)
            page = pressed(browser, page, "stop sharing")
            if page.status >= 400:
                raise Failed(f"not stopped: {page.words}")
        self.ended(chosen)

    def begun(self, authorization: str, whose: Any) -> None:
        """An authorization is there."""
        self.held[authorization] = whose
        self.journal.write("begun", party=self.party, authorization=authorization)

    def ending(self, authorization: str) -> None:
        """Somebody asks for its end, which may come about unheard: it is not used any more."""
        self.held.pop(authorization, None)
        self.journal.write("ending", party=self.party, authorization=authorization)

    def ended(self, authorization: str) -> None:
        """The end is acknowledged: from now on nothing of it may come."""
        self.journal.write("ended", party=self.party, authorization=authorization)
        for url in self.files[-PROBED:]:
            began = time.time()
            try:
                self.fetch(url)
            except Failed as error:
                why = type(error).__name__
                self.journal.write("not_fetched", party=self.party, url=url, why=why, began=began)

    def browser(self, waits_for: str) -> Browser:
        """A browser that trusts the town."""
        return Browser(httpx2.HTTPTransport(verify=self.custodian.tls()), waits_for=waits_for)

    def command(self, *words: str) -> Any:
        """What a command of the operator's says."""
        running = self.town.utility.start(*words, "--json")
        try:
            said, error = running.communicate(timeout=COMMAND_SECONDS)
        finally:
            running.kill()
        if running.returncode:
            raise Failed(f"{' '.join(words[:2])} ended with {running.returncode}: {error[-200:]}")
        return json.loads(said)


def pressed(browser: Browser, page: Page, words: str) -> Page:
    """The page after a button that begins so."""
    found: list[Form] = [form for form in page.forms if form.button(words)]
    if not found:
        raise Failed(f"no button says {words!r}: {page.words}")
    return browser.submit(page, found[0], found[0].button(words))
