"""The table of endpoints."""

import pytest

from wattshare.espi.endpoint import OWN_PARAMETERS
from wattshare.espi.endpoints import ADDITIONS, ENDPOINTS, Answer, Document, Endpoint, Root, Shape, Token, by_name
from wattshare.espi.function_blocks import FUNCTION_BLOCKS
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import PGE, PROFILES, Profile
from wattshare.espi.scope import grant

UP = "/Subscription/{subscription}/UsagePoint/{usage_point}"
MR = UP + "/MeterReading/{meter_reading}"
R = "/GreenButtonConnect/espi/1_1/resource"

# row, method, whole path, token, windowed: said once more, apart from the table
ROWS = [
    (1, "GET", "/datacustodian/test/oauth/v2/authorize", "none", False),
    (2, "POST", "/datacustodian/test/oauth/v2/token", "basic", False),
    (3, "GET", R + "/DownloadSampleData", "client", False),
    (4, "GET", R + "/ApplicationInformation/{application}", "registration", False),
    (5, "GET", R + "/ReadServiceStatus", "client", False),
    (6, "GET", R + "/LocalTimeParameters", "access", False),
    (7, "GET", R + "/LocalTimeParameters/{local_time}", "access", False),
    (8, "POST", "{notification_uri}", "none", False),
    (9, "GET", "/datacustodian/oauth/v2/authorize", "session", False),
    (10, "POST", "/datacustodian/oauth/v2/token", "basic", False),
    (11, "DELETE", R + "/Authorization/{authorization}", "client", False),
    (12, "GET", R + "/Authorization", "client", False),
    (13, "GET", R + "/Authorization/{authorization}", "client", False),
    (14, "GET", R + "/Subscription/{subscription}/UsagePoint", "access", False),
    (15, "GET", R + UP, "access", False),
    (16, "GET", R + "/Batch/Subscription/{subscription}", "access", True),
    (17, "GET", R + "/Batch" + UP, "access", True),
    (18, "GET", R + "/ReadingType", "access", False),
    (19, "GET", R + "/ReadingType/{reading_type}", "access", False),
    (20, "GET", R + UP + "/UsageSummary", "access", True),
    (21, "GET", R + UP + "/UsageSummary/{summary}", "access", True),
    (22, "GET", R + UP + "/MeterReading", "access", False),
    (23, "GET", R + MR, "access", False),
    (24, "GET", R + MR + "/IntervalBlock", "access", True),
    (25, "GET", R + MR + "/IntervalBlock/{block}", "access", True),
    (26, "GET", R + "/Batch/Bulk/{bulk}", "client", True),
    (27, "GET", R + "/Batch/RetailCustomer/{retail_customer}", "access", False),
    (28, "GET", R + "/Batch/BulkRetailCustomerInfo/{bulk}", "client", False),
    (29, "GET", R + "/Batch/RetailDRPrgInfo/{retail_customer}", "access", False),
    (30, "GET", R + "/Batch/BulkRetailDRPrgInfo/{bulk}", "client", False),
]

EVERY_ROW = ENDPOINTS + ADDITIONS
EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)


def test_the_table_is_what_the_contract_lists() -> None:
    said = [(e.row, e.method, e.template(PGE), e.token.value, e.window) for e in ENDPOINTS]
    assert said == ROWS


def test_names_are_unique() -> None:
    assert len({endpoint.name for endpoint in ENDPOINTS}) == 30


def test_a_row_is_found_by_its_name() -> None:
    assert by_name("interval-block").row == 25


def test_a_name_of_no_row_is_refused() -> None:
    with pytest.raises(KeyError):
        by_name("weather")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_no_address_stands_for_two_rows(profile: Profile) -> None:
    addresses = [
        (endpoint.method, address)
        for endpoint in ENDPOINTS
        for address in (endpoint.template(profile), *endpoint.alias_templates(profile))
    ]
    assert len(set(addresses)) == len(addresses)


@EVERY
def test_each_row_names_its_function_blocks_and_says_a_sentence(endpoint: Endpoint) -> None:
    assert endpoint.function_blocks
    assert set(endpoint.function_blocks) <= set(FUNCTION_BLOCKS)
    assert endpoint.sentence.endswith(".")


@EVERY
def test_aliases_have_the_parameters_of_the_row(endpoint: Endpoint) -> None:
    for alias in endpoint.alias_templates(PGE):
        assert [part for part in alias.split("/") if part.startswith("{")] == [
            f"{{{name}}}" for name in endpoint.parameters
        ]


@EVERY
def test_a_row_below_something_owned_names_it_first(endpoint: Endpoint) -> None:
    if endpoint.names_authorization is None:
        assert not set(endpoint.parameters) & set(OWN_PARAMETERS)
    else:
        assert endpoint.parameters[0] == endpoint.names_authorization


@EVERY
def test_only_what_shows_a_customers_data_needs_a_kind_of_it(endpoint: Endpoint) -> None:
    named = endpoint.names_authorization in ("subscription", "retail_customer")
    of_customers = named or endpoint.answer is Answer.LATER
    assert bool(endpoint.kinds) == of_customers


