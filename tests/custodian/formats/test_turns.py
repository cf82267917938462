"""In which order files are taken that come together."""

import bz2
import gzip
import lzma
import os
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZipFile

import pytest

from wattshare.custodian.formats.sources import Caps, Document, Unopened, documents, in_turn
from wattshare.custodian.formats.tables.records import KINDS, template

TABLES = {kind.name: template(kind).encode() for kind in KINDS}
READINGS = b"meter,start,kWh\nM1,2024-03-08T08:00:00Z,1\n"
# whatever the files are called
ORDER = ("customers", "accounts", "holders", "agreements", "meters", "readings", "programs", "bills")


@pytest.mark.parametrize("packed", [False, True])
def test_what_others_refer_to_comes_before_them(tmp_path: Path, packed: bool) -> None:
    for name, text in {**TABLES, "readings": READINGS}.items():
        file = tmp_path / (f"{name}.csv.gz" if packed else f"{name}.csv")
        file.write_bytes(gzip.compress(text) if packed else text)
    told = [path.name.partition(".")[0] for path in in_turn(sorted(tmp_path.iterdir()))]
    assert told == [name for name in ORDER if name in told]
    assert set(told) == {*TABLES, "readings"}


def test_a_file_that_is_cut_keeps_its_place(tmp_path: Path) -> None:
    whole, cut = tmp_path / "b.csv.gz", tmp_path / "a.csv.gz"
    whole.write_bytes(gzip.compress(TABLES["customers"]))
    cut.write_bytes(gzip.compress(TABLES["customers"])[:15])
    assert in_turn([cut, whole]) == [whole, cut]


def test_what_can_be_read_once_is_not_looked_at(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # who opened it would wait for whoever writes
    assert in_turn([pipe]) == [pipe]


def test_an_archive_comes_when_the_first_of_what_is_in_it_does(tmp_path: Path) -> None:
    files = []
    for name, tables in (("a", ["bills"]), ("b", ["agreements"]), ("c", ["bills", "customers"]), ("d", [])):
        files.append(tmp_path / f"{name}.zip")
        with ZipFile(files[-1], "w") as archive:
            for table in tables:
                archive.writestr(f"{table}.csv", TABLES[table])
    assert [file.stem for file in in_turn(files)] == ["c", "b", "d", "a"]


def test_hidden_files_in_an_archive_are_left_alone_as_in_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "mac.zip"
    with ZipFile(file, "w") as archive:
        for name in (".DS_Store", "a/.hidden/x.csv", "__MACOSX/a/._x.csv", "a/x.csv", "b\\.y.csv"):
            archive.writestr(name, READINGS)
    assert [one.name for one in documents(file, Caps())] == ["mac.zip/x.csv"]


@pytest.mark.parametrize(("method", "pack"), [(ZIP_BZIP2, bz2.compress), (ZIP_LZMA, lzma.compress)])
def test_a_damaged_member_of_any_packing_keeps_none_from_being_taken(tmp_path: Path, method: int, pack: object) -> None:
    file = tmp_path / "two.zip"
    with ZipFile(file, "w", method) as archive:
        archive.writestr("1.csv", READINGS)
        archive.writestr("2.csv", bytes(range(256)) * 40)
    raw = bytearray(file.read_bytes())
    at = raw.index(b"2.csv") + 40
    raw[at : at + 60] = b"\xff" * 60
    file.write_bytes(raw)
    first, second = ((one.name, type(one)) for one in documents(file, Caps()))
    assert first == ("two.zip/1.csv", Document)
    assert second == ("two.zip", Unopened)
