from pathlib import Path

import pytest

from wattshare.custodian.sandbox.home import MARKER, Made, check, held, write_private
from wattshare.custodian.settings import BadSettings

MADE = Made(seed=1, days=2, usage_points=0, base="https://localhost:1", receiver="https://127.0.0.1:1")


def test_an_empty_folder_and_a_new_one_become_homes(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "below" / "new"):
        with held(path) as home:
            home.begin()
            home.finish(MADE)
            assert home.made == MADE
        check(path)


def test_a_folder_of_somebody_else_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all my work")
    with pytest.raises(BadSettings, match="no sandbox's home"), held(tmp_path):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSettings, match="is a file"), held(tmp_path / "file"):
        pass


def test_two_sandboxes_do_not_share_a_home(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(BadSettings, match="runs in"), held(tmp_path):
        pass
    with held(tmp_path):
        pass


def test_a_home_that_was_not_finished_is_not_made(tmp_path: Path) -> None:
    with held(tmp_path) as home:
        assert home.made is None
        home.begin()
        assert home.made is None


def test_beginning_anew_leaves_nothing_of_before_and_follows_no_link_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    with held(tmp_path / "home") as home:
        home.begin()
        home.finish(MADE)
        (home / "wattshare.db").touch()
        (home / "notices" / "50001").mkdir()
        (home / "link").symlink_to(outside)
        home.begin()
        assert {each.name for each in home.path.iterdir()} == {"lock", MARKER, "mail", "notices", "callbacks"}
        assert not list((home / "notices").iterdir())
        assert home.made is None
    assert (outside / "precious").exists()


def test_files_are_their_owners_alone_and_never_half_there(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    for content in (b"first", b"second"):
        write_private(path, content)
        assert path.read_bytes() == content
        assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]
