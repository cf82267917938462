"""The authorization matrix: every resource of the table, every kind of bearer, every kind of id.

Generated from the table; what is expected is computed from its declarations, in `world`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import pytest

from tests.custodian.servers import ENGINES, OpenStore
from tests.custodian.world import (
    ROWS,
    Acme,
    Bearer,
    World,
    address,
    certificate,
    correlation_ids,
    empty_world,
    populate,
    shown_json,
)
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.services.recent import SHAPES
from wattshare.espi.endpoints import Answer, Endpoint, Token, by_name
from wattshare.espi.kinds import Kind

NEVER = {
    "authorization": "7777777",
    "subscription": "7777777",
    "retail_customer": "7777777",
    "application": "00000000-0000-4000-8000-000000000000",
    "bulk": "59999",
    "usage_point": "5399999999",
    "meter_reading": "NzI6bnVsbDozMDA6MTox",
    "block": "1710000000",
    "summary": "1700000000000",
    "reading_type": "NzI6bnVsbDozMDA6MQ==",
    "local_time": "2",
    "notice": "00000000-0000-4000-8000-000000000000",
    "order": "00000000-0000-4000-8000-000000000000",
}
SUBSETS = tuple(frozenset(chosen) for size in range(1, len(Kind) + 1) for chosen in combinations(Kind, size))
EVERY_ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
ACCESS_ROWS = tuple(row for row in ROWS if row.token is Token.ACCESS)
BELOW = tuple(row for row in ROWS if len(row.parameters) > 1)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A house with everybody in it."""

    world: World
    acme: Acme
    # what each bearer must never see
    foreign: dict[str, frozenset[str]]


@pytest.fixture(scope="module", params=ENGINES)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, open_store: OpenStore
) -> Iterator[Filled]:
    """On either engine. What tests ask for is taken out of it, so that all of it is of the same house."""
    folder = tmp_path_factory.mktemp("matrix")
    with empty_world(folder, open_store(folder, request.param)) as world:
        acme = populate(world)
        foreign = {bearer.label: world.foreign(bearer) for bearer in world.bearers}
        yield Filled(world=world, acme=acme, foreign=foreign)


@pytest.fixture
def world(filled: Filled) -> World:
    """The house."""
    return filled.world


@pytest.fixture
def acme(filled: Filled) -> Acme:
    """Everybody."""
    return filled.acme


@pytest.fixture
def foreign(filled: Filled) -> dict[str, frozenset[str]]:
    """What each bearer must never see."""
    return filled.foreign


def own_path(world: World, acme: Acme, row: Endpoint, held: int | None = None) -> dict[str, str]:
    """The ids of a row, all Acme's own and its first customer's."""
    named = str(held or acme.held.id)
    point = acme.first.usage_points[0]
    whole = world.below(point) | {
        "authorization": named,
        "subscription": named,
        "retail_customer": named,
        "application": acme.party.party.application_id,
        "bulk": str(acme.party.party.id),
        "usage_point": str(point),
        "reading_type": "NzI6bnVsbDo5MDA6MQ==",
        "local_time": "1",
        "notice": min(world.notices_of(acme.party.party)),
        "order": acme.order,
    }
    return {name: whole[name] for name in row.parameters}


def check(
    world: World, row: Endpoint, bearer: Bearer, path: dict[str, str], foreign: dict[str, frozenset[str]]
) -> None:
    """One cell."""
    expected = world.expected(row, bearer, path)
    if row.answer is Answer.REVOKE and expected == 200:
        # one that nobody else in the matrix needs
        assert bearer.party is not None
        spare = world.share(world.parties[bearer.party.name], world.home())
        path = {"authorization": str(spare.id)}
        world.ended.add(spare.id)
    told = world.ask(row, bearer, path)
    cell = f"{row.name} {bearer.label} {path}"
    assert told.status == expected, f"{cell}: {told.status} {told.body[:200]!r}"
    text = told.text
    # of who came after the house was filled, it is found out now
    never = foreign[bearer.label] if bearer.label in foreign else world.foreign(bearer)
    seen = [mark for mark in never if mark in text]
    assert not seen, f"{cell}: shows {seen}"
    if row.shape in SHAPES:
        # and by whatever was found out just now
        again = world.ask(row, bearer, path)
        assert (again.status, again.body) == (told.status, told.body) or (told.status == again.status >= 400), cell


