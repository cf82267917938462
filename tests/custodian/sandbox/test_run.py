"""A sandbox over real sockets: one that all tests look at, and some that live and die."""

import http.client
import io
import json
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from rich.console import Console

from wattshare.custodian.clocks import clock_of
from wattshare.custodian.sandbox import run as running
from wattshare.custodian.sandbox.home import MARKER
from wattshare.custodian.sandbox.parties import moved_uri
from wattshare.custodian.sandbox.run import Plan, Sandbox, opened_sandbox
from wattshare.custodian.sandbox.telling import what_next
from wattshare.custodian.services.signin import SignIn
from wattshare.custodian.settings import BadSettings

START = 1_795_240_000
ASKED: dict[str, Any] = {
    "home": Path("sandbox"),
    "port": 0,
    "http": False,
    "fresh": False,
    "seed": 1,
    "days": 2,
    "now": None,
    "usage_points": 0,
    "allow_notify": (),
    "public_base": None,
    "rate_limits": "off",
}


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """An answer."""

    status: int
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    sandbox: Sandbox, path: str, *, who: int | None = None, method: str = "GET", body: str = "", **headers: str
) -> Spoken:
    """Ask a sandbox, with the certificate of its third party `who`."""
    told, home = sandbox.told, sandbox.home
    address = urlsplit(told["portal"])
    assert address.port is not None
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        context = ssl.create_default_context(cafile=home / told["ca"])
        if who is not None:
            party = told["third_parties"][who]
            context.load_cert_chain(home / party["certificate"], home / party["private_key"])
        connection = http.client.HTTPSConnection("localhost", address.port, context=context, timeout=30)
    else:
        connection = http.client.HTTPConnection("localhost", address.port, timeout=30)
    connection.request(
        method, path, body=body or None, headers={key.replace("_", "-"): headers[key] for key in headers}
    )
    response = connection.getresponse()
    answer = Spoken(status=response.status, body=response.read())
    connection.close()
    return answer


def client_token(sandbox: Sandbox, who: int) -> str:
    """A client token of a third party."""
    party = sandbox.told["third_parties"][who]
    basic = b64encode(f"{party['client_id']}:{party['client_secret']}".encode()).decode()
    told = ask(
        sandbox,
        urlsplit(sandbox.told["oauth"]).path + "/oauth/v2/token",
        who=who,
        method="POST",
        body="grant_type=client_credentials",
        Authorization=f"Basic {basic}",
        Content_Type="application/x-www-form-urlencoded",
    )
    assert told.status == 200
    return str(told.json["access_token"])


def quiet() -> Console:
    return Console(file=io.StringIO())


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    plan = Plan(home=tmp_path_factory.mktemp("run") / "home", port=0, days=2, now=START)
    with opened_sandbox(plan, quiet()) as serving:
        yield serving


def waited(folder: Path) -> list[Path]:
    """The notices in a folder, when there are some."""
    for _ in range(300):
        if found := sorted(folder.glob("*.xml")):
            return found
        time.sleep(0.1)
    return []


# what it tells


def test_it_tells_what_programs_count_on(sandbox: Sandbox) -> None:
    file = sandbox.home / "sandbox.json"
    told = json.loads(file.read_text())
    assert told == sandbox.told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(told) == {
        "base", "oauth", "portal", "ca", "mail", "notices", "sign_in", "operator", "third_parties", "customers"
    }  # fmt: skip
    assert told["base"] == told["portal"] + "/GreenButtonConnect"
    assert told["oauth"] == told["portal"] + "/datacustodian"
    for party in told["third_parties"]:
        assert set(party) == {
            "name", "user_type", "third_party_id", "client_id", "client_secret", "certificate", "private_key",
            "redirect_uris", "notification_uri", "application_information_id", "registration_access_token",
            "notice_secret",
            "role", "login", "password",
        }  # fmt: skip
        for name in ("certificate", "private_key"):
            assert (sandbox.home / party[name]).read_text().startswith("-----BEGIN")
    for person in told["customers"]:
        assert set(person) == {"login", "password", "account_number", "phone", "household", "usage_points"}
    assert len({person["household"] for person in told["customers"]}) == 13


