"""Statuses, headers and bodies of the resource API: each decision about them, by the row and by the profile."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree

from tests.custodian.asking import ROOT, Asking, Told
from tests.custodian.houses import BASE, DAY
from tests.custodian.servers import ENGINE, ENGINES, OpenStore
from tests.custodian.world import BOTH, World, empty_world
from wattshare.custodian.model.authorization import Ending
from wattshare.espi.endpoints import ENDPOINTS, Root
from wattshare.espi.kinds import Kind

PROFILES = ("PGE", "STANDARD")
TOKEN = "/datacustodian/oauth/v2/token"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One third party with one customer, and everything that they have."""

    world: World
    access: str
    client: str
    registration: str
    held: int
    point: int
    below: dict[str, str]
    # another customer of another third party
    other_access: str
    other_held: int
    other_point: int

    @property
    def line(self) -> Asking:
        """The way in."""
        return self.world.line

    @property
    def usage_point(self) -> str:
        """The path of its usage point."""
        return f"/Subscription/{self.held}/UsagePoint/{self.point}"

    @property
    def blocks(self) -> str:
        """The path of its days."""
        return f"{self.usage_point}/MeterReading/{self.below['meter_reading']}/IntervalBlock"

    def get(self, path: str, **more: Any) -> Told:
        """Ask as the customer's third party."""
        return self.line.resource(path, **({"token": self.access} | more))


@contextmanager
def staged(folder: Path, open_store: OpenStore, profile: str, engine: str = ENGINE) -> Iterator[Scene]:
    """A scene on a store of its own."""
    store = open_store(folder, engine)
    with empty_world(folder, store, profile=profile) as world:
        acme, beta = world.party("Acme Energy"), world.party("Beta Grid")
        home, other = world.home(BOTH), world.home()
        pair, other_pair = world.connect(acme, home), world.connect(beta, other)
        yield Scene(
            world=world,
            access=pair["access_token"],
            client=world.client_token(acme),
            registration=acme.registration_token,
            held=pair["held"].id,
            point=home.usage_points[0],
            below=world.below(home.usage_points[0]),
            other_access=other_pair["access_token"],
            other_held=other_pair["held"].id,
            other_point=other.usage_points[0],
        )


@pytest.fixture(scope="module", params=product(PROFILES, ENGINES), ids="-".join)
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, open_store: OpenStore
) -> Iterator[Scene]:
    """By either profile's manners."""
    with staged(tmp_path_factory.mktemp("statuses"), open_store, *request.param) as made:
        yield made


@pytest.fixture(scope="module", params=ENGINES)
def pge(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, open_store: OpenStore
) -> Iterator[Scene]:
    """By PG&E's manners."""
    with staged(tmp_path_factory.mktemp("pge"), open_store, "PGE", request.param) as made:
        yield made


# nothing to send

LONG_AGO = "?published-min=1000000000&published-max=1000086400"


def empty(scene: Scene, told: Told) -> None:
    """204 by PG&E's manners, a feed without entries by the standard's."""
    if scene.world.house.house.profile.name == "PGE":
        assert (told.status, told.body) == (204, b"")
        assert told["content-type"] is None
        assert told["content-length"] is None
    else:
        assert told.status == 200
        assert told.text.count("entry>") == 0
        assert "feed" in told.text


@pytest.mark.parametrize("what", ["batch", "summaries", "blocks"])
@pytest.mark.parametrize("window", [LONG_AGO, "?updated-min=1900000000", "?published-min=4000000000"])
def test_a_windowed_row_with_nothing_in_it_sends_nothing(scene: Scene, what: str, window: str) -> None:
    paths = {
        "batch": f"/Batch{scene.usage_point}",
        "summaries": f"{scene.usage_point}/UsageSummary",
        "blocks": scene.blocks,
    }
    assert scene.get(paths[what]).status == 200
    empty(scene, scene.get(paths[what] + window))


def test_one_thing_outside_the_window_is_not_sent(scene: Scene) -> None:
    for path in (
        f"{scene.blocks}/{scene.below['block']}",
        f"{scene.usage_point}/UsageSummary/{scene.below['summary']}",
    ):
        assert scene.get(path).status == 200
        outside = scene.get(path + LONG_AGO)
        assert (outside.status, outside.body) == (204, b"")


