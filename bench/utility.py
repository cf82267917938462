"""Utilities to measure on. They are made once and kept in a folder, which may be thrown away at any time."""

import json
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench.databases import Databases
from wattshare.custodian.app import opened
from wattshare.custodian.house import House
from wattshare.custodian.installation import KEYS, settings_of, upgrade
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.packing import pack_columns
from wattshare.custodian.model.premises import Address, Commodity, UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.model.tokens import Token
from wattshare.custodian.model.work import Batch, BatchState
from wattshare.custodian.sandbox.generate import Town, generate
from wattshare.custodian.sandbox.metering import metering_of, reading_type
from wattshare.custodian.services.registration import Registered, Wish
from wattshare.custodian.settings import FILE
from wattshare.custodian.store.authorizations import AUTHORIZATION, AUTHORIZATION_USAGE_POINT
from wattshare.custodian.store.channels import DELIVERED
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.premises import ACCOUNT, AGREEMENT
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.store.statements import grow
from wattshare.espi.days import day_bounds
from wattshare.espi.ids import meter_reading_id
from wattshare.espi.kinds import Kind

FACTS = "bench.json"
QUARTER, HOUR, DAY = 900, 3_600, 86_400
YEAR = 365
# blocks of the channel that a slow reader takes, and the seconds of each: two years, so that months are not many
LONG, SHORT = 1_000_000, 60
# tokens live for longer than a folder is kept
LIFE = 3_650 * DAY
CHUNK = 2_000
# what the name of the batch that was made yesterday begins with
SEED = "yesterday-"


@dataclass(frozen=True, kw_only=True)
class Utility:
    """An installation that is there, and what is asked of it."""

    home: Path
    facts: dict[str, Any]

    @property
    def port(self) -> int:
        """Where it serves."""
        return int(self.facts["port"])

    @contextmanager
    def opened(self) -> Iterator[House]:
        """Its services, in this process."""
        with opened(self.home) as house:
            yield house


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def prepared(folder: Path, name: str, databases: Databases, build: Any) -> Utility:
    """The utility of that name: as it is kept, or made now."""
    home = folder / databases.engine / name
    facts = home / FACTS
    if not facts.exists():
        begun = time.monotonic()
        print(f"making {name} on {databases.engine} …", flush=True)
        port = free_port()
        # what was begun and not finished
        shutil.rmtree(home, ignore_errors=True)
        found_home(home, port, databases.fresh(home, name.replace("-", "_")))
        with opened(home) as house:
            told = build(house)
        facts.write_text(json.dumps({"port": port, **told}))
        print(f"made in {time.monotonic() - begun:.0f} s", flush=True)
    else:
        # it may have been made by an earlier release
        upgrade(settings_of(home))
    return Utility(home=home, facts=json.loads(facts.read_text()))


def found_home(home: Path, port: int, database: dict[str, str]) -> None:
    """An empty installation without TLS, as it would be behind a proxy on the same machine."""
    home.mkdir(parents=True)
    settings: dict[str, Any] = {
        "public_base": f"http://127.0.0.1:{port}",
        "listen_port": port,
        "tls": "off",
        "mutual_tls": False,
        "rate_limits": False,
        # one file, however large
        "part_megabytes": 1_000_000,
    }
    settings |= database
    (home / FILE).write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    Keys.make(home / KEYS)
    upgrade(settings_of(home), anew=True)


def town(house: House, usage_points: int, days: int) -> None:
    """The sandbox's town, with so many simple homes."""
    plan = Town(seed=1, days=days, now=house.now(), usage_points=usage_points, profile=house.profile)
    generate(house.store, plan, lambda _built, _all: None)


def third_party(house: House, name: str) -> Registered:
    """A registered third party."""
    return house.registration.register(
        Wish(
            name=name,
            redirect_uris=("https://bench.example/callback",),
            notification_uri="https://bench.example/notices",
            kinds_required=frozenset({Kind.USAGE}),
            kinds_optional=frozenset({Kind.BILLING}),
        )
    )


