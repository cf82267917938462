"""The head of an answer: the same by either way."""

from pathlib import Path

import pytest

from tests.custodian.web.served import plain
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.outgoing import Heads

ANSWERS = (
    Response.empty(204),
    Response.empty(304, headers=(("ETag", '"1"'),)),
    Response.json({"one": 1}, status=404),
    Response.page("<p>", headers=(("Content-Security-Policy", "default-src 'self'"),)),
    Response.xml(b"<a/>", headers=(("Cache-Control", "private"), ("ETag", '"x"'), ("Vary", "Accept-Encoding"))),
    Response.redirect("/there").with_cookie("a", "1", secure=True).with_cookie("b", "2", secure=True),
    Response(headers=(("Content-Length", "7"),), content_type="text/plain"),
)


@pytest.mark.parametrize("response", ANSWERS)
@pytest.mark.parametrize("length", [None, 0, 70_000])
@pytest.mark.parametrize("close", [True, False])
def test_lines_are_those_of_the_pairs(tmp_path: Path, response: Response, length: int | None, *, close: bool) -> None:
    heads, call = Heads.of(plain(tmp_path)), Call(method="GET", correlation_id="c")
    # once more: what was written before is kept
    for _ in range(2):
        status, *lines = heads.written(response, call, length=length, close=close).split(b"\r\n")
        pairs = heads.head(response, call, length=length, close=close)
        assert status.startswith(b"HTTP/1.1 %d " % response.status)
        assert sorted(lines[:-1]) == sorted(b"%b: %b" % pair for pair in pairs)


def test_a_header_that_would_break_the_head_is_no_header(tmp_path: Path) -> None:
    heads, call = Heads.of(plain(tmp_path)), Call(method="GET")
    with pytest.raises(ValueError, match="control characters"):
        heads.written(Response.redirect("/a\r\nSet-Cookie: b"), call, length=0, close=False)
