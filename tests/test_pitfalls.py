"""What new implementations of the standard get wrong: each pitfall a test, on what a whole house sends.

Most are kept in more detail elsewhere; here stands that each of them is kept at all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conversations.stage import (
    OAUTH,
    RESOURCE,
    Desk,
    channel,
    contents,
    days_of,
    desk,
    metered,
    migrated,
    opened,
)
from tests.custodian.houses import BASE, Home, TestHouse
from wattshare.custodian.exchange import Cause
from wattshare.custodian.model.premises import Commodity, Enrollment, ProgramCode, ProgramEnrollment
from wattshare.custodian.model.work import NoticeState
from wattshare.custodian.outbound import Failed, Outbound
from wattshare.espi.atom import Entry, Feed
from wattshare.espi.ids import atom_id
from wattshare.espi.profile import PROFILES
from wattshare.espi.scope import Scope
from wattshare.espi.usage import MeterReading, ReadingType, ServiceCategory, ServiceDeliveryPoint, UsagePoint
from wattshare.espi.window import Window
from wattshare.espi.wire import Malformed, read, write
from wattshare.thirdparty.feeds import readings
from wattshare.thirdparty.tokens import Tokens

# the Sunday on which the clocks went back, and the day before
FALL = (date(2023, 11, 4), date(2023, 11, 5))


@dataclass(frozen=True, kw_only=True)
class Story:
    """A connected customer with everything, and a second one."""

    house: TestHouse
    desk: Desk
    home: Home
    tokens: Tokens
    client_token: str

    @property
    def pge(self) -> bool:
        """Whose manners."""
        return self.house.house.profile.name == "PGE"

    @property
    def electric(self) -> int:
        """The usage point of electricity."""
        return self.home.usage_points[0]

    @property
    def batch(self) -> str:
        """The path of the synchronous batch."""
        return f"/Batch/Subscription/{self.tokens.subscription}/UsagePoint/{self.electric}"

    def ask(self, path: str, token: str | None = None, **more: Any) -> httpx2.Response:
        """With the customer's token unless another is given."""
        kept = self.desk.client.store.find(self.tokens.subscription)
        assert kept is not None
        return self.desk.ask(path, kept.access_token if token is None else token, **more)

    def bare(self, path: str, **headers: str) -> httpx2.Response:
        """Without a token."""
        return self.house.browser.get(RESOURCE + path, headers=headers)

    def feed(self, path: str, token: str | None = None) -> Feed:
        """A feed, read."""
        root = read(self.ask(path, token).content).root
        assert isinstance(root, Feed)
        return root

    def bulk(self) -> list[httpx2.Response]:
        """The files of all customers, from the first day on."""
        asked = f"/Batch/Bulk/{self.desk.bulk_id}?published-min=1000000000"
        assert self.ask(asked, self.client_token).status_code == 202
        return [self.ask(url, self.client_token) for url in self.desk.files()]


def told(house: TestHouse) -> Story:
    """Two customers share everything with one third party."""
    home = house.home(commodities=(Commodity.ELECTRICITY, Commodity.GAS), name="Ada & <Charles> Elm")
    metered(house, channel(house, home.usage_points[0], flow=19), FALL, tou=6)
    with house.store.begin() as tx:
        for code, name in ((4, "WPK"), (6, "WOP")):
            tx.programs.put_code(ProgramCode(what="tou", code=code, name=name, note="Winter & more"))
        since = (("CUST_DR_PROGRAM_ENROLLMENT_DATE", house.midnight(100)),)
        tx.programs.put(
            ProgramEnrollment(
                usage_point_id=home.usage_points[0], program="Peak", status=Enrollment.ENROLLED, dates=since
            )
        )
    acme = desk(house)
    tokens = acme.connect(home)
    acme.connect(house.home())
    acme.told()
    return Story(house=house, desk=acme, home=home, tokens=tokens, client_token=acme.client_token())


@pytest.fixture(scope="module", params=sorted(PROFILES))
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """By each profile."""
    template = migrated(tmp_path_factory.mktemp("template"))
    with opened(template, tmp_path_factory.mktemp("house"), profile=request.param) as house:
        yield told(house)


def bare_tags(text: str) -> str:
    """A document without prefixes."""
    return re.sub(r"(</?)ns\d:", r"\1", text)


