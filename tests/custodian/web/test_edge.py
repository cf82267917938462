"""The edge, over a real connection: paths, caps, hosts, codings, and bodies that are pulled."""

import gzip
import http.client
import json
import socket
import threading
import uuid
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import zstandard

from tests.custodian.web.served import HOST, Answer, ask, listening, plain, read
from wattshare.custodian.model.errors import NotCovered, Unavailable
from wattshare.custodian.web import edge, server
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token

R = "/GreenButtonConnect/espi/1_1/resource"
LONG = b"<entry>1234567890</entry>" * 1000


def echo(call: Call) -> Response:
    """Everything that the handler was given."""
    return Response.json(
        {
            "method": call.method,
            "path": dict(call.path),
            "path_text": call.path_text,
            "query": call.query.pairs,
            "form": call.form.pairs,
            "body": call.body.decode("latin-1"),
            "cookies": dict(call.cookies),
            "headers": dict(call.headers),
            "address": call.address,
            "correlation_id": call.correlation_id,
        }
    )


class Slow:
    """A body that never ends, and notices when it is closed."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.closed = threading.Event()

    def pieces(self) -> Iterator[bytes]:
        self.started.set()
        try:
            while True:
                yield b"x" * 65536
        finally:
            self.closed.set()

    def handler(self, _call: Call) -> Response:
        return Response.xml(self.pieces())


def long(call: Call) -> Response:
    """An answer with an ETag that is worth compressing."""
    if call.headers.get("if-none-match") == '"v1"':
        return Response.empty(304, headers=(("ETag", '"v1"'), ("Cache-Control", "private, no-cache")))
    return Response.xml(LONG, headers=(("ETag", '"v1"'), ("Cache-Control", "private, no-cache")))


def pulled(call: Call) -> Response:
    """As many pieces as asked for."""
    count = int(call.path["count"])
    return Response.xml(f"<entry>{number:>80}</entry>".encode() for number in range(count))


def tagged(call: Call) -> Response:
    """The same with an ETag."""
    return pulled(call).with_headers(("ETag", '"v1"'))


def broken(call: Call) -> Response:
    """A body that breaks after so many pieces, with a secret on its lips."""

    def pieces() -> Iterator[bytes]:
        for _ in range(int(call.path["count"])):
            yield b"x" * 65536
        raise RuntimeError("hunter2")

    return Response(body=pieces(), content_type="text/plain")


def refuse(_call: Call) -> Response:
    raise NotCovered


def busy(_call: Call) -> Response:
    raise Unavailable(retry_after=7)


def fail(_call: Call) -> Response:
    raise KeyError("hunter2")


def split(_call: Call) -> Response:
    return Response(headers=(("Location", "/\r\nx: y"),))


SLOW = Slow()
ROUTES = (
    Route(path=R + "/Subscription/{subscription}/UsagePoint", token=Token.ACCESS, handler=echo),
    Route(path=R + "/ReadingType/{reading_type}", token=Token.ACCESS, handler=echo),
    Route(path=R + "/ApplicationInformation/{application}", token=Token.REGISTRATION, handler=echo),
    Route(path="/datacustodian/oauth/v2/token", method="POST", token=Token.BASIC, handler=echo),
    Route(path="/long", token=Token.NONE, handler=long),
    Route(path="/short", token=Token.NONE, handler=lambda _call: Response.xml(b"<a/>")),
    Route(path="/pulled/{count}", token=Token.NONE, handler=pulled),
    Route(path="/tagged/{count}", token=Token.NONE, handler=tagged),
    Route(path="/broken/{count}", token=Token.NONE, handler=broken),
    Route(path="/slow", token=Token.NONE, handler=SLOW.handler),
    Route(path="/refuse", token=Token.NONE, handler=refuse),
    Route(path="/busy", token=Token.NONE, handler=busy),
    Route(path="/fail", token=Token.NONE, handler=fail),
    Route(path="/split", token=Token.NONE, handler=split),
    Route(path="/gone", method="DELETE", token=Token.CLIENT, handler=lambda _call: Response.empty()),
    Route(path="/none", token=Token.NONE, handler=lambda _call: Response.empty(204)),
    Route(path="/static/{name:path}", token=Token.NONE, handler=echo),
    Route(path="/", token=Token.NONE, handler=echo),
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A listener with the routes above."""
    with listening(plain(tmp_path_factory.mktemp("home"), body_seconds=1), *ROUTES) as port:
        yield port


