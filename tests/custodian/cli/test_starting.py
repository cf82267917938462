"""What is wrong with an installation is said in one line, and nothing is started."""

import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
import typer

from tests.custodian.cli.conftest import Typed
from tests.custodian.servers import OpenStore
from wattshare.custodian.cli.printing import failing
from wattshare.custodian.store.keys import Keys

SELF_ACCESS = ("--user-type", "self_access")


def is_one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


def scribbled(home: Path) -> None:
    (home / "wattshare.db").write_bytes(b"\x07" * 8192)


def cut_off(home: Path) -> None:
    file = home / "wattshare.db"
    file.write_bytes(file.read_bytes()[:20_000])


def of_a_later_release(home: Path) -> None:
    with sqlite3.connect(home / "wattshare.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'later'")
    database.close()


def a_folder(home: Path) -> None:
    (home / "wattshare.db").unlink()
    (home / "wattshare.db").mkdir()


def gone(home: Path) -> None:
    (home / "wattshare.db").unlink()


DAMAGES: dict[Callable[[Path], None], str] = {
    scribbled: "not a database",
    cut_off: "cannot be used",
    of_a_later_release: "later release",
    a_folder: "unable to open",
    gone: "there is no database",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_database_that_cannot_be_used_is_told_in_one_line(
    typed: Typed, home: Path, damage: Callable[[Path], None]
) -> None:
    damage(home)
    told = typed("third-party", "list", "--home", home)
    assert told.exit_code == 1
    assert "wattshare.db" in told.stderr
    assert DAMAGES[damage] in told.stderr
    assert is_one_line(told.stderr)


def test_a_missing_database_is_not_made_anew_by_another_command(typed: Typed, home: Path) -> None:
    gone(home)
    assert typed("third-party", "list", "--home", home).exit_code == 1
    assert not (home / "wattshare.db").exists()


def test_keys_of_another_installation_open_nothing(typed: Typed, home: Path) -> None:
    assert typed("third-party", "add", "--home", home, "--name", "Acme", *SELF_ACCESS).exit_code == 0
    (home / "keys.json").unlink()
    Keys.make(home / "keys.json")
    told = typed("third-party", "list", "--home", home)
    assert told.exit_code == 1
    assert "keys.json is not of this database" in told.stderr
    assert is_one_line(told.stderr)


def test_keys_that_are_gone_are_asked_for_and_not_made_anew(typed: Typed, home: Path) -> None:
    (home / "keys.json").unlink()
    told = typed("third-party", "list", "--home", home)
    assert told.exit_code == 1
    assert is_one_line(told.output)
    assert "keys.json is gone. Bring it back" in told.output
    (home / "wattshare.db").unlink()
    assert "holds no installation" in typed("third-party", "list", "--home", home).output


def test_init_makes_no_keys_for_a_database_that_was_made_with_others(typed: Typed, home: Path) -> None:
    assert typed("third-party", "add", "--home", home, "--name", "Acme", *SELF_ACCESS).exit_code == 0
    (home / "keys.json").unlink()
    told = typed("init", "--home", home)
    assert told.exit_code == 1
    assert "keys.json is not of this database" in told.stderr
    assert not (home / "keys.json").exists()


def test_init_can_be_run_again(typed: Typed, home: Path) -> None:
    keys = (home / "keys.json").read_bytes()
    assert typed("init", "--home", home).exit_code == 0
    assert (home / "keys.json").read_bytes() == keys


def test_a_home_that_cannot_be_made_is_told_in_one_line(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = typed("init", "--home", tmp_path / "file")
    assert told.exit_code == 1
    assert f"{tmp_path / 'file'}: File exists" in told.stderr
    assert is_one_line(told.stderr)


@pytest.fixture
def certified(home: Path) -> Path:
    """An installation with a certificate, a key and a CA beside it, and what is none of these."""
    ca = trustme.CA()
    issued = ca.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(home / "server.pem")
    issued.private_key_pem.write_to_path(home / "server.key")
    ca.issue_cert("localhost").private_key_pem.write_to_path(home / "other.key")
    ca.cert_pem.write_to_path(home / "ca.pem")
    (home / "none.pem").write_text("nothing")
    return home


FILES = (
    ("tls_certificate", "absent.pem", "No such file"),
    ("tls_certificate", "none.pem", "cannot be read as PEM"),
    ("tls_key", "other.key", "do not belong together"),
    ("tls_ca", "absent.pem", "No such file"),
    ("tls_ca", "none.pem", "cannot be read as PEM"),
    ("outbound_ca", "none.pem", "cannot be read as PEM"),
    ("outbound_certificate", "absent.pem", "No such file"),
    ("outbound_key", "other.key", "do not belong together"),
)


@pytest.mark.parametrize(("name", "file", "why"), FILES, ids=lambda part: part)
def test_a_tls_file_that_cannot_be_used_is_told_with_its_setting(
    typed: Typed, certified: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str, why: str
) -> None:
    present = {side: f"{side}_" for side in ("tls", "outbound")}
    values = {f"{prefix}certificate": "server.pem" for prefix in present.values()}
    values |= {f"{prefix}key": "server.key" for prefix in present.values()}
    values |= {"tls_ca": "ca.pem", "outbound_ca": "ca.pem", "listen_port": "0"}
    for setting, value in (values | {name: file}).items():
        monkeypatch.setenv(f"WATTSHARE_{setting.upper()}", value)
    told = typed("serve", "--home", certified)
    assert told.exit_code == 1
    assert name in told.stderr.partition(": ")[0]
    assert f"{certified / file}" in told.stderr
    assert why in told.stderr
    assert is_one_line(told.stderr)


def test_a_port_that_is_taken_is_told_in_one_line(
    typed: Typed, certified: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("WATTSHARE_TLS_CERTIFICATE", "server.pem")
        monkeypatch.setenv("WATTSHARE_TLS_KEY", "server.key")
        monkeypatch.setenv("WATTSHARE_LISTEN_PORT", str(taken.getsockname()[1]))
        told = typed("serve", "--home", certified)
    assert told.exit_code == 1
    assert "Address already in use" in told.stderr
    assert is_one_line(told.stderr)


def test_a_setting_that_there_is_not_is_told_by_name(typed: Typed, home: Path) -> None:
    (home / "wattshare.toml").write_text("lisen_port = 1\n")
    told = typed("settings", "--home", home)
    assert told.exit_code == 1
    assert told.stderr == "lisen_port: there is no such setting\n"


def test_a_right_that_the_role_lacks_is_told_in_a_sentence(
    open_store: OpenStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(tmp_path, "postgresql")
    denied = failing(as_json=False)
    with pytest.raises(typer.Exit), denied, store.engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE customer")
    store.close()
    told = " ".join(capsys.readouterr().err.split())
    assert told == "permission denied for table customer; the role of database_url needs it: docs/postgresql.md"
