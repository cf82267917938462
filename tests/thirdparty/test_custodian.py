"""Who is meant, and which addresses are theirs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.thirdparty.conftest import CUSTODIAN, HOST, RESOURCE
from wattshare.espi.endpoints import ENDPOINTS, Root
from wattshare.espi.profile import STANDARD
from wattshare.thirdparty.custodian import BadConfiguration, Custodian
from wattshare.thirdparty.errors import ForeignAddress

IDS = {
    "authorization": "4100001",
    "application": "5f7a0f3e-0000-4000-8000-000000000001",
    "subscription": "4100001",
    "usage_point": "5390000001",
    "reading_type": "NzI6bnVsbDo5MDA6MQ==",
    "meter_reading": "TnpJNmJuVnNiRG81TURBNk1RPT06MQ==",
    "block": "1572764400",
    "summary": "1436684400000",
    "bulk": "50001",
    "retail_customer": "4100001",
    "local_time": "1",
}
ROWS = [endpoint for endpoint in ENDPOINTS if endpoint.root is Root.RESOURCE]


@pytest.mark.parametrize("endpoint", ROWS, ids=lambda endpoint: endpoint.name)
def test_the_address_of_a_row_is_recognised_as_that_row(endpoint: Any) -> None:
    href = CUSTODIAN.href(endpoint, **IDS)
    assert href.startswith(RESOURCE + "/")
    found, ids = CUSTODIAN.recognise(href + "?correlationID=1", method=endpoint.method)
    assert (found.name, ids) == (endpoint.name, {name: IDS[name] for name in endpoint.parameters})


def test_an_escaped_equals_sign_is_the_same_id() -> None:
    _, ids = CUSTODIAN.recognise(f"{RESOURCE}/ReadingType/NzI6bnVsbDo5MDA6MQ%3D%3D")
    assert ids == {"reading_type": "NzI6bnVsbDo5MDA6MQ=="}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/50001",
        "http://riverton.example/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/50001",
        "https://riverton.example:444/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/50001",
        "https://riverton.example@evil.example/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/50001",
        "https://user:pw@riverton.example/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/50001",
        "https://riverton.example.evil.example/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/50001",
        "https://riverton.example/GreenButtonConnect/espi/1_1/resourceful/Batch/Bulk/50001",
        "https://riverton.example/GreenButtonConnect/espi/1_1/resource/../../../../admin",
        "https://riverton.example/GreenButtonConnect/espi/1_1/resource/Batch/%2e%2e/Bulk/50001",
        "https://riverton.example/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/5%2F0001",
        "https://riverton.example/GreenButtonConnect/espi/1_1/resource/Batch//Bulk/50001",
        "https://riverton.example/GreenButtonConnect/espi/1_1/resource/Nothing/1",
        "https://riverton.example/datacustodian/oauth/v2/token",
        "file:///etc/passwd",
        "\\\\evil\\share",
        "",
        "https://[",
    ],
)
def test_an_address_elsewhere_is_foreign(url: str) -> None:
    with pytest.raises(ForeignAddress):
        CUSTODIAN.recognise(url)


def test_the_default_port_may_be_said() -> None:
    endpoint, _ = CUSTODIAN.recognise(RESOURCE.replace(HOST, HOST + ":443") + "/Batch/Bulk/50001")
    assert endpoint.name == "batch-bulk"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"resource": "http://riverton.example/x"}, "https"),
        ({"certificate": Path("c.pem")}, "private key"),
        ({"oauth": "ftp://riverton.example"}, "https"),
    ],
)
def test_a_description_that_does_not_hold_is_refused(changes: dict[str, Any], sentence: str) -> None:
    values = {"resource": RESOURCE, "oauth": HOST, "client_id": "a", "client_secret": "b"}
    with pytest.raises(BadConfiguration, match=sentence):
        Custodian(**{**values, **changes})


def test_a_toml_file_describes_a_custodian(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    file = tmp_path / "custodian.toml"
    file.write_text(
        f'resource = "{RESOURCE}"\noauth = "{HOST}/o"\nclient_id = "me"\nclient_secret_file = "secret"\n'
        'certificate = "me.pem"\nprivate_key = "me.key"\nprofile = "STANDARD"\n'
    )
    custodian = Custodian.read(file)
    assert custodian.client_secret == "hush"
    assert custodian.certificate == tmp_path / "me.pem"
    assert custodian.profile is STANDARD
    assert "hush" not in repr(custodian)


def test_a_utility_may_be_named_in_the_place_of_its_addresses(tmp_path: Path) -> None:
    file = tmp_path / "custodian.json"
    file.write_text(json.dumps({"utility": "pge", "client_id": "me", "client_secret": "x"}))
    custodian = Custodian.read(file)
    assert custodian.resource == "https://api.pge.com/GreenButtonConnect/espi/1_1/resource"
    assert custodian.authorize_url() == "https://sharemydata.pge.com/myAuthorization/"
    assert custodian.token_url() == "https://api.pge.com/datacustodian/oauth/v2/token"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read"),
        ('{"utility": "acme"}', "Unknown utility"),
        ('{"utility": "pge"}', "Missing setting client_id, client_secret"),
        ('{"utility": "pge", "client_id": "a", "client_secret": "b", "secrt": 1}', "Unknown setting secrt"),
        ('{"utility": "pge", "client_id": "a", "client_secret": "b", "profile": "X"}', "Unknown profile"),
    ],
)
def test_a_file_that_does_not_hold_is_refused_with_its_cause(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "custodian.json"
    file.write_text(text)
    with pytest.raises(BadConfiguration, match=sentence):
        Custodian.read(file)


SANDBOX = {
    "base": "https://localhost:8443/GreenButtonConnect",
    "oauth": "https://localhost:8443/datacustodian",
    "portal": "https://localhost:8443",
    "ca": "ca.pem",
    "mail": "mail/",
    "notices": "notices/",
    "third_parties": [
        {
            "name": "Acme Energy",
            "user_type": "standard",
            "third_party_id": 50001,
            "client_id": "c1",
            "client_secret": "s1",
            "certificate": "acme.pem",
            "private_key": "acme.key",
            "redirect_uris": ["https://localhost:8443/sandbox/callback"],
            "application_information_id": "a1",
            "registration_access_token": "r1",
        },
        {
            "name": "Me",
            "user_type": "self_access",
            "third_party_id": 50002,
            "client_id": "c2",
            "client_secret": "s2",
        },
    ],
    "customers": [],
}


@pytest.mark.parametrize(
    ("name", "client_id"), [(None, "c1"), ("Acme Energy", "c1"), ("self_access", "c2"), ("Me", "c2")]
)
def test_a_sandbox_says_who_its_third_parties_are(tmp_path: Path, name: str | None, client_id: str) -> None:
    (tmp_path / "sandbox.json").write_text(json.dumps(SANDBOX))
    custodian = Custodian.from_sandbox(tmp_path, name)
    assert custodian.client_id == client_id
    assert custodian.resource == "https://localhost:8443/GreenButtonConnect/espi/1_1/resource"
    assert custodian.token_url(test=True) == "https://localhost:8443/datacustodian/test/oauth/v2/token"
    assert custodian.ca == tmp_path / "ca.pem"


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_sandbox_that_is_not_there_says_how_to_start_one(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    with pytest.raises(BadConfiguration, match=re.escape(f"`wattshare sandbox --home {home}`")):
        Custodian.from_sandbox(home)


def test_a_sandbox_may_be_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text(json.dumps(SANDBOX))
    assert Custodian.from_sandbox(tmp_path / "sandbox.json", "Me").client_id == "c2"


def test_a_secret_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "custodian.toml"
    file.write_text(
        'resource = "https://a.example/r"\noauth = "https://a.example/o"\nclient_id = "c"\n'
        'client_secret_file = "nowhere.txt"\n'
    )
    with pytest.raises(BadConfiguration, match=r"client_secret_file: .*nowhere\.txt cannot be read"):
        Custodian.read(file)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ca": "ca.pem"}, r"ca: .*ca\.pem cannot be used"),
        (
            {"certificate": "mine.pem", "private_key": "mine.key"},
            r"certificate, private_key: .*mine\.pem, .*mine\.key cannot be used",
        ),
    ],
)
def test_a_file_of_tls_that_cannot_be_used_is_named_with_its_setting(
    tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    named: dict[str, Any] = {name: tmp_path / file for name, file in changes.items()}
    custodian = Custodian(
        resource="https://a.example/r", oauth="https://a.example/o", client_id="c", client_secret="s", **named
    )
    with pytest.raises(BadConfiguration, match=said):
        custodian.tls()


def test_a_third_party_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text(json.dumps(SANDBOX))
    with pytest.raises(BadConfiguration, match="Acme Energy, Me"):
        Custodian.from_sandbox(tmp_path, "nobody")
