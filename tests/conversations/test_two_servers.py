"""Sharing ends at one server while another, on the same database, has a file of it on its way out."""

import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.conversations.stage import Desk, Person
from tests.custodian.houses import Home, TestHouse
from tests.custodian.web.served import ask
from wattshare.custodian.front import Front
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.services.fetching import Fetched
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.web.words import ENDINGS as ENDED
from wattshare.espi.endpoints import by_name
from wattshare.thirdparty.tokens import Tokens

ROOT = Path(__file__).parents[2]
SIZE = 200 * 1024 * 1024
# a server of its own process, on the same store and folder; says its port, and serves until its input ends
SERVER = """
import sys
from pathlib import Path

from tests.custodian import houses
from wattshare.custodian.front import Front
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.web.server import serving

folder, at = Path(sys.argv[1]), int(sys.argv[2])
store = Store.connect(sys.argv[3], Keys.read(folder / "keys.json"))
with houses.built(folder, store, listen_port=0) as house:
    house.clock.at = at
    with serving(Front(house.house).application(), house.house.settings) as port:
        print(port, file=sys.stderr, flush=True)
        sys.stdin.read()
"""


@contextmanager
def another(house: TestHouse) -> Iterator[int]:
    """The port of another server."""
    url = house.store.engine.url.render_as_string(hide_password=False)
    told = [sys.executable, "-c", SERVER, str(house.house.settings.home), str(house.clock()), url]
    # what it logs goes nowhere: a pipe that nobody reads would stop it
    process = subprocess.Popen(
        told, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if line.strip().isdigit():
                yield int(line)
                break
    finally:
        process.stdin.close()
        process.stderr.read()
        process.wait()


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who shares, with whom, and a way to end it."""

    house: TestHouse
    acme: Desk
    home: Home
    tokens: Tokens


def customer(scene: Scene) -> None:
    """The customer's own page."""
    Person(scene.house, scene.home).stop(scene.acme.name)


def third_party(scene: Scene) -> None:
    """DELETE by the third party."""
    scene.acme.client.revoke(scene.tokens.subscription)


def operator(scene: Scene) -> None:
    """`wattshare authorization revoke`."""
    scene.house.house.consent.withdraw(int(scene.tokens.subscription), Ending.OPERATOR)


def expiry(scene: Scene) -> None:
    """The end of the period."""
    scene.house.clock.advance(86_400)
    assert scene.house.house.consent.end_due() == 1


def move_out(scene: Scene) -> None:
    """The end of the customer's last service."""
    with scene.house.store.begin(Purpose.INTAKE) as tx:
        for agreement in scene.home.agreements:
            tx.customers.end_agreement(agreement.id, scene.house.clock())
    assert scene.house.house.consent.end_due() == 1


def connected_again(scene: Scene) -> None:
    """Another permission, which takes the place of this one."""
    scene.acme.connect(scene.home)


ENDINGS = {
    Ending.CUSTOMER: customer,
    Ending.THIRD_PARTY: third_party,
    Ending.OPERATOR: operator,
    Ending.EXPIRED: expiry,
    Ending.MOVED_OUT: move_out,
    Ending.REPLACED: connected_again,
}


def enlarged(house: TestHouse) -> None:
    """Let the one file that there is be larger than a connection holds."""
    with house.store.begin() as tx:
        [name] = tx.batches.files()
        found = tx.batches.part(name.partition(".")[0])
        assert found is not None
        tx.batches.change_part(replace(found[0], gzip_bytes=SIZE))
    with (house.house.settings.home / "batches" / name).open("wb") as file:
        file.truncate(SIZE)


def rest(connection: socket.socket) -> int:
    """How many bytes still come, to a reader that is slower than the machine."""
    got = 0
    while select.select([connection], [], [], 30)[0]:
        try:
            piece = connection.recv(1 << 20)
        except ConnectionResetError:
            break
        if not piece:
            break
        got += len(piece)
        time.sleep(0.03)
    return got


# what ends it is one piece of code: every way on the engine of many servers, one on the other
@pytest.mark.parametrize(
    ("engine", "why"), [("sqlite", Ending.CUSTOMER), *(("postgresql", ending) for ending in ENDINGS)]
)
def test_nothing_leaves_any_server_any_more(house: TestHouse, acme: Desk, why: Ending) -> None:
    home = house.home()
    tokens = acme.connect(home, until=house.day(0) if why is Ending.EXPIRED else None)
    acme.client.subscription(tokens.subscription)
    [url] = acme.files()
    waiting = acme.client.subscription(tokens.subscription, house.day(3))
    enlarged(house)
    target = url.removeprefix("https://share.example")
    feed = target.partition("/Batch/")[0] + f"/Subscription/{tokens.subscription}/UsagePoint"
    bearer = ("Authorization", f"Bearer {tokens.access_token}")
    client = ("Authorization", f"Bearer {acme.client_token()}")
    end: Callable[[Scene], None] = ENDINGS[why]
    with another(house) as port:
        assert ask(port, feed, headers=(bearer,)).status == 200
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            request = f"GET {target} HTTP/1.1\r\nHost: share.example\r\n{': '.join(bearer)}\r\n"
            connection.sendall(f"{request}Accept-Encoding: gzip\r\n\r\n".encode())
            got = len(connection.recv(1 << 16))
            end(Scene(house=house, acme=acme, home=home, tokens=tokens))
            # from the commit on
            assert ask(port, feed, headers=(bearer,)).status == 401
            assert ask(port, target, headers=(bearer,)).status == 401
            assert ask(port, target, headers=(client,)).status == 404
            got += rest(connection)
    assert got < SIZE
    with house.store.read() as tx:
        held = tx.authorizations.by_id(int(tokens.subscription))
    assert held is not None
    assert held.ending is why
    # the third party is told of it, and of no file
    told = acme.told()
    assert any(address.endswith(f"/Authorization/{tokens.subscription}") for address in told)
    assert not any("correlationID" in address for address in told)
    assert acme.client.order_status(waiting).state == "withdrawn"
    assert not any((house.house.settings.home / "batches").iterdir())
    with Person(house, home).browser("https://share.example/nowhere") as browser:
        Person(house, home).sign_in(browser, browser.open("https://share.example/sharing"))
        page = browser.open("https://share.example/sharing?tab=ended")
    assert ENDED[why] in page.text


def test_a_server_that_cannot_ask_says_so_and_sends_nothing(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription)
    [url] = acme.files()
    client = acme.client_token()
    assert acme.ask(url, client).status_code == 200
    away = Store.connect("postgresql://nobody@127.0.0.1:1/none", house.store.keys)
    house.browser._transport.app = Front(replace(house.house, store=away)).application()  # type: ignore[attr-defined]
    for address in (url, f"/Subscription/{tokens.subscription}/UsagePoint"):
        answer = acme.ask(address, client)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert list(answer.json()) == ["correlation_id"]


def test_a_file_that_is_made_again_for_the_others_is_not_called_gone(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.connect(house.home())
    acme.client.bulk(house.day(1))
    [url] = acme.files()
    with house.store.read() as tx:
        found = tx.batches.part(url.partition("correlationID=")[2])
    assert found is not None
    permission = house.house.access.open(
        house.house.tokens.identify(f"Bearer {acme.client_token()}", None),
        by_name("batch-bulk"),
        {"bulk": str(found[1].third_party_id)},
        fetch=True,
    )
    house.house.fetching.go_on(permission, found[0])
    house.house.consent.withdraw(int(tokens.subscription), Ending.CUSTOMER)
    with pytest.raises(Unavailable, match="made again"):
        house.house.fetching.go_on(permission, found[0])


def test_a_download_is_cut_where_nobody_can_say_whether_it_may_go_on(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription)
    [url] = acme.files()
    enlarged(house)
    fetching = house.house.fetching
    away = Store.connect("postgresql://nobody@127.0.0.1:1/none", house.store.keys)
    seconds = iter(range(10_000))

    def gone(fetched: Any, *given: Any, **told: Any) -> Iterator[bytes]:
        lost = replace(fetching, store=away, monotonic=lambda: float(next(seconds)))
        return lost.pieces(fetched, *given, **told)

    with house.store.read() as tx:
        found = tx.batches.part(url.partition("correlationID=")[2])
    assert found is not None
    fetched = Fetched(part=found[0], path=fetching.files.path(found[0].file), transaction=None)
    bearer = house.house.tokens.identify(f"Bearer {tokens.access_token}", None)
    permission = house.house.access.open(
        bearer, by_name("batch-subscription"), {"subscription": tokens.subscription}, fetch=True
    )
    sent = gone(permission, fetched, inflate=False, first=0, count=SIZE)
    with pytest.raises(Unavailable):
        list(sent)