def test_an_unwindowed_list_of_nothing_is_an_empty_feed(scene: Scene) -> None:
    world = scene.world
    party, home = world.party(f"Nothing {uuid.uuid4().hex[:8]}"), world.house.home(days=0, bills=0)
    pair = world.connect(party, home)
    told = scene.get(f"/Batch/RetailDRPrgInfo/{pair['held'].id}", token=pair["access_token"])
    assert (told.status, told.text.count("entry>")) == (200, 0)


def test_a_batch_of_a_usage_point_without_readings_sends_nothing(scene: Scene) -> None:
    world = scene.world
    party, home = world.party(f"Nothing {uuid.uuid4().hex[:8]}"), world.house.home(days=0, bills=0)
    pair = world.connect(party, home)
    path = f"/Batch/Subscription/{pair['held'].id}/UsagePoint/{home.usage_points[0]}"
    empty(scene, scene.get(path, token=pair["access_token"]))


def test_an_order_is_taken_though_nothing_will_be_in_it(pge: Scene) -> None:
    told = pge.get(f"/Batch/Subscription/{pge.held}{LONG_AGO}")
    assert (told.status, told.body) == (202, b"")
    pge.world.house.work()
    [url] = [
        part.decode().partition("</")[0]
        for _, body, _ in pge.world.house.receivers.heard
        for part in body.split(b"resources>")
        if f"/Batch/Subscription/{pge.held}?correlationID=".encode() in part
    ]
    fetched = pge.line.ask(url.removeprefix(BASE), token=pge.access)
    assert (fetched.status, fetched.body) == (204, b"")


# who asks


def test_no_token_is_told_what_to_show(scene: Scene) -> None:
    for row in ENDPOINTS:
        if row.root is not Root.RESOURCE:
            continue
        told = scene.line.ask(ROOT + row.path.format_map(dict.fromkeys(row.parameters, "1")), method=row.method)
        if row.path.startswith("/Batch/"):
            assert (told.status, told["www-authenticate"], told.json["error"]) == (403, None, "forbidden")
        else:
            assert (told.status, told["www-authenticate"], told.json["error"]) == (401, "Bearer", "missing_token")


@pytest.mark.parametrize("header", ["Bearer nobody", "Bearer", "Basic YTpi", "Bearer a b", "", "bearer\tx", "Bearer é"])
@pytest.mark.parametrize("path", ["/ReadServiceStatus", "/Batch/Bulk/50001", "/LocalTimeParameters"])
def test_a_token_of_nobody_is_unknown(scene: Scene, header: str, path: str) -> None:
    told = scene.line.resource(path, headers=[("authorization", header)])
    assert told.status == 401
    assert told["www-authenticate"] == 'Bearer error="invalid_token"'
    assert told.json["error"] == "invalid_token"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_scheme_is_read_in_whatever_case(scene: Scene, scheme: str) -> None:
    told = scene.line.resource("/ReadServiceStatus", headers=[("authorization", f"{scheme} {scene.client}")])
    assert told.status == 200


@pytest.mark.parametrize(
    "shown",
    [
        {"path": "/ReadServiceStatus?access_token={}"},
        {"headers": [("x-authorization", "Bearer {}")]},
        {"headers": [("cookie", "access_token={}")]},
        {"headers": [("proxy-authorization", "Bearer {}")]},
    ],
)
def test_a_token_counts_in_the_authorization_header_only(scene: Scene, shown: dict[str, Any]) -> None:
    path = shown.get("path", "/ReadServiceStatus").format(scene.client)
    headers = [(name, value.format(scene.client)) for name, value in shown.get("headers", [])]
    assert scene.line.resource(path, headers=headers).status == 401


def test_two_authorization_headers_are_refused(scene: Scene) -> None:
    twice = [("authorization", f"Bearer {scene.client}")] * 2
    told = scene.line.resource("/ReadServiceStatus", headers=twice)
    assert (told.status, told.json["field"]) == (400, "authorization")


# not yours and not there


def test_what_is_not_the_bearers_gets_one_answer(scene: Scene) -> None:
    for path in ("/Subscription/{}/UsagePoint", "/Batch/Subscription/{}", "/Batch/RetailCustomer/{}"):
        answers = {
            (told.status, told["content-length"], told.json["error"], told.json["error_description"])
            for told in (scene.get(path.format(one)) for one in (scene.other_held, 7_777_777, "x", "0"))
        }
        assert len(answers) == 1
        assert answers.pop()[0] == 403


