"""`wattshare import`: files one after the other, each whole or not at all, with a bar and a report."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from wattshare.custodian.cli.printing import err, out, print_json
from wattshare.custodian.formats.remarks import Warned
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.report import Refused

# the first bytes of ZIP, gzip, bzip2, xz and zstd
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zX", b"\x28\xb5\x2f\xfd")


def take(
    intake: Intake,
    files: list[Path],
    *,
    usage_point: int | None,
    account: str | None,
    lenient: bool,
    dry_run: bool,
    as_json: bool,
) -> bool:
    """Take files in and print what became of each. Whether all were taken."""
    reports = []
    for path in files:
        try:
            with opened(path, quiet=as_json) as source:
                report = intake.take(
                    source,
                    name=path.name,
                    usage_point=usage_point,
                    account=account,
                    lenient=lenient,
                    dry_run=dry_run,
                )
        except KeyboardInterrupt:
            err.print(f"{escape(path.name)}: interrupted. It was taken whole or not at all; import it again.")
            raise
        except Unreadable as why:
            report = Report(name=path.name, refused=Refused(rule="unreadable", sentence=str(why)))
        reports.append(report)
        if not as_json:
            print_report(report)
    if as_json:
        print_json([report.as_plain() for report in reports])
    return all(report.refused is None for report in reports)


class Unreadable(Exception):
    """A file is no file that can be read; the text says why."""


@contextmanager
def opened(path: Path, *, quiet: bool) -> Iterator[BinaryIO]:
    """A file, read under a bar where somebody is looking.

    Raises:
        Unreadable: it cannot be opened, or is an archive.
    """
    try:
        size = path.stat().st_size
        file = path.open("rb")
    except OSError as why:
        raise Unreadable(f"The file cannot be read: {why.strerror}.") from why
    if file.peek(4)[:4].startswith(ARCHIVES):
        file.close()
        raise Unreadable("The file is an archive: unpack it, and import what is in it.")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with (
        file,
        Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bar,
        bar.wrap_file(file, total=size, description=escape(path.name)) as watched,
    ):
        yield watched


def print_report(report: Report) -> None:
    """What became of one file, a few lines."""
    name = escape(report.name)
    if report.refused is not None:
        out.print(f"[red]{name}: refused, nothing of it is kept[/red]\n  {escape(str(report.refused))}")
        return
    if report.known:
        out.print(f"{name}: taken in before; nothing has changed")
        return
    tried = " (only tried: nothing is kept)" if report.dry_run else ""
    out.print(f"[green]{name}[/green]{tried}")
    readings, bills = report.readings, report.bills
    again = f"; {report.repeated} stood there more than once" if report.repeated else ""
    out.print(f"  readings: {readings.new} new, {readings.changed} corrected, {readings.same} as before{again}")
    if bills.all:
        out.print(f"  bills: {bills.new} new, {bills.changed} issued again, {bills.same} as before")
    for point in report.usage_points:
        out.print(f"  usage point {point}")
    for what, how_many in report.customers.items():
        out.print(f"  {what}: {how_many}")
    if not report.read and not bills.all and not report.customers:
        held = ", ".join(f"{count} {what}" for what, count in report.entries.items()) or "nothing"
        out.print(f"  read, and it holds no metering: {escape(held)}")
    for warning in report.warnings:
        out.print(f"  [yellow]{escape(worded(warning))}[/yellow]")


def worded(warning: Warned) -> str:
    """A warning on one line: what, how often, where first."""
    often = "once" if warning.count == 1 else f"{warning.count} times"
    line = f", {'first ' if warning.count > 1 else ''}on line {warning.line}" if warning.line else ""
    places = f": {', '.join(warning.places)}" if warning.places else ""
    return f"{warning.sentence} ({warning.code}, {often}{line}){places}"
