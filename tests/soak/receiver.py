"""`python -m tests.soak.receiver HOME FOLDER PORT CHANCE CALM`: the receiver of every notice, with faults unless calm.

It hears, keeps and fetches by the client library, as a third party would. What it heard, what it answered and what was
in the files goes to its journal.
"""

import http.server
import random
import re
import select
import signal
import ssl
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import stamina

from tests.soak.journal import Journal
from tests.soak.town import PARTIES, RECEIVER
from wattshare.custodian.clocks import FILE as CLOCK
from wattshare.custodian.clocks import ShiftedClock
from wattshare.custodian.sandbox.authority import Authority
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.errors import Failed
from wattshare.thirdparty.inbox import Inbox, read_notice
from wattshare.thirdparty.receiver import Reception
from wattshare.thirdparty.retries import Patience
from wattshare.thirdparty.tokens import FileTokenStore

# of a hundred notices
ERRORS, CLOSED, CLOSED_AFTER, STALLED, FETCHED_FIRST, SLOW = 8, 6, 2, 2, 12, 10
# of a hundred connections
WRONG = 6
STALL_SECONDS, SLOW_SECONDS, DRAIN_SECONDS = 30, 2.0, 0.5
# whose authorization an entry of a file is of
WHOSE = re.compile(rb"/(?:Subscription|RetailCustomer|Authorization)/(\d+)")
JOURNAL = "receiver.jsonl"


class House:
    """One third party at its receiver: reception, inbox, client."""

    def __init__(self, home: Path, folder: Path, name: str, journal: Journal) -> None:
        clock = ShiftedClock(home / CLOCK)
        self.journal = journal
        self.custodian = Custodian.from_sandbox(home, name)
        self.into = folder / f"fetched-{self.custodian.bulk_id}"
        self.into.mkdir(exist_ok=True)

        def now() -> datetime:
            return datetime.fromtimestamp(clock(), UTC)

        store = FileTokenStore(tokens_of(folder, name))
        self.client = Client(self.custodian, store=store, now=now, patience=Patience(tries=2, within=20))
        self.inbox = Inbox(folder / f"inbox-{self.custodian.bulk_id}")
        # notices are stamped with the machine's time, whatever a town's clock says
        self.reception = Reception(custodian=self.custodian, inbox=self.inbox)

    @property
    def number(self) -> str:
        """Its third party's id."""
        return str(self.custodian.bulk_id)

    def fetch(self, url: str) -> None:
        """Fetch one address at once, and say what was in it."""
        began = time.time()
        try:
            reply = self.client.fetch(url)
        except Failed as error:
            self.journal.write("not_fetched", party=self.number, url=url, why=type(error).__name__, began=began)
            return
        self.say(url, began, "fetched", b"" if reply.is_empty else reply.read())

    def drain(self) -> None:
        """Fetch all that waits; what cannot be fetched now is asked for again."""
        began = time.time()
        try:
            for one in self.inbox.drain(self.client, self.into):
                body = one.file.read_bytes() if one.file is not None and one.file.exists() else b""
                self.say(one.url, began, one.outcome, body)
                began = time.time()
        except Failed as error:
            self.journal.write("not_fetched", party=self.number, url="", why=type(error).__name__, began=began)

    def say(self, url: str, began: float, outcome: str, body: bytes) -> None:
        """What was fetched, and whose it is."""
        whose = sorted({found.decode() for found in WHOSE.findall(body)})
        self.journal.write("fetched", party=self.number, url=url, began=began, outcome=outcome, whose=whose)


def tokens_of(folder: Path, name: str) -> Path:
    """Where a third party keeps its customers' tokens."""
    return folder / f"tokens-{PARTIES.index(name)}.json"


