"""Once over real sockets: mutual TLS both ways, a worker in its thread, a receiver that listens."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
import trustme
from starlette.testclient import TestClient

from tests.conversations.stage import OAUTH, RESOURCE, TEST_OAUTH, Person, days_of
from tests.custodian.houses import Home, Receivers, StoppedClock, TestHouse, built
from wattshare.custodian.app import assemble
from wattshare.custodian.front import Front
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.web.server import serving
from wattshare.thirdparty import errors, listening
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.connect import begin, finish
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.inbox import Drained, Inbox
from wattshare.thirdparty.receiver import Listener, Reception, server_tls

PATIENCE = 30


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Papers:
    """Certificates and keys as files, all below one CA."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca)

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate and its key."""
        made = self.authority.issue_cert(name)
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        files[0].write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(files[1])
        return files


@dataclass(frozen=True, kw_only=True)
class Place:
    """A custodian that listens, and a third party of it with an address of its own."""

    base: str
    house: TestHouse
    registered: Registered
    papers: Papers
    receiver: tuple[str, int]

    def custodian(self, papers: tuple[Path, Path] | None) -> Custodian:
        """The custodian as the third party knows it, shown these papers."""
        party = self.registered.party
        return Custodian(
            resource=self.base + RESOURCE,
            oauth=self.base + OAUTH,
            test_oauth=self.base + TEST_OAUTH,
            client_id=party.client_id,
            client_secret=self.registered.client_secret,
            redirect_uri=party.redirect_uris[0],
            bulk_id=str(party.id),
            ca=self.papers.ca,
            certificate=papers and papers[0],
            private_key=papers and papers[1],
        )

    def connect(self, client: Client, home: Home) -> str:
        """A customer shares, in a browser that shows no certificate. The authorization's id."""
        journey = begin(client.custodian)
        plain = replace(client.custodian, certificate=None, private_key=None)
        with httpx2.HTTPTransport(verify=plain.tls()) as transport:
            person = Person(replace(self.house, browser=Through(transport)), home, base=self.base)
            return finish(client, journey, person.share(journey)).subscription


class Through(TestClient):
    """A browser's way in over sockets."""

    def __init__(self, transport: httpx2.BaseTransport) -> None:
        self._transport = transport


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """One CA for everybody."""
    return Papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def acme(papers: Papers) -> tuple[Path, Path]:
    """What the third party has registered."""
    return papers.issue("acme.example")


@pytest.fixture
def place(store: Store, tmp_path: Path, papers: Papers, acme: tuple[Path, Path]) -> Iterator[Place]:
    """A house with its listener, its worker and its real way out, on the real clock."""
    port, receiver = free_port(), ("localhost", free_port())
    served, shown = papers.issue("localhost"), papers.issue("riverton.example")
    base = f"https://localhost:{port}"
    settings = Settings(
        home=tmp_path,
        public_base=base,
        listen_port=port,
        tls_certificate=served[0],
        tls_key=served[1],
        tls_ca=(papers.ca,),
        outbound_certificate=shown[0],
        outbound_key=shown[1],
        outbound_ca=(papers.ca,),
        allow_notify=(f"{receiver[0]}:{receiver[1]}",),
        rate_limits=False,
    )
    clock = StoppedClock(at=int(time.time()))
    with built(tmp_path, store) as plain:
        real = assemble(settings, replace(store, purpose=Purpose.HOUSE), lambda: int(time.time()))
        house = TestHouse(house=real, clock=clock, receivers=Receivers(), browser=plain.browser, store=store)
        registered = house.third_party(
            certificate=acme[0].read_text(), notification_uri=f"https://{receiver[0]}:{receiver[1]}/notices"
        )
        worker = real.worker("one")
        working = threading.Thread(target=worker.run)
        with serving(Front(real).application(), settings, real.registered):
            working.start()
            try:
                yield Place(base=base, house=house, registered=registered, papers=papers, receiver=receiver)
            finally:
                worker.stop()
                working.join()


