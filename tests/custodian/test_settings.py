"""Settings: where they come from, what is refused, what is shown."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from wattshare.custodian.settings import BadSettings, Settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine in the way."""
    for name in list(os.environ):
        if name.startswith("WATTSHARE_"):
            monkeypatch.delenv(name)


def written(home: Path, text: str) -> Path:
    """A home with a settings file."""
    (home / "wattshare.toml").write_text(text)
    return home


def test_an_argument_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = written(tmp_path, "listen_port = 1\nbatch_days = 2\naccess_seconds = 3\n")
    monkeypatch.setenv("WATTSHARE_LISTEN_PORT", "11")
    monkeypatch.setenv("WATTSHARE_BATCH_DAYS", "12")
    settings = Settings(home=home, listen_port=21)
    assert (settings.listen_port, settings.batch_days, settings.access_seconds) == (21, 12, 3)
    told = {name: source for name, _, _, source in settings.describe()}
    assert told["listen_port"] == "argument"
    assert told["batch_days"] == "WATTSHARE_BATCH_DAYS"
    assert told["access_seconds"] == str(home / "wattshare.toml")
    assert told["refresh_days"] == "default"


def test_home_is_found_in_the_environment_and_its_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTSHARE_HOME", str(written(tmp_path, 'utility_name = "Elm Gas"')))
    settings = Settings()
    assert settings.utility_name == "Elm Gas"
    assert settings.database_url == f"sqlite:///{tmp_path}/wattshare.db"


def test_relative_paths_start_at_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, tls_certificate="a.pem", tls_ca="b.pem,c/d.pem", outbound_ca=Path("/e.pem"))
    assert settings.tls_certificate == tmp_path / "a.pem"
    assert settings.tls_ca == (tmp_path / "b.pem", tmp_path / "c/d.pem")
    assert settings.outbound_ca == (Path("/e.pem"),)


def test_lists_in_the_environment_are_separated_by_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTSHARE_PROXY_ADDRESSES", "10.0.0.0/8, ::1")
    monkeypatch.setenv("WATTSHARE_ALLOW_NOTIFY", "localhost:9000,10.1.0.0/16:443,[::1]:8080")
    settings = Settings(home=tmp_path)
    assert settings.proxy_addresses == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert settings.allow_notify == ("localhost:9000", "10.1.0.0/16:443", "[::1]:8080")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Share.Example/", "https://share.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_the_public_base_is_kept_bare(tmp_path: Path, given: str, kept: str) -> None:
    assert Settings(home=tmp_path, public_base=given).public_base == kept


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"public_base": "share.example"}, "public_base"),
    ({"public_base": "https://share.example/path"}, "public_base"),
    ({"public_base": "https://a@share.example"}, "public_base"),
    ({"public_base": "ftp://share.example"}, "public_base"),
    ({"public_base": "https://share.example:99999"}, "public_base"),
    ({"profile": "OTHER"}, "profile"),
    ({"listen_port": 65536}, "listen_port"),
    ({"batch_days": 0}, "batch_days"),
    ({"allow_notify": "localhost"}, "allow_notify"),
    ({"allow_notify": "a@b:80"}, "allow_notify"),
    ({"proxy_addresses": "everywhere"}, "proxy_addresses"),
    ({"tls": "off"}, "mutual_tls"),
    ({"no_such_setting": 1}, "no_such_setting"),
]


@pytest.mark.parametrize(("values", "name"), REFUSED)
def test_what_does_not_fit_is_refused_in_one_line_that_names_the_setting(
    tmp_path: Path, values: dict[str, Any], name: str
) -> None:
    with pytest.raises(BadSettings, match=name) as refusal:
        Settings(home=tmp_path, **values)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("told", "opened"),
    [
        ({}, True),
        ({"guest_ways": ()}, False),
        ({"guest_ways": "code"}, False),
        ({"guest_ways": "code", "mail_command": "true"}, True),
        ({"guest_ways": (), "oidc_issuer": "https://in.example", "oidc_client_id": "us"}, True),
    ],
    ids=str,
)
def test_nobody_closes_every_way_in(tmp_path: Path, told: dict[str, Any], opened: bool) -> None:
    wanted: dict[str, Any] = {"home": tmp_path, "account_sign_in": False, **told}
    if opened:
        assert not Settings(**wanted).account_sign_in
    else:
        with pytest.raises(BadSettings, match="account_sign_in: is false, and no customer could come in"):
            Settings(**wanted)


@pytest.mark.parametrize(
    ("text", "said"),
    [("listen_port = ", "wattshare.toml"), ("nonsense = 1", "nonsense"), ('home = "elsewhere"', "home")],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said) as refusal:
        Settings(home=written(tmp_path, text))
    assert "\n" not in str(refusal.value)


def test_serving_needs_a_certificate_or_a_proxy_or_neither(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="tls_certificate"):
        Settings(home=tmp_path).for_serving()
    with pytest.raises(BadSettings, match="proxy_addresses"):
        Settings(home=tmp_path, tls="proxy").for_serving()
    plain = Settings(home=tmp_path, tls="off", mutual_tls=False)
    assert plain.for_serving() is plain


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://wattshare:hunter2@db/wattshare", "postgresql://db/w?user=a&password=hunter2&x=1"],
)
def test_a_password_is_masked_when_settings_are_shown(tmp_path: Path, url: str) -> None:
    settings = Settings(home=tmp_path, database_url=url)
    shown = {name: value for name, value, _, _ in settings.describe()}
    assert "hunter2" not in "".join(shown.values())
    assert "***" in shown["database_url"]


def test_every_setting_has_one_sentence(tmp_path: Path) -> None:
    for name, _, sentence, _ in Settings(home=tmp_path).describe():
        assert sentence.endswith("."), name
        assert "\n" not in sentence, name