class Listener(http.server.ThreadingHTTPServer):
    """Hears by TLS."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, tls: ssl.SSLContext, houses: dict[str, House], chance: random.Random, calm: bool):
        self.houses, self.chance, self.calm = houses, chance, calm
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Hearing)
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def draw(self) -> int:
        """A number below a hundred."""
        with self.lock:
            return 99 if self.calm else self.chance.randrange(100)

    def handle_error(self, request: object, client_address: object) -> None:
        """Handshakes that fail are among what is tried here."""


class Hearing(http.server.BaseHTTPRequestHandler):
    """One notice."""

    timeout = 60
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Hear it, misbehave or not, and say so."""
        server = cast(Listener, self.server)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers["content-length"]))
        house = server.houses[self.path.strip("/")]
        told = {
            "party": house.number,
            "id": headers["webhook-id"],
            "replay": headers.get("x-notice-replay", ""),
            "stamp": int(headers["webhook-timestamp"]),
        }
        house.journal.write("heard", **told, urls=read_notice(body))
        self.close_connection = True
        if self.misbehaved(house, server.draw(), body):
            return
        answer = house.reception.take(body, headers)
        if server.draw() < CLOSED_AFTER:
            # it is kept here, and nobody hears of it
            return
        # who was killed meanwhile hears nothing: whoever takes over must ask again
        there = self.somebody_is_there()
        self.answer(answer.status)
        house.journal.write("answered", **told, status=int(answer.status), there=there)

    def misbehaved(self, house: House, draw: int, body: bytes) -> bool:
        """Whether the notice was not taken; some are taken, and only late."""
        shares = {"error": ERRORS, "close": CLOSED, "stall": STALLED, "fetch": FETCHED_FIRST, "slow": SLOW}
        for fault, share in shares.items():  # noqa: B007 the first that the draw falls into
            if (draw := draw - share) < 0:
                break
        else:
            return False
        match fault:
            case "error":
                self.answer(500)
            case "stall":
                time.sleep(STALL_SECONDS + 1)
            case "fetch":
                for url in read_notice(body):
                    house.fetch(url)
            case "slow":
                time.sleep(SLOW_SECONDS)
        return fault in ("error", "close", "stall")

    def somebody_is_there(self) -> bool:
        """Whether who asks still waits: who has sent all and says more has hung up."""
        readable, _, _ = select.select([self.connection.fileno()], [], [], 0)
        return not readable

    def answer(self, status: int) -> None:
        """An answer without a body."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quietly: the journal has it."""


def contexts(home: Path, chance: random.Random, calm: bool) -> ssl.SSLContext:
    """TLS that shows a certificate of nobody's authority now and then."""
    right = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    right.load_cert_chain(home / f"{RECEIVER}.pem", home / f"{RECEIVER}.key")
    right.load_verify_locations(home / "ca.pem")
    right.verify_mode = ssl.CERT_REQUIRED
    issued = Authority.make("Nobody", datetime.now(UTC)).issue("localhost", datetime.now(UTC), hosts=("localhost",))
    for name, content in (("wrong.pem", issued.certificate), ("wrong.key", issued.private_key)):
        (home / name).write_bytes(content)
    wrong = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wrong.load_cert_chain(home / "wrong.pem", home / "wrong.key")

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        if not calm and chance.randrange(100) < WRONG:
            connection.context = wrong

    right.sni_callback = choose
    return right


def main(home: Path, folder: Path, port: int, seed: str, *, calm: bool) -> None:
    """Hear until a signal ends it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stamina.instrumentation.set_on_retry_hooks([])
    chance, journal = random.Random(seed), Journal(folder / JOURNAL)
    houses = {one.number: one for one in (House(home, folder, name, journal) for name in PARTIES)}
    listener = Listener(port, contexts(home, random.Random(f"{seed}-tls"), calm), houses, chance, calm)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    try:
        while True:
            for house in houses.values():
                house.drain()
            time.sleep(DRAIN_SECONDS)
    except KeyboardInterrupt:
        listener.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4], calm=sys.argv[5] == "calm")
