"""A small world for the authorization matrix: third parties, customers, and every kind of bearer.

What each bearer may do is said here from the endpoint table and the decisions about statuses, never asked of the
code that is tested.
"""

import asyncio
import datetime
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.custodian.asking import ROOT, Asking, Told, escaped
from tests.custodian.houses import EVERYTHING, Home, TestHouse, built
from wattshare.custodian.front import Front
from wattshare.custodian.model.authorization import Authorization, Ending, Entry
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.parties import Role, Standing, ThirdParty, UserType
from wattshare.custodian.model.premises import Commodity, Enrollment, ProgramEnrollment
from wattshare.custodian.model.work import Batch
from wattshare.custodian.services.consent import Asked
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.services.terms import Choice
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.endpoints import EVERY, Answer, Endpoint, Root, Token
from wattshare.espi.ids import meter_reading_id, reading_type_id, summary_id
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import PGE

ROWS = tuple(row for row in EVERY if row.root in (Root.RESOURCE, Root.OURS) and row.token is not Token.NONE)
CLASSES = {
    Token.CLIENT: BearerClass.CLIENT,
    Token.ACCESS: BearerClass.ACCESS,
    Token.REGISTRATION: BearerClass.REGISTRATION,
}
OUTAGE = 3_700
BOTH = (Commodity.ELECTRICITY, Commodity.GAS)
FAMILIES = ("Quillfeather", "Brambleworth", "Oxhollow", "Thistledown", "Wrenfield", "Marshgate", "Yarrowby")


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """What is shown in the Authorization header, and whose it is."""

    label: str
    # None: nothing is shown
    header: str | None
    # None: it is nobody's
    bearer_class: BearerClass | None = None
    # it would be taken, were it for the right row
    alive: bool = True
    party: ThirdParty | None = None
    # of an access token
    held: Authorization | None = None
    # of whom it may show something
    homes: tuple[Home, ...] = ()


