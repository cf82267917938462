"""The files of batches on the disk: one gzip member each, written aside, synced and renamed; the owner's alone."""

import hashlib
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wattshare.custodian.services.disclosure.render import GzipPieces
from wattshare.custodian.services.disclosure.wirepath.headed import AT
from wattshare.custodian.services.members import Members

# what stands behind the name of a file in the name of the list beside it
LIST = ".members"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What is known of a file once it is there."""

    identity_bytes: int
    gzip_bytes: int
    # of the file as it is kept
    sha256: str


@dataclass(frozen=True)
class PartFiles:
    """A folder of files, each with a list beside it of who is in it."""

    folder: Path

    def write(self, name: str, feed: GzipPieces, members: Members) -> Written:
        """Write a file and the list of its members, who are all there when it is written.

        Half of it is never visible.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self.folder / f"{name}.part"
        try:
            with open(aside, "w+b", opener=private) as file:
                for piece in feed:
                    file.write(piece)
                size = file.tell()
                # when the last thing in it changed is known now
                file.seek(AT)
                file.write(feed.head)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        with open(self.folder / listed(name), "wb", opener=private) as beside:
            members.write(beside)
            beside.flush()
            os.fsync(beside.fileno())
        aside.rename(self.folder / name)
        sync(self.folder)
        return Written(identity_bytes=feed.identity_bytes, gzip_bytes=size, sha256=digest)

    def path(self, name: str | None) -> Path | None:
        """Where a file is; None where there is none."""
        return None if name is None else self.folder / name

    def is_whole(self, name: str | None, sha256: str) -> bool:
        """Whether a file is there as it was written, with its list."""
        if name is None or not (self.folder / listed(name)).exists():
            return False
        try:
            with (self.folder / name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False

    def members(self, name: str | None) -> Members:
        """Who is in a file."""
        if name is None:
            return Members()
        with (self.folder / listed(name)).open("rb") as beside:
            return Members.read(beside)

    def throw_away(self, name: str | None) -> None:
        """Remove a file and its list."""
        if name is not None:
            for file in (name, listed(name)):
                (self.folder / file).unlink(missing_ok=True)

    def sweep(self, kept: Collection[str], before: float) -> int:
        """Remove what no part is kept in and nobody has written to since: a killed worker leaves it. How many files."""
        swept = 0
        for file in self.folder.iterdir() if self.folder.is_dir() else ():
            names = (file.name, file.name.removesuffix(LIST))
            # one that was there a moment ago: it has its name now, or somebody else swept it
            with suppress(FileNotFoundError):
                if not any(name in kept for name in names) and file.stat().st_mtime < before:
                    file.unlink()
                    swept += 1
        return swept


def listed(name: str) -> str:
    """The name of the list beside a file."""
    return f"{name}{LIST}"


def private(path: str, flags: int) -> int:
    """Open a file that is its owner's alone."""
    return os.open(path, flags, 0o600)


def sync(folder: Path) -> None:
    """Make what was renamed in a folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
