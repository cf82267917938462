"""`wattshare import`: files one after the other, each whole or not at all, with a bar and a report."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from wattshare.custodian.cli.printing import err, out, print_json
from wattshare.custodian.formats.remarks import Warned
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.services.intake import Intake, Report


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
    """Take files in and print what became of each. Whether all were taken.

    Raises:
        BadRequest: a file cannot be opened; those before it are taken.
    """
    reports = []
    for path in files:
        with opened(path, quiet=as_json) as source:
            report = intake.take(
                source,
                name=path.name,
                usage_point=usage_point,
                account=account,
                lenient=lenient,
                dry_run=dry_run,
            )
        reports.append(report)
        if not as_json:
            print_report(report)
    if as_json:
        print_json([report.as_plain() for report in reports])
    return all(report.refused is None for report in reports)


@contextmanager
def opened(path: Path, *, quiet: bool) -> Iterator[BinaryIO]:
    """A file, read under a bar."""
    try:
        size = path.stat().st_size
        file = path.open("rb")
    except OSError as why:
        raise BadRequest(f"{path} cannot be read: {why.strerror}.", field="file") from why
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with (
        file,
        Progress(*columns, console=err, transient=True, disable=quiet) as bar,
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
    out.print(f"  readings: {readings.new} new, {readings.changed} corrected, {readings.same} as before")
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
    line = f", first on line {warning.line}" if warning.line else ""
    places = f": {', '.join(warning.places)}" if warning.places else ""
    return f"{warning.sentence} ({warning.code}, {warning.count} times{line}){places}"
