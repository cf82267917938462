"""What reaches the log."""

import logging
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