def test_pitfall_1_elements_stand_in_the_schemas_order(story: Story) -> None:
    text = bare_tags(story.ask(story.batch).text)
    one = r"<IntervalReading><ReadingQuality>.*?</ReadingQuality><timePeriod><duration>\d+</duration><start>\d+</start>"
    assert len(re.findall(one + r"</timePeriod><value>-?\d+</value>(?:<tou>\d+</tou>)?</IntervalReading>", text)) == (
        text.count("<IntervalReading>")
    )
    [first, *_] = re.findall(r"<ReadingType[^>]*>(.*?)</ReadingType>", text)
    assert re.findall(r"<(\w+)>", first) == [
        *("accumulationBehaviour", "commodity", "currency", "dataQualifier", "defaultQuality", "flowDirection"),
        *("intervalLength", "kind", "phase", "powerOfTenMultiplier", "timeAttribute", "uom", "measuringPeriod"),
    ]


def test_pitfall_2_what_certification_wants_of_a_reading_type_is_sent(story: Story) -> None:
    for response in story.bulk():
        for entry in read(response.content).root.entries:  # type: ignore[union-attr]
            for content in entry.content:
                if isinstance(content, ReadingType):
                    wanted = [content.currency, content.interval_length, content.kind, content.uom]
                    wanted.append(content.power_of_ten_multiplier)
                    wanted += [content.phase] if content.commodity == 1 else []
                    assert None not in wanted


def test_pitfall_3_a_feed_has_nothing_of_its_own_but_its_name_and_age(story: Story) -> None:
    for path, token in ((story.batch, None), ("/Authorization", story.client_token), ("/ReadingType", None)):
        text = bare_tags(story.ask(path, token).text)
        outside = re.sub(r"<entry>.*?</entry>", "", text)
        assert set(re.findall(r"<(\w+)", outside)) == {"feed", "id", "title", "updated", "link"}


def test_pitfall_4_times_are_utc_and_in_seconds(story: Story) -> None:
    registration = story.ask(
        f"/ApplicationInformation/{story.desk.registered.party.application_id}",
        story.desk.registered.registration_token,
    )
    for response in (*story.bulk(), registration):
        text = bare_tags(response.text)
        for _, told_at in re.findall(r"<(published|updated)>([^<]+)<", text):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told_at)
        for _, at in re.findall(r"<(statusTimeStamp|client_id_issued_at|start)>(\d+)<", text):
            assert len(at) == 10
    # but for the summary's id, which is a name
    assert re.search(r"/UsageSummary/\d{13}\"", story.ask(story.batch).text)


def test_pitfall_5_the_same_address_is_written_the_same_everywhere(story: Story) -> None:
    entries = list(story.feed(story.batch).entries)
    selves = {entry.self_href for entry in entries}
    ups = {entry.up for entry in entries}
    related = {href for entry in entries for href in entry.related}
    assert all(href in selves | ups for href in related)
    assert all(href.startswith(BASE + RESOURCE) for href in selves | ups | related if href)
    # whatever the request says of itself
    forwarded = {"x-forwarded-proto": "http", "x-forwarded-host": "other.example", "x-forwarded-prefix": "/x"}
    meter_reading = next(href for href in selves if re.search(r"/MeterReading/[^/]+=$", href or "")) or ""
    path = meter_reading.removeprefix(BASE + RESOURCE)
    plain, escaped = story.ask(path), story.ask(path.replace("=", "%3D"), **forwarded)
    assert plain.text == escaped.text


def test_pitfall_6_ids_are_the_same_at_every_rendering(story: Story) -> None:
    first, second = story.feed(story.batch), story.feed(story.batch)
    assert [entry.id for entry in first.entries] == [entry.id for entry in second.entries]
    assert first.id == second.id
    # nothing of the database is in them: they follow from the address
    profile = story.house.house.profile
    assert {entry.id for entry in first.entries} == {atom_id(entry.self_href or "", profile) for entry in first.entries}
    assert first.id.startswith("urn:uuid:") is not story.pge


