"""A message to a customer: owed with its cause, sent by a worker, in the customer's language, at least once."""

import email
import email.policy
import re
import sys
from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.custodian.houses import TestHouse
from tests.custodian.test_mailing import listening
from wattshare.custodian.mailing import Mailing, Texting
from wattshare.custodian.model.messages import MessageKind, MessageState, Way
from wattshare.custodian.model.work import Job
from wattshare.custodian.services.messages import KEEP_SECONDS, SEND, Messages
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.messages import MESSAGE

CODE: dict[str, str | int] = {"code": "012345", "minutes": 10}


def owe(house: TestHouse, messages: Messages, customer_id: int | None, **told: object) -> str:
    """By the purpose that sees no customers."""
    with house.house.store.begin() as tx:
        return messages.put(tx, customer_id, MessageKind.CODE, CODE, **told)  # type: ignore[arg-type]


def into(house: TestHouse, folder: Path) -> Messages:
    """The house's messages, sent into a folder."""
    known = house.house.delivery.messages
    mailing = Mailing(sender="us@x.example", folder=folder)
    return replace(known, mailing=mailing, texting=Texting(folder=folder), chance=lambda: 1.0)


def work(house: TestHouse, messages: Messages) -> None:
    """What is due is sent."""
    worker = house.house.worker("test")
    replace(worker, steps={**worker.steps, SEND: messages.send}).drain()


def mails(folder: Path) -> list[EmailMessage]:
    """What was written."""
    files = sorted(folder.glob("*.eml")) if folder.exists() else []
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


def kept(house: TestHouse) -> list[tuple[MessageState, str | None]]:
    with house.store.read() as tx:
        return [(one.state, one.cause) for one in tx.messages.every(0, None, 100)]


def test_a_message_is_written_to_whom_it_is_for(house: TestHouse, tmp_path: Path) -> None:
    home, messages = house.home(days=0, bills=0), into(house, tmp_path / "mail")
    owe(house, messages, home.customer.id)
    owe(house, messages, home.customer.id, way=Way.TEXT, to=(home.phone,))
    owe(house, messages, None, to=("contact@acme.example",), language="fr")
    work(house, messages)
    told = {one["to"]: one for one in mails(tmp_path / "mail")}
    assert set(told) == {home.customer.email, "contact@acme.example"}
    body = told[home.customer.email or ""].get_body(("plain",))
    assert body is not None
    assert "\n012345\n" in body.get_content()
    assert told["contact@acme.example"]["subject"] == "Votre code pour Riverton Power"
    [text] = (tmp_path / "mail").glob("*.txt")
    assert re.search(rf"^To: {home.phone}\n\n.*012345", text.read_text())
    assert {state for state, _ in kept(house)} == {MessageState.SENT}
    work(house, messages)
    assert len(mails(tmp_path / "mail")) == 2


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_message_is_in_the_language_that_the_customer_read_last(house: TestHouse, tmp_path: Path) -> None:
    home, messages = house.home(days=0, bills=0), into(house, tmp_path / "mail")
    with house.house.store.begin() as tx:
        tx.messages.remember_language(home.customer.id, "fr")
        tx.messages.remember_language(home.customer.id, "es")
    owe(house, messages, home.customer.id)
    work(house, messages)
    [told] = mails(tmp_path / "mail")
    assert told["subject"] == "Su código para Riverton Power"


@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_is_undone_owes_nothing(house: TestHouse, tmp_path: Path) -> None:
    home, messages = house.home(days=0, bills=0), into(house, tmp_path / "mail")
    with suppress(ZeroDivisionError), house.house.store.begin() as tx:
        messages.put(tx, home.customer.id, MessageKind.CODE, CODE)
        raise ZeroDivisionError
    work(house, messages)
    assert mails(tmp_path / "mail") == []
    assert kept(house) == []