def test_below_ones_own_what_is_missing_and_what_is_anothers_answer_alike(scene: Scene) -> None:
    answers = set()
    for one in (scene.other_point, 5_399_999_999, "x", "0", "%F0%9F%94%8C"):
        for path in ("", "/MeterReading", "/UsageSummary", "/UsageSummary/1700000000000", LONG_AGO):
            told = scene.get(f"/Subscription/{scene.held}/UsagePoint/{one}{path}")
            body = {name: value for name, value in told.json.items() if name != "correlation_id"}
            answers.add((told.status, told["content-length"], str(body)))
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_an_ended_authorization_is_still_told_of_and_ends_once(scene: Scene) -> None:
    world = scene.world
    held = world.share(world.parties["Acme Energy"], world.home())
    path = f"/Authorization/{held.id}"
    assert "status>1<" in scene.get(path, token=scene.client).text
    first = scene.get(path, token=scene.client, method="DELETE")
    assert (first.status, first.body, first["content-length"]) == (200, b"", "0")
    assert scene.get(path, token=scene.client, method="DELETE").status == 404
    told = scene.get(path, token=scene.client)
    assert told.status == 200
    assert "status>0<" in told.text


def test_whatever_an_authorization_names_can_be_asked_for(scene: Scene) -> None:
    root = etree.fromstring(scene.get("/Authorization", token=scene.client).body)
    named = [
        (str(place.text), name)
        for name in ("resourceURI", "authorizationURI", "customerResourceURI")
        for place in root.iter(f"{{http://naesb.org/espi}}{name}")
    ]
    # of registration, bulk and the customer; the registration opens no customer
    assert len(named) == 3 + 3 + 2
    for url, name in named:
        token = scene.client if name == "authorizationURI" or "/Batch/Bulk" in url else scene.access
        token = scene.registration if "/ApplicationInformation/" in url else token
        told = scene.line.ask(url.removeprefix(BASE), token=token)
        assert told.status in (200, 202), url


def test_the_registrations_own_entries_cannot_be_ended(scene: Scene) -> None:
    party = scene.world.parties["Acme Energy"].party
    for entry in scene.world.entries(party):
        assert scene.get(f"/Authorization/{entry}", token=scene.client, method="DELETE").status == 403


# methods