def test_pitfall_7_shared_objects_stand_once_in_a_batch(story: Story) -> None:
    for response in story.bulk():
        root = read(response.content).root
        assert isinstance(root, Feed)
        selves = [entry.self_href for entry in root.entries]
        assert len(selves) == len(set(selves))
        assert sum("LocalTimeParameters" in (href or "") for href in selves) == 1


def test_pitfall_8_a_window_is_about_usage_and_leaves_what_describes_it(story: Story) -> None:
    first, last = story.house.midnight(3), story.house.midnight(2)
    told = story.desk.client.call(
        "batch-usage-point",
        window=Window(published_min=first, published_max=last),
        subscription=story.tokens.subscription,
        usage_point=story.electric,
    )
    # the block that starts at the maximum is in, but by the standard
    days = [story.house.day(3), story.house.day(2)] if story.pge else [story.house.day(3)]
    assert days_of(story.house, told) == days
    assert contents(told)[:4] == ["LocalTimeParameters", "ReadingType", "UsagePoint", "MeterReading"]
    assert contents(told).count("MeterReading") == 2
    # a bound in the middle of a day takes the whole day: blocks are neither cut nor left out
    inside = f"{story.batch}?published-min={first + 5 * 3600}&published-max={first + 6 * 3600}"
    assert re.findall(r"IntervalBlock_(\d+)", story.ask(inside).text) == [str(first)]


def test_pitfall_9_the_statuses_of_what_is_missing_or_senseless(story: Story) -> None:
    subscription = story.tokens.subscription
    assert story.bare(f"/Batch/Subscription/{subscription}").status_code == 403
    assert story.bare(f"/Subscription/{subscription}/UsagePoint").status_code == 401
    for bad in ("published-min=soon", "published-max=2024-02-30T00:00:00Z", "published-min=2&published-max=1"):
        assert story.ask(f"{story.batch}?{bad}").status_code == 400


def test_pitfall_10_an_authorize_request_is_judged_before_anybody_signs_in(story: Story) -> None:
    party = story.desk.registered.party
    good = {"client_id": party.client_id, "redirect_uri": party.redirect_uris[0], "response_type": "code"}
    for wrong in ({"client_id": "f" * 32}, {"redirect_uri": "https://evil.example/"}):
        answer = story.house.browser.get(OAUTH + "/authorize", params=good | wrong)
        assert answer.status_code == (400 if story.pge else 401)
        assert "location" not in answer.headers
    answer = story.house.browser.get(OAUTH + "/authorize", params=good | {"response_type": "token"})
    assert answer.headers["location"].startswith(party.redirect_uris[0] + "?error=")


def test_pitfall_11_the_token_endpoint_reads_a_posts_query_and_gives_get_nothing(story: Story) -> None:
    asked, browser = {"grant_type": "client_credentials"}, story.house.browser
    basic = (story.desk.registered.party.client_id, story.desk.registered.client_secret)
    assert browser.post(OAUTH + "/token", params=asked, auth=basic).status_code == 200
    shown = [browser.get(OAUTH + "/token", params=asked, auth=who).status_code for who in (basic, ("nobody", "x"))]
    assert shown == ([405, 405] if story.pge else [400, 401])


def test_pitfall_12_a_client_token_has_no_refresh_token_and_says_where_it_leads(story: Story) -> None:
    basic = (story.desk.registered.party.client_id, story.desk.registered.client_secret)
    said = story.house.browser.post(OAUTH + "/token", data={"grant_type": "client_credentials"}, auth=basic).json()
    assert "refresh_token" not in said
    assert {"access_token", "resourceURI", "authorizationURI"} <= said.keys()
    assert (said.get("client_access_token") == said["access_token"]) is story.pge


def test_pitfall_13_a_scope_is_one_string_and_comes_back_whole(story: Story) -> None:
    scope = story.tokens.scope
    assert len(scope) <= 256
    assert story.desk.client.authorization(story.tokens.subscription).scope == scope
    assert Scope.read(scope).write() == scope
    assert scope.startswith("FB=1_3_8_13_14_18_19_31_32_35_37_38_39_40_4_5_10_15_16_46_47;AdditionalScope=Usage_")


