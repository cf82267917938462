"""Where customers give up: each page that is left moves one count, and each request counts once."""

from tests.conversations.stage import Desk, Person, form_with
from tests.custodian.houses import TestHouse
from wattshare.custodian.model.funnel import Dimension, Told
from wattshare.custodian.model.premises import Commodity
from wattshare.thirdparty.browser import Browser, Page

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)


def counts(house: TestHouse, dimension: Dimension | None = None, value: str = "") -> dict[str, int]:
    """What is counted of all, or of those with something in common; zeros left out."""
    told = house.house.funnel.report(None, None, None, every=True)
    lines = [line for line in told if line.dimension is dimension and line.value == value]
    return {name: count for line in lines for name, count in line.cells.items() if count}


def given_up(house: TestHouse) -> dict[str, int]:
    """The counts of what was left."""
    return {name: count for name, count in counts(house).items() if name.startswith("abandoned")}


class Visit:
    """Somebody at a browser who goes only so far."""

    def __init__(self, house: TestHouse, acme: Desk) -> None:
        """Take a fresh home with two services."""
        self.person = Person(house, house.home(commodities=BOTH))
        self.journey = acme.journey()
        self.browser = Browser(house.transport, waits_for=self.journey.redirect_uri)

    def arrive(self) -> Page:
        return self.browser.open(self.journey.url)

    def mistype(self) -> Page:
        page = self.arrive()
        form = page.forms[1]
        for field in form.fields:
            field.value = {"login": "nobody", "password": "wrong"}.get(field.name, field.value)
        return self.browser.submit(page, form, form.buttons[0])

    def sign_in(self) -> Page:
        return self.person.sign_in(self.browser, self.arrive())

    def choose(self) -> Page:
        return self.person.choose(self.browser, self.sign_in(), self.person.agreements)

    def press(self, page: Page, button: str) -> Page:
        form = form_with(page, "share")
        return self.browser.submit(page, form, form.button(button))


def test_each_page_that_is_left_moves_one_count(house: TestHouse, acme: Desk) -> None:
    left: dict[str, int] = {}
    for name in ("arrive", "mistype", "sign_in", "choose"):
        visit = Visit(house, acme)
        page = getattr(visit, name)()
        # loaded again, and in a second tab: the same request
        visit.browser.open(page.url)
        visit.browser.open(page.url)
        assert counts(house)["open"] == 1
        assert given_up(house) == left
        house.clock.advance(1_801)
        stage = {"arrive": "identification", "mistype": "authentication", "sign_in": "choice", "choose": "decision"}
        left[f"abandoned_before_{stage[name]}"] = 1
        assert given_up(house) == left
        assert "open" not in counts(house)
    # who says yes and does not go back to the app
    visit = Visit(house, acme)
    visit.press(visit.choose(), "share")
    assert counts(house)["open"] == 1
    house.clock.advance(900)
    house.house.consent.end_due()
    left["abandoned_before_token"] = 1
    assert given_up(house) == left
    # who says no gives nothing up, and says it once
    visit = Visit(house, acme)
    page = visit.choose()
    assert visit.press(page, "don").arrived
    visit.press(page, "don")
    assert given_up(house) == left
    told = counts(house)
    assert (told["arrived"], told["chosen"], told["decided"], told["shared"], told["declined"]) == (6, 3, 2, 1, 1)
    assert counts(house, Dimension.APP, "Acme Energy") == told
    assert counts(house, Dimension.LANGUAGE, "en") == told
    assert counts(house, Dimension.WAY, "") == {"arrived": 1, "abandoned_before_identification": 1}
    assert counts(house, Dimension.WAY, "account")["arrived"] == 5


def test_first_data_ends_the_way(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home, guest=True)
    told = counts(house)
    assert (told["exchanged"], told["open"]) == (1, 1)
    assert "delivered" not in told
    acme.client.batch(tokens.subscription, home.usage_points[0])
    once = counts(house, Dimension.WAY, "guest")
    assert once["delivered"] == 1
    assert "open" not in once
    acme.client.batch(tokens.subscription, home.usage_points[0])
    assert counts(house, Dimension.WAY, "guest") == once
    with house.store.read() as tx:
        assert tx.funnel.decided("", 9) == ()
    # who stops before any data came has given up there
    other = house.home()
    acme.connect(other, pages=True)
    Person(house, other).stop("Acme Energy")
    assert given_up(house) == {"abandoned_before_data": 1}


def test_somebody_who_is_signed_in_begins_further_on(house: TestHouse, acme: Desk) -> None:
    visit = Visit(house, acme)
    visit.sign_in()
    second = acme.journey()
    visit.browser.open(second.url)
    told = counts(house)
    assert (told["arrived"], told["authenticated"], told["open"]) == (2, 2, 2)


def test_what_is_passed_on_has_no_small_counts(house: TestHouse, acme: Desk) -> None:
    Visit(house, acme).arrive()
    told: tuple[Told, ...] = house.house.funnel.report(None, None, None, every=False)
    assert {line.dimension for line in told} == {None, *Dimension}
    assert all(count in (None, 0) for line in told for count in line.cells.values())
