"""Life events and reminders: moving out and in, a meter that is swapped, an end that comes near."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversations.stage import Person, desk, form_with
from tests.conversations.test_receipts import bodies
from tests.custodian.houses import BASE, DAY, Home, TestHouse, built
from wattshare.custodian.formats.tables.mapping import from_plain
from wattshare.custodian.model.authorization import Authorization, Ending
from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.services.intake.door import Wanted
from wattshare.custodian.store.database import Store
from wattshare.thirdparty.feeds import readings

AGREEMENTS = "agreement,account,usage_point,commodity,starts,ends,address,city,state,postal_code\n"


@pytest.fixture
def house(store: Store, tmp_path: Path) -> Iterator[TestHouse]:
    """By PG&E's manners, with mails that land in a folder."""
    with built(tmp_path, store, mail_dir=tmp_path / "mail") as made:
        yield made


def take(house: TestHouse, text: str, wanted: Wanted | None = None) -> None:
    report = house.house.door.take(io.BytesIO(text.encode()), "table.csv", wanted or Wanted())
    assert report.refused is None, report


def move_out(house: TestHouse, home: Home, days_ago: int = 0) -> None:
    one = home.agreements[0]
    starts, ends = house.day(400), house.day(days_ago)
    take(
        house, f"{AGREEMENTS}{one.number},{home.account_number},{one.usage_point_id},electricity,{starts},{ends},,,,\n"
    )


def move_in(house: TestHouse, home: Home, point: int = 5_400_000_001, name: str = "SA-NEW") -> None:
    place = "7 Oak Ave,Riverton,CA,95990"
    take(house, f"{AGREEMENTS}{name},{home.account_number},{point},electricity,{house.day(0)},,{place}\n")


def held_of(house: TestHouse, number: str) -> Authorization:
    with house.store.read() as tx:
        held = tx.authorizations.by_id(int(number))
    assert held is not None
    return held


# moving


def test_moving_out_ends_sharing_that_day_and_both_sides_are_told(house: TestHouse, tmp_path: Path) -> None:
    acme, home = desk(house), house.home()
    tokens = acme.connect(home)
    acme.told()
    house.clock.advance(60)
    move_out(house, home)
    house.house.worker("test").sweep()
    assert held_of(house, tokens.subscription).ending is Ending.MOVED_OUT
    assert acme.ask("/ReadingType", tokens.access_token).status_code == 401
    assert acme.told() == [tokens.authorization_uri]
    subject, text = bodies(house, tmp_path / "mail")[-1]
    assert subject == "Sharing with Acme Energy has ended"
    assert "It ended because: the service ended." in text


def test_moving_in_asks_once_and_a_yes_goes_on_with_the_same_access(house: TestHouse, tmp_path: Path) -> None:
    acme, beta, home = desk(house), desk(house, "Beta Solar"), house.home()
    tokens, other = acme.connect(home), beta.connect(home)
    house.clock.advance(3 * DAY)
    move_in(house, home)
    assert house.house.homes.run_due() == 1
    [mail] = [text for subject, text in bodies(house, tmp_path / "mail") if "new home" in subject]
    assert "For: 7 Oak Ave, Riverton" in mail
    assert f"{BASE}/sharing?tab=waiting\n" in mail
    # nothing is shared by itself, and nobody is asked twice
    assert "5400000001" not in acme.ask(f"/Subscription/{tokens.subscription}/UsagePoint", tokens.access_token).text
    house.clock.advance(3_700)
    assert house.house.homes.run_due() == 0
    [asked] = house.house.homes.open(home.customer.id)
    assert [app.name for app in asked.apps] == ["Acme Energy", "Beta Solar"]
    person = Person(house, home)
    with person.browser(f"{BASE}/nowhere") as browser:
        page = person.sign_in(browser, browser.open(f"{BASE}/sharing?tab=waiting"))
        page = browser.open(f"{BASE}/sharing?tab=waiting")
        assert "7 Oak Ave, Riverton" in page.text
        page = browser.open(f"{BASE}/sharing/home?home={asked.id}")
        form = form_with(page, "share")
        boxes = [field for field in form.fields if field.name == "app"]
        assert [field.checked for field in boxes] == [False, False]
        # none is no answer
        page = browser.submit(page, form, form.button("share"))
        assert "Choose at least one app" in page.text
        form = form_with(page, "share")
        for field in form.fields:
            field.checked = field.name == "app" and field.value == tokens.subscription
        page = browser.submit(page, form, form.button("share"))
        assert "The apps that you chose can see your new home too." in page.text
        assert browser.open(f"{BASE}/sharing/home?home={asked.id}").status == 404
    answer = acme.client.grants.renew(tokens)
    assert "5400000001" in acme.ask(f"/Subscription/{tokens.subscription}/UsagePoint", answer.access_token).text
    with house.store.read() as tx:
        assert len(tx.authorizations.shared(int(other.subscription))) == 1
    # who then leaves the former home shares on
    move_out(house, home)
    house.house.worker("test").sweep()
    assert held_of(house, tokens.subscription).ending is None
    assert held_of(house, other.subscription).ending is Ending.MOVED_OUT