def told(answer: Answer) -> dict[str, object]:
    """A JSON answer."""
    assert answer.status == 200, answer
    read: dict[str, object] = json.loads(answer.body)
    return read


# paths


@pytest.mark.parametrize(
    ("target", "parameters"),
    [
        (R + "/Subscription/4100/UsagePoint", {"subscription": "4100"}),
        (R + "/Subscription/4100/UsagePoint/", {"subscription": "4100"}),
        (
            "//GreenButtonConnect///espi/1_1/resource/Subscription/4100//UsagePoint//",
            {"subscription": "4100"},
        ),
        (R + "/subscription/4100/usagepoint", {"subscription": "4100"}),
        (R + "/ReadingType/MTk6OjM2MDA6MQ==", {"reading_type": "MTk6OjM2MDA6MQ=="}),
        (R + "/ReadingType/MTk6OjM2MDA6MQ%3D%3d", {"reading_type": "MTk6OjM2MDA6MQ=="}),
        (R + "/ReadingType/a+b", {"reading_type": "a+b"}),
        (R + "/ReadingType/a%2Bb", {"reading_type": "a+b"}),
        (R + "/ReadingType/%C3%BC", {"reading_type": "ü"}),
        # decoded once: what comes out is a name like any other
        (R + "/ReadingType/a%252Fb", {"reading_type": "a%2Fb"}),
        (R + "/Applicationinformation/x", {"application": "x"}),
        ("/static/css/a.css", {"name": "css/a.css"}),
        ("/", {}),
        ("//", {}),
        ("/?a=/../b", {}),
    ],
)
def test_a_path_is_taken_apart_once(port: int, target: str, parameters: dict[str, str]) -> None:
    assert told(ask(port, target))["path"] == parameters


@pytest.mark.parametrize(
    "target",
    [
        "/nowhere",
        R + "/Subscription/4100",
        R + "/Subscription/4100/UsagePoint/x",
        R + "/Subscription/../Subscription/1/UsagePoint",
        R + "/./Subscription/1/UsagePoint",
        R + "/Subscription/%2e%2E/UsagePoint",
        R + "/Subscription/.%2e/UsagePoint",
        R + "/Subscription/a%2Fb/UsagePoint",
        R + "/Subscription/a%2fb/UsagePoint",
        R + "/Subscription/a%5Cb/UsagePoint",
        R + "/Subscription/a%00/UsagePoint",
        R + "/Subscription/1/UsagePoint%0A",
        R + "/Subscription/1/UsagePoint%0d%0ax:y",
        R + "/Subscription/a%/UsagePoint",
        R + "/Subscription/a%zz/UsagePoint",
        R + "/Subscription/%FF/UsagePoint",
        R + "/Subscription/%E2%80%AE/UsagePoint",
        "/static/../long",
        "/static/%2e%2e/long",
    ],
)
def test_a_path_that_is_none_of_ours_is_not_found(port: int, target: str) -> None:
    answer = ask(port, target)
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body.decode() == f"No listener for endpoint: {target[:200]}"


def test_an_endless_path_is_not_said_back_in_full(port: int) -> None:
    assert len(ask(port, "/<script>" + "a" * 9000).body) < 300


def test_the_path_text_is_what_came(port: int) -> None:
    target = R + "/ReadingType/a%3D/"
    assert told(ask(port, target + "?x=1"))["path_text"] == target


@pytest.mark.parametrize("name", ["X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Forwarded-Host"])
def test_no_header_changes_where_a_request_goes(port: int, name: str) -> None:
    assert ask(port, "/nowhere", headers=((name, "/long"),)).status == 404
    assert told(ask(port, "/", headers=((name, "DELETE"),)))["method"] == "GET"