REST = ("POST", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND")


def test_another_method_is_told_which_there_are(scene: Scene) -> None:
    for row in ENDPOINTS:
        if row.root is not Root.RESOURCE:
            continue
        target = ROOT + row.path.format_map(dict.fromkeys(row.parameters, "1"))
        allow = "DELETE, GET, HEAD" if row.path == "/Authorization/{authorization}" else "GET, HEAD"
        others = REST if "DELETE" in allow else (*REST, "DELETE")
        for method in others:
            told = scene.line.ask(target, method=method, token=scene.client)
            assert (told.status, told["allow"]) == (405, allow), f"{method} {target}"
            assert told.json["error_description"] == f"{method} not permitted"


def test_a_method_cannot_be_overridden(scene: Scene) -> None:
    headers = [("x-http-method-override", "DELETE"), ("x-original-url", "/"), ("x-rewrite-url", "/")]
    told = scene.get(f"/Authorization/{scene.held}?_method=DELETE", token=scene.client, headers=headers)
    assert told.status == 200
    assert scene.get(scene.usage_point).status == 200


def test_head_is_get_without_its_body(scene: Scene) -> None:
    for path, token in [
        ("/ReadServiceStatus", scene.client),
        ("/Authorization", scene.client),
        (scene.usage_point, scene.access),
        (f"/Batch{scene.usage_point}", scene.access),
        ("/nothing", scene.access),
        ("/Subscription/1/UsagePoint", scene.access),
        (scene.blocks + LONG_AGO, scene.access),
    ]:
        got, head = scene.get(path, token=token), scene.get(path, token=token, method="HEAD")
        assert (head.status, head.body) == (got.status, b"")
        for name in ("content-type", "etag", "cache-control", "vary"):
            assert head[name] == got[name], f"{path} {name}"


# parameters

WINDOWED = ("batch", "summaries", "summary", "blocks", "block", "order", "bulk")


def windowed(scene: Scene) -> dict[str, tuple[str, str]]:
    """Path and token of every row that reads a window."""
    bulk = scene.world.parties["Acme Energy"].party.id
    return {
        "batch": (f"/Batch{scene.usage_point}", scene.access),
        "summaries": (f"{scene.usage_point}/UsageSummary", scene.access),
        "summary": (f"{scene.usage_point}/UsageSummary/{scene.below['summary']}", scene.access),
        "blocks": (scene.blocks, scene.access),
        "block": (f"{scene.blocks}/{scene.below['block']}", scene.access),
        "order": (f"/Batch/Subscription/{scene.held}", scene.access),
        "bulk": (f"/Batch/Bulk/{bulk}", scene.client),
    }


@pytest.mark.parametrize("what", WINDOWED)
@pytest.mark.parametrize("name", ["published-min", "published-max", "updated-min", "updated-max"])
@pytest.mark.parametrize(
    "value",
    ["yesterday", "2024-02-30T00:00:00Z", "2024-03-12", "", "-1", "1e9", "99999999999", "2024-03-12T00:00:00", "%00"],
)
def test_a_bound_that_is_no_time_is_named(scene: Scene, what: str, name: str, value: str) -> None:
    path, token = windowed(scene)[what]
    told = scene.get(f"{path}?{name}={value}", token=token)
    assert (told.status, told.json["field"], told.json["error"]) == (400, name, "invalid_request")


@pytest.mark.parametrize("what", WINDOWED)
def test_bounds_in_the_wrong_order_are_refused(scene: Scene, what: str) -> None:
    path, token = windowed(scene)[what]
    for stem in ("published", "updated"):
        told = scene.get(f"{path}?{stem}-max=1710000000&{stem}-min=1710000001", token=token)
        assert (told.status, told.json["field"]) == (400, f"{stem}-min")


def test_a_bound_that_is_there_twice_is_refused(scene: Scene) -> None:
    told = scene.get(f"/Batch{scene.usage_point}?published-min=1&published-min=1")
    assert (told.status, told.json["field"]) == (400, "published-min")


def test_whose_it_is_is_asked_before_the_window_is_read(scene: Scene) -> None:
    junk = "?published-min=junk"
    assert scene.get(f"/Batch/Subscription/{scene.other_held}{junk}").status == 403
    assert scene.line.resource(f"/Batch/Subscription/{scene.held}{junk}").status == 403
    assert scene.line.resource(scene.blocks + junk).status == 401


@pytest.mark.parametrize(
    "form",
    ["{epoch}", "{epoch}000", "{zulu}", "{minus}", "{encoded}", "{plus}", "{fraction}"],
)
def test_a_moment_is_read_in_each_of_its_forms(scene: Scene, form: str) -> None:
    """The start of yesterday, which is the only day that there is."""
    start = int(scene.below["block"])
    assert start == 1_710_226_800
    written = form.format(
        epoch=start,
        zulu="2024-03-12T07:00:00Z",
        minus="2024-03-12T00:00:00-07:00",
        encoded=quote("2024-03-12T08:00:00+01:00", safe=""),
        # a plus that becomes a blank on the way
        plus="2024-03-12T08:00:00+01:00",
        fraction="2024-03-12T07:00:00.000Z",
    )
    from_start = scene.get(f"{scene.blocks}?published-min={written}")
    assert (
        from_start.status,
        from_start.text.count("<ns0:IntervalBlock>") + from_start.text.count("<IntervalBlock "),
    ) == (
        200,
        1,
    )
    to_start = scene.get(f"{scene.blocks}?published-max={written}")
    if scene.world.house.house.profile.half_open_windows:
        empty(scene, to_start)
    else:
        assert to_start.status == 200


def test_a_maximum_in_the_future_is_fine(scene: Scene) -> None:
    future = scene.world.house.clock() + 400 * DAY
    assert scene.get(f"{scene.blocks}?published-max={future}").status == 200
    assert scene.get(f"/Batch/Subscription/{scene.held}?published-max={future}").status == 202


JUNK = (
    "published-min=junk&published-max=%FF&updated-min=&max-results=-1&start-index=x&depth=9e9&q=%00"
    "&published-min=1&verb=DELETE&correlationID=x&correlationID=y&;=&&=&%ZZ"
)


def test_rows_without_a_window_ignore_every_parameter(scene: Scene) -> None:
    party = scene.world.parties["Acme Energy"].party
    rows = {
        "/DownloadSampleData": scene.client,
        f"/ApplicationInformation/{party.application_id}": scene.registration,
        "/ReadServiceStatus": scene.client,
        "/LocalTimeParameters": scene.access,
        "/LocalTimeParameters/1": scene.access,
        "/Authorization": scene.client,
        f"/Authorization/{scene.held}": scene.client,
        f"/Subscription/{scene.held}/UsagePoint": scene.access,
        scene.usage_point: scene.access,
        "/ReadingType": scene.access,
        "/ReadingType/NzI6bnVsbDo5MDA6MQ==": scene.access,
        f"{scene.usage_point}/MeterReading": scene.access,
        f"{scene.usage_point}/MeterReading/{scene.below['meter_reading']}": scene.access,
        f"/Batch/RetailCustomer/{scene.held}": scene.access,
        f"/Batch/RetailDRPrgInfo/{scene.held}": scene.access,
    }
    for path, token in rows.items():
        plain, junk = scene.get(path, token=token), scene.get(f"{path}?{JUNK}", token=token)
        assert (plain.status, junk.status) == (200, 200), path
        assert plain.body == junk.body, path
        assert plain["etag"] == junk["etag"], path


@pytest.mark.parametrize("path", ["BulkRetailCustomerInfo", "BulkRetailDRPrgInfo"])
def test_orders_without_a_window_ignore_every_parameter_but_the_files(scene: Scene, path: str) -> None:
    bulk = scene.world.parties["Acme Energy"].party.id
    query = "?published-min=junk&updated-max=%00&depth=x"
    assert scene.get(f"/Batch/{path}/{bulk}{query}", token=scene.client).status == 202


def test_windowed_rows_ignore_what_is_no_bound(scene: Scene) -> None:
    for path, token in windowed(scene).values():
        plain = scene.get(path, token=token)
        junk = scene.get(f"{path}?Max-Results=-1&page=x&Published-Min=junk&%FF=1", token=token)
        assert (junk.status, junk.body) == (plain.status, plain.body), path
        paged = scene.get(f"{path}?max-results=1&start-index=2&depth=01", token=token)
        assert (paged.status, paged.body) == (plain.status, plain.body), path


@pytest.mark.parametrize("name", ["start-index", "max-results", "depth"])
@pytest.mark.parametrize("value", ["All", "", "0", "-1", "1.5", "1e3", "9" * 19, "\u0661", "03/01/2016"])
def test_a_page_that_is_no_number_is_refused_by_the_standard(scene: Scene, name: str, value: str) -> None:
    """QRY002. No page is ever cut, by either."""
    for path, token in windowed(scene).values():
        told = scene.get(f"{path}?{name}={quote(value)}", token=token)
        if scene.world.house.house.profile.name == "STANDARD":
            assert (told.status, told.json["field"]) == (400, name), path
        else:
            assert told.status in (200, 202), path


# paths


def test_slashes_at_the_end_and_in_pairs_are_dropped(scene: Scene) -> None:
    wanted = scene.get(scene.usage_point).body
    for path in (f"{scene.usage_point}/", f"{scene.usage_point}///", scene.usage_point.replace("/", "//")):
        told = scene.get(path)
        assert (told.status, told.body) == (200, wanted), path
    told = scene.line.ask(f"//{ROOT}//ReadServiceStatus//", token=scene.client)
    assert told.status == 200


def test_an_equals_sign_may_be_escaped(scene: Scene) -> None:
    raw = f"{scene.usage_point}/MeterReading/{scene.below['meter_reading']}"
    assert "=" in raw
    for path in (raw.replace("=", "%3D"), raw.replace("=", "%3d"), raw.replace("N", "%4E")):
        assert scene.get(path).body == scene.get(raw).body


@pytest.mark.parametrize(
    "path",
    [
        "/./ReadServiceStatus",
        "/x/../ReadServiceStatus",
        "/%2e/ReadServiceStatus",
        "/x/%2E%2e/ReadServiceStatus",
        "%2FReadServiceStatus",
        "/ReadServiceStatus%2f",
        "/ReadServiceStatus%5c",
        "/ReadServiceStatus%00",
        "/ReadServiceStatus%0a",
        "/ReadServiceStatus%",
        "/ReadServiceStatus%zz",
        "/ReadServiceStatus%ff",
        "/ReadServiceStatus;x=1",
        "/ReadServiceStatus.xml",
        "/%52ead%53ervice%53tatus%20",
        "/ReadServiceStatus/1",
        "/ApplicationInformation",
        "/Subscription",
        "/Batch",
        "",
    ],
)
def test_a_path_that_is_none_of_ours_is_not_there(scene: Scene, path: str) -> None:
    told = scene.get(path, token=scene.client)
    assert told.status == 404
    assert told.text.startswith(f"No listener for endpoint: {ROOT}")
    assert told["content-type"] == "text/plain;charset=utf-8"


def test_the_misspellings_that_are_in_use_are_read(scene: Scene) -> None:
    assert scene.get("/Authorziation", token=scene.client).status == 200
    assert scene.get(f"/Authorziation/{scene.held}", token=scene.client).status == 200
    held = scene.world.share(scene.world.parties["Acme Energy"], scene.world.home())
    assert scene.get(f"/Authorziation/{held.id}", token=scene.client, method="DELETE").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/datacustodian/oauth/v2/authorize",
        "/datacustodian/oauth/v2/Authorize",
        "/datacustodian/oauth/v2/authorize/",
        "/myAuthorization",
        "/myAuthorization/",
    ],
)
def test_authorize_is_found_in_each_of_its_spellings(pge: Scene, path: str) -> None:
    party = pge.world.parties["Acme Energy"].party
    query = f"?client_id={party.client_id}&redirect_uri={quote(party.redirect_uris[0], safe='')}&response_type=code"
    told = pge.line.ask(path + query)
    assert told.status == 302
    assert str(told["location"]).startswith("/sharing/sign-in?request=")


