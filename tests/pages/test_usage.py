"""One's own use in a real browser: a chart where scripts run, a drawing where they do not, and always the table."""

from typing import Any

from playwright.sync_api import Request

from tests.custodian.houses import TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, PHONE, Screen
from tests.pages.test_everybody import check
from wattshare.custodian.model.packing import pack_columns
from wattshare.custodian.model.premises import Commodity
from wattshare.espi.days import day_bounds

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)
# of everything that a first visit loads
MOST_BYTES = 150_000


def test_ones_own_use_is_for_everybody(house: TestHouse, screens: Screens) -> None:
    home = house.home(commodities=BOTH, days=8)
    start, end = day_bounds(house.day(1), house.house.profile.zone)
    with house.store.begin() as tx:
        estimated = pack_columns(
            [900_000] * 96,
            usage_point_id=home.usage_points[0],
            channel=next(one.number for one in tx.readings.channels(home.usage_points[0])),
            start=start,
            day_end=end,
            step=900,
            quality=[(8,)] * 24 + [(17,)] * 72,
            tou=[6] * 96,
            revision=tx.revisions.begin("test", house.clock()),
            at=house.clock(),
        )
        tx.readings.put_block(estimated, "estimated")
    plain = screens(viewport=PHONE)
    plain.own(home)
    plain.page.get_by_role("link", name="See your energy use").click()
    assert plain.heading == "Whose energy use do you want to see?"
    plain.look("usage-services")
    plain.page.get_by_role("link", name="1 Elm St").first.click()
    assert plain.page.locator("#chart svg").is_visible()
    assert plain.page.locator("canvas").count() == 0
    assert plain.page.locator("#readings tbody tr").count() == 96
    assert "24 estimated readings" in plain.words
    assert plain.page.locator("#readings tbody tr").first.inner_text().endswith("estimated and corrected")
    plain.look("usage-plain-phone")
    plain.page.get_by_role("link", name="Month", exact=True).click()
    plain.look("usage-plain-month")
    assert plain.page.locator("#readings tbody tr").count() == 13
    dark: dict[str, Any] = {"locale": "es-US", "viewport": PHONE, "color_scheme": "dark"}
    ways = {"wide": {"viewport": DESKTOP}, "es-dark": dark}
    for way, options in ways.items():
        screen = screens(java_script_enabled=True, **options)
        screen.be_signed_in(home)
        sent = loaded_by(screen)
        address = f"/sharing/usage?service={home.agreements[0].id}"
        screen.open(address)
        screen.page.locator("canvas").wait_for()
        screen.page.wait_for_load_state("networkidle")
        assert 20_000 < sum(sum_of(one) for one in sent) < MOST_BYTES
        check(screen, f"usage-{way}-day")
        for span in ("month", "year"):
            screen.open(f"{address}&by={span}")
            screen.page.locator("canvas").wait_for()
            check(screen, f"usage-{way}-{span}")
        screen.page.locator(".u-over").hover()
        assert "kWh" in screen.page.locator(".told-at").inner_text()
    assert screen.page.evaluate("typeof uPlot") == "function"
    screen.open(f"/sharing/usage?service={house.home().agreements[0].id}")
    assert "no es uno de sus servicios" in screen.words


def loaded_by(screen: Screen) -> list[Request]:
    """What a screen will have loaded."""
    loaded: list[Request] = []

    def note(request: Request) -> None:
        loaded.append(request)

    screen.page.on("requestfinished", note)
    return loaded


def sum_of(request: Request) -> int:
    """All that came for one request."""
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]
