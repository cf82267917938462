"""What is to be taken in: files, folders, archives and standard input, as documents that can be read twice.

Archives are unpacked to files without a name, under limits. Nothing is ever written to a path that stands in one.
"""

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import SEEK_END
from lzma import LZMAError
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from wattshare.custodian.formats.tables.turns import BETWEEN, HEAD, turn_of

CHUNK = 1 << 20
ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
# an archive without a member begins so
EMPTY_ZIP = b"PK\x05\x06"
# what is not unpacked: bzip2, xz, zstd, 7z
OTHERS = (b"BZh", b"\xfd7zX", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c")
# what is a document and no data: PDF, and spreadsheets as they were and are, by a member that each of them has
DOCUMENTS = (b"%PDF-", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
OFFICE = {"[Content_Types].xml", "META-INF/manifest.xml"}
NO_DATA = "It is a spreadsheet or another document; save its table as CSV."
# below that many bytes no ratio is too high
SMALL = 16 << 20
LONGEST_NAME = 120
UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".upload", ".swp", "~")
ENCRYPTED = 1
# what unpacking says of what is damaged, or packed in a way that it does not know
DAMAGED = (BadZipFile, EOFError, zlib.error, LZMAError, NotImplementedError)


class Unreadable(Exception):
    """A file cannot be read; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Caps:
    """How much is unpacked of one archive."""

    # bytes in all
    bytes: int = 16 * 1024**3
    # unpacked bytes to packed ones
    ratio: int = 1_000
    members: int = 10_000


@dataclass(frozen=True)
class Document:
    """One document with the name that it goes by."""

    name: str
    file: BinaryIO
    size: int


@dataclass(frozen=True)
class Unopened:
    """A document that cannot be read, and why."""

    name: str
    sentence: str


def files_of(path: Path) -> list[Path]:
    """A file, or the files of a folder and the folders in it, by name; hidden ones are left alone."""
    if not is_folder(path):
        return [path]
    inside = (one for one in path.rglob("*") if one.is_file())
    seen = (one for one in inside if not any(map(_hidden, one.relative_to(path).parts)))
    return sorted(seen, key=lambda one: one.relative_to(path).parts)


def closed_folders(path: Path) -> list[Path]:
    """A folder and the folders in it whose files nobody here may see; hidden ones are left alone."""
    found = list[Path]()
    for _, folders, _ in os.walk(path, onerror=lambda why: found.append(Path(why.filename))):
        folders[:] = [name for name in folders if not _hidden(name)]
    return sorted(found) if is_folder(path) else []


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; one that nobody here may see is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def in_turn(paths: Iterable[Path]) -> list[Path]:
    """Files in the order in which they are to be taken: those that others refer to first, otherwise as they come."""
    return sorted(paths, key=turn_at)


def turn_at(path: Path) -> int:
    """When a file is to be taken, the lowest first; an archive when the first of what is in it is."""
    try:
        if not path.is_file():
            # what is read of a pipe is gone
            return BETWEEN
        with path.open("rb") as file:
            head = file.read(HEAD)
            if head.startswith(ZIP):
                with ZipFile(file) as archive:
                    return min((_turn_in(archive, one) for one in _members_of(archive)), default=BETWEEN)
            if head.startswith(GZIP):
                file.seek(0)
                with gzip.GzipFile(fileobj=file) as packed:
                    head = packed.read(HEAD)
            return turn_of(head)
    except (OSError, *DAMAGED):
        # it is told when it is taken
        return BETWEEN


def documents(path: Path, caps: Caps | None = None, name: str = "") -> Iterator[Document | Unopened]:
    """The documents of a file: itself, or what is packed in it. Each is closed when the next is asked for."""
    name = shown_name(name or path.name)
    try:
        with path.open("rb") as file:
            yield from unpacked(name, file, caps or Caps())
    except OSError as why:
        yield Unopened(name, f"The file cannot be read: {why.strerror or 'it is damaged'}.")


def unpacked(name: str, file: BinaryIO, caps: Caps) -> Iterator[Document | Unopened]:
    """The documents of an open file, which need not be one that can be read twice."""
    if not file.seekable():
        with _aside(file, caps.bytes, None) as copied:
            yield from unpacked(name, copied, caps)
        return
    head = file.read(8)
    file.seek(0)
    try:
        if head.startswith((ZIP, EMPTY_ZIP)):
            yield from _members(name, file, caps)
        elif head.startswith(GZIP):
            yield from _gunzipped(name, file, caps)
        elif head.startswith(DOCUMENTS):
            yield Unopened(name, NO_DATA)
        elif head.startswith(OTHERS):
            yield Unopened(name, "The file is packed in a way that is not unpacked here; pack it as gzip or zip.")
        else:
            yield Document(name, file, _size(file))
    except (Unreadable, gzip.BadGzipFile, *DAMAGED) as why:
        yield Unopened(name, _said(why))


def _said(why: Exception) -> str:
    if isinstance(why, Unreadable):
        return str(why)
    if isinstance(why, EOFError):
        return "The archive ends too soon, as one does that was not copied whole; send it again."
    return "The archive is damaged, or of a kind that is not unpacked."


def _gunzipped(name: str, file: BinaryIO, caps: Caps) -> Iterator[Document | Unopened]:
    with (
        gzip.GzipFile(fileobj=file) as packed,
        _aside(cast(BinaryIO, packed), caps.bytes, (_size(file), caps)) as plain,
    ):
        yield _plain(name.removesuffix(".gz"), plain)


def _members(name: str, file: BinaryIO, caps: Caps) -> Iterator[Document | Unopened]:
    with ZipFile(file) as archive:
        members = _members_of(archive)
        if not members:
            raise Unreadable("The archive is empty.")
        if not OFFICE.isdisjoint(one.filename for one in members):
            raise Unreadable(NO_DATA)
        if len(members) > caps.members:
            raise Unreadable(f"The archive has {len(members)} members; at most {caps.members} are read.")
        left = caps.bytes
        for member in sorted(members, key=lambda one: (_turn_in(archive, one), one.filename)):
            if member.flag_bits & ENCRYPTED:
                raise Unreadable("The archive is encrypted; pack it without a password.")
            with (
                archive.open(member) as packed,
                _aside(cast(BinaryIO, packed), left, (max(member.compress_size, 1), caps)) as plain,
            ):
                left -= _size(plain)
                yield _plain(f"{name}/{_member_name(member)}", plain)


def _members_of(archive: ZipFile) -> list[ZipInfo]:
    """The files in an archive; hidden ones are left alone, as in a folder."""
    files = (one for one in archive.infolist() if not one.is_dir())
    paths = ((one, one.filename.replace("\\", "/").split("/")) for one in files)
    return [one for one, path in paths if path[0] != "__MACOSX" and not any(map(_hidden, path))]


def _hidden(part: str) -> bool:
    return part.startswith(".") and part not in (".", "..")


def _turn_in(archive: ZipFile, member: ZipInfo) -> int:
    if member.flag_bits & ENCRYPTED:
        return BETWEEN
    try:
        with archive.open(member) as packed:
            return turn_of(packed.read(HEAD))
    except (OSError, *DAMAGED):
        # it is told when it is unpacked
        return BETWEEN


def _plain(name: str, file: BinaryIO) -> Document | Unopened:
    head = file.read(8)
    file.seek(0)
    if head.startswith((ZIP, GZIP, *OTHERS)):
        return Unopened(name, "It is an archive in an archive, which is not unpacked.")
    return Document(name, file, _size(file))


def _member_name(member: ZipInfo) -> str:
    return shown_name(member.filename.replace("\\", "/").rpartition("/")[2])


@contextmanager
def _aside(source: BinaryIO, most: int, packed: "tuple[int, Caps] | None") -> Iterator[BinaryIO]:
    """What is read of a source, in a file without a name.

    Raises:
        Unreadable: it is more than may be.
    """
    with TemporaryFile(prefix="wattshare-") as copied:
        size = 0
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > most:
                raise Unreadable(f"Unpacked it is larger than {most} bytes.")
            if packed and size > SMALL and size > packed[0] * packed[1].ratio:
                raise Unreadable(f"It unpacks to more than {packed[1].ratio} times its size.")
            copied.write(chunk)
        copied.seek(0)
        yield cast(BinaryIO, copied)


def _size(file: BinaryIO) -> int:
    at = file.tell()
    size = file.seek(0, SEEK_END)
    file.seek(at)
    return size


def shown_name(name: str) -> str:
    """A name from outside, fit for a report."""
    return readable(name)[:LONGEST_NAME]


def readable(name: str) -> str:
    """A name whose letters can all be printed."""
    return "".join(letter if letter.isprintable() else "�" for letter in os.fsencode(name).decode("utf-8", "replace"))


def unfinished(path: Path) -> bool:
    """Whether a file is called as programs call one that they are still writing."""
    return path.name.endswith(UNFINISHED)