def test_it_has_third_parties_of_every_sort(sandbox: Sandbox) -> None:
    sorts = [(each["user_type"], each["role"]) for each in sandbox.told["third_parties"]]
    assert sorts[:3] == [("standard", "primary"), ("standard", "standalone"), ("standard", "partner")]
    assert {sort for sort, _ in sorts} == {"standard", "self_access", "ee_finance", "cca"}
    assert [each["third_party_id"] for each in sandbox.told["third_parties"]] == list(range(50_001, 50_007))
    facts = sandbox.house.third_party_facts(sandbox.told["third_parties"][0]["name"])
    assert facts["partner"] == sandbox.told["third_parties"][2]["name"]


def test_no_two_passwords_are_alike_and_people_sign_in_with_theirs(sandbox: Sandbox) -> None:
    told = sandbox.told
    everybody = [told["operator"], *told["third_parties"], *told["customers"]]
    assert len({each["password"] for each in everybody}) == len(everybody)
    sign_in: SignIn = sandbox.house.sign_in
    for person in told["customers"][:2]:
        arrived = sign_in.with_password(sign_in.arrive(), person["login"], person["password"], "127.0.0.1")
        guest = sign_in.as_guest(sign_in.arrive(), person["account_number"], person["phone"], "127.0.0.1")
        assert arrived.customer_id == guest.customer_id is not None


def test_the_utilitys_own_sign_in_answers_at_an_address_of_its_own(sandbox: Sandbox) -> None:
    issuer = sandbox.told["sign_in"]["issuer"]
    context = ssl.create_default_context(cafile=sandbox.home / sandbox.told["ca"])
    connection = http.client.HTTPSConnection("localhost", urlsplit(issuer).port, context=context, timeout=30)
    connection.request("GET", "/.well-known/openid-configuration")
    assert json.loads(connection.getresponse().read())["issuer"] == issuer
    connection.close()
    asked = ask(sandbox, "/sharing/sign-in")
    assert b"Go on to My Riverton" in asked.body
    # the house asks it over TLS, by the sandbox's own authority
    single = sandbox.house.single
    assert single is not None
    assert single.provider.address("token_endpoint") == f"{issuer}/token"


def test_what_to_do_next_names_files_that_are_there(sandbox: Sandbox) -> None:
    words = what_next(sandbox.told, sandbox.home, http=False)
    paths = [word for word in words.split() if word.startswith(str(sandbox.home.path))]
    assert len(paths) >= 5
    assert all(Path(path).exists() for path in paths)
    assert "--cacert" not in what_next(sandbox.told, sandbox.home, http=True)
    again = what_next(sandbox.told, sandbox.home, http=False, command=".venv/bin/wattshare")
    assert f".venv/bin/wattshare tour --home {sandbox.home.path}" in again


def test_all_files_are_their_owners_alone(sandbox: Sandbox) -> None:
    files = [each for each in sandbox.home.path.rglob("*") if each.is_file()]
    assert {each.name: each.stat().st_mode & 0o077 for each in files} == {each.name: 0 for each in files}


# what it answers


def test_a_bearer_works_with_its_certificate_only(sandbox: Sandbox) -> None:
    status = urlsplit(sandbox.told["base"]).path + "/espi/1_1/resource/ReadServiceStatus"
    bearer = {"Authorization": f"Bearer {client_token(sandbox, 0)}"}
    assert [ask(sandbox, status, who=who, **bearer).status for who in (0, 1, None)] == [200, 400, 400]


def test_self_access_and_choice_hold_authorizations_without_oauth_and_were_told(sandbox: Sandbox) -> None:
    for who, count in ((3, 1), (5, 2)):
        party = sandbox.told["third_parties"][who]
        feed = ask(
            sandbox,
            urlsplit(sandbox.told["base"]).path + "/espi/1_1/resource/Authorization",
            who=who,
            Authorization=f"Bearer {client_token(sandbox, who)}",
        )
        assert feed.body.count(b":entry>") == 2 * (2 + count)
        notices = waited(sandbox.home / "notices" / str(party["third_party_id"]))
        assert notices
        assert b"/Authorization/" in notices[0].read_bytes()
        kept = json.loads(notices[0].with_suffix(".json").read_text())
        assert kept["headers"]["webhook-id"]
        assert kept["at"] >= START