@EVERY
def test_any_kind_that_opens_a_row_brings_its_function_blocks(endpoint: Endpoint) -> None:
    for kind in endpoint.kinds:
        scope = grant({kind}, {0, 1}, history_seconds=1, accounts=1, third_party_id=50001, profile=PGE)
        assert set(endpoint.function_blocks) <= set(scope.function_blocks)


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        (Kind.USAGE, {14, 15, 16, 17, 20, 21, 22, 23, 24, 25, 26}),
        (Kind.BILLING, {14, 15, 16, 17, 20, 21, 26}),
        (Kind.BASIC, {27, 28}),
        (Kind.ACCOUNT, {27, 28}),
        (Kind.PROGRAM_ENROLLMENT, {29, 30}),
    ],
)
def test_a_kind_alone_opens_its_rows(kind: Kind, rows: set[int]) -> None:
    assert {endpoint.row for endpoint in ENDPOINTS if kind in endpoint.kinds} == rows


def test_what_says_nothing_of_anybody_needs_a_living_token_alone() -> None:
    rows = {endpoint.row for endpoint in ENDPOINTS if endpoint.token is Token.ACCESS and not endpoint.kinds}
    assert rows == {6, 7, 18, 19}


def test_a_test_client_token_opens_samples_status_and_authorizations() -> None:
    assert {endpoint.row for endpoint in ENDPOINTS if endpoint.test_token} == {3, 5, 12, 13}


def test_what_is_answered_later() -> None:
    assert {endpoint.row for endpoint in ENDPOINTS if endpoint.answer is Answer.LATER} == {16, 26, 28, 30}


def test_a_prepared_file_is_fetched_by_the_class_that_ordered_it_or_the_client() -> None:
    assert by_name("batch-subscription").fetched_by == {Token.ACCESS, Token.CLIENT}
    assert by_name("batch-bulk").fetched_by == {Token.CLIENT}
    assert by_name("batch-usage-point").fetched_by == frozenset()


def test_partners_do_not_ask_for_one_customers_programmes() -> None:
    assert {endpoint.row for endpoint in ENDPOINTS if "partner" not in endpoint.roles} == {29}


def test_only_those_with_oauth_authorize() -> None:
    assert {endpoint.row for endpoint in ENDPOINTS if "cca" not in endpoint.user_types} == {1, 9}


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("service-status", Document.ELEMENT),
        ("notification", Document.ELEMENT),
        ("token", Document.JSON),
        ("revoke-authorization", Document.EMPTY),
        ("authorize", Document.EMPTY),
        ("authorization", Document.ENTRY),
        ("authorizations", Document.FEED),
        ("sample-data", Document.FEED),
        ("batch-programs", Document.CUSTOMER_FEED),
    ],
)
def test_a_row_knows_the_form_of_its_body(name: str, document: Document) -> None:
    assert by_name(name).document is document


@pytest.mark.parametrize(
    ("name", "successes"),
    [
        ("usage-points", (200,)),
        ("interval-block", (200, 204)),
        ("batch-bulk", (200, 202, 204)),
        ("authorize", (302,)),
        ("revoke-authorization", (200,)),
    ],
)
def test_a_row_knows_the_statuses_of_success(name: str, successes: tuple[int, ...]) -> None:
    assert by_name(name).successes == successes


def test_an_address_keeps_the_equals_signs_of_ids() -> None:
    href = by_name("reading-type").href("https://localhost:8443", PGE, reading_type="NzI6bnVsbDo5MDA6MQ==")
    assert href == f"https://localhost:8443{R}/ReadingType/NzI6bnVsbDo5MDA6MQ=="


def test_an_address_escapes_whatever_else_an_id_holds() -> None:
    href = by_name("usage-point").href("", PGE, subscription=1, usage_point="../2?x=/")
    assert href == f"{R}/Subscription/1/UsagePoint/..%2F2%3Fx=%2F"


def test_an_address_without_its_ids_is_refused() -> None:
    with pytest.raises(KeyError):
        by_name("usage-point").href("", PGE, subscription=1)


def test_a_notice_goes_where_the_third_party_says() -> None:
    row = by_name("notification")
    address = "https://acme.example/notices?x=1"
    assert row.href("https://localhost", PGE, notification_uri=address) == address


def test_a_client_may_cut_the_block_address_where_it_is_used_to() -> None:
    ids = {"subscription": 1, "usage_point": 2, "meter_reading": "M", "block": 3}
    href = by_name("interval-block").href("https://localhost", PGE, **ids)
    assert href.split("/")[12] == "M"


def test_what_we_add_stands_apart() -> None:
    assert {row.root for row in ADDITIONS} == {Root.OURS}
    assert [row.row for row in ADDITIONS] == list(range(101, 101 + len(ADDITIONS)))
    assert {row.document for row in ADDITIONS} == {Document.JSON}
    names = [row.name for row in EVERY_ROW]
    assert len(names) == len(set(names))
    assert all(not row.template(PGE).startswith(PGE.resource_root) for row in ADDITIONS)


def test_every_shape_is_in_the_table() -> None:
    assert {endpoint.shape for endpoint in EVERY_ROW} == set(Shape)


def test_every_root_is_in_the_table() -> None:
    assert {endpoint.root for endpoint in EVERY_ROW} == set(Root)


def test_a_row_is_a_value() -> None:
    assert isinstance(hash(ENDPOINTS[0]), int)
    assert isinstance(ENDPOINTS[0], Endpoint)
