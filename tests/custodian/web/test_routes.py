"""Routes are made of the table, and of nothing that does not say who may ask."""

from typing import get_type_hints

import pytest

from wattshare.custodian.web.call import Call, Handler, Response
from wattshare.custodian.web.errors import NoListener, WrongMethod
from wattshare.custodian.web.routes import Route, routes
from wattshare.espi.endpoints import ENDPOINTS, EVERY, Endpoint, Root, Token, by_name
from wattshare.espi.profile import PGE, STANDARD, Profile

OURS = tuple(row for row in EVERY if row.root is not Root.THIRD_PARTY)


def naming(row: Endpoint) -> Handler:
    """A handler that says which row it is for."""
    return lambda _call: Response.text(row.name)


TABLE = routes(PGE, {row: naming(row) for row in OURS})
IDS = {
    "authorization": "4100001",
    "application": "0b7a6d6e-5a55-4f0e-9e38-0f3f3a0f9a11",
    "subscription": "4100001",
    "usage_point": "5390000001",
    "reading_type": "MTk6bnVsbDozNjAwOjE=",
    "meter_reading": "TVRrNmJuVnNiRG96TmpBd09qRT06MQ==",
    "block": "1710000000",
    "summary": "1710000000000",
    "bulk": "50001",
    "retail_customer": "4100001",
    "local_time": "1",
    "order": "0b7a6d6e-5a55-4f0e-9e38-0f3f3a0f9a11",
    "notice": "0b7a6d6e-5a55-4f0e-9e38-0f3f3a0f9a11",
}


def path_of(row: Endpoint, profile: Profile) -> bytes:
    """A path of a row, as its href has it."""
    ids = {name: IDS[name] for name in row.parameters}
    return row.href("", profile, **ids).encode("ascii")


def answer(method: str, path: bytes) -> bytes:
    """What the found handler says."""
    body = TABLE.find(method, path).route.handler(Call(method=method)).body
    assert isinstance(body, bytes)
    return body


@pytest.mark.parametrize("row", OURS, ids=lambda row: row.name)
def test_every_row_is_found_at_its_address_with_its_parameters(row: Endpoint) -> None:
    found = TABLE.find(row.method, path_of(row, PGE))
    assert found.parameters == {name: IDS[name] for name in row.parameters}
    assert found.route.token is row.token
    assert answer(row.method, path_of(row, PGE)) == row.name.encode()


@pytest.mark.parametrize("row", OURS, ids=lambda row: row.name)
def test_every_row_is_found_in_other_case_and_with_more_slashes(row: Endpoint) -> None:
    path = path_of(row, PGE)
    fixed = row.template(PGE).partition("{")[0].encode()
    assert answer(row.method, path.replace(fixed, fixed.lower().replace(b"/", b"//"), 1) + b"/") == row.name.encode()
    assert answer(row.method, path.replace(fixed, fixed.upper(), 1)) == row.name.encode()


@pytest.mark.parametrize("row", OURS, ids=lambda row: row.name)
def test_every_row_refuses_other_verbs(row: Endpoint) -> None:
    with pytest.raises(WrongMethod) as refusal:
        TABLE.find("PATCH", path_of(row, PGE))
    assert row.method in refusal.value.allow


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/datacustodian/oauth/v2/Authorize", "authorize"),
        ("/datacustodian/oauth/v2/authorize", "authorize"),
        ("/datacustodian/test/oauth/v2/Authorize", "test-authorize"),
        ("/myAuthorization/", "authorize"),
        ("/myAuthorization", "authorize"),
        (PGE.resource_root + "/Authorziation", "authorizations"),
        (PGE.resource_root + "/Applicationinformation/x", "application-information"),
    ],
)
def test_other_spellings_in_use_are_taken(path: str, name: str) -> None:
    assert answer("GET", path.encode()) == name.encode()


def test_get_and_delete_of_one_path_are_one_place() -> None:
    path = PGE.resource_root + "/Authorization/4100001"
    with pytest.raises(WrongMethod) as refusal:
        TABLE.find("POST", path.encode())
    assert refusal.value.allow == ("DELETE", "GET", "HEAD")


def test_a_row_without_a_handler_stops_the_start() -> None:
    with pytest.raises(ValueError, match="token"):
        routes(PGE, {row: naming(row) for row in OURS if row.name != "token"})


def test_a_row_of_the_third_partys_is_not_answered() -> None:
    theirs = next(row for row in ENDPOINTS if row.root is Root.THIRD_PARTY)
    with pytest.raises(ValueError, match=theirs.name):
        routes(PGE, {theirs: lambda _call: Response.empty()}, complete=False)


EXTRA = Route(path="/sharing/{step}", token=Token.SESSION, handler=lambda _call: Response.page("<p>"))


def test_what_we_have_besides_the_table_is_found_too() -> None:
    more = routes(STANDARD, {}, (EXTRA,), complete=False)
    assert more.find("GET", b"/sharing/review").parameters == {"step": "review"}
    with pytest.raises(NoListener):
        more.find("GET", b"/sharing")


@pytest.mark.parametrize("path", ["/sharing/{step}", "/Sharing/{page}"])
def test_two_handlers_for_one_path_and_method_stop_the_start(path: str) -> None:
    twice = Route(path=path, token=Token.NONE, handler=EXTRA.handler)
    with pytest.raises(ValueError, match="two handlers"):
        routes(PGE, {}, (EXTRA, twice), complete=False)


def test_no_route_is_made_without_its_class_of_bearer() -> None:
    assert get_type_hints(Route)["token"] is Token
    with pytest.raises(TypeError, match="token"):
        Route(path="/open", handler=EXTRA.handler)  # type: ignore[call-arg]


def test_the_table_knows_a_row_by_its_name() -> None:
    assert by_name("token").method == "POST"