def test_the_old_name_of_the_client_gets_a_page(pge: Scene) -> None:
    told = pge.line.ask("/myAuthorization/?clientId=50001&verified=true")
    assert told.status == 400
    assert str(told["content-type"]).startswith("text/html")
    assert "client_id" in told.text


# headers


def test_feeds_are_kept_by_their_reader_and_everything_else_is_not(scene: Scene) -> None:
    kept = {f"/Batch{scene.usage_point}", scene.blocks, "/LocalTimeParameters"}
    for path in (*kept, f"/Subscription/{scene.held}/UsagePoint", f"{scene.usage_point}/UsageSummary"):
        told = scene.get(path)
        assert (told["cache-control"], bool(told["etag"])) == ("private, no-cache", True), path
        assert told["vary"] == "Accept-Encoding"
    for path in (scene.usage_point, "/LocalTimeParameters/1", "/ReadingType/NzI6bnVsbDo5MDA6MQ=="):
        told = scene.get(path)
        assert (told.status, told["cache-control"], bool(told["etag"])) == (200, "no-store", True), path
    for told in (
        scene.get("/ReadServiceStatus", token=scene.client),
        scene.get("/Subscription/1/UsagePoint"),
        scene.get(f"{scene.usage_point}/UsageSummary/x"),
        scene.get(f"/Batch/Subscription/{scene.held}"),
        scene.line.resource("/LocalTimeParameters"),
        scene.line.ask("/nothing"),
    ):
        assert (told["cache-control"], told["etag"]) == ("no-store", None)


