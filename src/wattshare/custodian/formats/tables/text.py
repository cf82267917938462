"""CSV as rows of cells: any delimiter, quote and encoding, within limits, without holding more than some rows."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, NamedTuple, Protocol

from wattshare.custodian.formats.tables.faults import BadRow, Question, Unmapped
from wattshare.custodian.formats.tables.mapping import Text

# the longest line, the longest cell, and most columns that are read
LINE, CELL, COLUMNS = 1_000_000, 100_000, 2_000
# rows that are worked on at a time, their cells and their characters; and bytes that tell what sort of text it is
ROWS, CELLS, LETTERS, SAMPLE = 20_000, 400_000, 10_000_000, 65_536
DELIMITERS = (",", ";", "\t", "|")
SAID = re.compile(r"\ufeff?\"?sep=([^\"\w\s]|\t)\"?", re.IGNORECASE)
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Unreadable(Exception):
    """A file cannot be read as a table; the text says why."""


class Rows(NamedTuple):
    """Rows that follow each other, and the number of the first; blank ones among them are empty lists."""

    first: int
    rows: list[list[str]]


class Table(Protocol):
    """A table that can be read more than once."""

    @property
    def header(self) -> tuple[str, ...]:
        """The names of its columns."""

    def batches(self) -> Iterator[Rows]:
        """The rows behind the header, many at a time."""

    def sample(self, count: int = 200) -> tuple[tuple[str, ...], ...]:
        """The first rows behind the header."""

    def raw(self, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Some rows as they stand in the file, in order."""