def whose(world: World, acme: Acme, row: Endpoint) -> Iterator[dict[str, str]]:
    """The row's own path, and the same below what is somebody else's, nobody's, or has ended."""
    own = own_path(world, acme, row)
    yield own
    if "notice" in own:
        beta = world.parties["Beta Grid"].party
        # theirs come with what the first test of theirs does
        yield from ({"notice": other} for other in (*sorted(world.notices_of(beta))[:1], NEVER["notice"]))
    if "order" in own:
        # of another customer, of the third party as a whole, another third party's
        orders = (acme.other_order, acme.bulk_order, acme.theirs)
        yield from ({"order": other} for other in (*orders, NEVER["order"]))
    name = row.names_authorization
    if name is None:
        return
    beta, suspended = world.parties["Beta Grid"].party, world.parties["Gamma Loans"].party
    others = {
        "application": [beta.application_id, suspended.application_id],
        "bulk": [str(beta.id), str(suspended.id)],
    }
    authorizations = [
        # of another customer of the same third party, of the same customer at another, of a suspended one; ended
        *(acme.other_held, world.listed[beta.id][0], world.listed[suspended.id][0], acme.ended),
    ]
    entries = sorted(world.entries(acme.party.party) | world.entries(beta))
    if name != "authorization":
        entries = entries[:1]
    for other in (*others.get(name, [str(held.id) for held in authorizations] + entries), NEVER[name]):
        yield own | {name: other}


@EVERY_ROW
def test_every_bearer_gets_what_the_table_says(
    world: World, acme: Acme, foreign: dict[str, frozenset[str]], row: Endpoint
) -> None:
    own = own_path(world, acme, row)
    for path in tuple(whose(world, acme, row)):
        for bearer in tuple(world.bearers):
            # a token that is none, or that has ended, is looked up before any path is
            if (bearer.alive and bearer.party is not None) or path == own:
                check(world, row, bearer, path, foreign)


def mixed(world: World, acme: Acme, row: Endpoint) -> Iterator[dict[str, str]]:
    """Every mixture of own, foreign, unshared and missing ids."""
    own = own_path(world, acme, row)
    gas, theirs = acme.first.usage_points[1], acme.other.usage_points[0]
    others = {
        "subscription": [str(acme.other_held.id), str(acme.ended.id)],
        "usage_point": [str(gas), str(theirs)],
        "meter_reading": [world.below(gas)["meter_reading"]],
        "block": [world.below(gas)["block"]],
        "summary": [],
    }
    choices = [[own[name], *others[name], NEVER[name]] for name in row.parameters]
    for chosen in product(*choices):
        yield dict(zip(row.parameters, chosen, strict=True))


@pytest.mark.parametrize("row", BELOW, ids=lambda row: row.name)
def test_mixed_ids_open_nothing(world: World, acme: Acme, foreign: dict[str, frozenset[str]], row: Endpoint) -> None:
    labels = ("Acme Energy access", "Beta Grid access", "other customer's access", "Acme Energy client")
    bearers = [bearer for bearer in world.bearers if bearer.label in labels]
    assert len(bearers) == len(labels)
    for path in mixed(world, acme, row):
        for bearer in bearers:
            check(world, row, bearer, path, foreign)


def test_what_is_missing_and_what_is_another_s_answer_alike(world: World, acme: Acme) -> None:
    """Status, body and headers, but for the ids of the call."""
    [bearer] = [one for one in world.bearers if one.label == "Acme Energy access"]
    for row in ROWS:
        if row.token is not Token.ACCESS:
            continue
        for name in row.parameters:
            own, told = own_path(world, acme, row), []
            foreign = {"usage_point": str(acme.other.usage_points[0])}.get(name, str(acme.other_held.id))
            for value in (foreign, NEVER[name]):
                answer = world.ask(row, bearer, own | {name: value})
                kept = [pair for pair in answer.headers if not pair[0].startswith("x-") and pair[0] != "content-length"]
                told.append((answer.status, shown_json(answer), kept))
            assert told[0] == told[1], f"{row.name} {name}"


# ids that are no ids