@pytest.mark.parametrize(
    ("target", "method", "allow"),
    [
        ("/long", "POST", "GET, HEAD"),
        ("/long", "OPTIONS", "GET, HEAD"),
        ("/long", "PUT", "GET, HEAD"),
        ("/long", "TRACE", "GET, HEAD"),
        ("/gone", "GET", "DELETE"),
        ("/gone", "HEAD", "DELETE"),
        ("/datacustodian/oauth/v2/token", "GET", "POST"),
    ],
)
def test_another_verb_is_told_which_there_are(port: int, target: str, method: str, allow: str) -> None:
    answer = ask(port, target, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, allow)
    if method != "HEAD":
        assert json.loads(answer.body)["error_description"] == f"{method} not permitted"


def test_head_is_get_without_its_body(port: int) -> None:
    get, head = ask(port, "/long"), ask(port, "/long", method="HEAD")
    assert head.raw == b""
    differing = {"date", "x-correlation-id", "x-transaction-id"}
    assert {k: v for k, v in head.headers.items() if k not in differing} == {
        k: v for k, v in get.headers.items() if k not in differing
    }
    pulled = ask(port, "/pulled/9", method="HEAD")
    assert (pulled.status, pulled.raw) == (200, b"")


@pytest.mark.parametrize("wanted", ["identity", "gzip", "zstd", "gzip, identity;q=0"])
@pytest.mark.parametrize("count", [0, 3, 30])
def test_head_names_the_representation_of_a_body_that_is_pulled(port: int, count: int, wanted: str) -> None:
    said = (("Accept-Encoding", wanted),)
    get, head = (ask(port, f"/tagged/{count}", method=method, headers=said) for method in ("GET", "HEAD"))
    assert head.raw == b""
    for name in ("etag", "content-encoding", "vary"):
        assert head.headers.get(name) == get.headers.get(name)


# hosts