@dataclass(frozen=True)
class CsvTable:
    """A CSV file that can be read more than once."""

    file: BinaryIO
    text: Text
    header: tuple[str, ...]

    @classmethod
    def open(cls, file: BinaryIO, given: Text) -> "CsvTable":
        """A table with what was not given found out.

        Raises:
            Unreadable: it is no text, or no table.
            Unmapped: something about it must be asked.
        """
        file.seek(0)
        sample = file.read(SAMPLE)
        if not sample.strip():
            raise Unreadable("The file is empty.")
        encoding = given.encoding or encoding_of(sample)
        lines = _decoded(sample, encoding)
        # a spreadsheet says its delimiter above the names
        said = SAID.fullmatch(lines[0]) if lines and given.header is None and given.delimiter is None else None
        number = given.header if given.header is not None else 2 if said else 1
        delimiter = said[1] if said else given.delimiter or delimiter_of(lines[max(number - 1, 0) :])
        quote = given.quote or '"'
        text = Text(encoding=encoding, delimiter=delimiter, quote=quote, header=number)
        table = cls(file, text, ())
        head = next(table._from(max(number, 1)), None)
        if head is None or not any(head):
            raise Unreadable("There is no row with names of columns." if number else "The file holds no row.")
        names = tuple(cell.strip() for cell in head) if number else tuple(map(str, range(1, len(head) + 1)))
        return cls(file, text, names)

    def sample(self, count: int = 200) -> tuple[tuple[str, ...], ...]:
        """The first rows behind the header."""
        rows = self._from((self.text.header or 0) + 1)
        return tuple(tuple(row) for row in islice(rows, count) if any(row))

    def batches(self) -> Iterator[Rows]:
        """The rows behind the header, many at a time.

        Raises:
            Unreadable: a line is too long, or is no CSV.
        """
        number, read, before = (self.text.header or 0) + 1, _Read(), 0
        chunk, cells = list[list[str]](), 0
        for row in self._from(number, read):
            chunk.append(row)
            cells += len(row)
            if len(chunk) == ROWS or cells >= CELLS or read.letters - before >= LETTERS:
                yield Rows(number, chunk)
                number, before = number + len(chunk), read.letters
                chunk, cells = [], 0
        if chunk:
            yield Rows(number, chunk)

    def raw(self, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Some rows as they stand in the file, in order."""
        wanted, kept, read = set(numbers), list[str](), _Read()
        reader = self._reader(_keeping(self._lines(read), kept))
        for number, _ in enumerate(reader, 1):
            read.row = read.letters
            if number in wanted:
                yield number, "".join(kept)
            kept.clear()

    def _from(self, number: int, read: "_Read | None" = None) -> Iterator[list[str]]:
        read = read or _Read()
        reader = self._reader(self._lines(read))
        at = 0
        try:
            for at, row in enumerate(reader, 1):
                read.row = read.letters
                if at < number:
                    continue
                if len(row) > COLUMNS:
                    raise Unreadable(f"Row {at} has {len(row)} columns; at most {COLUMNS} are read.")
                yield row
        except csv.Error as why:
            quote = self.text.quote or '"'
            raise Unreadable(
                f"Row {at + 1} is no CSV: {why}. Where {quote} quotes no cells, say another sign under file.quote."
            ) from why

    def _reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        csv.field_size_limit(CELL)
        return csv.reader(lines, delimiter=self.text.delimiter or ",", quotechar=self.text.quote or '"', strict=True)

    def _lines(self, read: "_Read") -> Iterator[str]:
        self.file.seek(0)
        # closing it would close the file
        text = io.TextIOWrapper(io.BufferedReader(_Kept(self.file), SAMPLE), encoding=self.text.encoding, newline="")
        number = 0
        try:
            while line := text.readline(LINE):
                number += 1
                if len(line) == LINE:
                    raise Unreadable(f"Line {number} is longer than {LINE} characters.")
                if "\0" in line:
                    raise Unreadable(f"Line {number} holds a NUL, which no text has.")
                read.letters += len(line)
                if read.letters - read.row > LETTERS:
                    raise Unreadable(f"The row that goes to line {number} is longer than {LETTERS} characters.")
                yield line
        except UnicodeError as why:
            raise Unreadable(
                f"What follows line {number} is not {self.text.encoding}; say file.encoding, as “latin-1” or “cp1252”."
            ) from why


@dataclass
class _Read:
    """How many characters were read, and how many of them before the row at hand."""

    letters: int = 0
    row: int = 0


class _Kept(io.RawIOBase):
    """A file that stays open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _keeping(lines: Iterator[str], kept: list[str]) -> Iterator[str]:
    for line in lines:
        kept.append(line)
        yield line


def encoding_of(sample: bytes) -> str:
    """The encoding of a text by its mark or by what its bytes can be.

    Raises:
        Unmapped: it is none that bytes give away.
    """
    for mark, name in MARKS:
        if sample.startswith(mark):
            return name
    if sample[1:64:2].count(0) > len(sample[1:64:2]) // 2:
        return "utf-16-le"
    if sample[0:64:2].count(0) > len(sample[0:64:2]) // 2:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        asked = Question(
            key="file.encoding",
            sentence="The file is not UTF-8.",
            choices=("latin-1", "cp1252", "utf-16"),
            likely="cp1252",
        )
        raise Unmapped((asked,)) from None
    return "utf-8"


def delimiter_of(lines: list[str]) -> str:
    """What stands between cells: of the usual signs the one that most lines have as often as the first.

    Raises:
        Unmapped: no sign does.
    """
    lines = [line for line in lines if line.strip()][:50]
    counts = {sign: [_outside_quotes(line).count(sign) for line in lines] for sign in DELIMITERS}
    fits = {sign: (found.count(found[0]), found[0]) for sign, found in counts.items() if found and found[0]}
    if not fits:
        asked = Question(
            key="file.delimiter",
            sentence="The first line has no delimiter. Where it is a title, file.header is the row that has the names.",
        )
        raise Unmapped((asked,))
    return max(fits, key=fits.__getitem__)


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _decoded(sample: bytes, encoding: str) -> list[str]:
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample)
    if "\0" in text:
        raise Unreadable("The file holds NULs, which no text has.")
    return text.splitlines()[:200]


def ragged(number: int, row: list[str], width: int) -> list[str] | BadRow:
    """A row of the header's width; empty cells behind it are cut off."""
    if len(row) > width and not any(cell.strip() for cell in row[width:]):
        return row[:width]
    if len(row) != width:
        cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
        advice = " A cell that holds what stands between cells must be quoted." if len(row) > width else ""
        return BadRow(row=number, column="", sentence=f"It has {cells}; the header has {width}.{advice}")
    return row
