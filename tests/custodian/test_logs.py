"""What reaches the log."""

import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from tests.conftest import log_plainly
from wattshare.custodian import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the log as it was."""
    before = logging.getLogger().handlers[:]
    yield
    log_plainly()
    logging.getLogger().handlers[:] = before


@pytest.mark.parametrize(
    "key", ["token", "password", "code_verifier", "url", "query", "body", "name", "address", "value"]
)
def test_a_key_that_is_not_on_the_list_is_dropped_and_named(capsys: pytest.CaptureFixture[str], key: str) -> None:
    logs.configure()
    structlog.get_logger().info("batch_made", batch="b1", **{key: "hunter2"})
    written = capsys.readouterr().err
    assert "hunter2" not in written
    assert f"dropped={key}" in written
    assert "event=batch_made" in written
    assert "batch=b1" in written


def test_line_ends_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    structlog.get_logger().info("refused", cause="a\r\nevent=forged\x1b[31m\u2028")
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert "\r" not in written
    assert "\x1b" not in written


def read(secret: str) -> int:
    """Something that fails with a secret on its lips."""
    return int(secret)


def test_a_library_is_heard_up_to_its_first_line_end(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <ValueError('hunter2')>")
    try:
        read("hunter2")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    written = capsys.readouterr().err
    assert 'event="Task exception was never retrieved"' in written
    assert "fault=ValueError" in written
    assert ":read" in written
    assert "hunter2" not in written


@pytest.mark.parametrize(
    ("method", "route", "correlation_id"),
    [
        ("GET", "/espi/1_1/resource/UsagePoint/{usage_point}", "0b5e-1"),
        ("GET", "", "0b5e-1"),
        ("GET", '/a"b c=d', "0b5e-1"),
        ("GET\n", "/a", "0b5e-1"),
        ("GET", "/" + "a" * 5000, "0b5e-1"),
    ],
)
def test_the_line_of_an_answer_is_like_any_other(
    capsys: pytest.CaptureFixture[str], method: str, route: str, correlation_id: str
) -> None:
    logs.configure()
    said = {"method": method, "route": route, "status": 200, "milliseconds": 7, "correlation_id": correlation_id}
    logs.answered(**said)  # type: ignore[arg-type]
    structlog.get_logger().info("answered", **said)
    straight, usual = (re.sub(r"^timestamp=\S+Z ", "", line) for line in capsys.readouterr().err.splitlines())
    assert straight == usual


def test_who_listens_hears_of_answers_too() -> None:
    logs.configure()
    with structlog.testing.capture_logs() as heard:
        logs.answered("GET", "/a", 200, 1, "0b5e")
    assert [one["event"] for one in heard] == ["answered"]