def mangled(text: str) -> dict[str, str]:
    """Ids that look like one's own."""
    return {
        "a prefix": text[:-1] or "0",
        "a longer one": text + "0",
        "zeros before": "0" + text,
        "negative": "-" + text,
        "plus": "+" + text,
        "a blank": text + " ",
        "a point": text + ".0",
        "an exponent": text[0] + "e" + str(len(text) - 1),
        "underscored": text[:1] + "_" + text[1:],
        "hexadecimal": hex(int(text)) if text.isdigit() else "0x" + text,
        "huge": "9" * 400,
        "a little too large": str(2**63),
        "other digits": "".join(chr(0x660 + int(sign)) if sign.isdigit() else sign for sign in text),
        "wide digits": "".join(chr(0xFF10 + int(sign)) if sign.isdigit() else sign for sign in text),
        "superscript": text + "\u00b2",
        "a wildcard": "*",
        "a percent sign": "%",
        "a list": f"{text},{text}",
        "SQL": f"{text}' OR '1'='1",
        "a word": "null",
    }


def row_at(path: str, method: str) -> Endpoint | None:
    """The row that an address is of, by its words alone."""
    parts = [part for part in path.split("/") if part]
    for row in ROWS:
        wanted = [part for part in row.path.split("/") if part]
        if row.method == method and len(parts) == len(wanted):
            pairs = zip(wanted, parts, strict=True)
            if all(want.startswith("{") or want == part for want, part in pairs):
                return row
    return None


@pytest.mark.parametrize("row", [row for row in ROWS if row.parameters], ids=lambda row: row.name)
def test_an_id_that_only_looks_like_one_s_own_opens_nothing(
    world: World, acme: Acme, foreign: dict[str, frozenset[str]], row: Endpoint
) -> None:
    [bearer] = [one for one in world.bearers if one.label == f"Acme Energy {row.token.value}"]
    own = own_path(world, acme, row)
    for name in row.parameters:
        for what, text in mangled(own[name]).items():
            path = own | {name: text}
            expected = 403 if name == row.names_authorization else 404
            told = world.ask(row, bearer, path)
            assert told.status == expected, f"{what}: {path} {told.status} {told.body[:100]!r}"
            assert not [mark for mark in foreign[bearer.label] if mark in told.text]


@pytest.mark.parametrize("row", [row for row in ROWS if row.parameters], ids=lambda row: row.name)
def test_an_empty_id_is_none(world: World, acme: Acme, row: Endpoint) -> None:
    """Empty segments are dropped, so the address is that of the list above, or of nothing."""
    [bearer] = [one for one in world.bearers if one.label == f"Acme Energy {row.token.value}"]
    own = own_path(world, acme, row)
    for name in row.parameters:
        path = own | {name: ""}
        found = row_at(row.path.format_map(path), row.method)
        expected = 404 if found is None else world.expected(found, bearer, path)
        if row.answer is Answer.REVOKE:
            # the list is there, and it is only read
            expected = 405
        since = "?since=2024-01-01T00:00:00Z" if found is not None and found.name == "replay-notices" else ""
        assert world.ask(row, bearer, path, since).status == expected, f"{row.name} {name}"


# what is granted


def test_each_kind_of_data_opens_its_rows_alone_and_together(world: World, acme: Acme) -> None:
    party = world.party("Eta Software", kinds_required=frozenset(), kinds_optional=frozenset(Kind))
    for kinds in SUBSETS:
        home = world.home()
        pair = world.connect(party, home, kinds)
        bearer = world.add(
            f"eta {sorted(kinds)}", pair["access_token"], BearerClass.ACCESS, party, held=pair["held"], homes=(home,)
        )
        foreign = {bearer.label: world.foreign(bearer)}
        point = home.usage_points[0]
        # a kind alone, and all of them: every row; else one row for each way in which the table asks for kinds
        alone = len(kinds) in (1, len(Kind))
        for row in ACCESS_ROWS if alone else {row.kinds: row for row in ACCESS_ROWS}.values():
            path = own_path(world, acme, row, pair["held"].id)
            if "usage_point" in path:
                path["usage_point"] = str(point)
            check(world, row, bearer, path, foreign)