def test_pitfall_14_an_id_that_begins_like_ones_own_is_somebody_elses(story: Story) -> None:
    own = story.tokens.subscription
    for other in (own[:-1], own + "0", "0" + own, own + "/x", f"+{own}"):
        for path in ("/Subscription/{}/UsagePoint", "/Batch/Subscription/{}"):
            assert story.ask(path.format(other)).status_code in (403, 404)
    assert story.ask(f"/Subscription/{own[:-1]}/UsagePoint").status_code == 403


def test_pitfall_15_renewing_does_not_break_whoever_is_fetching(story: Story) -> None:
    former = story.desk.client.store.find(story.tokens.subscription)
    assert former is not None
    story.desk.client.store.keep(story.desk.client.grants.renew(former))
    assert story.ask(story.batch, former.access_token).status_code == 200


def test_pitfall_16_a_notice_comes_after_the_202_with_the_address_that_was_asked(story: Story) -> None:
    heard = story.house.receivers.heard
    before = len(heard)
    asked = f"/Batch/Subscription/{story.tokens.subscription}"
    assert story.ask(asked + "?published-min=1000000000").status_code == 202
    assert len(heard) == before
    urls = story.desk.files()
    assert {url.partition("?")[0] for url in urls} == {BASE + RESOURCE + asked}
    # every part is needed: together they are the whole
    points = {one.usage_point for url in urls for one in readings(story.desk.client.fetch(url))}
    assert points == {str(point) for point in story.home.usage_points}


def test_pitfall_17_a_notice_is_sent_by_a_worker_and_not_into_the_private_network(story: Story) -> None:
    outbound = Outbound.of(story.house.house.settings)
    for url in ("https://127.0.0.1/", "https://10.0.0.1/", "https://[::ffff:169.254.169.254]/"):
        refused = outbound.post(url, b"", {})
        assert isinstance(refused, Failed)
        assert refused.cause is Cause.ADDRESS_REFUSED
    story.house.receivers.down.add(story.desk.address)
    assert story.ask(f"/Batch/Bulk/{story.desk.bulk_id}", story.client_token).status_code == 202
    story.house.work()
    with story.house.store.read() as tx:
        notices = tx.notices.of_third_party(story.desk.bulk_id, 0)
        [notice] = [one for one in notices if one.state is NoticeState.DUE]
        [attempt] = tx.notices.attempts(notice.id)
    assert attempt.cause == "no_connection"
    story.house.receivers.down.clear()
    story.house.clock.advance(60)
    assert len(story.desk.files()) == 2


def test_pitfall_18_what_people_write_is_escaped(story: Story) -> None:
    told = story.ask(f"/Batch/RetailCustomer/{story.tokens.subscription}").text
    assert "<name>Ada &amp; &lt;Charles&gt; Elm</name>" in told
    assert "<note>Winter &amp; more</note>" in bare_tags(story.ask(story.batch).text)
    with pytest.raises(Malformed):
        read(b'<!DOCTYPE a [<!ENTITY b "c">]><ServiceStatus xmlns="http://naesb.org/espi">&b;</ServiceStatus>')


def test_pitfall_19_numbers_are_exact_and_have_the_schemas_ranges(story: Story) -> None:
    gas = story.desk.client.batch(story.tokens.subscription, story.home.usage_points[1])
    assert {one.value for one in readings(gas)} == {Decimal("1.0365954")}
    bill = (
        '<UsageSummary xmlns="http://naesb.org/espi"><billLastPeriod>{}</billLastPeriod>'
        "<statusTimeStamp>1</statusTimeStamp></UsageSummary>"
    )
    assert read(bill.format(-(2**47)).encode()).root.bill_last_period == -(2**47)  # type: ignore[union-attr]
    for beyond in (2**47 + 1, "1e3", "1.0"):
        with pytest.raises(Malformed):
            read(bill.format(beyond).encode())