def test_every_answer_has_its_own_correlation_id(scene: Scene) -> None:
    answers = [
        scene.get(scene.usage_point),
        scene.get(scene.blocks + LONG_AGO),
        scene.get("/Subscription/1/UsagePoint"),
        scene.get(f"/Batch/Subscription/{scene.held}"),
        scene.line.ask("/nothing"),
        scene.line.ask("/", host=b"elsewhere.example"),
        scene.line.ask(TOKEN, method="POST"),
        scene.line.ask("/sharing/sign-in"),
    ]
    ids = [str(told["x-correlation-id"]) for told in answers]
    assert len({str(uuid.UUID(one)) for one in ids}) == len(answers)
    assert [told["x-transaction-id"] for told in answers] == ids


def test_a_refusal_says_what_programs_and_people_need(scene: Scene) -> None:
    for told, keys in (
        (scene.line.resource("/LocalTimeParameters"), []),
        (scene.get("/Subscription/1/UsagePoint"), []),
        (scene.get(f"{scene.usage_point}/UsageSummary/x"), []),
        (scene.get(f"{scene.blocks}?published-min=x"), ["field"]),
        (scene.get(scene.usage_point, method="PUT"), []),
        (scene.line.ask(TOKEN, method="POST"), ["field"]),
    ):
        assert list(told.json) == ["error", "error_description", *keys, "correlation_id"]
        assert told.json["correlation_id"] == told["x-correlation-id"]
        assert told["content-type"] == "application/json;charset=UTF-8"


