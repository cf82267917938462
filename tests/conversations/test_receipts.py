"""Receipts of what became of a permission: by mail, as a page, and signed to keep; nobody else's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from tests.conversations.stage import Desk, Person, desk
from tests.conversations.test_messages import mails
from tests.custodian.houses import BASE, Home, TestHouse, built
from wattshare.custodian.model.authorization import Ending, State
from wattshare.custodian.model.parties import Role
from wattshare.custodian.services.terms import Choice
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.premises import CUSTOMER
from wattshare.custodian.store.receipts import RECEIPT
from wattshare.espi.kinds import Kind
from wattshare.thirdparty.receipts import NotGenuine, verify
from wattshare.thirdparty.signatures import PUBLIC

USAGE = frozenset({Kind.USAGE})


@pytest.fixture
def mailing(store: Store, tmp_path: Path) -> Iterator[TestHouse]:
    """A house whose mails land in a folder."""
    with built(tmp_path, store, mail_dir=tmp_path / "mail") as made:
        yield made


def bodies(house: TestHouse, folder: Path) -> list[tuple[str, str]]:
    """Subject and text of each mail so far."""
    house.work()
    told = []
    for one in mails(folder):
        body = one.get_body(("plain",))
        assert body is not None
        told.append((str(one["subject"]), body.get_content()))
    return told


def events(house: TestHouse, number: int) -> list[str]:
    return [one.event for one in reversed(house.house.consent.receipts.of(number))]


def test_everything_that_becomes_of_a_permission_is_told_by_mail(mailing: TestHouse, tmp_path: Path) -> None:
    acme, home, consent = desk(mailing), mailing.home(), mailing.house.consent
    tokens = acme.connect(home, until=mailing.day(-100))
    number, customer = int(tokens.subscription), home.customer.id
    choice = Choice(kinds=USAGE, agreement_ids=(home.agreements[0].id,), until=mailing.day(-100))
    for act in (
        lambda: consent.change(number, customer, choice),
        lambda: consent.shorten(number, customer, mailing.day(-50)),
        lambda: consent.pause(number, customer),
        lambda: consent.resume(number, customer),
        lambda: consent.withdraw(number, Ending.CUSTOMER),
    ):
        mailing.clock.advance(60)
        act()
    told = bodies(mailing, tmp_path / "mail")
    assert [subject for subject, _ in told] == [
        "You share with Acme Energy",
        "You changed what Acme Energy can see",
        "You changed what Acme Energy can see",
        "You paused sharing with Acme Energy",
        "Sharing with Acme Energy goes on",
        "Sharing with Acme Energy has ended",
    ]
    assert told[0][1].startswith("You share with Acme Energy.\n")
    assert "What: Electricity use; Bills: amounts and dates; Your name and service address; " in told[0][1]
    assert "\nFor: 1 Elm St, Riverton\n" in told[0][1]
    assert "Last day: June 21, 2024" in told[0][1]
    assert "Bills" not in told[1][1]
    assert "Last day: May 2, 2024" in told[2][1]
    assert "It ended because: you stopped it." in told[5][1]
    assert all(f"{BASE}/sharing\n" in text and "it stops nothing by itself" in text for _, text in told)
    assert events(mailing, number) == ["shared", "changed", "changed", "paused", "resumed", "ended"]


def test_a_review_says_that_a_receipt_comes_by_mail_where_one_does(mailing: TestHouse) -> None:
    acme, home = desk(mailing), mailing.home()
    person = Person(mailing, home)
    journey = acme.journey()
    with person.browser(journey.redirect_uri) as browser:
        assert "We will email you a receipt." in person.sign_in(browser, browser.open(journey.url)).text
        with mailing.store.begin() as tx:
            tx.customers._connection.execute(update(CUSTOMER).values(email=None))
        assert "receipt" not in browser.open(journey.url).text


def test_a_mail_about_what_ended_by_itself_says_what_was_shared_and_what_to_do(
    mailing: TestHouse, tmp_path: Path
) -> None:
    acme = desk(mailing, support="help@acme.example")
    home, other = mailing.home(), mailing.home()
    # nobody came with the code of one; the time of the other was over a week after it was paused
    Person(mailing, other).share(acme.journey())
    tokens = acme.connect(home, until=mailing.day(-9))
    mailing.clock.advance(2 * 86_400)
    mailing.house.consent.pause(int(tokens.subscription), home.customer.id)
    mailing.clock.advance(9 * 86_400)
    assert mailing.house.consent.end_due() == 2
    told = dict(bodies(mailing, tmp_path / "mail"))
    lapsed, expired = told["Sharing with Acme Energy did not begin"], told["Sharing with Acme Energy has ended"]
    assert "Nothing was shared, and it gets nothing from us." in lapsed
    assert "start again there" in lapsed
    assert "could get" not in lapsed
    assert "It ended because: its time was over." in expired
    assert "Acme Energy could get your data until March 15, 2024." in expired
    assert "You reach Acme Energy here: help@acme.example" in expired
    assert "start again there" in expired


def test_both_sides_are_told_of_an_ending_that_the_customer_did_not_ask_for(mailing: TestHouse, tmp_path: Path) -> None:
    acme, home, other = desk(mailing), mailing.home(), mailing.home()
    moved, ended = acme.connect(home), acme.connect(other)
    acme.told()
    mailing.clock.advance(60)
    with mailing.store.begin() as tx:
        tx.customers.end_agreement(home.agreements[0].id, mailing.clock())
    assert mailing.house.consent.end_due() == 1
    mailing.clock.advance(60)
    acme.client.revoke(ended.subscription)
    assert acme.told() == [moved.authorization_uri, ended.authorization_uri]
    *_, first, second = bodies(mailing, tmp_path / "mail")
    assert "Acme Energy could get your data until March 13, 2024." in first[1]
    assert "start again there" not in first[1]
    assert "start again there" in second[1]
    assert "It ended because: the service ended." in first[1]
    assert "It ended because: the app ended it." in second[1]


def test_what_is_older_than_receipts_says_so(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    number = int(acme.connect(home).subscription)
    with house.store.begin() as tx:
        tx.receipts._connection.execute(delete(RECEIPT))
    person = Person(house, home)
    with person.browser(f"{BASE}/nowhere") as browser:
        page = person.sign_in(browser, browser.open(f"{BASE}/sharing"))
        assert "Download the record" in page.text
        assert "Receipts" not in page.text
        page = browser.open(f"{BASE}/sharing/receipt?authorization={number}")
    assert page.status == 404
    assert "It is older than our receipts are." in page.text


def test_what_is_changed_again_by_the_app_is_told_once(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    first, second = acme.connect(home), acme.connect(home, kinds=())
    assert events(house, int(first.subscription)) == ["shared"]
    assert events(house, int(second.subscription)) == ["shared"]


def test_a_partner_is_named_on_the_receipt_and_has_none_of_its_own(house: TestHouse) -> None:
    desk(house, "Quiet Partner", role=Role.PARTNER, redirect_uris=())
    primary, home = desk(house, "Loud Primary", role=Role.PRIMARY, partner="Quiet Partner"), house.home()
    journey = primary.journey()
    arrived = Person(house, home).share(journey)
    # while it waits for its code, too
    [waiting] = house.house.overview.page(home.customer.id, ended=False).cards
    assert (waiting.state, waiting.partner) == (State.CONSENTED, "Quiet Partner")
    number = int(primary.finish(journey, arrived).subscription)
    house.house.consent.pause(number, home.customer.id)
    with house.store.read() as tx:
        along = tx.authorizations.partner_of(number)
    assert along is not None
    assert events(house, along.id) == []
    assert {one.facts["together_with"] for one in house.house.consent.receipts.of(number)} == {"Quiet Partner"}
    # its card leads to the primary's
    status, raw = downloaded(house, home, f"/sharing/receipt/download?authorization={along.id}")
    assert (status, verify(raw).facts["app"]) == (200, "Loud Primary")
    # alone it has one
    house.house.consent.withdraw(along.id, Ending.CUSTOMER)
    assert events(house, along.id) == ["ended"]


def downloaded(house: TestHouse, home: Home, path: str) -> tuple[int, bytes]:
    person = Person(house, home)
    with person.browser(f"{BASE}/nowhere") as browser:
        person.sign_in(browser, browser.open(f"{BASE}/sharing"))
        page = browser.open(BASE + path)
    return page.status, page.text.encode()


def test_receipt_and_record_are_signed_and_the_customers_alone(house: TestHouse, acme: Desk) -> None:
    home, stranger = house.home(), house.home()
    tokens = acme.connect(home)
    key = PUBLIC + str(house.house.delivery.signing.own()[0].public)
    [kept] = house.house.consent.receipts.of(int(tokens.subscription))
    paths = {
        "receipt": f"/sharing/receipt/download?authorization={tokens.subscription}&number={kept.id}",
        "record": f"/sharing/record?authorization={tokens.subscription}",
    }
    for what, path in paths.items():
        status, raw = downloaded(house, home, path)
        assert status == 200
        verified = verify(raw, (key,))
        assert (verified.what, verified.facts["app"], verified.facts["until"]) == (what, "Acme Energy", None)
        assert verified.facts["services"][0]["address"] == "1 Elm St, Riverton"
        changed = json.loads(raw)
        changed[what]["app"] = "Other"
        with pytest.raises(NotGenuine):
            verify(json.dumps(changed).encode(), (key,))
        status, raw = downloaded(house, stranger, path)
        assert (status, b"Acme" in raw) == (404, False)
    other = acme.connect(stranger)
    # a receipt of somebody else's, below one's own permission
    assert (
        downloaded(house, stranger, f"/sharing/receipt?authorization={other.subscription}&number={kept.id}")[0] == 404
    )


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_receipt_is_shown_as_it_was_then(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home)
    house.house.consent.withdraw(int(tokens.subscription), Ending.CUSTOMER)
    person = Person(house, home)
    with person.browser(f"{BASE}/nowhere") as browser:
        person.sign_in(browser, browser.open(f"{BASE}/sharing"))
        page = browser.open(f"{BASE}/sharing/receipt?authorization={tokens.subscription}")
        assert "Sharing with Acme Energy has ended" in page.text
        assert "you stopped it" in page.text
        first = house.house.consent.receipts.of(int(tokens.subscription))[-1]
        page = browser.open(f"{BASE}/sharing/receipt?authorization={tokens.subscription}&number={first.id}")
        assert "You share with Acme Energy" in page.text
        assert "you stopped it" not in page.text
        # it stops nothing
        assert not [form for form in page.forms if form.button("stop")]