def test_who_moved_out_of_everything_is_asked_about_the_next_home(house: TestHouse, tmp_path: Path) -> None:
    acme = desk(house, visible=True, portal_uri="https://acme.example/start")
    beta, home = desk(house, "Beta Solar"), house.home()
    acme.connect(home)
    beta.connect(home)
    house.clock.advance(DAY)
    move_out(house, home)
    house.house.worker("test").sweep()
    house.clock.advance(9 * DAY)
    move_in(house, home)
    assert house.house.homes.ask() == 1
    [mail] = [text for subject, text in bodies(house, tmp_path / "mail") if "new home" in subject]
    assert mail.startswith("You shared data of a former home with apps.")
    assert mail.endswith(f"{BASE}/sharing?tab=waiting\n\nFor: 7 Oak Ave, Riverton\n\nRiverton Power\n")
    [asked] = house.house.homes.open(home.customer.id)
    assert (asked.apps, [(app.name, app.listed) for app in asked.former]) == (
        (),
        [("Acme Energy", True), ("Beta Solar", False)],
    )
    person = Person(house, home)
    with person.browser(f"{BASE}/nowhere") as browser:
        page = person.sign_in(browser, browser.open(f"{BASE}/sharing?tab=waiting"))
        assert "With Acme Energy and Beta Solar" in browser.open(f"{BASE}/sharing?tab=waiting").text
        page = browser.open(f"{BASE}/sharing/home?home={asked.id}")
        assert "Start at Acme Energy" in page.text
        form = form_with(page, "do not ask")
        page = browser.submit(page, form, form.button("do not ask"))
        assert "Nothing of your new home is shared." in page.text
    assert house.house.homes.open(home.customer.id) == ()
    # who shares the new home already is not asked
    other = house.home()
    acme.connect(other)
    move_out(house, other)
    house.house.worker("test").sweep()
    house.clock.advance(DAY)
    move_in(house, other, 5_400_000_003, "SA-3")
    house.house.homes.ask()
    assert len(house.house.homes.open(other.customer.id)) == 1
    with house.store.read() as tx:
        fresh = [one.agreement.id for one in tx.customers.services(other.customer.id)][-1:]
    acme.connect(other, agreements=fresh)
    assert house.house.homes.open(other.customer.id) == ()


def test_a_no_is_final_and_nobody_answers_for_somebody_else(house: TestHouse) -> None:
    acme, home, stranger = desk(house), house.home(), house.home()
    acme.connect(home)
    acme.connect(stranger)
    house.clock.advance(DAY)
    move_in(house, home)
    assert house.house.homes.ask() == 1
    [asked] = house.house.homes.open(home.customer.id)
    assert house.house.homes.open(stranger.customer.id) == ()
    with pytest.raises(Unknown):
        house.house.homes.answer(stranger.customer.id, asked.id, [asked.apps[0].authorization_id])
    assert house.house.homes.answer(home.customer.id, asked.id, ()) == 0
    assert house.house.homes.open(home.customer.id) == ()
    house.clock.advance(DAY)
    assert house.house.homes.ask() == 0


def test_who_shares_nothing_or_chose_not_to_is_not_asked(house: TestHouse) -> None:
    acme, home, sharing = desk(house), house.home(), house.home()
    number = int(acme.connect(sharing).subscription)
    house.clock.advance(DAY)
    move_in(house, home, 5_400_000_001)
    move_in(house, sharing, 5_400_000_002)
    house.house.consent.withdraw(number, Ending.CUSTOMER)
    assert house.house.homes.ask() == 0