def test_redirect_uris_lead_to_a_page_that_shows_what_came_and_keeps_it(sandbox: Sandbox) -> None:
    path = urlsplit(sandbox.told["third_parties"][0]["redirect_uris"][0]).path
    query = "?code=wsk_1&state=%3Cb%3E&iss=x"
    assert ask(sandbox, path + query).json == {"code": "wsk_1", "state": "<b>", "iss": "x"}
    page = ask(sandbox, path + "?error=access_denied&state=%3Cb%3E", Accept="text/html,*/*;q=0.8").body
    assert b"declined" in page
    assert b"<b>" not in page
    kept = [json.loads(each.read_text()) for each in (sandbox.home / "callbacks" / "50001").glob("*.json")]
    assert {"code": "wsk_1", "state": "<b>", "iss": "x"} in [each["parameters"] for each in kept]


@pytest.mark.parametrize(("party", "starts"), [("50001", True), ("50002", True), ("50003", False), ("50004", False)])
def test_a_portal_leads_to_consent_where_its_third_party_asks_for_any(
    sandbox: Sandbox, party: str, starts: bool
) -> None:
    page = ask(sandbox, f"/sandbox/portal/{party}")
    assert page.status == 200
    assert (b"/oauth/v2/authorize?" in page.body) is starts


@pytest.mark.parametrize("path", ["/sandbox/portal/50099", "/sandbox/callback/a.b", "/sandbox/elsewhere"])
def test_other_places_below_it_are_not_there(sandbox: Sandbox, path: str) -> None:
    assert ask(sandbox, path).status == 404


@pytest.mark.parametrize("who", [None, 0])
def test_notices_are_taken_from_the_utility_only(sandbox: Sandbox, who: int | None) -> None:
    answer = ask(sandbox, "/sandbox/notices/forged", who=who, method="POST", body="<BatchList/>")
    assert answer.status == 400
    assert not (sandbox.home / "notices" / "forged").exists()


# its life


def test_the_same_home_goes_on_where_it_was_at_another_port_without_tls(tmp_path: Path) -> None:
    plan = Plan(home=tmp_path / "home", port=0, days=2, now=START)
    with opened_sandbox(plan, quiet()) as first:
        before, database = first.told, (first.home / "wattshare.db").stat().st_ino
    assert not (tmp_path / "home" / "sandbox.json").exists()
    said = quiet()
    with opened_sandbox(replace(plan, http=True, seed=2, now=None), said) as second:
        after = second.told
        assert (second.home / "wattshare.db").stat().st_ino == database
        assert second.house.now() >= START
        assert ask(second, "/sandbox/portal/50001").status == 200
        assert ask(second, "/sandbox/notices/50001", method="POST", body="<x/>").status == 200
    assert "--seed 1 --days 2" in said.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    for name in ("client_id", "client_secret", "password"):
        assert [each[name] for each in before["third_parties"]] == [each[name] for each in after["third_parties"]]
    assert before["customers"] == after["customers"]
    assert before["operator"] == after["operator"]
    for each in after["third_parties"]:
        for uri in (*each["redirect_uris"], each["notification_uri"]):
            assert uri.startswith(("http://localhost:", "http://127.0.0.1:"))


def test_a_home_that_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    plan = Plan(home=tmp_path, port=0, days=2)
    with opened_sandbox(plan, quiet()) as first:
        passwords = first.told["customers"]
    (tmp_path / MARKER).write_text('{"made": null}')
    with opened_sandbox(plan, quiet()) as second:
        assert second.told["customers"] != passwords
        assert len(second.told["customers"]) == 13


