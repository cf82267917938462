"""What becomes of notices."""

import gzip
from pathlib import Path

import httpx2
import pytest

from tests.thirdparty.conftest import CUSTODIAN, NOW, RESOURCE, Counter, tokens
from tests.thirdparty.test_client import AUTHORIZATION, client_token
from tests.thirdparty.test_receiver import BULK, notice
from wattshare.thirdparty import errors
from wattshare.thirdparty.inbox import Inbox, Notice

ESPI = 'xmlns:ns0="http://naesb.org/espi" xmlns:ns1="http://www.w3.org/2005/Atom"'
ENTRY = AUTHORIZATION.replace("<ns1:entry>", f"<ns1:entry {ESPI}>", 1)


def told(inbox: Inbox, *urls: str) -> Notice:
    taken = inbox.take(notice(*urls), {}, CUSTODIAN, at=NOW)
    assert taken is not None
    return taken


def entry(status: int) -> httpx2.Response:
    text = ENTRY.format(n=2, id=4100001, length=0, status=status, resource="Batch/Subscription/4100001")
    return httpx2.Response(200, content=text.encode())


OUTCOMES: list[tuple[str, list[httpx2.Response], str, bool]] = [
    (BULK, [client_token(), httpx2.Response(200, content=b"<feed/>")], "fetched", False),
    (BULK, [client_token(), httpx2.Response(204)], "empty", False),
    (BULK, [client_token(), httpx2.Response(404)], "gone", False),
    (BULK, [client_token(), httpx2.Response(403)], "refused", False),
    (BULK, [client_token(), httpx2.Response(202)], "waits", True),
    (f"{RESOURCE}/Authorization/4100001", [client_token(), entry(1)], "changed", False),
    (f"{RESOURCE}/Authorization/4100001", [client_token(), entry(0)], "ended", False),
]


@pytest.mark.parametrize("case", OUTCOMES, ids=lambda case: case[2])
def test_each_address_has_its_outcome_and_the_notice_leaves_unless_it_must_wait(
    custodian: Counter, tmp_path: Path, case: tuple[str, list[httpx2.Response], str, bool]
) -> None:
    url, answers, outcome, waits = case
    inbox = Inbox(tmp_path / "inbox")
    told(inbox, url)
    custodian.answers = [*answers]
    [drained] = inbox.drain(custodian.client(None, tokens(1)), tmp_path / "fetched")
    assert (drained.outcome, drained.url) == (outcome, url)
    assert (drained.file is not None and drained.file.exists()) is (outcome in ("fetched", "changed", "ended"))
    assert bool(list(inbox.waiting())) is waits


@pytest.mark.parametrize(
    "packed", [gzip.compress(b"<feed/>")[:-3], b"no gzip", gzip.compress(b"")[:10] + b"?" * 20], ids=len
)
def test_what_came_broken_is_fetched_anew_and_holds_up_nothing(
    custodian: Counter, tmp_path: Path, packed: bytes
) -> None:
    inbox = Inbox(tmp_path / "inbox")
    told(inbox, BULK)
    # a validator by which a client would go on behind what it has

    def sent(content: bytes) -> httpx2.Response:
        said = {"content-encoding": "gzip", "etag": '"1"'}
        return httpx2.Response(200, headers=said, stream=httpx2.ByteStream(content))

    custodian.answers = [client_token(), sent(packed), sent(gzip.compress(b"<feed/>"))]
    client = custodian.client(None, tokens(1))
    [broken] = inbox.drain(client, tmp_path / "fetched")
    assert broken.outcome == "waits"
    [drained] = inbox.drain(client, tmp_path / "fetched")
    assert drained.file is not None
    assert drained.file.read_bytes() == b"<feed/>"
    assert "range" not in custodian.asked[-1].headers


def test_an_ended_authorization_is_forgotten(custodian: Counter, tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    told(inbox, f"{RESOURCE}/Authorization/4100001")
    custodian.answers = [client_token(), entry(0)]
    client = custodian.client(None, tokens(1))
    list(inbox.drain(client, tmp_path))
    assert client.store.every() == ()


def test_a_custodian_that_is_away_loses_nothing(custodian: Counter, tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    told(inbox, BULK)
    custodian.answers = [client_token(), *[httpx2.Response(503) for _ in range(3)]]
    with pytest.raises(errors.Unavailable):
        list(inbox.drain(custodian.client(), tmp_path / "fetched"))
    assert len(list(inbox.waiting())) == 1
    custodian.answers = [client_token(), httpx2.Response(200, content=b"<feed/>")]
    [drained] = inbox.drain(custodian.client(), tmp_path / "fetched")
    assert drained.outcome == "fetched"
    assert list(inbox.waiting()) == []


def test_foreign_addresses_are_named_and_never_asked(custodian: Counter, tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    told(inbox, "https://evil.example/x", BULK)
    custodian.answers = [client_token(), httpx2.Response(200, content=b"<feed/>")]
    outcomes = [(each.url, each.outcome) for each in inbox.drain(custodian.client(), tmp_path / "fetched")]
    assert outcomes == [(BULK, "fetched"), ("https://evil.example/x", "foreign")]
    assert {each.url.host for each in custodian.asked} == {"riverton.example"}


def test_every_part_has_a_file_of_its_own_and_the_same_part_the_same(custodian: Counter, tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    custodian.answers = [client_token(), *[httpx2.Response(200, content=b"<feed/>") for _ in range(3)]]
    client = custodian.client()
    told(inbox, BULK, BULK.replace("=1", "=2"))
    first = [each.file for each in inbox.drain(client, tmp_path)]
    told(inbox, BULK)
    second = [each.file for each in inbox.drain(client, tmp_path)]
    assert len({*first}) == 2
    assert second == first[:1]
