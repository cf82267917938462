"""The file that a feed waits in."""

import sqlite3
from pathlib import Path

import pytest

from wattshare.custodian.formats.spool import SummaryRow, open_spool
from wattshare.custodian.model.errors import Unavailable


def test_a_spool_without_room_is_told_and_leaves_nothing_behind() -> None:
    with pytest.raises(Unavailable) as full, open_spool() as spool:  # noqa: PT012 - it fills up
        [(_, _, file)] = spool._connection.execute("PRAGMA database_list").fetchall()
        spool._connection.execute("PRAGMA max_page_count = 12")
        for _ in range(1000):
            spool.put_summary(SummaryRow(None, None, None, {"text": "x" * 1000}))
    assert isinstance(full.value.__cause__, sqlite3.OperationalError)
    assert "temporary files" in (full.value.logged or "")
    with pytest.raises(FileNotFoundError):
        Path(file).stat()
