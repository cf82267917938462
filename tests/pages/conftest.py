"""A house behind real sockets, an app to come back to, and a Chromium that finds both under their own names."""

import os
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import missing
from tests.conversations.stage import migrated
from tests.custodian.houses import TestHouse, built
from tests.custodian.stores import hurried
from tests.pages.screen import PHONE, Screen
from wattshare.custodian.front import Front
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.web.server import serving

HOST = "share.example"
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# slow machines take their time
PATIENCE = 15_000


class App(BaseHTTPRequestHandler):
    """Every third party's own site."""

    def do_GET(self) -> None:
        """A page, whatever is asked."""
        body = b"<!doctype html><title>App</title><h1>Back at the app</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class Site(ThreadingHTTPServer):
    """Where they are; a browser may hang up before it has asked."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where a Chromium is."""
    found = os.environ.get("WATTSHARE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        missing("browser", "install chromium (Debian: apt-get install chromium) or name one in WATTSHARE_CHROMIUM")
    return str(found)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for every name below .example."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    trustme.CA().issue_cert(HOST, "*.example").private_key_and_cert_chain_pem.write_to_path(path)
    return path


@pytest.fixture(scope="session")
def app_port(chromium_path: str, certificates: Path) -> Iterator[int]:
    """Where the apps are."""
    server = Site(("127.0.0.1", 0), App)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, name="app", daemon=True)
    thread.start()
    yield int(server.server_address[1])
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def house_port() -> int:
    """A port that is free, for one house after the other."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


# no longer than the pages' tests: while it runs, its driver's event loop is this thread's, and no other may be
@pytest.fixture(scope="package")
def chromium(chromium_path: str, house_port: int, app_port: int) -> Iterator[Browser]:
    """The browser. It finds the house and the apps by name, and nothing else of the world."""
    ours = f"MAP {HOST}:443 127.0.0.1:{house_port}, MAP *.example:443 127.0.0.1:{app_port}"
    names = f"{ours}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path, args=[*ARGUMENTS, f"--host-resolver-rules={names}"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def template(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and nothing in it."""
    return migrated(tmp_path_factory.mktemp("template"))


@pytest.fixture
def settings() -> dict[str, Any]:
    """What a file of tests sets besides."""
    return {}


@pytest.fixture
def house(
    template: Path, tmp_path: Path, certificates: Path, house_port: int, settings: dict[str, Any]
) -> Iterator[TestHouse]:
    """A house that listens, by TLS."""
    shutil.copy(template, tmp_path / "wattshare.db")
    store = hurried(f"sqlite:///{tmp_path / 'wattshare.db'}", Keys.make(tmp_path / "keys.json"))
    tls: dict[str, Any] = {"tls": "native", "tls_certificate": certificates, "tls_key": certificates}
    try:
        with (
            built(tmp_path, store, listen_port=house_port, **tls, **settings) as made,
            serving(Front(made.house).application(), made.house.settings),
        ):
            yield made
    finally:
        store.close()


Screens = Callable[..., Screen]


@pytest.fixture
def screens(chromium: Browser, house: TestHouse) -> Iterator[Screens]:
    """Makes screens, each of a browser without a past. None of them may have had anything to refuse."""
    made: list[Screen] = []
    with ExitStack() as stack:

        def screen(**options: Any) -> Screen:
            values: dict[str, Any] = {
                "viewport": PHONE,
                "java_script_enabled": False,
                "ignore_https_errors": True,
            } | options
            context = chromium.new_context(**values)
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE)
            made.append(Screen.of(house, context))
            return made[-1]

        yield screen
    assert [complaint for one in made for complaint in one.complaints] == []


@pytest.fixture
def screen(screens: Screens) -> Screen:
    """A small phone, light, without JavaScript."""
    return screens()


@pytest.fixture
def acme(house: TestHouse) -> Registered:
    """A third party that needs usage and would like the rest."""
    return house.third_party(purpose="To size a heat pump for your home.")