def test_a_refusal_names_its_cause_and_the_parameter_at_fault(scene: Scene) -> None:
    batch = scene.line.resource(f"/Batch/Subscription/{scene.held}")
    assert (batch.status, batch.json["error_description"]) == (
        403,
        "This needs a bearer token in the Authorization header.",
    )
    other_kind = scene.get("/ReadServiceStatus")
    assert other_kind.json["error_description"] == "This resource takes a client token; another kind was shown."
    rehearsed = scene.line.ask("/datacustodian/test/oauth/v2/authorize")
    assert rehearsed.json["field"] == "client_id"
    assert rehearsed.json["correlation_id"] == rehearsed["x-correlation-id"]


def test_bodies_have_their_types(scene: Scene) -> None:
    atom, xml = "application/atom+xml;charset=UTF-8", "application/xml;charset=UTF-8"
    for accept in ("*/*", "application/json", "text/html", "image/png;q=1", ""):
        headers = [("accept", accept)]
        assert scene.get(scene.usage_point, headers=headers)["content-type"] == atom
        assert scene.get("/ReadServiceStatus", token=scene.client, headers=headers)["content-type"] == xml


def test_a_get_may_bring_a_body_that_nobody_reads(scene: Scene) -> None:
    told = scene.get(scene.usage_point, body=b"{}", headers=[("content-type", "application/json")])
    assert told.status == 200


# validators


def asked_again(scene: Scene, path: str, tag: str, **more: Any) -> Told:
    """Ask with If-None-Match."""
    return scene.get(path, headers=[("if-none-match", tag)], **more)


def test_what_has_not_changed_is_not_sent_again(scene: Scene) -> None:
    for path in (f"/Batch{scene.usage_point}", scene.blocks, scene.usage_point, f"{scene.usage_point}/UsageSummary"):
        first = scene.get(path)
        kept = "no-store" if path == scene.usage_point else "private, no-cache"
        tag = str(first["etag"])
        assert tag.startswith('"')
        for shown in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            told = asked_again(scene, path, shown)
            assert (told.status, told.body, told["etag"], told["cache-control"]) == (
                304,
                b"",
                tag,
                kept,
            )
        for shown in ('"x"', "", "junk", tag[:-2] + '"'):
            assert asked_again(scene, path, shown).status == 200


def test_a_validator_is_of_one_window_and_one_path(scene: Scene) -> None:
    plain = scene.get(scene.blocks)
    windowed_one = scene.get(f"{scene.blocks}?published-min=1")
    one = scene.get(f"{scene.blocks}/{scene.below['block']}")
    assert len({plain["etag"], windowed_one["etag"], one["etag"]}) == 3
    assert asked_again(scene, scene.blocks, str(windowed_one["etag"])).status == 200


def test_equal_windows_have_one_validator(scene: Scene) -> None:
    tags = {
        scene.get(f"{scene.blocks}?published-min={one}")["etag"]
        for one in ("1710226800", "1710226800000", "2024-03-12T07:00:00Z", "2024-03-12T00:00:00-07:00")
    }
    assert len(tags) == 1


def test_a_validator_does_not_cross_bearers(scene: Scene) -> None:
    """The same customer's usage point at two third parties, and things that are alike for everybody."""
    world = scene.world
    home = world.homes[0]
    party = world.party(f"Cross {uuid.uuid4().hex[:8]}")
    pair = world.connect(party, home)
    theirs = f"/Subscription/{pair['held'].id}/UsagePoint/{scene.point}"
    for mine, other in ((scene.usage_point, theirs), ("/ReadingType", "/ReadingType")):
        tag = str(scene.get(mine)["etag"])
        told = asked_again(scene, other, tag, token=pair["access_token"])
        assert told.status == 200
        assert told["etag"] != tag