@dataclass(kw_only=True)
class World:
    """Who there is, and who has what."""

    house: TestHouse
    line: Asking
    mutual_tls: bool
    bearers: list[Bearer] = field(default_factory=list)
    homes: list[Home] = field(default_factory=list)
    parties: dict[str, Registered] = field(default_factory=dict)
    # the third party's authorizations that are its customers', alive and ended
    listed: dict[int, list[Authorization]] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    shared: dict[int, tuple[int, ...]] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)
    # whose each order is: third party, authorization
    orders: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    # of those that are not in production
    standings: dict[int, Standing] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)
    kept: dict[int, Any] = field(default_factory=dict)

    # making

    def party(self, name: str, **wish: Any) -> Registered:
        """Register a third party, with a certificate of its own where those are asked for."""
        if self.mutual_tls:
            self.certificates[name] = wish["certificate"] = certificate(name)
        made = self.house.third_party(name, **wish)
        self.parties[name] = made
        self.listed[made.party.id] = []
        return made

    def home(self, commodities: tuple[Commodity, ...] = (Commodity.ELECTRICITY,)) -> Home:
        """A customer whose every value can be told from everybody else's."""
        number = next(self.numbers)
        name = f"{FAMILIES[number % len(FAMILIES)]}{number:03d}"
        home = self.house.home(commodities=commodities, days=1, name=f"Robin {name}", mark=mark_of(number) * 100_000)
        with self.house.store.begin() as tx:
            for point in home.usage_points:
                tx.programs.put(
                    ProgramEnrollment(usage_point_id=point, program=f"{name} Saver", status=Enrollment.ENROLLED)
                )
        self.homes.append(home)
        return home

    def connect(self, party: Registered, home: Home, kinds: frozenset[Kind] = EVERYTHING, services: int = 9) -> Any:
        """From consent to a pair of tokens."""
        agreements = home.agreements[:services]

        def issue(tx: Tx, held: Authorization, third_party: ThirdParty, asked: Asked) -> str:
            return self.house.house.tokens.issue_code(
                tx,
                authorization_id=held.id,
                third_party=third_party,
                redirect_uri=asked.redirect_uri,
                challenge=None,
                test=False,
                scope=held.scope,
            )

        asked = Asked(third_party_id=party.party.id, redirect_uri=party.party.redirect_uris[0])
        choice = Choice(kinds=kinds, agreement_ids=tuple(one.id for one in agreements), until=None)
        _, code = self.house.house.consent.agree(asked, home.customer.id, choice, issue)
        pair = self.grant(party, grant_type="authorization_code", code=code, redirect_uri=party.party.redirect_uris[0])
        with self.house.store.read() as tx:
            held = tx.authorizations.by_id(int(pair["authorizationURI"].rpartition("/")[2]))
        assert held is not None
        self.note(party, held, tuple(one.usage_point_id for one in agreements))
        return pair | {"held": held}

    def share(self, party: Registered, home: Home) -> Authorization:
        """A permission on paper."""
        held = self.house.share(party, home)
        self.note(party, held, home.usage_points)
        return held

    def note(self, party: Registered, held: Authorization, points: tuple[int, ...]) -> None:
        """Remember what was granted."""
        self.listed[party.party.id].append(held)
        self.shared[held.id] = points

    def grant(self, party: Registered, *, test: bool = False, **fields: str) -> dict[str, Any]:
        """Ask the token endpoint."""
        root = "/datacustodian/test/oauth/v2" if test else "/datacustodian/oauth/v2"
        secret = {"client_id": party.party.client_id, "client_secret": party.client_secret}
        told = self.line.form(f"{root}/token", fields | secret, headers=self.proof(party.party.name))
        assert told.status == 200, told.text
        return told.json

    def client_token(self, party: Registered, *, test: bool = False) -> str:
        """A token of the third party itself."""
        token = self.grant(party, test=test, grant_type="client_credentials")["access_token"]
        assert isinstance(token, str)
        return token

    def test_pair(self, party: Registered) -> dict[str, Any]:
        """What the rehearsal gives."""
        uri = party.party.redirect_uris[0]
        query = urlencode({"client_id": party.party.client_id, "redirect_uri": uri, "response_type": "code"})
        told = self.line.ask(f"/datacustodian/test/oauth/v2/authorize?{query}")
        code = dict(parse_qsl(urlsplit(str(told["location"])).query))["code"]
        return self.grant(party, test=True, grant_type="authorization_code", code=code, redirect_uri=uri)

    def revoke(self, party: Registered, token: str) -> None:
        """End one token."""
        fields = {"client_id": party.party.client_id, "client_secret": party.client_secret, "token": token}
        told = self.line.form("/datacustodian/oauth/v2/revoke", fields, headers=self.proof(party.party.name))
        assert told.status == 200

    def proof(self, name: str | None) -> tuple[tuple[str, str], ...]:
        """The certificate, as the proxy hands it on."""
        if not self.mutual_tls or name is None:
            return ()
        return (("client-cert", quote(self.certificates[name], safe="")),)

    def add(
        self,
        label: str,
        text: str,
        bearer_class: BearerClass,
        party: Registered,
        *,
        alive: bool = True,
        held: Authorization | None = None,
        homes: tuple[Home, ...] = (),
    ) -> Bearer:
        """One more bearer."""
        bearer = Bearer(
            label=label,
            header=f"Bearer {text}",
            bearer_class=bearer_class,
            alive=alive,
            party=party.party,
            held=held,
            homes=homes,
        )
        self.bearers.append(bearer)
        return bearer

    # asking

    def ask(
        self, row: Endpoint, bearer: Bearer, path: Mapping[str, str], query: str = "", proof: str | None = None
    ) -> Told:
        """Ask for a row; the certificate is the bearer's own unless `proof` names another, or "none"."""
        own = None if bearer.party is None else bearer.party.name
        shown = self.proof({None: own, "none": None}.get(proof, proof))
        headers = shown if bearer.header is None else (*shown, ("authorization", bearer.header))
        return self.line.ask(address(row, path) + query, method=row.method, headers=headers)

    # what is expected

    def expected(self, row: Endpoint, bearer: Bearer, path: Mapping[str, str]) -> int:
        """The status, by the row's declarations: bearer, class, whose, what was granted, whether it is there."""
        refused = self.refused(row, bearer, path)
        if refused is not None:
            return refused
        assert bearer.party is not None
        others = [name for name in row.parameters if name != row.names_authorization]
        if any(not self.there(name, path, bearer.party, bearer.held) for name in others):
            return 404
        if row.answer in (Answer.LATER, Answer.REPLAY):
            return 202
        if row.answer is Answer.REVOKE:
            return self.deleted(path["authorization"])
        return 200

    def refused(self, row: Endpoint, bearer: Bearer, path: Mapping[str, str], *, fetch: bool = False) -> int | None:
        """401 or 403, where the bearer may not have this at all."""
        if bearer.header is None:
            return 403 if "/Batch/" in row.path else 401
        if not bearer.alive or bearer.party is None:
            return 401
        classes = {CLASSES[token] for token in (row.fetched_by if fetch else (row.token, *row.also))}
        if row.test_token:
            classes.add(BearerClass.TEST_CLIENT)
        standing = self.standings.get(bearer.party.id, Standing.PRODUCTION)
        open_to = bearer.party.role in row.roles and bearer.party.user_type in row.user_types
        if bearer.bearer_class not in classes or not open_to or standing is not Standing.PRODUCTION:
            return 403
        if not self.owns(row, bearer, path):
            return 403
        granted = self.kinds(row, bearer, path)
        return 403 if row.kinds and not row.kinds & granted else None

    def owns(self, row: Endpoint, bearer: Bearer, path: Mapping[str, str]) -> bool:
        """Whether the id that names whose it is names the bearer's own."""
        party = bearer.party
        assert party is not None
        match row.names_authorization:
            case None:
                return True
            case "application":
                return path["application"] == party.application_id
            case "bulk":
                return path["bulk"] == str(party.id)
            case "authorization":
                entries = self.entries(party)
                customers = {str(held.id) for held in self.listed[party.id]}
                test = bearer.bearer_class is BearerClass.TEST_CLIENT
                return path["authorization"] in (entries if test else entries | customers)
            case name if bearer.bearer_class is BearerClass.CLIENT:
                return path[name] in {str(held.id) for held in self.listed[party.id]}
            case name:
                return bearer.held is not None and path[name] == str(bearer.held.id)

    def kinds(self, row: Endpoint, bearer: Bearer, path: Mapping[str, str]) -> frozenset[Kind]:
        """What was granted: to the token, by the authorization that is fetched from, or by the registration."""
        assert bearer.party is not None
        if bearer.held is not None:
            return bearer.held.kinds
        named = path.get(row.names_authorization or "", "")
        held = next((one for one in self.listed[bearer.party.id] if str(one.id) == named), None)
        return bearer.party.kinds if held is None else held.kinds

    def entries(self, party: ThirdParty) -> set[str]:
        """The ids of the two entries that every third party has."""
        if party.id not in self.kept:
            with self.house.store.read() as tx:
                own = [tx.authorizations.own_entry(party.id, entry) for entry in (Entry.REGISTRATION, Entry.BULK)]
            self.kept[party.id] = {str(held.id) for held in own if held is not None}
        found: set[str] = self.kept[party.id]
        return found

    def deleted(self, authorization: str) -> int:
        """What DELETE of one's own authorization gives."""
        if int(authorization) in self.ended:
            return 404
        return 200 if int(authorization) in self.shared else 403

    def order(self, party: Registered, held: Authorization | None) -> str:
        """An order that nobody makes: of one customer, or of all; its id."""
        name = "batch-bulk" if held is None else "batch-subscription"
        batch = Batch(
            id=str(uuid.uuid4()),
            third_party_id=party.party.id,
            authorization_id=None if held is None else held.id,
            endpoint=name,
            window="",
            ordered_at=self.house.clock(),
        )
        with self.house.store.begin() as tx:
            tx.batches.add(batch)
        self.orders[batch.id] = (batch.third_party_id, batch.authorization_id)
        return batch.id

    def notices_of(self, party: ThirdParty) -> set[str]:
        """The ids of its notices."""
        with self.house.store.read() as tx:
            return {notice.id for notice in tx.notices.of_third_party(party.id)}

    def there(self, name: str, path: Mapping[str, str], party: ThirdParty, held: Authorization | None = None) -> bool:
        """Whether something is to be found below what is the bearer's own."""
        match name:
            case "local_time":
                return path[name] == "1"
            case "notice":
                return path[name] in self.notices_of(party)
            case "order":
                whose = self.orders.get(path[name])
                return whose is not None and whose[0] == party.id and (held is None or whose[1] == held.id)
            case "reading_type":
                return path[name] in READING_TYPES
            case "usage_point":
                return path[name] in {str(point) for point in self.shared[int(path["subscription"])]}
            case _:
                return (
                    path[name] == self.below(int(path["usage_point"]))[name]
                    if self.there("usage_point", path, party)
                    else False
                )

    def below(self, usage_point: int) -> dict[str, str]:
        """The ids of what a usage point has: one channel, one day, one bill."""
        if usage_point not in self.kept:
            with self.house.store.read() as tx:
                point = tx.customers.usage_point(usage_point)
            assert point is not None
            gas = point.commodity is Commodity.GAS
            self.kept[usage_point] = {
                "meter_reading": meter_reading_id(GAS if gas else ELECTRICITY, 1),
                "block": str(self.house.midnight(1) + (1 if gas else 0)),
                "summary": summary_id(self.house.midnight(2)),
            }
        found: dict[str, str] = self.kept[usage_point]
        return found

    # marks

    def marks(self, home: Home) -> set[str]:
        """What stands in this customer's data and in nobody else's."""
        values = {f">{mark_of(self.homes.index(home))}"}
        points = {f"UsagePoint/{point}" for point in home.usage_points} | {str(point) for point in home.usage_points}
        authorizations = {
            f"/{held.id}" for every in self.listed.values() for held in every if held.customer_id == home.customer.id
        }
        # its street is named for the family
        family = home.customer.name.split()[-1]
        return {family, str(home.customer.email), home.account_number, *values, *points, *authorizations}

    def party_marks(self, party: Registered) -> set[str]:
        """What stands in this third party's answers alone."""
        registered = party.party
        ours = {party.client_secret, party.registration_token, registered.client_id, registered.application_id}
        return ours | {f"Bulk/{registered.id}", registered.name} | {f"/{one}" for one in self.entries(registered)}

    def foreign(self, bearer: Bearer) -> frozenset[str]:
        """Everything that must not stand in an answer to this bearer."""
        own: set[str] = set()
        if bearer.party is not None:
            own |= self.party_marks(self.parties[bearer.party.name])
        for home in bearer.homes:
            own |= self.marks(home)
        if bearer.held is not None:
            # of the customer's authorizations, its own
            own -= {f"/{one.id}" for every in self.listed.values() for one in every if one.id != bearer.held.id}
        every = [self.marks(home) for home in self.homes] + [self.party_marks(one) for one in self.parties.values()]
        return frozenset(set().union(*every) - own)


