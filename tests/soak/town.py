"""A sandbox's town as an installation: the commands serve it, its clock can be moved, receivers are elsewhere."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.custodian.servers import OWNER, Server
from tests.soak.commands import Utility, served
from wattshare.custodian.app import opened
from wattshare.custodian.clocks import FILE as CLOCK
from wattshare.custodian.clocks import ShiftedClock
from wattshare.custodian.house import House
from wattshare.custodian.installation import upgrade
from wattshare.custodian.sandbox.equipment import Wanted, authority_of, equip, make_keys, put, written
from wattshare.custodian.sandbox.home import Home, held
from wattshare.custodian.sandbox.making import make
from wattshare.custodian.sandbox.telling import tell
from wattshare.custodian.settings import FILE, Settings
from wattshare.custodian.store.purposes import Purpose

# third parties of the sandbox: two whose client token opens all; one whose customers go through the pages, its partner
CHOICE, METER_LOG = "Riverton Choice Energy", "Gale's Own Meter Log"
HARBOR, LUMEN = "Harbor Home Energy", "Lumen Insights"
PARTIES = (CHOICE, METER_LOG, HARBOR, LUMEN)
RECEIVER = "receiver"


@dataclass(frozen=True, kw_only=True)
class Town:
    """What was built."""

    home: Home
    # of the receiver of every notice, and of the server
    port: int
    listens: int
    # simple homes, each of one customer
    points: tuple[int, ...]
    server: Server | None

    @property
    def utility(self) -> Utility:
        """Its commands."""
        return Utility(self.home.path)

    @property
    def clock(self) -> ShiftedClock:
        """What time it is there."""
        return ShiftedClock(self.home / CLOCK)

    @contextmanager
    def opened(self) -> Iterator[House]:
        """Its house in this process."""
        with opened(self.home.path) as house:
            yield house


@contextmanager
def built(
    engine: str, folder: Path, *, seed: int, homes: int, days: int, receiver: int | None = None, **settings: Any
) -> Iterator[Town]:
    """A town on an engine, for as long as the block runs; its notices go to `receiver`, a port."""
    with served(engine) as server, held(folder / "home") as home:
        told = database(server) | settings
        home.begin()
        make_keys(home)
        # what the sandbox's own settings do not say stays as it stands there
        home.write(FILE, written(told))
        port = receiver or free_port()
        equipped = equip(
            home,
            Wanted(
                port=free_port(),
                http=False,
                public_base=None,
                rate_limits=False,
                allow_notify=(f"localhost:{port}",),
            ),
        )
        ShiftedClock(home / CLOCK).shift(0)
        upgrade(Settings(home=home.path), anew=True)
        make(home, equipped, seed=seed, days=days, usage_points=homes, progress=lambda _done, _all: None)
        put(home, RECEIVER, authority_of(home).issue("Receiver", datetime.now(UTC), hosts=("localhost",)))
        with opened(home.path) as house:
            for party in house.registration.every():
                moved = replace(house.registration.wish(party), notification_uri=address(port, party.id))
                house.registration.change(party.name, moved)
            tell(house, home)
            with house.store.read(Purpose.INTAKE) as tx:
                points = tx.customers.usage_point_ids()[-homes:] if homes else ()
        yield Town(home=home, port=port, listens=equipped.listen_port, points=points, server=server)


@contextmanager
def folder_of(keep: Path | None) -> Iterator[Path]:
    """A folder of one run, which stays where it is named."""
    if keep is not None:
        keep.mkdir(mode=0o700, parents=True)
        yield keep
        return
    with TemporaryDirectory(prefix="wattshare-soak-") as name:
        yield Path(name)


def database(server: Server | None) -> dict[str, str]:
    """Settings of a fresh database."""
    if server is None:
        return {}
    name = server.make_database()
    return {"database_url": server.url(name), "database_owner_url": server.url(name, OWNER)}


def address(port: int, third_party: int) -> str:
    """Where a third party's notices go."""
    return f"https://localhost:{port}/{third_party}"


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])