def test_fresh_begins_anew_but_not_before_the_port_is_known_to_be_free(tmp_path: Path) -> None:
    plan = Plan(home=tmp_path, port=0, days=2)
    with opened_sandbox(plan, quiet()) as first:
        passwords = first.told["customers"]
    made = (tmp_path / MARKER).read_text()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = replace(plan, fresh=True, port=taken.getsockname()[1])
        with pytest.raises(BadSettings, match=r"Port \d+ of 127\.0\.0\.1 cannot be had"), opened_sandbox(busy, quiet()):
            pass
    assert (tmp_path / MARKER).read_text() == made
    with opened_sandbox(replace(plan, fresh=True), quiet()) as second:
        assert second.told["customers"] != passwords


def test_its_clock_starts_when_it_is_told_and_never_goes_back(tmp_path: Path) -> None:
    plan = Plan(home=tmp_path, port=0, days=2, now=START)
    with opened_sandbox(plan, quiet()) as first:
        assert START <= first.house.now() < START + 600
        assert START <= clock_of(tmp_path, sandbox=True)() < START + 600
    earlier = replace(plan, now=START - 1)
    with pytest.raises(BadSettings, match="cannot go back"), opened_sandbox(earlier, quiet()):
        pass
    with opened_sandbox(replace(plan, now=START + 86_400), quiet()) as later:
        assert START + 86_400 <= later.house.now() < START + 87_000


@pytest.mark.parametrize(
    ("uri", "moved"),
    [
        ("https://localhost:1/sandbox/callback/50001", "https://localhost:2/sandbox/callback/50001"),
        ("https://127.0.0.1:1/sandbox/notices/50001", "https://127.0.0.1:2/sandbox/notices/50001"),
        ("https://localhost:11/sandbox/callback/50001", "https://localhost:11/sandbox/callback/50001"),
        ("https://acme.example/callback", "https://acme.example/callback"),
    ],
)
def test_only_the_sandboxs_own_addresses_move(uri: str, moved: str) -> None:
    before, after = ("https://localhost:1", "https://127.0.0.1:1"), ("https://localhost:2", "https://127.0.0.1:2")
    assert moved_uri(uri, before, after) == moved


# what it is asked for


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"now": "2026-13-01T00:00:00Z"}, "--now"),
        ({"now": "2026-03-01T12:00:00"}, "--now"),
        ({"now": "12"}, "--now"),
        ({"port": 65_536}, "--port"),
        ({"days": 1}, "--days"),
        ({"usage_points": -1}, "--usage-points"),
        ({"public_base": "https://share.example/path"}, "--public-base"),
        ({"public_base": "ftp://share.example"}, "--public-base"),
        ({"allow_notify": ("localhost",)}, "--allow-notify"),
        ({"rate_limits": "maybe"}, "--rate-limits"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_with_a_sentence(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadSettings, match=sentence):
        Plan.read(**(ASKED | asked))


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00Z", "2026-03-01T04:00:00-08:00", "1772366400"])
def test_a_time_is_read(text: str) -> None:
    assert Plan.read(**(ASKED | {"now": text})).now == 1_772_366_400


def test_rate_limits_and_the_public_base_reach_the_settings() -> None:
    plan = Plan.read(**(ASKED | {"rate_limits": "on", "public_base": "HTTPS://Share.Example/"}))
    settings = plan.wanted(8443).settings
    assert (settings["rate_limits"], settings["public_base"]) == (True, "https://share.example")


def test_a_signal_stops_it(tmp_path: Path) -> None:
    program = "from wattshare.command import main; main()"
    options = ("--home", str(tmp_path), "--days", "2", "--services", "40", "--port", str(running.free_port()))
    with subprocess.Popen(
        [sys.executable, "-c", program, "sandbox", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            for _ in range(600):
                if (tmp_path / "sandbox.json").exists() or process.poll() is not None:
                    break
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=60)
        finally:
            # one that goes on is not waited for
            process.kill()
    assert process.returncode == 0, said.decode()
    assert "Closed." in said.decode()
    assert "wattshare tour" in said.decode()
    assert not (tmp_path / "sandbox.json").exists()