def token(house: House, party: Registered, held: int | None = None) -> str:
    """A bearer token: an authorization's, or the third party's own."""
    text, at = f"ws_{secrets.token_hex(32)}", house.now()
    made = Token(
        bearer_class=BearerClass.CLIENT if held is None else BearerClass.ACCESS,
        third_party_id=party.party.id,
        authorization_id=held,
        scope="",
        issued_at=at,
        expires_at=at + LIFE,
    )
    with house.store.begin() as tx:
        tx.tokens.add(made, text)
    return text


def share_homes(house: House, party: Registered, most: int) -> int:
    """Authorizations of the last homes for a third party, as if given on paper. How many there are."""
    agreements = (
        select(AGREEMENT.c.id, AGREEMENT.c.usage_point_id, ACCOUNT.c.customer_id)
        .join(ACCOUNT, ACCOUNT.c.id == AGREEMENT.c.account_id)
        .where(AGREEMENT.c.ends.is_(None))
        .order_by(AGREEMENT.c.id.desc())
        .limit(most)
    )
    with house.store.read(Purpose.PEOPLE) as tx:
        rows = iter(tx.customers._connection.execute(agreements).all())
    shared = 0
    while some := list(islice(rows, CHUNK)):
        with house.store.begin() as tx:
            share_all(tx, house, party, some)
        shared += len(some)
    return shared


def share_all(tx: Tx, house: House, party: Registered, some: Sequence[Any]) -> None:
    """An authorization for each agreement, usage point and customer: the first as everywhere, the others like it."""
    agreement, point, customer = some[0]
    first, connection = share(tx, house, party, customer, point, agreement), tx.authorizations._connection
    if len(some) == 1:
        return
    ids = count(grow(connection, "authorization", count=len(some) - 1))
    like = dict(connection.execute(select(AUTHORIZATION).where(AUTHORIZATION.c.id == first)).mappings().one())
    others = [
        (held, point, agreement, customer) for held, (agreement, point, customer) in zip(ids, some[1:], strict=False)
    ]
    connection.execute(
        AUTHORIZATION.insert(), [like | {"id": held, "customer_id": customer} for held, _, _, customer in others]
    )
    names = ("authorization_id", "usage_point_id", "agreement_id")
    connection.execute(AUTHORIZATION_USAGE_POINT.insert(), [dict(zip(names, one[:3], strict=True)) for one in others])


def share(tx: Tx, house: House, party: Registered, customer: int, point: int, agreement: int) -> int:
    """One authorization of one usage point, as if it had been given on paper. Its id."""
    at = house.now()
    held = Authorization(
        id=tx.authorizations.next_id(),
        third_party_id=party.party.id,
        customer_id=customer,
        kinds=frozenset({Kind.USAGE, Kind.BILLING}),
        starts=at,
        floor=0,
        created_at=at,
        changed_at=at,
        offline=True,
    )
    tx.authorizations.add(held, ((point, agreement),))
    return held.id


def a_home(tx: Tx, number: int) -> tuple[int, int, int]:
    """A customer with one electric usage point: customer, usage point, agreement."""
    customer = tx.customers.add_customer(f"Bench {number}")
    address = Address(line=f"{number} Bench St", city="Riverton", state="CA", postal_code="95990")
    account = tx.customers.add_account(customer.id, f"9900000{number:04d}", phone="5305550000", mailing=address)
    location = tx.customers.add_location(address)
    point = UsagePoint(id=tx.customers.next_usage_point_id(), commodity=Commodity.ELECTRICITY, location_id=location.id)
    tx.customers.add_usage_point(point)
    agreement = tx.customers.add_agreement(point.id, account.id, f"88{number}", starts=0, tariff="E-1")
    return customer.id, point.id, agreement.id


def single(house: House) -> dict[str, Any]:
    """One home with a year of quarter hours, of which the closed months are history."""
    told = shared_home(house, year, QUARTER)
    close_months(house)
    return told