def test_pitfall_20_a_day_has_23_24_or_25_hours(story: Story) -> None:
    told = story.desk.client.batch(story.tokens.subscription, story.electric)
    hours: dict[date, int] = {}
    for one in readings(told):
        day = one.start.astimezone(story.house.house.profile.zone).date()
        hours[day] = hours.get(day, 0) + int(one.duration.total_seconds())
    assert [hours[day] // 3600 for day in (*FALL, date(2024, 3, 10))] == [24, 25, 23]
    gas = story.ask(story.batch.replace(str(story.electric), str(story.home.usage_points[1]))).text
    starts = [int(start) for start in re.findall(r"IntervalBlock_(\d+)", gas)]
    assert starts == [story.house.midnight(ago) + 1 for ago in (3, 2, 1)]


def test_pitfall_21_a_programme_date_has_an_entry_of_its_own_and_codes_share_one(story: Story) -> None:
    dates = bare_tags(story.ask(f"/Batch/RetailDRPrgInfo/{story.tokens.subscription}").text)
    for one in re.findall(r"<ProgramDateIdMappings[^>]*>.*?</ProgramDateIdMappings>", dates):
        assert one.count("<programDateIdMapping>") == 1
    codes = bare_tags(story.ask(story.batch).text)
    assert codes.count("<programIdMapping>") == 2
    assert codes.count("<ProgramIdMappings") == 1


def test_pitfall_22_a_name_stands_before_what_is_special_and_in_no_usage_feed(story: Story) -> None:
    told = bare_tags(story.ask(f"/Batch/RetailCustomer/{story.tokens.subscription}").text)
    assert re.search(r"<CustomerAgreement[^>]*><name>\d+</name><type>RES</type><docStatus>", told)
    for response in story.bulk():
        for word in ("Ada", "Charles", "Elm", story.home.account_number, story.home.phone, "home.example"):
            assert word not in response.text
        for agreement in story.home.agreements:
            assert agreement.number not in response.text


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_pitfall_23_a_delivery_point_is_written_by_the_profile_and_read_either_way(profile: Any) -> None:
    point = UsagePoint(
        service_category=ServiceCategory(kind=0), service_delivery_point=ServiceDeliveryPoint(name="Yard")
    )
    text = write(point, profile).decode()
    spelled = re.findall(r"[sS]erviceDeliveryPoint", text)
    assert len(set(spelled)) == 1
    other = spelled[0].swapcase()[0] + spelled[0][1:]
    for document in (text, text.replace(spelled[0], other)):
        assert read(document.encode(), lenient=True).root == point


def test_pitfall_24_what_others_write_is_read() -> None:
    schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    entry = (
        f'<ns1:entry xmlns:ns1="http://www.w3.org/2005/Atom" {schema}><ns1:id xsi:type="ns1:idType">'
        '38a7f5a3-0000-4000-8000-000000000000</ns1:id><ns1:link href="https://dc.example/X/1" rel="self"/>'
        '<ns1:content><ns0:MeterReading xmlns:ns0="http://naesb.org/espi"/></ns1:content></ns1:entry>'
    )
    document = read(b"\xef\xbb\xbf" + entry.encode())
    assert isinstance(document.root, Entry)
    assert document.root.content == (MeterReading(),)
    # read, and every deviation named
    assert len(document.deviations) > 2


def test_pitfall_25_what_has_not_changed_is_304(story: Story) -> None:
    first = story.ask(story.batch)
    assert story.ask(story.batch, if_none_match=first.headers["etag"]).status_code == 304


def test_pitfall_26_bearer_is_spelled_as_the_schema_spells_it(story: Story) -> None:
    text = bare_tags(story.ask("/Authorization", story.client_token).text)
    assert set(re.findall(r"<token_type>([^<]*)<", text)) == {"Bearer"}


def test_pitfall_27_nothing_is_told_by_the_profiles_manner(story: Story) -> None:
    answer = story.ask(f"{story.batch}?published-max=1000000000")
    assert answer.status_code == (204 if story.pge else 200)
    if not story.pge:
        root = read(answer.content).root
        assert isinstance(root, Feed)


def test_pitfall_28_espi_1_1_stands_in_every_resources_address(story: Story) -> None:
    texts = [story.ask(story.batch).text, story.ask("/Authorization", story.client_token).text]
    hrefs = [href for text in texts for href in re.findall(r'href="([^"]+)"|URI>([^<]+)<', text)]
    addresses = [one or other for one, other in hrefs]
    assert len(addresses) > 20
    assert all("/espi/1_1/resource/" in address for address in addresses)


def test_every_pitfall_is_here() -> None:
    told = re.findall(r"^def test_pitfall_(\d+)_", Path(__file__).read_text(), re.MULTILINE)
    assert [int(number) for number in told] == list(range(1, 29))