# a meter


def test_a_meter_that_is_swapped_keeps_its_series_and_its_permission(house: TestHouse) -> None:
    acme, home = desk(house), house.home(days=0, bills=0)
    point, swap, before = home.usage_points[0], house.day(1), house.day(2)
    meters = "meter,usage_point,installed,removed,interval_length\n"
    take(house, f"{meters}M-OLD,{point},,{swap},3600\nM-NEW,{point},{swap},,3600\n")
    mapping = from_plain(
        {
            "columns": {"meter": "meter", "start": "start", "value": "kwh"},
            "values": {"unit": "kWh"},
            "time": {"format": "iso", "zone": "local"},
            "interval": {"length": 3600},
            "flow": {"all": "delivered"},
        }
    )
    tokens = acme.connect(home)
    for meter, day in (("M-OLD", before), ("M-NEW", swap)):
        rows = "".join(f"{meter},{day}T{hour:02}:00,{hour + 1}\n" for hour in range(24))
        take(house, f"meter,start,kwh\n{rows}", Wanted(mapping=mapping))
    with house.store.read() as tx:
        assert len(list(tx.readings.channels(point))) == 1
    assert len(list(readings(acme.client.batch(tokens.subscription, point)))) == 48
    assert held_of(house, tokens.subscription).ending is None


# reminders


def told(house: TestHouse, folder: Path, subject: str) -> list[str]:
    """The mails of a subject so far."""
    return [text for known, text in bodies(house, folder) if known == subject]


def test_an_end_is_told_thirty_days_before_once(house: TestHouse, tmp_path: Path) -> None:
    acme, home = desk(house), house.home()
    tokens = acme.connect(home, until=house.day(-100))
    acme.connect(house.home(), until=house.day(-10))
    for days in (69, 2, 1, 1):
        house.clock.advance(days * DAY)
        house.house.reminders.run_due()
    [text] = told(house, tmp_path / "mail", "Sharing with Acme Energy ends soon")
    assert "The last day is June 21, 2024." in text
    # another end is told anew
    house.house.consent.shorten(int(tokens.subscription), home.customer.id, house.day(-5))
    house.clock.advance(DAY)
    assert house.house.reminders.run_due() == 1


def test_what_has_no_end_is_told_once_a_year(house: TestHouse, tmp_path: Path) -> None:
    acme, home = desk(house), house.home()
    acme.connect(home)
    for days in (364, 1, 1, 363, 1, 1):
        house.clock.advance(days * DAY)
        house.house.reminders.run_due()
        house.work()
    assert len(told(house, tmp_path / "mail", "You still share with Acme Energy")) == 2


def test_an_app_that_does_not_look_is_told_once_for_each_silence(house: TestHouse, tmp_path: Path) -> None:
    acme, home = desk(house), house.home()
    tokens, silent = acme.connect(home), "Acme Energy has not looked at your data lately"
    mail = tmp_path / "mail"
    house.clock.advance(89 * DAY)
    assert house.house.reminders.run_due() == 0
    for _ in range(3):
        house.clock.advance(DAY)
        house.house.reminders.run_due()
    assert len(told(house, mail, silent)) == 1
    assert "Acme Energy has never looked." in told(house, mail, silent)[0]
    pair = acme.client.grants.renew(tokens)
    assert acme.ask(f"/Subscription/{tokens.subscription}/UsagePoint", pair.access_token).status_code == 200
    for days in (89, 1, 1):
        house.clock.advance(days * DAY)
        house.house.reminders.run_due()
    assert len(told(house, mail, silent)) == 2
    assert "Acme Energy last looked on June 13, 2024." in told(house, mail, silent)[1]


def test_a_file_for_many_is_a_look_and_what_is_paused_is_no_silence(house: TestHouse) -> None:
    acme, home, paused = desk(house), house.home(), house.home()
    acme.connect(home)
    number = int(acme.connect(paused).subscription)
    house.house.consent.pause(number, paused.customer.id)
    house.clock.advance(50 * DAY)
    acme.client.bulk(house.day(60))
    for url in acme.files():
        acme.client.fetch(url)
    house.clock.advance(50 * DAY)
    assert house.house.reminders.run_due() == 0
    house.clock.advance(50 * DAY)
    assert house.house.reminders.run_due() == 1
