"""A receiver that is dead: people are told once, and once more when it is back."""

import email
import email.policy
import sys
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
import structlog

from tests.conversations.stage import desk
from tests.custodian.houses import TestHouse, built
from wattshare.custodian.exchange import Cause
from wattshare.custodian.mailing import Mail, Mailing, NotSent
from wattshare.custodian.outbound import Failed
from wattshare.custodian.store.database import Store

HOUR = 3_600


@pytest.fixture
def house(store: Store, tmp_path: Path) -> Iterator[TestHouse]:
    """With a folder for mails and an operator who reads them."""
    with built(tmp_path, store, mail_dir=tmp_path / "mail", alarm_mail="operator@utility.example") as made:
        yield made


def pass_time(house: TestHouse, seconds: int, step: int = 1_200) -> None:
    """Time goes by, and the worker works."""
    worker = house.house.worker("test")
    for _ in range(0, seconds, step):
        house.clock.advance(step)
        worker.sweep()
        worker.drain()


def mails(house: TestHouse) -> list[EmailMessage]:
    """What was written to the operator, in the order of the names. Customers have receipts in the same folder."""
    folder = house.house.settings.home / "mail"
    files = sorted(folder.glob("*.eml")) if folder.exists() else []
    written = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    return [one for one in written if "operator@utility.example" in one["to"]]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_alarm_comes_after_hours_of_failure_once_and_is_taken_back(house: TestHouse) -> None:
    acme = desk(house, contacts=("people@acme.example", "call us"))
    house.receivers.down.add(acme.address)
    house.share(acme.registered, house.home(days=0, bills=0))
    house.work()
    with structlog.testing.capture_logs() as events:
        pass_time(house, 6 * HOUR - 1_200)
        assert mails(house) == []
        pass_time(house, 6 * HOUR)
        [dead] = mails(house)
        assert dead["to"] == "operator@utility.example, people@acme.example"
        assert dead["subject"] == "Notices to Acme Energy are not taken"
        assert "no_connection" in dead.get_content()
        house.receivers.down.clear()
        pass_time(house, 6 * HOUR)
        back, _ = mails(house)
        assert back["subject"] == "Notices to Acme Energy are taken again"
        pass_time(house, 24 * HOUR, HOUR)
        assert len(mails(house)) == 2
    assert [one["event"] for one in events if one["event"].startswith("receiver")] == ["receiver_dead", "receiver_back"]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_each_outage_has_an_alarm_of_its_own(house: TestHouse) -> None:
    acme = desk(house)
    for _ in range(2):
        house.receivers.down.add(acme.address)
        house.share(acme.registered, house.home(days=0, bills=0))
        house.work()
        pass_time(house, 8 * HOUR, HOUR // 2)
        house.receivers.down.clear()
        pass_time(house, 8 * HOUR, HOUR // 2)
    assert len(mails(house)) == 4


def test_a_receiver_that_says_it_is_gone_is_dead_at_once(house: TestHouse) -> None:
    acme = desk(house)
    gone = Failed(cause=Cause.STATUS, status=410, milliseconds=3, permanent=True)
    house.receivers.answers[acme.address] = lambda: gone
    house.share(acme.registered, house.home(days=0, bills=0))
    house.work()
    pass_time(house, 600)
    [dead] = mails(house)
    assert "answered 410" in dead.get_content()


def test_a_mail_that_cannot_be_sent_is_tried_again(house: TestHouse, tmp_path: Path) -> None:
    acme = desk(house)
    house.receivers.down.add(acme.address)
    house.share(acme.registered, house.home(days=0, bills=0))
    house.work()
    alarms = house.house.delivery.alarms
    refusing = Mailing(sender="us@x.example", command=(sys.executable, "-c", "raise SystemExit(1)"))
    failing = replace(alarms, mailing=refusing)
    worker = house.house.worker("test")
    broken = replace(worker, steps={**worker.steps, "alarm": failing.send})
    for _ in range(7):
        house.clock.advance(HOUR)
        broken.sweep()
        broken.drain()
    assert mails(house) == []
    pass_time(house, HOUR)
    assert len(mails(house)) == 1


def test_a_command_is_given_the_mail(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = f"import sys, pathlib; pathlib.Path({str(out)!r}).write_bytes(sys.stdin.buffer.read())"
    mailing = Mailing(sender="us@x.example", command=(sys.executable, "-c", script))
    mailing.send(Mail(id="m1", to=("you@y.example",), subject="Hello", text="Body.\n"))
    written = email.message_from_bytes(out.read_bytes(), policy=email.policy.default)
    assert (written["from"], written["to"], written["message-id"]) == (
        "us@x.example",
        "you@y.example",
        "<m1@x.example>",
    )


def test_a_command_that_is_not_there_is_a_mail_that_was_not_sent(tmp_path: Path) -> None:
    mailing = Mailing(sender="us@x.example", command=(str(tmp_path / "nothing"),))
    with pytest.raises(NotSent):
        mailing.send(Mail(id="m1", to=("you@y.example",), subject="Hello", text="Body."))


def test_a_name_with_a_line_end_is_no_header_of_its_own() -> None:
    mailing = Mailing(sender="us@x.example")
    with pytest.raises(ValueError, match="Header"):
        mailing.written(Mail(id="m1", to=("you@y.example",), subject="Hello\r\nBcc: all@z.example", text="Body."))