def test_a_batch_is_ordered_told_and_fetched_over_mutual_tls(
    place: Place, acme: tuple[Path, Path], tmp_path: Path
) -> None:
    home = place.house.home()
    heard, drained = queue.Queue[str](), list[Drained | errors.Failed]()
    with Client(place.custodian(acme)) as client:
        subscription = place.connect(client, home)
        listener = threading.Thread(
            target=listening.listen,
            args=(Reception(custodian=client.custodian, inbox=Inbox(tmp_path / "inbox"), path="/notices"), client),
            kwargs={
                "host": "127.0.0.1",
                "port": place.receiver[1],
                # who shows no certificate of the utility's is not heard
                "tls": server_tls(*place.papers.issue("localhost"), place.papers.ca),
                "into": tmp_path / "fetched",
                "stop_after": 1,
                "heard": heard.put,
                "drained": drained.append,
            },
        )
        listener.start()
        heard.get(timeout=PATIENCE)
        client.subscription(subscription, place.house.day(2))
        listener.join(PATIENCE)
        assert not listener.is_alive()
    [fetched] = drained
    assert isinstance(fetched, Drained)
    assert fetched.outcome == "fetched"
    assert fetched.file is not None
    assert days_of(place.house, fetched.file) == [place.house.day(2), place.house.day(1)]


def test_a_certificate_that_is_not_the_registered_one_opens_nothing(place: Place, acme: tuple[Path, Path]) -> None:
    with Client(place.custodian(acme)) as client:
        token = client.grants.client_token().value
    other = place.papers.issue("other.example")
    with Client(place.custodian(other)) as client:
        with pytest.raises(errors.CertificateRefused) as refusal:
            client.grants.client_token()
        assert refusal.value.status == 400
    # a good token in the wrong hands
    for papers, path, status in (
        (other, "/ReadServiceStatus", 400),
        (None, "/ReadServiceStatus", 400),
        # first who asks for what, then with which certificate
        (other, "/ReadingType", 403),
        (None, "/ReadingType", 400),
    ):
        with httpx2.Client(verify=place.custodian(papers).tls()) as http:
            answer = http.get(place.base + RESOURCE + path, headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.text == '"Invalid Certificate"') == (status, status == 400)


def test_without_a_certificate_the_resources_and_the_token_endpoint_are_closed(place: Place) -> None:
    with Client(place.custodian(None)) as client, pytest.raises(errors.CertificateRefused):
        client.status()
    with httpx2.Client(verify=place.custodian(None).tls()) as http:
        # parameters come before the certificate
        said = http.post(place.base + OAUTH + "/token")
        assert (said.status_code, said.json()["error_description"]) == (400, "Missing grant_type")
        # customers' browsers have none, and get in
        assert http.get(place.base + "/sharing/sign-in").status_code == 200


def test_a_receiver_whose_certificate_nobody_signed_is_not_told(
    place: Place, acme: tuple[Path, Path], tmp_path: Path
) -> None:
    stranger = Papers(tmp_path)
    came = threading.Event()
    with Client(place.custodian(acme)) as client:
        reception = Reception(custodian=client.custodian, inbox=Inbox(tmp_path / "inbox"), heard=lambda _: came.set())
        listener = Listener(reception, "127.0.0.1", place.receiver[1], server_tls(*stranger.issue("localhost"), None))
        serving_it = threading.Thread(target=listener.serve_forever)
        serving_it.start()
        try:
            subscription = place.connect(client, place.house.home())
            client.subscription(subscription)
            causes = tried(place)
        finally:
            listener.shutdown()
            listener.server_close()
            serving_it.join()
    assert causes == ["bad_certificate"]
    assert not came.is_set()


def tried(place: Place) -> list[str | None]:
    """What became of the first try of the first notice."""
    party = place.registered.party.id
    for _ in range(PATIENCE * 10):
        with place.house.store.read() as tx:
            attempts = [tx.notices.attempts(notice.id) for notice in tx.notices.of_third_party(party, 0)]
        if attempts and attempts[0]:
            return [attempts[0][0].cause]
        time.sleep(0.1)
    raise AssertionError("no notice was tried")
