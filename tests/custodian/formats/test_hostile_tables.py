"""Files that are meant to harm: refused with a sentence, in little memory, without a path of theirs being written."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from wattshare.custodian.formats.sources import Caps, Document, Unopened, documents
from wattshare.custodian.formats.tables import text
from wattshare.custodian.formats.tables.mapping import Text
from wattshare.custodian.formats.tables.text import CsvTable, Unreadable
from wattshare.custodian.services.intake.aside import harmless

CAPS = Caps(bytes=64 << 20, ratio=50, members=5)


class Endless(io.RawIOBase):
    """A line of a gigabyte, which nobody ever holds."""

    def __init__(self, size: int = 1 << 30, head: bytes = b"a,b\n1,2\n") -> None:
        self._head, self._size, self._at = head, size, 0
        self.most = 0

    def seek(self, at: int, _whence: int = 0) -> int:
        self._at = at
        return at

    def read(self, size: int = -1) -> bytes:
        size = min(size if size >= 0 else self._size, self._size - self._at)
        chunk = (self._head[self._at : self._at + size] + b"x" * size)[:size]
        self._at += size
        self.most = max(self.most, self._at)
        return chunk


def test_a_line_of_a_gigabyte_is_refused_after_a_million_characters() -> None:
    file = Endless()
    table = CsvTable.open(file, Text())  # type: ignore[arg-type]  # reads and seeks as a file does
    with pytest.raises(Unreadable, match="longer than 1000000 characters"):
        list(table.batches())
    assert file.most < 4 << 20


FILES: dict[str, tuple[bytes, str]] = {
    "a million columns": (b",".join([b"a"] * 400_000) + b"\n", "has 400000 columns; at most"),
    "NULs": (b"a,b\n1,\x002\n", "NUL"),
    "NULs at first": (b"a\x00,b\n", "NUL"),
    "an open quote": (b"a,b\n" + b'"1,2\n' * 1 + b"3,4\n" * 60_000, "is no CSV"),
    "text behind a quote": (b'a,b\n"1"2,3\n', "is no CSV"),
    "another encoding further on": (b"a,b\n" + b"1,2\n" * 30_000 + b"\xff\xfe\xff,2\n", "is not utf-8"),
    "nothing": (b"", "is empty"),
    "blanks": (b"\n\n  \n", "is empty"),
}


@pytest.mark.parametrize(("data", "sentence"), FILES.values(), ids=FILES)
def test_a_table_that_is_none_says_why(data: bytes, sentence: str) -> None:
    with pytest.raises(Exception, match=sentence) as refused:
        list(CsvTable.open(io.BytesIO(data), Text()).batches())
    assert type(refused.value).__name__ in {"Unreadable", "Unmapped"}


def test_quoted_line_breaks_are_parts_of_cells_and_rows_keep_their_numbers() -> None:
    table = CsvTable.open(io.BytesIO(b'a,b\n"1\n2",3\n4,5\n'), Text())
    [batch] = table.batches()
    assert batch.rows == [["1\n2", "3"], ["4", "5"]]
    assert dict(table.raw([2, 3])) == {2: '"1\n2",3\n', 3: "4,5\n"}


def test_a_row_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "LETTERS", 1_000)
    # every line ends inside a cell
    table = CsvTable.open(io.BytesIO(b"a,b\n" + b'"x\n",' * 1_000), Text())
    with pytest.raises(Unreadable, match="is longer than 1000 characters"):
        list(table.batches())


def test_rows_are_held_by_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    table = CsvTable.open(io.BytesIO(b"a,b\n" + b"1,2\n" * 25), Text())
    monkeypatch.setattr(text, "CELLS", 20)
    assert [(batch.first, len(batch.rows)) for batch in table.batches()] == [(2, 10), (12, 10), (22, 5)]
    monkeypatch.setattr(text, "LETTERS", 60)
    assert sum(len(batch.rows) for batch in table.batches()) == 25


def test_what_looks_like_a_formula_is_a_text_and_is_set_aside_as_none() -> None:
    table = CsvTable.open(io.BytesIO(b"a,b\n=HYPERLINK(1),@x\n"), Text())
    assert next(iter(table.batches())).rows == [["=HYPERLINK(1)", "@x"]]
    assert harmless("=HYPERLINK(1),@x") == "'=HYPERLINK(1),@x"
    assert harmless("1,=2") == "1,=2"


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (60 << 20))


def many(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(6):
            archive.writestr(f"{number}.csv", b"a,b\n")


def nested(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", b"a,b\n")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())


def packed(path: Path) -> None:
    path.write_bytes(gzip.compress(b"0" * (60 << 20)))


def cut_short(path: Path) -> None:
    path.write_bytes(gzip.compress(bytes(range(256)) * 4_000)[:-200])


def encrypted(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", b"a,b\n")
    data = bytearray(path.read_bytes())
    # the flags of the member and of its entry in the directory
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))


def empty(path: Path) -> None:
    with zipfile.ZipFile(path, "w"):
        pass


def odd(path: Path) -> None:
    path.write_bytes(b"7z\xbc\xaf\x27\x1c rest")


ARCHIVES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a bomb": (bomb, "more than 50 times its size"),
    "a packed bomb": (packed, "more than 50 times its size"),
    "too many members": (many, "has 6 members; at most 5"),
    "an archive in an archive": (nested, "an archive in an archive"),
    "cut short": (cut_short, "ends too soon"),
    "encrypted": (encrypted, "without a password"),
    "empty": (empty, "empty"),
    "packed otherwise": (odd, "pack it as gzip or zip"),
}


@pytest.mark.parametrize(("make", "sentence"), ARCHIVES.values(), ids=ARCHIVES)
def test_an_archive_that_is_not_unpacked_says_why(make: Callable[[Path], None], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    make(path)
    found = [one for one in documents(path, CAPS) if isinstance(one, Unopened)]
    assert [sentence in one.sentence for one in found] == [True]
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["book.xlsx", "book.ods", "book.xls", "bill.pdf"])
def test_a_spreadsheet_is_to_be_saved_as_csv(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    heads = {"book.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "bill.pdf": b"%PDF-1.7\nrest"}
    if name in heads:
        file.write_bytes(heads[name])
    else:
        member = {"book.xlsx": "[Content_Types].xml", "book.ods": "META-INF/manifest.xml"}[name]
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(member, "<x/>")
            archive.writestr("content.xml", "<x/>")
    [found] = documents(file, CAPS)
    assert isinstance(found, Unopened)
    assert found.sentence.endswith("save its table as CSV.")


def test_no_path_of_an_archive_is_used(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../../evil.csv", "/etc/evil.csv", "c:\\evil.csv", "a/b/\x1bevil.csv"):
            archive.writestr(name, b"a,b\n1,2\n")
    names = [(one.name, one.size) for one in documents(path, CAPS) if isinstance(one, Document)]
    assert len(names) == 4
    assert all("/" not in name.removeprefix("archive.zip/") and "\x1b" not in name for name, _ in names)
    assert sorted(tmp_path.iterdir()) == [path]


def test_more_than_may_be_unpacked_in_all_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.csv", bytes(1 << 20))
    found = list(documents(path, Caps(bytes=2 << 20)))
    assert [type(one) for one in found] == [Document, Document, Unopened]
