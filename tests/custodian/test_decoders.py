"""A year of quarter hours, unpacked by what clients use, is to the byte what is sent plain, and what the types say."""

import gzip
import importlib
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import httpx2
import pytest

from tests.conftest import missing
from tests.custodian.houses import built
from tests.custodian.servers import OpenStore
from tests.custodian.web.served import Answer, ask
from wattshare.custodian.front import Front
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.tokens import Token
from wattshare.custodian.services.disclosure import disclosure
from wattshare.custodian.services.disclosure.render import BlockItem, entry_of
from wattshare.custodian.web.server import serving
from wattshare.espi import wire
from wattshare.espi.ids import meter_reading_id

TOKEN = "wsa_of_a_year"
DAYS = 365
NODE = """
const [url, token] = process.argv.slice(1);
const answer = await fetch(url, {headers: {authorization: `Bearer ${token}`, "accept-encoding": "gzip"}});
if (answer.headers.get("content-encoding") !== "gzip") process.exit(3);
process.stdout.write(Buffer.from(await answer.arrayBuffer()));
"""


@dataclass(frozen=True, kw_only=True)
class Year:
    """The feed and what it is to be."""

    port: int
    target: str
    plain: bytes
    # what the typed writer makes of the entries
    entries: bytes

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}{self.target}"

    @property
    def headers(self) -> dict[str, str]:
        """What is asked with."""
        return {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "gzip"}

    def ask(self, target: str, known: str | None = None) -> Answer:
        """An answer as it comes; `known`: what the caller has."""
        condition = () if known is None else (("If-None-Match", known),)
        headers = (*self.headers.items(), *condition)
        return ask(self.port, target, headers=headers, host=f"127.0.0.1:{self.port}")


@pytest.fixture(scope="module", params=["templates", "direct"])
def year(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, open_store: OpenStore
) -> Iterator[Year]:
    """A year of one channel, served: its gzip by either encoder."""
    if request.param == "direct":
        request.getfixturevalue("encoder")
    folder = tmp_path_factory.mktemp("year")
    store = open_store(folder)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with built(
        folder, store, public_base=base, tls="off", proxy_addresses="", listen_port=port, encoder=request.param
    ) as house:
        home = house.home(days=DAYS)
        held, [point] = house.share(house.third_party(), home), home.usage_points
        at = house.clock()
        token = Token(
            bearer_class=BearerClass.ACCESS,
            third_party_id=held.third_party_id,
            authorization_id=held.id,
            scope="",
            issued_at=at,
            expires_at=at + 3_600,
        )
        with store.begin() as tx:
            tx.tokens.add(token, TOKEN)
        with store.read(held.id) as tx:
            [channel] = tx.readings.channels_shared(held, point, at)
            blocks = tuple(tx.readings.blocks(held, point, channel.number, None, at, house.house.profile))
        items = (BlockItem(subscription=held.id, channel=channel, block=block) for block in blocks)
        typed = (wire.entry(entry_of(item, house.house.addresses), house.house.profile) for item in items)
        name = meter_reading_id(channel.reading_type_id, channel.number)
        above = f"{house.house.profile.resource_root}/Subscription/{held.id}/UsagePoint/{point}"
        target = f"{above}/MeterReading/{name}/IntervalBlock"
        with serving(Front(house.house).application(), house.house.settings):
            told = (("Authorization", f"Bearer {TOKEN}"), ("Accept-Encoding", "identity"))
            answer = ask(port, target, headers=told, host=f"127.0.0.1:{port}")
            assert (answer.status, "content-encoding" in answer.headers) == (200, False)
            yield Year(port=port, target=target, plain=answer.raw, entries=b"".join(typed))
    store.close()


def program(name: str) -> str:
    """Where a program is."""
    found = shutil.which(name)
    if found is None:
        missing(name, f"install {name}")
    return str(found)


def by_gzip(year: Year) -> bytes:
    told = tuple(year.headers.items())
    packed = ask(year.port, year.target, headers=told, host=f"127.0.0.1:{year.port}")
    assert packed.headers["content-encoding"] == "gzip"
    return subprocess.run([program("gzip"), "-dc"], input=packed.raw, capture_output=True, check=True).stdout


def by_curl(year: Year) -> bytes:
    command = [program("curl"), "-sS", "--fail", "--compressed", "-H", f"Authorization: Bearer {TOKEN}", year.url]
    return subprocess.run(command, capture_output=True, check=True).stdout


def by_httpx2(year: Year) -> bytes:
    answer = httpx2.get(year.url, headers=year.headers, trust_env=False)
    assert answer.headers["content-encoding"] == "gzip"
    return answer.content


def by_requests(year: Year) -> bytes:
    try:
        requests = importlib.import_module("requests")
    except ImportError:
        missing("requests", "pip install requests")
    answer = requests.get(year.url, headers=year.headers, timeout=60)
    assert answer.headers["content-encoding"] == "gzip"
    body: bytes = answer.content
    return body


def by_node(year: Year) -> bytes:
    command = [program("node"), "--input-type=module", "-e", NODE, year.url, TOKEN]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("decoder", [by_gzip, by_curl, by_httpx2, by_requests, by_node])
def test_a_year_is_unpacked_to_what_is_sent_plain(year: Year, decoder: Callable[[Year], bytes]) -> None:
    assert decoder(year) == year.plain


def test_a_year_is_what_the_typed_writer_makes_of_it(year: Year) -> None:
    head, _, _ = year.plain.partition(b"<ns1:entry>")
    assert year.plain == head + year.entries + b"</ns1:feed>"
    assert year.plain.count(b"<ns0:IntervalReading>") in {DAYS * 96, DAYS * 96 - 4}


def test_however_blocks_are_read_the_answer_is_the_same(year: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = re.findall(rb"<ns1:title>IntervalBlock_(\d+)<", year.plain)
    for days, bound in product((1, 30, DAYS), ("", "PACKED", "PACKED_BYTES")):
        target = f"{year.target}?published-min={int(starts[-days])}"
        with monkeypatch.context() as bounds:
            if bound:
                # read as it leaves, in a view of its own
                bounds.setattr(disclosure, bound, 0)
            # with a condition nothing is read before it is known to fail
            first, second = year.ask(target), year.ask(target, '"another"')
        assert (first.status, second.status) == (200, 200)
        assert first.headers["etag"] == second.headers["etag"]
        head, _, entries = gzip.decompress(first.raw).partition(b"<ns1:entry>")
        assert gzip.decompress(second.raw) == head + b"<ns1:entry>" + entries
        assert year.plain.endswith(b"<ns1:entry>" + entries)
        assert entries.count(b"<ns0:IntervalBlock>") == days
        assert year.ask(target, first.headers["etag"]).status == 304
