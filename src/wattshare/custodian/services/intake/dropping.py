"""A folder that files are dropped into: watched, taken in when they are complete, and moved on with a report beside.

A file is never lost: it stays where it is until what became of it is written down, and is then moved. It is never taken
twice: the same bytes change nothing.
"""

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import structlog

from wattshare.custodian.formats.sources import (
    Caps,
    Unopened,
    documents,
    files_of,
    in_turn,
    readable,
    shown_name,
    unfinished,
)
from wattshare.custodian.formats.tables.mapping import BadMapping, Mapping, read
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.work import TAKE, Job
from wattshare.custodian.services.intake.door import Door, Wanted, refused
from wattshare.custodian.services.intake.report import Report
from wattshare.custodian.store.database import Store

LOG = structlog.get_logger(__name__)

DONE, REFUSED = "done", "refused"
MAPPING = "mapping.toml"
REPORT, BAD = ".report.json", ".bad.csv"
# how a path begins that no text holds: none that is relative does
AS_BYTES = "//"
# bytes of a name that is moved: reports, numbers and what is being written stand behind it; letters of its ending
MOST_NAME, MOST_SUFFIX = 200, 16
# bytes of the longest name that file systems take
LONGEST_NAME = 255

# bytes, and when they were changed
Look = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class DropFolder:
    """The folder, and what is known of the files in it that are not complete yet."""

    folder: Path
    store: Store
    door: Door
    now: Clock
    caps: Caps
    # seconds for which a file must not have changed
    still: int
    # bad rows are set aside beside the file; else they refuse it
    set_aside: bool = False
    # how each file looked, and since when it looks so
    _seen: dict[Path, tuple[Look, int]] = field(default_factory=dict)
    # files that are being written under another name
    _unfinished: set[int] = field(default_factory=set)

    def look(self) -> None:
        """Order what is complete to be taken in."""
        present = set(waiting := list(self._waiting()))
        for path in in_turn(path for path in waiting if self._complete(path)):
            with self.store.begin() as tx:
                tx.jobs.add(TAKE, _subject(path.relative_to(self.folder)), self.now())
        for gone in set(self._seen) - present:
            del self._seen[gone]

    def take(self, job: Job) -> int | None:
        """Take one file in and move it on; the second of another try where it has changed meanwhile."""
        path = self.folder / _path_of(job.subject)
        before = _look(path)
        if before is None:
            # moved on by who had this job before
            return None
        reports = list(self._take(path))
        if _look(path) != before:
            return self.now() + self.still
        target = self._target(path, REFUSED if any(report.refused for report in reports) else DONE)
        _write(target.with_name(target.name + REPORT), [report.as_plain() for report in reports])
        path.replace(target)
        _sync(target.parent)
        return None

    def _take(self, path: Path) -> Iterator[Report]:
        try:
            wanted = Wanted(mapping=self._mapping(path), set_aside=self._aside(path))
        except BadMapping as why:
            report = refused(shown_name(path.name), "mapping", str(why))
            self.door.note(report)
            yield self._logged(report)
            return
        for document in documents(path, self.caps):
            if isinstance(document, Unopened):
                report = refused(document.name, "unreadable", document.sentence)
                self.door.note(report)
            else:
                report = self.door.take(document.file, document.name, wanted)
            yield self._logged(report)

    @staticmethod
    def _logged(report: Report) -> Report:
        status = "refused" if report.refused else "known" if report.known else "taken"
        told = {"kind": report.kind, "status": status, "subject": report.digest[:12], "revision": report.revision}
        LOG.info("file_taken", **told, readings=report.readings.all, count=report.rows)
        return report

    def _waiting(self) -> Iterator[Path]:
        """The files that are to be taken in, complete or not."""
        if not self.folder.is_dir():
            return
        for path in files_of(self.folder):
            inside = path.relative_to(self.folder).parts
            if inside[0] in (DONE, REFUSED) or path.is_symlink():
                continue
            if unfinished(path):
                if look := _look(path):
                    self._unfinished.add(look[2])
            elif path.suffix != ".toml":
                yield path

    def _complete(self, path: Path) -> bool:
        """Whether a file is as it was for long enough, or has got its name when it was written."""
        look = _look(path)
        if look is None:
            return False
        if look[2] in self._unfinished:
            self._unfinished.discard(look[2])
            return True
        known, since = self._seen.get(path, (None, 0))
        if known != look:
            self._seen[path] = look, self.now()
            return False
        return self.now() - since >= self.still

    def _mapping(self, path: Path) -> Mapping | None:
        """The mapping beside a file, or of its folder, or of one above."""
        own = path.with_name(path.name + ".toml")
        inside = path.relative_to(self.folder).parents
        for file in (own, *(self.folder / parent / MAPPING for parent in inside)):
            # a name may be so long that no other can be made of it
            if len(os.fsencode(file.name)) <= LONGEST_NAME and file.is_file():
                return read(file)
        return None

    def _aside(self, path: Path) -> Path | None:
        if not self.set_aside:
            return None
        target = self._target(path, DONE)
        return target.with_name(target.name + BAD)

    def _target(self, path: Path, where: str) -> Path:
        """Where a file goes: under its name, or that with a number where a former one has it."""
        *parents, name = map(_fit, path.relative_to(self.folder).parts)
        folder = self.folder.joinpath(where, *parents)
        folder.mkdir(parents=True, exist_ok=True)
        target, number = folder / name, 1
        while target.exists():
            number += 1
            target = folder / f"{Path(name).stem}.{number}{Path(name).suffix}"
        return target


def _subject(path: Path) -> str:
    """A path below the folder as text; one that is no UTF-8 as nothing else is written."""
    text = path.as_posix()
    return text if text.isprintable() else f"{AS_BYTES}{quote(os.fsencode(text))}"


def _path_of(subject: str) -> str:
    return os.fsdecode(unquote_to_bytes(subject[len(AS_BYTES) :])) if subject.startswith(AS_BYTES) else subject


def _fit(name: str) -> str:
    """A name that can stand in a report, with room for what is put behind it."""
    name = readable(name)
    stem, end = Path(name).stem, Path(name).suffix[:MOST_SUFFIX]
    while len(f"{stem}{end}".encode()) > MOST_NAME:
        stem = stem[:-1]
    return f"{stem}{end}"


def _look(path: Path) -> Look | None:
    """How a file looks; None: it is not there."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _write(path: Path, facts: object) -> None:
    """Write a report, durably and at once."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(facts, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)


def _sync(folder: Path) -> None:
    """Have the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
