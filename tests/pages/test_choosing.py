"""A business with hundreds of services: found, filtered, paged, listed, uploaded; what is ticked stays ticked."""

from dataclasses import replace

from tests.custodian.houses import Home, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, Screen
from tests.pages.test_everybody import check
from tests.pages.test_usage import MOST_BYTES, loaded_by, sum_of
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.services.registration import Registered

SITES = 130


def business(house: TestHouse) -> Home:
    """A customer with many sites: each with electricity and gas."""
    home = house.home(name="Harbor Foods")
    with house.store.begin() as tx:
        [service] = tx.customers.services(home.customer.id)
        assert service.location is not None
        for site in range(SITES):
            address = replace(service.location.address, line=f"{site + 100} Pier Rd")
            place = tx.customers.add_location(address)
            for commodity in (Commodity.ELECTRICITY, Commodity.GAS):
                point = UsagePoint(id=tx.customers.next_usage_point_id(), commodity=commodity, location_id=place.id)
                tx.customers.add_usage_point(point)
                starts = house.midnight(200)
                held = tx.customers.add_agreement(point.id, service.account.id, f"99{point.id}", starts=starts)
                if site == 0:
                    tx.customers.end_agreement(held.id, house.midnight(9))
    return home


def chosen(screen: Screen) -> str:
    """How many the page says are chosen."""
    return screen.page.locator(".counted p").inner_text()


def by_list(house: TestHouse, screen: Screen, home: Home, other: Home) -> None:
    """Choose by a pasted list and by a file."""
    with house.store.begin() as tx:
        every = [one.agreement for one in tx.customers.services(home.customer.id)]
    numbers = [one.number for one in every]
    shut = next(one.number for one in every if one.ends == house.midnight(9))
    screen.page.get_by_text("Choose by a list of numbers").click()
    screen.page.get_by_label("Account or service numbers").fill(f"{numbers[100]}\n4711, {shut}")
    table = f"Site,Service\n1,{numbers[101]}\n2,{other.agreements[0].number}\n".encode()
    screen.page.get_by_label("Or a file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": table})
    screen.press("Choose these")
    assert chosen(screen) == "12 of 259 chosen"
    assert "Your list named 2 services" in screen.words
    assert "It also named 1 service that cannot be shared now." in screen.words
    assert "These numbers are not among yours:" in screen.words
    unknown = screen.page.locator(".problem li").all_inner_texts()
    assert unknown == ["4711, on line 2", f"{other.agreements[0].number}, on line 3"]
    screen.look("choose-many-listed")
    # too much at once
    chosen_from = screen.page.url
    screen.page.get_by_text("Choose by a list of numbers").click()
    screen.page.get_by_label("Or a file").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"4711\n" * 20_000}
    )
    screen.press("Choose these")
    assert "a file may have up to 60 kB" in screen.words
    screen.link("Go to My data sharing").click()
    assert "Acme Energy asked to see your energy data" in screen.words
    screen.open(chosen_from)
    assert chosen(screen) == "12 of 259 chosen"


def test_a_business_chooses_from_hundreds(house: TestHouse, acme: Registered, screens: Screens) -> None:
    home, other = business(house), house.home()
    screen = screens()
    loaded = loaded_by(screen)
    screen.ask_signed_in(acme, home)
    assert sum(sum_of(one) for one in loaded if one.url.startswith("https://share")) < MOST_BYTES
    assert (screen.heading, chosen(screen)) == ("Which homes or services do you want to share?", "0 of 259 chosen")
    screen.look("choose-many-phone")
    # a tick stays through search, filter and pages
    screen.page.locator(".places input:not([disabled])").first.check()
    screen.press("Page after")
    assert (chosen(screen), "Page 2 of 6" in screen.words) == ("1 of 259 chosen", True)
    screen.page.get_by_label("Find by address or number").fill("pier 15")
    screen.page.get_by_label("Which services").select_option("gas")
    screen.button("Find").last.click()
    assert "10 found" in screen.words
    screen.press("Choose all 10 that were found")
    assert chosen(screen) == "11 of 259 chosen"
    screen.page.locator(".places input").first.uncheck()
    screen.press("Count again")
    assert chosen(screen) == "10 of 259 chosen"
    by_list(house, screen, home, other)
    # nobody else's, whatever the form says
    box = screen.page.locator(".places input").first
    foreign = other.agreements[0].id
    screen.page.locator("input[name=shown]").evaluate("(field, id) => { field.value += ' ' + id }", foreign)
    box.evaluate("(field, id) => { field.value = id; field.checked = true }", foreign)
    screen.press("Count again")
    assert "of 259 chosen" in chosen(screen)
    wide = screens(java_script_enabled=True, viewport=DESKTOP, color_scheme="dark", locale="es")
    wide.ask_signed_in(acme, home)
    check(wide, "choose-many-es-dark")
    screen.press("Continue")
    assert screen.heading == "Share with Acme Energy"
    screen.look("review-many")
    screen.press("Share")
    assert "addresses" in screen.words
    with house.store.read() as tx:
        [held] = tx.authorizations.of_customer(home.customer.id)
        shared = {agreement for _, agreement in tx.authorizations.shared(held.id)}
    assert len(shared) in (11, 12)
    assert foreign not in shared


def test_who_ticks_nothing_of_many_is_told_so(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = business(house)
    screen.ask_signed_in(acme, home)
    screen.press("Continue")
    assert screen.problem == "Choose at least one home or service."
    # all of them are no more than a page may weigh
    screen.press("Choose all 259 that were found")
    assert chosen(screen) == "259 of 259 chosen"
    loaded = loaded_by(screen)
    screen.press("Continue")
    assert screen.heading == "Share with Acme Energy"
    assert sum(sum_of(one) for one in loaded) < MOST_BYTES
    screen.press("Share")
    assert screen.heading == "You share with Acme Energy"
