"""`wattshare import`: files one after the other, each whole or not at all, with a bar and a report."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from wattshare.custodian.cli.printing import err, escape, print_json
from wattshare.custodian.cli.reports import print_report
from wattshare.custodian.cli.stopping import Stop
from wattshare.custodian.formats.sources import (
    Caps,
    Document,
    Unopened,
    closed_folders,
    documents,
    files_of,
    is_folder,
    shown_name,
    turn_at,
    unfinished,
    unpacked,
)
from wattshare.custodian.formats.tables.mapping import to_toml
from wattshare.custodian.formats.tables.turns import BETWEEN
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.services.intake import Report
from wattshare.custodian.services.intake.door import Door, Wanted, refused
from wattshare.custodian.services.intake.telling import Tell, untold

STDIN = Path("-")
# how a person answers the questions of a file; None where nobody is there to be asked
Ask = Callable[[Report, Wanted], "Wanted | None"]


def take(
    door: Door,
    paths: list[Path],
    wanted: Wanted,
    caps: Caps,
    *,
    ask: Ask | None,
    write_mapping: Path | None,
    as_json: bool,
    stop: Stop,
) -> bool:
    """Take files in and print what became of each. Whether all were taken.

    Raises:
        KeyboardInterrupt: it was to stop.
    """
    reports = list[Report]()
    try:
        for document in every_document(paths, caps):
            report = _taken(door, document, wanted, ask, quiet=as_json, stop=stop)
            reports.append(report)
            if write_mapping and report.mapping:
                write_mapping.write_text(to_toml(report.mapping, notes_of(report)), encoding="utf-8")
            if not as_json:
                print_report(report)
            stop.pause("Stopped behind this one; import the others again.")
    except KeyboardInterrupt:
        if as_json:
            print_json([report.as_plain() for report in reports])
        raise
    if as_json:
        print_json([report.as_plain() for report in reports])
    elif wanted.dry_run and len(reports) > 1 and any(report.refused for report in reports):
        err.print("Each was tried by itself, and found nothing of what another one brings.")
    return all(report.refused is None for report in reports)


def notes_of(report: Report) -> dict[str, str]:
    """What is asked about a table, by key."""
    return {asked.key: f"{asked.sentence} {', '.join(asked.choices)}".strip() for asked in report.questions}


def every_document(paths: list[Path], caps: Caps) -> Iterator[Document | Unopened]:
    """The documents of files, folders and standard input: those that others refer to first, otherwise as they come."""
    found = [(file, path) for path in paths for file in _found(path)]
    names = Counter(file.name for file, _ in found)
    for file, path in sorted(found, key=lambda one: BETWEEN if one[0] == STDIN else turn_at(one[0])):
        # in a folder of days each file may be called the same
        name = file.name if file == path or names[file.name] == 1 else str(file.relative_to(path))
        if file == STDIN:
            yield from unpacked("standard input", cast(BinaryIO, sys.stdin.buffer), caps)
        elif is_folder(file):
            sentence = (
                "The folder holds no file." if os.access(file, os.R_OK | os.X_OK) else "The folder cannot be read."
            )
            yield Unopened(shown_name(name), sentence)
        elif unfinished(file) and file != path:
            yield Unopened(shown_name(name), "By its name it is not whole yet; import it by itself if it is.")
        else:
            yield from documents(file, caps, name)


def _found(path: Path) -> list[Path]:
    """A file, standard input, or the files of a folder, and folders in it that are closed; itself where it has none."""
    return [path] if path == STDIN else [*files_of(path), *closed_folders(path)] or [path]


def _taken(
    door: Door, document: Document | Unopened, wanted: Wanted, ask: Ask | None, *, quiet: bool, stop: Stop
) -> Report:
    if isinstance(document, Unopened):
        return refused(document.name, "unreadable", document.sentence)
    try:
        with bar(document.name, quiet=quiet) as shown, stop.watching(shown) as tell:
            report = door.take(document.file, document.name, replace(wanted, tell=tell))
    except KeyboardInterrupt:
        err.print(f"{escape(document.name)}: interrupted. It was taken whole or not at all; import it again.")
        raise
    except Unavailable:
        # and why is said behind it
        err.print(f"{escape(document.name)}: cut off. It was taken whole or not at all; import it again.")
        raise
    if report.explained and ask and not wanted.explain:
        answered = ask(report, wanted)
        if answered is None:
            return refused(document.name, "declined", "The mapping was not confirmed.")
        return _taken(door, document, answered, None, quiet=quiet, stop=stop)
    return report


@contextmanager
def bar(name: str, *, quiet: bool) -> Iterator[Tell]:
    """A bar with rate and time left, where somebody is looking."""
    if quiet or not err.is_terminal:
        yield untold
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(escape(f"{name}: {what}"), total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield tell
