"""The file that a feed waits in."""

import sqlite3
from pathlib import Path

import pytest

from wattshare.custodian.formats.spool import Spool, SummaryRow, open_spool
from wattshare.custodian.model.errors import Unavailable

OPEN = Path("/proc/self/fd")


def fill(spool: Spool, rows: int) -> None:
    for _ in range(rows):
        spool.put_summary(SummaryRow(None, None, None, {"text": "x" * 1000}))


def test_a_spool_without_room_is_told() -> None:
    with pytest.raises(Unavailable) as full, open_spool() as spool:  # noqa: PT012 - it fills up
        spool._connection.execute("PRAGMA max_page_count = 12")
        fill(spool, 1000)
    assert isinstance(full.value.__cause__, sqlite3.OperationalError)
    assert "temporary files" in (full.value.logged or "")


@pytest.mark.skipif(not OPEN.exists(), reason="this system does not list the files that a process has open")
def test_a_spool_is_on_disk_and_has_no_name_that_a_killed_process_would_leave_behind() -> None:
    before = open_files()
    with open_spool() as spool:
        fill(spool, 10_000)
        [file] = open_files() - before
        assert file.endswith("(deleted)")
        assert not Path(file.removesuffix(" (deleted)")).exists()
    assert open_files() == before


def open_files() -> set[str]:
    """The files on disk that this process has open."""
    return {name for name in map(linked, OPEN.iterdir()) if name.startswith("/") and not name.startswith("/dev/")}


def linked(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except FileNotFoundError:  # the one that the listing itself was read with
        return ""