ELECTRICITY, GAS = reading_type_id(72, None, 900, 1), reading_type_id(169, None, 86_400, 1)
# what the world is metered in, and what bills refer to
READING_TYPES = {ELECTRICITY, GAS, reading_type_id(72, None, None, 4)}


def mark_of(number: int) -> int:
    """The first digits of a customer's every value."""
    return 88_000 + number


def address(row: Endpoint, path: Mapping[str, str]) -> str:
    """The address of a row, below the host."""
    named = row.path.format_map({name: escaped(value) for name, value in path.items()})
    since = "?since=2024-01-01T00:00:00Z" if row.name == "replay-notices" else ""
    return (PGE.own_root if row.root is Root.OURS else ROOT) + named + since


def certificate(name: str) -> str:
    """A client certificate, signed by itself, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=3_650))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@contextmanager
def empty_world(folder: Path, store: Store, **settings: Any) -> Iterator[World]:
    """A house with nobody in it yet, and somebody at the line."""
    loop = asyncio.new_event_loop()
    with built(folder, store, **settings) as house:
        line = Asking(app=Front(house.house).application(), loop=loop)
        yield World(house=house, line=line, mutual_tls=bool(settings.get("mutual_tls")))
    loop.close()


@dataclass(kw_only=True)
class Acme:
    """The third party whose ids stand in most paths, with its customers."""

    party: Registered
    # the customer whose tokens it shows
    first: Home
    held: Authorization
    other: Home
    other_held: Authorization
    ended: Authorization
    order: str
    other_order: str
    bulk_order: str
    # another third party's
    theirs: str


def populate(world: World) -> Acme:
    """Fill a world with every kind of bearer."""
    acme, beta = world.party("Acme Energy"), world.party("Beta Grid")
    first, other, left = world.home(BOTH), world.home(), world.home()
    pair, other_pair, left_pair = (world.connect(acme, home) for home in (first, other, left))
    theirs = (first, other, left)
    # before the clock moves on: what will have expired
    clients = [("client", BearerClass.CLIENT, False), ("test client", BearerClass.TEST_CLIENT, True)]
    for label, bearer_class, test in clients:
        world.add(f"expired {label}", world.client_token(acme, test=test), bearer_class, acme, alive=False)
    tested = world.test_pair(acme)
    world.add("expired test access", tested["access_token"], BearerClass.TEST_ACCESS, acme, alive=False)
    world.add("expired access", pair["access_token"], BearerClass.ACCESS, acme, alive=False, held=pair["held"])
    world.house.clock.advance(OUTAGE)
    # ended one by one
    for label, bearer_class, test in clients:
        text = world.client_token(acme, test=test)
        world.revoke(acme, text)
        world.add(f"revoked {label}", text, bearer_class, acme, alive=False)
    rehearsed = world.test_pair(acme)["access_token"]
    world.revoke(acme, rehearsed)
    world.add("revoked test access", rehearsed, BearerClass.TEST_ACCESS, acme, alive=False)
    again = world.grant(acme, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    world.revoke(acme, again["access_token"])
    world.add("revoked access", again["access_token"], BearerClass.ACCESS, acme, alive=False, held=pair["held"])
    # an authorization that ends
    gone = world.grant(acme, grant_type="refresh_token", refresh_token=left_pair["refresh_token"])
    world.add("ended access", gone["access_token"], BearerClass.ACCESS, acme, alive=False, held=left_pair["held"])
    world.house.house.consent.withdraw(left_pair["held"].id, Ending.CUSTOMER)
    world.ended.add(left_pair["held"].id)
    # alive
    live = world.grant(acme, grant_type="refresh_token", refresh_token=again["refresh_token"])
    add_alive(world, acme, theirs, live["access_token"], pair["held"], first)
    other_live = world.grant(acme, grant_type="refresh_token", refresh_token=other_pair["refresh_token"])
    world.add(
        "other customer's access",
        other_live["access_token"],
        BearerClass.ACCESS,
        acme,
        held=other_pair["held"],
        homes=(other,),
    )
    # the same first customer, one of two services, and one more, at another third party
    mine = world.home()
    beta_pair = world.connect(beta, first, services=1)
    beta_other = world.connect(beta, mine)
    add_alive(world, beta, (first, mine), beta_pair["access_token"], beta_pair["held"], first)
    world.add(
        "beta's other access",
        beta_other["access_token"],
        BearerClass.ACCESS,
        beta,
        held=beta_other["held"],
        homes=(mine,),
    )
    add_odd_parties(world)
    add_nobody(world)
    return Acme(
        party=acme,
        first=first,
        held=pair["held"],
        other=other,
        other_held=other_pair["held"],
        ended=left_pair["held"],
        order=world.order(acme, pair["held"]),
        other_order=world.order(acme, other_pair["held"]),
        bulk_order=world.order(acme, None),
        theirs=world.order(beta, beta_pair["held"]),
    )


def add_alive(
    world: World, party: Registered, homes: tuple[Home, ...], access: str, held: Authorization, home: Home
) -> None:
    """A living bearer of every class."""
    name = party.party.name
    world.add(f"{name} access", access, BearerClass.ACCESS, party, held=held, homes=(home,))
    world.add(f"{name} client", world.client_token(party), BearerClass.CLIENT, party, homes=homes)
    world.add(f"{name} registration", party.registration_token, BearerClass.REGISTRATION, party)
    world.add(f"{name} test client", world.client_token(party, test=True), BearerClass.TEST_CLIENT, party)
    if party.party.user_type.uses_oauth:
        tested = world.test_pair(party)["access_token"]
        world.add(f"{name} test access", tested, BearerClass.TEST_ACCESS, party)


def add_odd_parties(world: World) -> None:
    """Suspended, revoked, a partner, and one without OAuth."""
    for name, standing in (("Gamma Loans", Standing.SUSPENDED), ("Delta Data", Standing.REVOKED)):
        party, home = world.party(name), world.home()
        pair = world.connect(party, home)
        add_alive(world, party, (home,), pair["access_token"], pair["held"], home)
        world.house.house.registration.move(name, standing)
        world.standings[party.party.id] = standing
    partner, home = world.party("Epsilon Partner", role=Role.PARTNER), world.home()
    pair = world.connect(partner, home)
    add_alive(world, partner, (home,), pair["access_token"], pair["held"], home)
    county, dweller = world.party("Zeta County", user_type=UserType.CCA, redirect_uris=()), world.home()
    world.share(county, dweller)
    world.add("Zeta County client", world.client_token(county), BearerClass.CLIENT, county, homes=(dweller,))


def add_nobody(world: World) -> None:
    """What is no token of anybody."""
    alive = next(bearer.header for bearer in world.bearers if bearer.label == "Acme Energy access")
    assert alive is not None
    shown = {
        "none": None,
        "unknown": "Bearer wsa_" + "A" * 43,
        "unknown client": "Bearer wsc_" + "A" * 43,
        "unknown UUID": "Bearer 00000000-0000-4000-8000-000000000000",
        "empty": "",
        "scheme alone": "Bearer",
        "Basic": alive.replace("Bearer", "Basic"),
        "two": f"{alive}, {alive}",
        "cut": alive[:-1],
        "lengthened": alive + "A",
        "other case": alive[:-3] + alive[-3:].swapcase() + ".",
        "huge": "Bearer " + "A" * 5_000,
        "not ASCII": alive + "\u00e9",
    }
    world.bearers.extend(Bearer(label=f"nobody: {label}", header=header) for label, header in shown.items())


def correlation_ids(world: World) -> dict[str, list[str]]:
    """Path to correlation ids, as the notices say it."""
    told: dict[str, list[str]] = {}
    for _, body, _ in world.house.receivers.heard:
        for url in re.findall(r"resources>([^<]+)<", body.decode()):
            path, _, part = url.partition("?correlationID=")
            if part:
                told.setdefault(path.partition(ROOT)[2], []).append(part)
    return told


def shown_json(told: Told) -> Any:
    """A refusal without what differs every time."""
    read = json.loads(told.body)
    if isinstance(read, dict):
        read.pop("correlation_id", None)
    return read