def test_each_kind_that_is_registered_opens_its_bulk_rows(world: World, acme: Acme) -> None:
    bulk = [row for row in ROWS if row.names_authorization == "bulk"]
    for number, kinds in enumerate(SUBSETS):
        party = world.party(f"Theta {number} Apps", kinds_required=kinds, kinds_optional=frozenset())
        bearer = world.add(f"theta {number}", world.client_token(party), BearerClass.CLIENT, party)
        for row in bulk:
            path = {"bulk": str(party.party.id)}
            expected = 202 if row.kinds & kinds else 403
            assert world.ask(row, bearer, path).status == expected, f"{row.name} {sorted(kinds)}"


# what each kind shows

USAGE_SIGN, COST_SIGN = "IntervalReading>", "billLastPeriod>"


def test_a_batch_holds_what_was_granted_and_nothing_else(world: World, acme: Acme) -> None:
    row = by_name("batch-usage-point")
    party = world.party("Iota Insight", kinds_required=frozenset(), kinds_optional=frozenset(Kind))
    for kinds in SUBSETS:
        if not kinds & row.kinds:
            continue
        home = world.home()
        pair = world.connect(party, home, kinds)
        token = pair["access_token"]
        told = world.line.ask(
            address(row, {"subscription": str(pair["held"].id), "usage_point": str(home.usage_points[0])}), token=token
        )
        assert (USAGE_SIGN in told.text) == (Kind.USAGE in kinds)
        assert (COST_SIGN in told.text) == (Kind.BILLING in kinds)


# prepared files

FILES = tuple(row for row in ROWS if row.answer is Answer.LATER)


ORDERING = (
    *("Acme Energy access", "Acme Energy client", "Beta Grid access", "Beta Grid client"),
    "other customer's access",
)
# path to the correlation ids of its files
Files = dict[str, list[str]]


@pytest.fixture(scope="module", params=ENGINES)
def stocked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, open_store: OpenStore
) -> Iterator[tuple[World, Acme, Files]]:
    """The same world with files of Acme's and of Beta's."""
    folder = tmp_path_factory.mktemp("stocked")
    with empty_world(folder, open_store(folder, request.param)) as made:
        yield made, populate(made), order_everything(made)


def order_everything(world: World) -> Files:
    """Every file that those who may can have."""
    for bearer in world.bearers:
        for row in FILES:
            if bearer.label in ORDERING and bearer.bearer_class is BearerClass(row.token.value):
                own = bearer.held or bearer.party
                assert own is not None
                query = "?published-min=0" if row.window else ""
                assert world.ask(row, bearer, {row.parameters[0]: str(own.id)}, query).status == 202
    world.house.work()
    files = correlation_ids(world)
    assert len(files) == 3 + 2 * 3
    return files


@pytest.mark.parametrize("row", FILES, ids=lambda row: row.name)
def test_a_prepared_file_is_asked_about_like_a_resource(stocked: tuple[World, Acme, Files], row: Endpoint) -> None:
    """Own and foreign paths, each with every file that there is, and every bearer."""
    world, acme, files = stocked
    foreign = {bearer.label: world.foreign(bearer) for bearer in world.bearers}
    [name] = row.parameters
    paths = {path: {name: path.rpartition("/")[2]} for path in files if row_at(path, "GET") is row}
    assert len(paths) >= 2
    everything = [(path, part) for path, parts in files.items() for part in parts]
    for path in [*paths.values(), {name: str(acme.ended.id)}, {name: NEVER[name]}]:
        for bearer in tuple(world.bearers):
            # what file it is makes no difference to whoever may not have any
            allowed = world.refused(row, bearer, path, fetch=True) is None
            for of, part in everything if allowed else everything[:1]:
                told = world.ask(row, bearer, path, f"?correlationID={part}")
                expected = world.refused(row, bearer, path, fetch=True)
                if expected is None:
                    own = of == address(row, path).partition("resource")[2]
                    gone = path[name] == str(acme.ended.id)
                    expected = 200 if own and not gone else 404
                cell = f"{row.name} {bearer.label} {path} {of}"
                assert told.status == expected, f"{cell}: {told.status} {told.body[:200]!r}"
                seen = [mark for mark in foreign[bearer.label] if mark in told.text]
                assert not seen, f"{cell}: shows {seen}"


