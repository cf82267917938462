"""What programs written against PG&E do, done as they do it: each trap a test.

They look for literal prefixes, count slashes, take links by their place and send requests of their own kind. None
of them knows us, so nothing of ours helps them here.
"""

import base64
import http.server
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conversations.stage import OAUTH, RESOURCE, Desk, channel, desk, metered, migrated, opened
from tests.custodian.houses import BASE, Home, TestHouse
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.outbound import Outbound
from wattshare.custodian.services.notices import TELL
from wattshare.thirdparty.tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """Somebody with a program, a customer's token and a token of their own."""

    house: TestHouse
    desk: Desk
    home: Home
    tokens: Tokens

    @property
    def basic(self) -> str:
        """client_id:client_secret."""
        party = self.desk.registered
        return f"{party.party.client_id}:{party.client_secret}"

    @property
    def subscription(self) -> str:
        """The subscription's path below the resource root."""
        return f"/Subscription/{self.tokens.subscription}"

    @property
    def point(self) -> str:
        """The path of the electric usage point."""
        return f"{self.subscription}/UsagePoint/{self.home.usage_points[0]}"

    def get(self, path: str, token: str | None = None, **more: Any) -> httpx2.Response:
        """GET below the resource root, as `requests.get` or `axios.get` would."""
        headers = {"Authorization": f"Bearer {token or self.tokens.access_token}", **more.pop("headers", {})}
        return self.house.browser.request("GET", RESOURCE + path, headers=headers, **more)

    def post_token(self, basic: str, **more: Any) -> httpx2.Response:
        """POST to the token endpoint with a Basic header."""
        headers = {"Authorization": f"Basic {basic}", **more.pop("headers", {})}
        return self.house.browser.post(OAUTH + "/token", headers=headers, **more)

    def standard_basic(self) -> str:
        """The header's value."""
        return base64.b64encode(self.basic.encode()).decode()

    def client_token(self) -> str:
        """As PG&E's own guide reads it."""
        answer = self.post_token(self.standard_basic(), data={"grant_type": "client_credentials"})
        return str(answer.json()["client_access_token"])

    def notified(self, path: str, token: str) -> str:
        """Order a file, and read the notice's body as text."""
        assert self.get(path, token).status_code == 202
        before = len(self.house.receivers.heard)
        self.house.work()
        [(_, body, _)] = self.house.receivers.heard[before:]
        return body.decode()


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    """One story for all traps: electricity both ways, and gas."""
    template = migrated(tmp_path_factory.mktemp("template"))
    with opened(template, tmp_path_factory.mktemp("house")) as house:
        home = house.home(commodities=(Commodity.ELECTRICITY, Commodity.GAS), name="Ada Elm")
        metered(house, channel(house, home.usage_points[0], flow=19, step=900), [house.day(1)])
        acme = desk(house)
        yield Vendor(house=house, desk=acme, home=home, tokens=acme.connect(home))


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_trap_1_token_parameters_in_the_query_of_a_post_with_an_empty_body(
    vendor: Vendor, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = vendor.post_token(
        vendor.standard_basic(), params={"grant_type": "client_credentials"}, content="", headers=headers
    )
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 3600


def test_trap_2_token_parameters_as_a_form(vendor: Vendor) -> None:
    answer = vendor.post_token(vendor.standard_basic(), data={"grant_type": "client_credentials"})
    assert answer.json()["token_type"] == "Bearer"


def test_trap_3_basic_in_url_safe_base64(vendor: Vendor) -> None:
    basic = base64.urlsafe_b64encode(vendor.basic.encode()).decode()
    answer = vendor.post_token(basic, data={"grant_type": "client_credentials"})
    assert answer.status_code == 200


def test_trap_4_a_slash_at_the_end(vendor: Vendor) -> None:
    for path in (
        f"/Batch/RetailCustomer/{vendor.tokens.subscription}/",
        f"{vendor.point}/",
        f"{vendor.subscription}/UsagePoint/",
        f"/Batch{vendor.point}/",
    ):
        assert vendor.get(path).status_code == 200
    # and the feed names itself without it
    assert '/UsagePoint/"' not in vendor.get(f"{vendor.point}/").text


def test_trap_5_prefixes_are_looked_for_as_text(vendor: Vendor) -> None:
    text = vendor.get(f"/Batch{vendor.point}").text
    for tag in ("ns1:feed", "ns1:entry", "ns1:link", "ns1:content"):
        assert f"<{tag}" in text
    for tag in ("ns0:IntervalBlock", "ns0:IntervalReading", "ns0:timePeriod", "ns0:start", "ns0:value"):
        assert f"<{tag}>" in text
    # one client turns the document into a dictionary and walks it by these names
    assert re.findall(r"<ns0:timePeriod><ns0:duration>900</ns0:duration><ns0:start>(\d+)</ns0:start>", text)
    notice = vendor.notified(f"/Batch/Bulk/{vendor.desk.bulk_id}", vendor.client_token())
    assert re.findall(r"<ns0:BatchList[^>]*>(?:<ns0:resources>[^<]+</ns0:resources>)+</ns0:BatchList>", notice)


def first_links(text: str, kind: str) -> list[str]:
    """The address in the first link of each entry that holds such an element."""
    entries = re.findall(r"<ns1:entry>.*?</ns1:entry>", text, re.DOTALL)
    links = [re.findall(r'<ns1:link href="([^"]+)"', entry) for entry in entries if f"<ns0:{kind}" in entry]
    return [found[0] for found in links]


def test_trap_6_the_meter_reading_is_the_thirteenth_part_of_a_blocks_first_link(vendor: Vendor) -> None:
    text = vendor.get(f"/Batch{vendor.point}").text
    told = {href.split("/")[12] for href in first_links(text, "IntervalBlock")}
    listed = re.findall(r"/MeterReading/([^/\"]+)\" rel=\"self\"", vendor.get(f"{vendor.point}/MeterReading").text)
    assert told == set(listed)
    assert len(listed) == 2


def decoded(text: str) -> str:
    """base64 as Node decodes it: up to the padding, and what is not of the alphabet is passed over."""
    kept = re.sub(r"[^A-Za-z0-9+/]", "", text.partition("=")[0])
    kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
    return base64.b64decode(kept + "=" * (-len(kept) % 4)).decode("latin-1")


def test_trap_7_the_flow_is_in_the_meter_readings_id_decoded_twice(vendor: Vendor) -> None:
    text = vendor.get(f"/Batch{vendor.point}").text
    ids = dict.fromkeys(href.split("/")[12] for href in first_links(text, "IntervalBlock"))
    assert [decoded(decoded(one)).split(":")[-1] for one in ids] == ["1", "19"]


def test_trap_8_the_second_link_of_a_usage_point_is_its_own(vendor: Vendor) -> None:
    root = ET.fromstring(vendor.get(f"{vendor.subscription}/UsagePoint").text)
    atom = "{http://www.w3.org/2005/Atom}"
    for entry in root.findall(f"{atom}entry"):
        links = entry.findall(f"{atom}link")
        assert re.fullmatch(r".*/UsagePoint/\d{10}", links[1].attrib["href"])
        assert links[1].attrib["rel"] == "self"


def test_trap_9_ids_are_digits(vendor: Vendor) -> None:
    text = vendor.get(f"/Batch{vendor.point}").text
    assert set(re.findall(r"/UsagePoint/([0-9]+)", text)) == {str(vendor.home.usage_points[0])}
    assert set(re.findall(r"Subscription/(\d+)", text)) == {vendor.tokens.subscription}
    told = vendor.get(f"/Batch/RetailCustomer/{vendor.tokens.subscription}").text
    agreements = set(re.findall(r"CustomerAgreement/(\d+)", told))
    # which is how the customer's side is joined to the usage side
    assert agreements == {str(point) for point in vendor.home.usage_points}


def test_trap_10_the_first_list_of_blocks_is_of_what_was_delivered(vendor: Vendor) -> None:
    text = vendor.get(f"{vendor.point}/MeterReading").text
    first = re.search(r"MeterReading/[^/\"]+/IntervalBlock", text)
    assert first is not None
    blocks = vendor.get(f"{vendor.point}/{first[0]}")
    assert blocks.status_code == 200
    assert decoded(decoded(first[0].split("/")[1])).split(":")[-1] == "1"


def test_trap_11_the_first_child_of_the_root_says_it(vendor: Vendor) -> None:
    status = ET.fromstring(vendor.get("/ReadServiceStatus", vendor.client_token()).text)
    assert status[0].text == "1"
    notice = ET.fromstring(vendor.notified(f"/Batch/Bulk/{vendor.desk.bulk_id}", vendor.client_token()))
    assert (notice[0].text or "").startswith(f"{BASE}{RESOURCE}/Batch/Bulk/{vendor.desk.bulk_id}?correlationID=")


def test_trap_12_the_first_name_of_a_customer_feed_is_the_customers(vendor: Vendor) -> None:
    text = vendor.get(f"/Batch/RetailCustomer/{vendor.tokens.subscription}").text
    found = re.search(r"<name>(.+?)</name>", text)
    assert found is not None
    assert found[1] == "Ada Elm"


def test_trap_13_the_subscription_is_what_is_left_of_the_resource_uri(vendor: Vendor) -> None:
    resource_uri = vendor.tokens.resource_uri or ""
    assert resource_uri.replace(f"{BASE}{RESOURCE}/Batch/Subscription/", "") == vendor.tokens.subscription


def test_trap_14_the_second_authorization_leads_to_bulk(vendor: Vendor) -> None:
    text = vendor.get("/Authorization", vendor.client_token()).text
    uris = re.findall(r"<ns0:resourceURI>([^<]+)</ns0:resourceURI>", text)
    assert uris[1] == f"{BASE}{RESOURCE}/Batch/Bulk/{vendor.desk.bulk_id}"


def test_trap_15_the_receiver_reads_by_content_length_and_answers_when_it_has_fetched(vendor: Vendor) -> None:
    fetched: list[int] = []

    class Slow(http.server.BaseHTTPRequestHandler):
        timeout = 20

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            url = ET.fromstring(body)[0].text or ""
            fetched.append(vendor.get(url.removeprefix(BASE + RESOURCE), vendor.client_token()).status_code)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quietly."""

    with http.server.HTTPServer(("127.0.0.1", 0), Slow) as receiver:
        address = f"127.0.0.1:{receiver.server_address[1]}"
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        settings = vendor.house.house.settings.model_copy(
            update={"allow_notify": (address,), "allow_http_callbacks": True}
        )
        notices = replace(vendor.house.house.delivery.notices, outbound=Outbound.of(settings))
        vendor.get(f"/Batch/Bulk/{vendor.desk.bulk_id}", vendor.client_token())
        with vendor.house.store.begin() as tx:
            party = tx.parties.by_id(vendor.desk.bulk_id)
            assert party is not None
            tx.parties.change(replace(party, notification_uri=f"http://{address}/"))
        worker = vendor.house.house.worker("one")
        replace(worker, steps={**worker.steps, TELL: notices.tell}).drain()
        with vendor.house.store.begin() as tx:
            tx.parties.change(party)
        receiver.shutdown()
    assert fetched == [200]


def test_trap_16_every_address_told_of_begins_with_the_apis_own(vendor: Vendor) -> None:
    notice = vendor.notified(f"/Batch/Bulk/{vendor.desk.bulk_id}", vendor.client_token())
    told = re.findall(r"<ns0:resources>([^<]+)</ns0:resources>", notice)
    assert len(told) == 2
    assert all(url.startswith(BASE) for url in told)


def test_trap_17_twelve_calls_at_once_are_all_answered(vendor: Vendor) -> None:
    def month(_: int) -> int:
        return vendor.get(f"/Batch{vendor.point}").status_code

    with ThreadPoolExecutor(12) as calls:
        assert list(calls.map(month, range(12))) == [200] * 12


def test_trap_18_the_first_multiplier_of_a_file_holds_for_all_its_readings(vendor: Vendor) -> None:
    notice = vendor.notified(f"/Batch/Bulk/{vendor.desk.bulk_id}", vendor.client_token())
    for url in re.findall(r"<ns0:resources>([^<]+)</ns0:resources>", notice):
        text = vendor.get(url.removeprefix(BASE + RESOURCE), vendor.client_token()).text
        first = re.search(r"<ns0:powerOfTenMultiplier>(-?\d+)<", text)
        types = re.findall(r"<ns0:ReadingType>.*?</ns0:ReadingType>", text, re.DOTALL)
        assert first is not None
        assert {re.findall(r"powerOfTenMultiplier>(-?\d+)<", one)[0] for one in types} == {first[1]}


def test_trap_19_epoch_seconds_and_zulu_say_the_same(vendor: Vendor) -> None:
    start = vendor.house.midnight(2)
    asked = [
        {"published-min": str(start), "published-max": str(start + 82_800)},
        {"published-min": "2024-03-11T07:00:00Z", "published-max": "2024-03-12T06:00:00Z"},
    ]
    told = [vendor.get(f"/Batch{vendor.point}", params=window).text for window in asked]
    assert told[0] == told[1]
    # min at midnight and max 82 800 s later is one day
    assert told[0].count("IntervalBlock_") == 1


def test_trap_20_the_end_of_the_window_may_come_first(vendor: Vendor) -> None:
    start = vendor.house.midnight(2)
    path = f"/Batch{vendor.point}"
    backwards = vendor.get(f"{path}?published-max={start}&published-min={start}")
    forwards = vendor.get(f"{path}?published-min={start}&published-max={start}")
    assert backwards.status_code == 200
    assert backwards.text == forwards.text


def test_trap_21_a_get_with_an_empty_json_object_as_its_body(vendor: Vendor) -> None:
    for path, token in ((f"{vendor.subscription}/UsagePoint", None), ("/ReadServiceStatus", vendor.client_token())):
        answer = vendor.get(path, token, content="{}", headers={"Content-Type": "application/json"})
        assert answer.status_code == 200


def test_every_trap_is_here() -> None:
    told = re.findall(r"^def test_trap_(\d+)_", Path(__file__).read_text(), re.MULTILINE)
    assert [int(number) for number in told] == list(range(1, 22))
