import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from wattshare.custodian.sandbox.equipment import Wanted, equip, make_keys, receiver_of
from wattshare.custodian.sandbox.home import Home, held
from wattshare.custodian.settings import FILE, BadSettings, Settings

WANTED = Wanted(port=9443, http=False, public_base=None, rate_limits=False, allow_notify=("localhost:7000",))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with held(tmp_path / "home") as held_home:
        held_home.begin()
        make_keys(held_home)
        yield held_home


def test_operators_commands_find_the_same_settings_in_the_file(home: Home) -> None:
    equipped = equip(home, WANTED)
    read = Settings(home=home.path)
    assert read.model_dump() == equipped.model_dump()
    assert (read.sandbox, read.mutual_tls, read.tls, read.rate_limits) == (True, True, "native", False)
    assert (read.public_base, read.listen_port) == ("https://localhost:9443", 9443)
    assert read.allow_notify == ("localhost:9443", "127.0.0.1:9443", "localhost:7000")
    assert read.mail_dir == home / "mail"
    assert read.for_serving() is read


def test_without_tls_nothing_asks_for_a_certificate(home: Home) -> None:
    read = equip(home, replace(WANTED, http=True))
    assert (read.tls, read.mutual_tls, read.public_base) == ("off", False, "http://localhost:9443")
    assert read.allow_http_callbacks


def test_what_somebody_else_wrote_into_the_settings_stays(home: Home) -> None:
    equip(home, WANTED)
    home.write(FILE, (home / FILE).read_text() + 'utility_name = "Lakeside \\"Light\\" & Power"\n')
    assert equip(home, replace(WANTED, port=9444)).utility_name == 'Lakeside "Light" & Power'
    assert tomllib.loads((home / FILE).read_text())["listen_port"] == 9444


def test_the_server_certificate_has_every_name_that_it_is_called_by(home: Home) -> None:
    equip(home, replace(WANTED, public_base="https://share.example"))
    certificate = x509.load_pem_x509_certificate((home / "server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "share.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("host", "http", "receiver"),
    [
        ("127.0.0.1", False, "https://127.0.0.1:9443"),
        ("0.0.0.0", False, "https://127.0.0.1:9443"),
        ("::", True, "http://[::1]:9443"),
        ("192.0.2.7", True, "http://192.0.2.7:9443"),
    ],
)
def test_it_reaches_itself_wherever_it_listens(
    home: Home, monkeypatch: pytest.MonkeyPatch, host: str, http: bool, receiver: str
) -> None:
    monkeypatch.setenv("WATTSHARE_LISTEN_HOST", host)
    assert receiver_of(equip(home, replace(WANTED, http=http))) == receiver


def test_settings_that_do_not_fit_are_refused(home: Home) -> None:
    home.write(FILE, "colour = 'green'\n")
    with pytest.raises(BadSettings, match="colour"):
        equip(home, WANTED)


def test_every_file_is_its_owners_alone(home: Home) -> None:
    equip(home, WANTED)
    modes = {each.name: each.stat().st_mode & 0o777 for each in home.path.iterdir() if each.is_file()}
    assert set(modes.values()) == {0o600}