def endless(house: House) -> dict[str, Any]:
    """One home with a million blocks."""
    return shared_home(house, long, HOUR)


def shared_home(house: House, readings: Callable[[House, int, int], Iterator[Block]], step: int) -> dict[str, Any]:
    """A home with one channel, which a third party has: the token and what it opens."""
    party, profile = third_party(house, "Single"), house.profile
    metering = metering_of(Commodity.ELECTRICITY, profile)
    with house.store.begin(Purpose.INTAKE) as tx:
        revision = tx.revisions.begin("bench", house.now())
        customer, point, agreement = a_home(tx, 1)
        channel = tx.readings.add_channel(
            Channel(
                usage_point_id=point,
                number=1,
                reading_type_id="",
                reading_type=reading_type(metering, profile, step=step, flow=DELIVERED),
            )
        )
        tx.readings.load(readings(house, point, revision))
        held = share(tx, house, party, customer, point, agreement)
    root = f"{profile.resource_root}/Subscription/{held}/UsagePoint/{point}"
    feed = f"{root}/MeterReading/{meter_reading_id(channel.reading_type_id, 1)}/IntervalBlock"
    return {"token": token(house, party, held), "point": root, "feed": feed, "held": held, "id": point}


def close_months(house: House) -> None:
    """What a worker does by and by: months that are over become history."""
    for _ in house.closing.close(house.closing.due()):
        pass


def year(house: House, point: int, revision: int) -> Iterator[Block]:
    """A year of quarter hours up to yesterday, two to four digits each."""
    chance = secrets.SystemRandom()
    today = datetime.fromtimestamp(house.now(), UTC).astimezone(house.profile.zone).date()
    for ago in range(YEAR, 0, -1):
        start, end = day_bounds(today - timedelta(days=ago), house.profile.zone)
        count = (end - start) // QUARTER
        yield pack_columns(
            [int(chance.lognormvariate(5.5, 0.8)) for _ in range(count)],
            usage_point_id=point,
            channel=1,
            start=start,
            day_end=end,
            step=QUARTER,
            quality=[(17,)] * count,
            revision=revision,
            at=house.now(),
        )


def long(house: House, point: int, revision: int) -> Iterator[Block]:
    """A million blocks of one reading each: more than anybody has in one channel."""
    first = pack_columns(
        [1234],
        usage_point_id=point,
        channel=1,
        start=DAY,
        day_end=DAY + SHORT,
        step=SHORT,
        quality=[(17,)],
        revision=revision,
        at=house.now(),
    )
    # as the store would put it down: it looks at each block that does not say so
    known = {"duration": SHORT, "first_revision": revision, "published_at": house.now(), "late": 1}
    for number in range(LONG):
        start = DAY + SHORT * number
        block = object.__new__(Block)
        block.__dict__.update(first.__dict__, start=start, day_end=start + SHORT, **known)
        yield block


def deep(house: House, usage_points: int, days: int) -> dict[str, Any]:
    """Many homes with some history, of which the closed months are compacted."""
    town(house, usage_points, days)
    close_months(house)
    return {"usage_points": usage_points, "days": days}


def yesterday(house: House, party: Registered) -> None:
    """A batch that was made a day before: what came since then is new."""
    batch = Batch(
        id=f"{SEED}{party.party.id}",
        third_party_id=party.party.id,
        authorization_id=None,
        endpoint="batch-bulk",
        window="",
        transaction=None,
        state=BatchState.MADE,
        ordered_at=house.now() - DAY,
    )
    with house.store.begin() as tx:
        tx.batches.add(batch)


def wide(house: House, usage_points: int, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Very many homes with one day, and third parties that have some or all of them."""
    town(house, usage_points, 2)
    told = {}
    for size in sizes:
        party = third_party(house, f"Bulk {size}")
        yesterday(house, party)
        shared = share_homes(house, party, size)
        told[str(size)] = {"id": party.party.id, "shared": shared, "token": token(house, party)}
    return {"third_parties": told}