@pytest.mark.parametrize(
    "part", ["", "x", "%00", "../../keys.json", "00000000-0000-4000-8000-000000000000", "%E2%82%AC", "9" * 4_000, "%25"]
)
def test_a_file_that_is_none_is_not_there(stocked: tuple[World, Acme, Files], part: str) -> None:
    world, acme, _ = stocked
    [bearer] = [one for one in world.bearers if one.label == "Acme Energy client"]
    told = world.ask(by_name("batch-bulk"), bearer, {"bulk": str(acme.party.party.id)}, f"?correlationID={part}")
    assert told.status == 404
    assert told.json["error"] == "not_found"


# mutual TLS


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, open_store: OpenStore) -> Iterator[tuple[World, Acme]]:
    """The same world with mutual TLS, at the end of a proxy."""
    folder = tmp_path_factory.mktemp("sealed")
    with empty_world(folder, open_store(folder), mutual_tls=True) as made:
        made.certificates["unregistered"] = certificate("unregistered")
        yield made, populate(made)


SEALED = (
    *(f"Acme Energy {name}" for name in ("access", "client", "registration", "test client", "test access")),
    *("Beta Grid access", "Beta Grid client", "Gamma Loans client", "expired access", "revoked client"),
    *("ended access", "nobody: none", "nobody: unknown"),
)


@EVERY_ROW
def test_the_certificate_is_asked_for_first_and_compared_last(sealed: tuple[World, Acme], row: Endpoint) -> None:
    world, acme = sealed
    bearers = [bearer for bearer in world.bearers if bearer.label in SEALED]
    assert len(bearers) == len(SEALED)
    own = own_path(world, acme, row)
    paths = [own]
    if row.parameters:
        paths.append(own | {row.parameters[0]: NEVER[row.parameters[0]]})
        paths.append(own | {row.parameters[-1]: NEVER[row.parameters[-1]]})
    for path in paths:
        for bearer in bearers if path == own else bearers[:3]:
            holder = None if bearer.party is None else bearer.party.name
            for proof in ("none", "unregistered", "Beta Grid", None):
                expected = world.expected(row, bearer, path)
                shown = holder if proof is None else proof
                if shown in (None, "none") or (expected not in (401, 403) and shown != holder):
                    expected = 400
                elif row.answer is Answer.REVOKE and expected == 200:
                    continue
                told = world.ask(row, bearer, path, proof=proof)
                cell = f"{row.name} {bearer.label} {path} with {shown}"
                assert told.status == expected, f"{cell}: {told.status} {told.body[:100]!r}"
                if expected == 400:
                    assert told.body == b'"Invalid Certificate"', cell


def test_a_prepared_file_needs_the_certificate_too(sealed: tuple[World, Acme]) -> None:
    world, acme = sealed
    row, path = by_name("batch-subscription"), {"subscription": str(acme.held.id)}
    bearers = {bearer.label: bearer for bearer in world.bearers}
    world.house.receivers.heard.clear()
    assert world.ask(row, bearers["Acme Energy access"], path, "?published-min=0").status == 202
    world.house.work()
    [part, *_] = correlation_ids(world)[f"/Batch/Subscription/{acme.held.id}"]
    ended = {"subscription": str(acme.ended.id)}
    cases = [
        ("Acme Energy access", path, part, None, 200),
        ("Acme Energy client", path, part, None, 200),
        ("Acme Energy client", path, part, "Beta Grid", 400),
        ("Acme Energy client", path, "x", "Beta Grid", 400),
        ("Acme Energy client", path, "x", None, 404),
        ("Acme Energy client", ended, part, None, 404),
        # that it has ended is not for whoever holds the token alone
        ("Acme Energy client", ended, part, "Beta Grid", 400),
        ("Beta Grid client", path, part, None, 403),
        ("Beta Grid client", path, part, "Acme Energy", 403),
        ("Acme Energy client", path, part, "none", 400),
        ("nobody: none", path, part, "none", 400),
    ]
    for label, where, which, proof, expected in cases:
        told = world.ask(row, bearers[label], where, f"?correlationID={which}", proof=proof)
        assert told.status == expected, f"{label} {where} {which} {proof}: {told.status}"
