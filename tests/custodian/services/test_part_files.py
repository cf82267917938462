"""The files of batches: what a killed worker leaves behind does not stay."""

import os
from pathlib import Path

import pytest

from tests.custodian.houses import built
from wattshare.custodian.services.part_files import PartFiles
from wattshare.custodian.store.database import Store

OLD, SINCE, NEW = 1_000, 2_000, 3_000
LEFT = (
    # name, when it was written, whether it stays
    ("kept.1", OLD, True),
    ("kept.1.members", OLD, True),
    ("kept.2.part", OLD, False),
    ("kept.2.part", NEW, True),
    ("gone.1", OLD, False),
    ("gone.1", NEW, True),
    ("gone.1.members", OLD, False),
    ("gone.1.part", OLD, False),
)


@pytest.mark.parametrize(("name", "written", "stays"), LEFT)
def test_only_files_of_nobody_that_nobody_writes_are_swept(
    tmp_path: Path, name: str, written: int, stays: bool
) -> None:
    (tmp_path / name).write_bytes(b"x")
    os.utime(tmp_path / name, (written, written))
    assert PartFiles(tmp_path).sweep({"kept.1"}, SINCE) == (not stays)
    assert (tmp_path / name).exists() is stays


def test_where_no_file_was_ever_made_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    assert PartFiles(tmp_path / "absent").sweep(frozenset(), NEW) == 0


def test_a_worker_clears_away_what_a_killed_one_left(store: Store, tmp_path: Path) -> None:
    with built(tmp_path, store) as house:
        folder = house.house.settings.home / "batches"
        folder.mkdir(parents=True)
        left, fresh = folder / "9d2c1f5e.1.part", folder / "1b7a4c0d.1.part"
        for file in (left, fresh):
            file.write_bytes(b"somebody's readings")
        os.utime(left, (OLD, OLD))
        house.house.worker().sweep()
        assert list(folder.iterdir()) == [fresh]


def test_a_file_that_goes_meanwhile_is_no_fault(tmp_path: Path) -> None:
    # such as one that is written aside, and gets its name now
    (tmp_path / "gone").symlink_to(tmp_path / "elsewhere")
    left = tmp_path / "left"
    left.touch()
    os.utime(left, (OLD, OLD))
    assert PartFiles(tmp_path).sweep(frozenset(), SINCE) == 1
    assert not left.exists()