def test_nothing_of_it_can_be_read_in_the_database(house: TestHouse, tmp_path: Path) -> None:
    home, messages = house.home(days=0, bills=0), into(house, tmp_path / "mail")
    message_id = owe(house, messages, home.customer.id, to=("elsewhere@home.example",))
    with house.store.read() as tx:
        rows = str(tx.messages._connection.execute(select(MESSAGE)).all())
        message = tx.messages.by_id(message_id)
    assert message is not None
    assert message.facts == CODE
    assert not any(hidden in rows for hidden in ("012345", "elsewhere"))
    work(house, messages)
    with house.store.read() as tx:
        after = tx.messages.by_id(message_id)
    assert after is not None
    assert (after.facts, after.to) == ({}, ())


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_message_is_tried_again_under_the_same_name_until_it_is_not_worth_it(
    house: TestHouse, tmp_path: Path
) -> None:
    home, messages = house.home(days=0, bills=0), into(house, tmp_path / "mail")
    with listening(says={"MAIL": "421 later"}) as server:
        settings = Settings(home=tmp_path, mail_from="us@x.example", smtp_url=f"smtp://{server.at}")
        slow = replace(messages, mailing=Mailing.of(settings))
        owe(house, slow, home.customer.id)
        for seconds in (0, 5, 16, 61):
            house.clock.advance(seconds + 1)
            work(house, slow)
        tries = sum(one.upper().startswith("EHLO") for one in server.commands)
        server.says.clear()
        house.clock.advance(302)
        work(house, slow)
        owe(house, slow, home.customer.id)
        server.says["MAIL"] = "421 later"
        work(house, slow)
        house.clock.advance(600)
        work(house, slow)
    assert tries == 4
    assert len(server.mails) == 1
    assert kept(house) == [(MessageState.GIVEN_UP, "too_late"), (MessageState.SENT, None)]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_worker_that_died_after_sending_sends_the_same_mail_once_more(house: TestHouse, tmp_path: Path) -> None:
    home, messages = house.home(days=0, bills=0), into(house, tmp_path / "mail")
    message_id = owe(house, messages, home.customer.id)

    class Died(BaseException):
        pass

    class Dying(Mailing):
        def send(self, mail: object) -> None:
            super().send(mail)  # type: ignore[arg-type]
            raise Died

    job = Job(id=1, kind=SEND, subject=message_id, due_at=0)
    with listening() as server:
        settings = Settings(home=tmp_path, mail_from="us@x.example", smtp_url=f"smtp://{server.at}")
        sound = Mailing.of(settings)
        with pytest.raises(Died):
            replace(messages, mailing=Dying(sender=sound.sender, relay=sound.relay)).send(job)
        assert replace(messages, mailing=sound).send(job) is None
    assert len(server.mails) == 2
    assert len({re.search(rb"Message-ID: (.*)", one).group(1) for one in server.mails}) == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_cannot_be_sent_is_given_up_with_its_cause(house: TestHouse, tmp_path: Path) -> None:
    home, messages = house.home(days=0, bills=0), into(house, tmp_path / "mail")
    with house.store.begin() as tx:
        tx.customers.change_customer(replace(home.customer, email=None))
    owe(house, messages, home.customer.id)
    owe(house, messages, None, to=("a@b.example, everybody@c.example",))
    work(house, messages)
    assert kept(house) == [(MessageState.GIVEN_UP, "no_address")] * 2
    owe(house, house.house.delivery.messages, None, to=("a@b.example",))
    house.work()
    assert (MessageState.GIVEN_UP, "no_way") in kept(house)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_command_that_fails_is_tried_again(house: TestHouse, tmp_path: Path) -> None:
    home, messages = house.home(days=0, bills=0), into(house, tmp_path / "mail")
    failing = Mailing(sender="us@x.example", command=(sys.executable, "-c", "raise SystemExit(1)"))
    owe(house, messages, home.customer.id)
    work(house, replace(messages, mailing=failing))
    assert kept(house) == [(MessageState.DUE, None)]


def test_messages_go_with_their_customer_and_after_a_month(house: TestHouse, tmp_path: Path) -> None:
    home, other = house.home(days=0, bills=0), house.home(days=0, bills=0)
    messages = into(house, tmp_path / "mail")
    for one in (home, home, other):
        owe(house, messages, one.customer.id)
    with house.house.store.begin() as tx:
        tx.messages.remember_language(home.customer.id, "es")
    with house.house.store.begin() as tx:
        assert tx.messages.erase(home.customer.id) == 3
    work(house, messages)
    assert [one["to"] for one in mails(tmp_path / "mail")] == [other.customer.email]
    house.clock.advance(KEEP_SECONDS)
    assert messages.forget() == 0
    house.clock.advance(1)
    assert messages.forget() == 1