def test_a_validator_opens_nothing(scene: Scene) -> None:
    tag = str(scene.get(scene.usage_point)["etag"])
    assert asked_again(scene, scene.usage_point, tag, token=scene.other_access).status == 403
    assert asked_again(scene, scene.usage_point, tag, token="nobody").status == 401
    assert asked_again(scene, scene.usage_point, "*", token=scene.other_access).status == 403
    assert asked_again(scene, f"{scene.usage_point}/UsageSummary/x", "*").status == 404


def test_a_validator_changes_with_what_it_stands_for(scene: Scene) -> None:
    world = scene.world
    party, home = world.party(f"Change {uuid.uuid4().hex[:8]}"), world.home()
    pair = world.connect(party, home)
    token, path = pair["access_token"], f"/Batch/Subscription/{pair['held'].id}/UsagePoint/{home.usage_points[0]}"
    before = scene.get(path, token=token)
    world.house.clock.advance(1)
    world.house.meter(home.usage_points[0], BOTH[0], 0)
    world.house.bill(home.usage_points[0], 2, 99_000_000)
    after = asked_again(scene, path, str(before["etag"]), token=token)
    assert after.status == 200
    assert after["etag"] != before["etag"]


def test_the_compressed_answer_has_a_validator_of_its_own(scene: Scene) -> None:
    path = f"/Batch{scene.usage_point}"
    gzip = ("accept-encoding", "gzip")
    packed, plain = scene.get(path, headers=[gzip]), scene.get(path)
    assert (packed["content-encoding"], plain["content-encoding"]) == ("gzip", None)
    assert packed["etag"] != plain["etag"]
    for told in (packed, plain):
        again = scene.get(path, headers=[gzip, ("if-none-match", str(told["etag"]))])
        assert (again.status, again["etag"]) == (304, told["etag"])


# kinds that say nothing of anybody


def test_any_living_access_token_opens_what_is_everybodys(scene: Scene) -> None:
    world = scene.world
    party = world.party(f"Names {uuid.uuid4().hex[:8]}", kinds_required=frozenset({Kind.BASIC}))
    home = world.home()
    pair = world.connect(party, home, frozenset({Kind.BASIC}))
    token = pair["access_token"]
    for path in ("/LocalTimeParameters", "/LocalTimeParameters/1", "/ReadingType", "/ReadingType/NzI6bnVsbDo5MDA6MQ=="):
        assert scene.get(path, token=token).status == 200
    assert scene.get(f"/Subscription/{pair['held'].id}/UsagePoint", token=token).status == 403
    world.house.house.consent.withdraw(pair["held"].id, Ending.CUSTOMER)
    for path in ("/LocalTimeParameters", "/ReadingType"):
        assert scene.get(path, token=token).status == 401


# the token endpoint


def test_get_at_the_token_endpoint(scene: Scene) -> None:
    real, test = scene.line.ask(TOKEN), scene.line.ask(TOKEN.replace("/oauth", "/test/oauth"))
    if scene.world.house.house.profile.name == "PGE":
        assert (real.status, real["allow"]) == (405, "POST")
        assert real.json["error_description"] == "GET not permitted"
        assert (test.status, test.json["error_description"]) == (400, "Missing grant_type")
    else:
        assert (real.status, test.status) == (401, 401)
        assert real.json["error"] == "invalid_client"
        assert str(real["www-authenticate"]).startswith("Basic")


def test_every_other_method_at_the_token_endpoint_is_told_to_post(scene: Scene) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        for target in (TOKEN, TOKEN.replace("/oauth", "/test/oauth"), TOKEN.replace("/token", "/revoke")):
            told = scene.line.ask(target, method=method)
            assert (told.status, told["allow"]) == (405, "POST")


def test_a_host_that_is_not_ours_is_sent_away(scene: Scene) -> None:
    for host in (b"elsewhere.example", b"share.example.evil.example", b"127.0.0.1", b""):
        told = scene.line.ask(f"{ROOT}/ReadServiceStatus", token=scene.client, host=host)
        assert told.status == 421
    assert scene.line.ask(f"{ROOT}/ReadServiceStatus", token=scene.client, host=None).status == 400