@pytest.mark.parametrize("host", [HOST, HOST.upper(), f"{HOST}:443", "127.0.0.1:0"])
def test_our_own_hosts_are_answered(port: int, host: str) -> None:
    assert ask(port, "/", host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", f"{HOST}:8443", f"x.{HOST}", f"{HOST}.evil.example", "127.0.0.1", ""])
def test_another_host_is_misdirected(port: int, host: str) -> None:
    assert ask(port, "/", host=host).status == 421


def test_a_request_without_a_host_is_refused(port: int) -> None:
    assert ask(port, "/", host=None).status == 400


def test_where_every_address_is_listened_on_the_one_that_was_reached_is_ours(tmp_path: Path) -> None:
    with listening(plain(tmp_path, listen_host="0.0.0.0"), *ROUTES) as port:
        assert ask(port, "/", host=f"127.0.0.1:{port}").status == 200
        assert ask(port, "/", host=f"10.0.0.1:{port}").status == 421
        assert ask(port, "/", host=f"evil.example:{port}").status == 421


# what is read


@pytest.mark.parametrize("name", ["Authorization", "Host", "Content-Type"])
def test_a_header_that_says_one_thing_is_not_taken_twice(port: int, name: str) -> None:
    value = HOST if name == "Host" else "x"
    headers = ((name, value),) if name == "Host" else ((name, value), (name, value))
    answer = ask(port, "/", headers=headers)
    assert (answer.status, json.loads(answer.body)["field"]) == (400, name.lower())


def test_headers_have_lower_case_names_and_others_are_joined(port: int) -> None:
    headers = told(ask(port, "/", headers=(("X-A", "1"), ("x-a", " 2 "), ("Authorization", "Bearer t"))))["headers"]
    assert isinstance(headers, dict)
    assert (headers["x-a"], headers["authorization"]) == ("1, 2", "Bearer t")


def test_cookies_are_read(port: int) -> None:
    read = told(ask(port, "/", headers=(("Cookie", 'a=1; b="2"; c; a=3'), ("Cookie", "d=4"))))
    assert read["cookies"] == {"a": "1", "b": "2", "d": "4"}


def test_a_form_is_read_and_so_is_the_query(port: int) -> None:
    form = (("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),)
    target = "/datacustodian/oauth/v2/token?q=%C3%BC&e="
    read = told(ask(port, target, method="POST", headers=form, body=b"a=1+2&a=3"))
    assert read["form"] == [["a", "1 2"], ["a", "3"]]
    assert read["query"] == [["q", "ü"], ["e", ""]]
    assert read["body"] == "a=1+2&a=3"


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_any_other_body_is_left_to_the_handler(port: int, kind: str) -> None:
    headers = (("Content-Type", kind),) if kind else ()
    read = told(ask(port, "/datacustodian/oauth/v2/token", method="POST", headers=headers, body=b"a=1"))
    assert (read["form"], read["body"]) == ([], "a=1")


@pytest.mark.parametrize("body", [b"{}", b"x" * 65_536])
def test_what_comes_with_a_get_is_read_and_dropped(port: int, body: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(2):
            head = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            assert told(read(connection))["body"] == ""


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_beyond_the_cap_is_refused_and_the_connection_closed(port: int, method: str) -> None:
    target = "/" if method == "GET" else "/datacustodian/oauth/v2/token"
    answer = ask(port, target, method=method, body=b"x" * 65_537)
    assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_a_chunked_body_has_the_same_cap(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        line = "POST /datacustodian/oauth/v2/token HTTP/1.1"
        head = f"{line}\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode() + b"10000\r\n" + b"x" * 65_536 + b"\r\n1\r\nx\r\n")
        assert read(connection).status == 413


def test_a_body_that_does_not_come_is_not_waited_for(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"POST /datacustodian/oauth/v2/token HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 9\r\n\r\n"
        connection.sendall(head.encode() + b"a=1")
        assert read(connection).status == 408


def test_a_head_that_does_not_come_is_not_waited_for(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert connection.recv(1000) == b""


def test_a_compressed_body_is_not_taken(port: int) -> None:
    headers = (("Content-Encoding", "gzip"), ("Content-Type", "application/x-www-form-urlencoded"))
    target = "/datacustodian/oauth/v2/token"
    assert ask(port, target, method="POST", headers=headers, body=gzip.compress(b"a=1")).status == 415


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (tuple((f"x-{number}", "y") for number in range(99)), 200),
        (tuple((f"x-{number}", "y") for number in range(100)), 431),
        ((("x", "y" * 16_000),), 200),
        ((("x", "y" * 17_000),), 431),
        ((("x", "y" * 1_000_000),), 431),
    ],
)
def test_a_head_beyond_its_caps_is_refused(port: int, headers: tuple[tuple[str, str], ...], status: int) -> None:
    assert ask(port, "/", headers=headers).status == status


def test_a_request_line_beyond_the_cap_is_refused(port: int) -> None:
    refused = ask(port, "/?" + "q" * 17_000)
    assert refused.status == 431
    assert json.loads(refused.body)["error"] == "headers_too_large"


@pytest.mark.parametrize("line", [b"FOO / HTTP/1.1", "GET /?published-min=\u0663 HTTP/1.1".encode(), b"nonsense"])
def test_what_is_not_http_gets_a_sentence_that_a_program_can_read(port: int, line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(line + b"\r\nHost: localhost\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 400
        assert answer.headers["content-type"] == "application/json;charset=UTF-8"
        assert json.loads(answer.read())["error"] == "invalid_request"


# what is sent


def test_every_answer_has_one_id_that_the_handler_knows(port: int) -> None:
    first, second = ask(port, "/"), ask(port, "/nowhere")
    assert told(first)["correlation_id"] == first.headers["x-correlation-id"]
    assert first.headers["x-correlation-id"] == first.headers["x-transaction-id"]
    assert uuid.UUID(first.headers["x-correlation-id"]) != uuid.UUID(second.headers["x-correlation-id"])


@pytest.mark.parametrize("target", ["/", "/nowhere", "/refuse", "/fail", "/short"])
def test_every_answer_says_what_browsers_and_caches_may_do(port: int, target: str) -> None:
    headers = ask(port, target).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "strict-transport-security" in headers
    assert "server" not in headers


def test_what_the_handler_says_stands(port: int) -> None:
    assert ask(port, "/long").headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(("target", "length"), [("/none", None), ("/gone", "0")])
def test_an_empty_answer_has_neither_body_nor_type(port: int, target: str, length: str | None) -> None:
    answer = ask(port, target, method="DELETE" if target == "/gone" else "GET")
    assert (answer.raw, answer.headers.get("content-length")) == (b"", length)
    assert "content-type" not in answer.headers
    assert "transfer-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("deflate, gzip;q=1.0, *;q=0.5", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("*", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *;q=1", None),
        ("*;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("br, deflate", None),
        ("gzip;q=nonsense", None),
    ],
)
def test_gzip_is_sent_to_who_wants_it(port: int, wanted: str, sent: str | None) -> None:
    answer = ask(port, "/long", headers=(("Accept-Encoding", wanted),) if wanted else ())
    assert answer.headers.get("content-encoding") == sent
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-length"] == str(len(answer.raw))
    assert answer.body == LONG


GZIP = (("Accept-Encoding", "gzip"),)


@pytest.mark.parametrize(("target", "count"), [("/long", 1000), ("/pulled/100", 100), ("/pulled/900000", 900_000)])
def test_zstd_is_sent_to_who_asks_for_it_with_an_etag_of_its_own(port: int, target: str, count: int) -> None:
    answer = ask(port, target, headers=(("Accept-Encoding", "zstd"),))
    assert answer.headers["content-encoding"] == "zstd"
    assert answer.headers.get("etag", '"v1+zst"') == '"v1+zst"'
    with zstandard.ZstdDecompressor().stream_reader(answer.raw) as frame:
        assert frame.read().count(b"<entry>") == count


def test_who_refuses_the_plain_bytes_gets_gzip_however_small_it_is(port: int) -> None:
    for target in ("/short", "/pulled/3"):
        answer = ask(port, target, headers=(("Accept-Encoding", "gzip, identity;q=0"),))
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.body == ask(port, target).raw


def test_a_small_body_is_not_compressed(port: int) -> None:
    for target, status in (("/short", 200), ("/pulled/3", 200), ("/refuse", 403)):
        answer = ask(port, target, headers=GZIP)
        assert (answer.status, answer.headers.get("content-encoding")) == (status, None)
        assert answer.headers["content-length"] == str(len(answer.raw))


def one_member(raw: bytes) -> bytes:
    """What is in a gzip file of exactly one member."""
    member = zlib.decompressobj(wbits=31)
    plain = member.decompress(raw)
    assert member.eof
    assert member.unused_data == b""
    return plain


@pytest.mark.parametrize(("count", "whole"), [(100, True), (20_000, True), (1_500_000, False)])
def test_a_pulled_body_is_one_gzip_member_and_whole_where_it_is_small(port: int, count: int, whole: bool) -> None:
    answer = ask(port, f"/pulled/{count}", headers=GZIP)
    assert answer.headers["content-encoding"] == "gzip"
    assert ("content-length" in answer.headers) is whole
    assert ("transfer-encoding" in answer.headers) is not whole
    body = one_member(answer.raw)
    assert body.count(b"<entry>") == count
    assert body.endswith(f"{count - 1}</entry>".encode())


@pytest.mark.parametrize(("count", "whole"), [(100, True), (100_000, False)])
def test_a_pulled_body_comes_plain_too(port: int, count: int, whole: bool) -> None:
    answer = ask(port, f"/pulled/{count}")
    assert ("content-length" in answer.headers) is whole
    assert answer.raw.count(b"<entry>") == count


def test_large_answers_come_in_large_pieces(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET /pulled/100000 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        stream = connection.makefile("rb")
        while stream.readline() != b"\r\n":
            pass
        sizes = []
        while size := int(stream.readline(), 16):
            stream.read(size + 2)
            sizes.append(size)
    assert all(size >= 256 * 1024 for size in sizes[:-1])


def test_what_is_compressed_has_an_etag_of_its_own_that_comes_back(port: int) -> None:
    packed, bare = ask(port, "/long", headers=GZIP), ask(port, "/long")
    frame = ask(port, "/long", headers=(("Accept-Encoding", "zstd"),))
    assert packed.headers["etag"] != bare.headers["etag"] == '"v1"'
    assert frame.headers["etag"] not in {packed.headers["etag"], bare.headers["etag"]}
    for answer in (packed, bare, frame):
        again = ask(port, "/long", headers=(*GZIP, ("If-None-Match", answer.headers["etag"])))
        assert (again.status, again.headers["etag"]) == (304, answer.headers["etag"])


# faults


def test_a_refusal_says_what_and_with_which_id(port: int) -> None:
    answer = ask(port, "/refuse")
    assert answer.status == 403
    assert json.loads(answer.body) == {
        "error": "forbidden",
        "error_description": "This token does not open this resource.",
        "correlation_id": answer.headers["x-correlation-id"],
    }


def test_an_unavailable_service_says_when_to_come_again(port: int) -> None:
    answer = ask(port, "/busy")
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    assert json.loads(answer.body) == {"correlation_id": answer.headers["x-correlation-id"]}


@pytest.mark.parametrize("target", ["/fail", "/split", "/broken/0"])
def test_a_fault_of_ours_is_500_with_an_id_and_nothing_else(port: int, target: str) -> None:
    answer = ask(port, target)
    assert answer.status == 500
    assert json.loads(answer.body) == {"correlation_id": answer.headers["x-correlation-id"]}


def test_a_body_that_breaks_on_its_way_is_cut_and_never_ended(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET /broken/100 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        got = b"".join(iter(lambda: connection.recv(1 << 20), b""))
    assert len(got) > 4 * 1024 * 1024
    assert not got.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("count", [100, 100_000])
def test_who_knows_no_chunks_gets_a_body_that_ends_with_its_connection(port: int, count: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET /pulled/{count} HTTP/1.0\r\nHost: {HOST}\r\nConnection: keep-alive\r\n\r\n".encode())
        head, _, body = b"".join(iter(lambda: connection.recv(1 << 20), b"")).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert b"\r\nconnection: close" in head
    assert body.startswith(b"<entry>")
    assert body.endswith(f"{count - 1}</entry>".encode())
    assert body.count(b"<entry>") == count


def test_who_knows_no_chunks_is_not_told_that_a_body_which_broke_has_ended(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET /broken/100 HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            b"".join(iter(lambda: connection.recv(1 << 20), b""))


def test_who_knows_no_chunks_sees_that_a_body_was_not_over_when_we_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LEAVE_SECONDS", 0)
    slow = Route(path="/slow", token=Token.NONE, handler=Slow().handler)
    with ThreadPoolExecutor(1) as threads:
        with listening(plain(tmp_path), slow) as port:
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(f"GET /slow HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
            connection.recv(1000)
            rest = threads.submit(lambda: sum(map(len, iter(lambda: connection.recv(1 << 20), b""))))
        with connection:
            assert isinstance(rest.exception(timeout=30), ConnectionResetError)


def test_a_body_is_closed_when_its_reader_hangs_up(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET /slow HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        connection.recv(1000)
    assert SLOW.started.is_set()
    assert SLOW.closed.wait(30)


def test_two_requests_on_one_connection_are_answered_in_order(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        request = f"GET {{}} HTTP/1.1\r\nHost: {HOST}\r\n{{}}\r\n"
        last = request.format("/none", "Connection: close\r\n")
        connection.sendall((request.format("/short", "") + last).encode())
        got = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert [line for line in got.split(b"\r\n") if b"HTTP/1.1" in line] == [
        b"HTTP/1.1 200 OK",
        b"<a/>HTTP/1.1 204 No Content",
    ]


def test_a_reader_who_takes_nothing_is_hung_up_on_and_the_body_closed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "READER_SECONDS", 0.5)
    SLOW.started.clear()
    SLOW.closed.clear()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"GET /slow HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert SLOW.started.wait(30)
        assert SLOW.closed.wait(30)
