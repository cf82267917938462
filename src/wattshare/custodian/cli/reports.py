"""What became of imported files, in words."""

from datetime import UTC, datetime

from wattshare.custodian.cli.printing import escape, out
from wattshare.custodian.formats.remarks import Warned
from wattshare.custodian.formats.tables.mapping import Mapping, to_toml
from wattshare.custodian.services.intake import Report
from wattshare.custodian.services.intake.report import ChannelReport, Preview, Refused, RowPreview
from wattshare.espi.deviations import KNOWN, DeviationCode

# usage points and channels that are named one by one
FEW = 12
# letters of a row that are shown
WIDE = 120
FLOWS = {0: "by sign", 1: "delivered", 4: "net", 19: "received"}


def print_report(report: Report) -> None:
    """What became of one file, a few lines."""
    name = escape(report.name)
    if report.refused is not None:
        _print_refusal(name, report.refused)
        _print_bad_rows(report)
        _print_points(report)
        return
    if report.explained:
        _print_explained(name, report)
        return
    if report.known:
        but = f", but for {_rows(report.rows_refused)} that {_was(report.rows_refused)} set aside" * bool(
            report.rows_refused
        )
        out.print(f"{name}: taken in before{but}; nothing has changed. --again takes it in once more")
        return
    tried = " (only tried: nothing is kept)" if report.dry_run else ""
    out.print(f"[green]{name}[/green]{tried}")
    if report.rows:
        skipped = f", {report.rows_skipped} passed over" if report.rows_skipped else ""
        where = f" in {report.aside}" if report.aside else ""
        out.print(f"  rows: {report.rows} read, {report.rows_refused} set aside{escape(where)}{skipped}")
    readings, bills, records = report.readings, report.bills, report.records
    if records.all:
        out.print(f"  {report.kind}: {records.new} new, {records.changed} changed, {records.same} as before")
    if report.unread:
        out.print(f"  [yellow]not read: {escape(', '.join(report.unread))}[/yellow]")
    again = f"; {report.repeated} stood there more than once" if report.repeated else ""
    if not records.all and report.kind != "bills":
        out.print(f"  readings: {readings.new} new, {readings.changed} corrected, {readings.same} as before{again}")
    if bills.all:
        out.print(f"  bills: {bills.new} new, {bills.changed} issued again, {bills.same} as before")
    _print_points(report)
    for what, how_many in report.customers.items():
        out.print(f"  {what}: {how_many}")
    if not report.read and not bills.all and not report.customers and not report.rows:
        held = ", ".join(f"{count} {what}" for what, count in report.entries.items()) or "no row"
        out.print(f"  read, and it holds no metering: {escape(held)}")
    for warning in report.warnings:
        out.print(f"  [yellow]{escape(worded(warning))}[/yellow]")
    _print_bad_rows(report)
    before = None
    for shown in report.preview:
        out.print(f"  {escape(previewed(shown, again=shown.row == before))}")
        before = shown.row


def _print_explained(name: str, report: Report) -> None:
    if report.kind != "readings":
        out.print(f"{name}: a table of {report.kind}; looked at, not taken in")
        return
    out.print(f"{name}: looked at, not taken in")
    notes = {asked.key: f"{asked.sentence} {', '.join(asked.choices)}".strip() for asked in report.questions}
    out.print(escape(to_toml(report.mapping or Mapping(), notes), lines=True))


def _print_refusal(name: str, refused: Refused) -> None:
    out.print(f"[red]{name}: refused, nothing of it is kept[/red]\n  {escape(str(refused))}")
    if refused.rule in KNOWN:
        # it is named as something that can be read: without being told, nobody would ask for it
        known = KNOWN[DeviationCode(refused.rule)]
        out.print(f"  With --lenient such content is read, and reported: {escape(known.outcome)}")


def _print_points(report: Report) -> None:
    points = report.usage_points
    for point in points[:FEW]:
        out.print(f"  {escape(pointed(point, report.names.get(point, '')))}")
        for channel in report.channels:
            if channel.usage_point_id == point:
                out.print(f"    {escape(channelled(channel))}")
    if len(points) > FEW:
        out.print(f"  and {len(points) - FEW} more usage points")
    nowhere = [channel for channel in report.channels if channel.usage_point_id is None]
    for channel in nowhere[:FEW]:
        out.print(f"  [yellow]{escape(f'{channel.named}: {channelled(channel)}')}[/yellow]")
    if len(nowhere) > FEW:
        out.print(f"  [yellow]and bad rows of {len(nowhere) - FEW} more channels[/yellow]")
    if report.rows_refused_unknown:
        out.print(f"  [yellow]of no channel that is known: {_rows(report.rows_refused_unknown)} refused[/yellow]")


def pointed(point: int, name: str) -> str:
    """A usage point by what the file calls it, and by its number."""
    return f"usage point {point}" if name in ("", str(point)) else f"{name}: usage point {point}"


def channelled(channel: ChannelReport) -> str:
    """What became of the readings and rows of one channel."""
    flow = "" if channel.flow is None else FLOWS.get(channel.flow, f"flow {channel.flow}")
    said = " ".join(filter(None, (flow, channel.unit, channel.apart)))
    tally, refused = channel.readings, f"{_rows(channel.rows_refused)} refused" if channel.rows_refused else ""
    counts = f"{tally.new} new, {tally.changed} corrected, {tally.same} as before" if channel.channel else ""
    head = f"channel {channel.channel}" if channel.channel else said
    return f"{head}{f' ({said})' if channel.channel and said else ''}: {', '.join(filter(None, (counts, refused)))}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _print_bad_rows(report: Report) -> None:
    for bad in report.bad_rows[:FEW]:
        out.print(f"  [yellow]{escape(str(bad))}[/yellow]")
    if report.rows_refused > FEW:
        out.print(f"  [yellow]and {report.rows_refused - FEW} more rows[/yellow]")


def worded(warning: Warned) -> str:
    """A warning on one line: what, how often, where first."""
    often = "once" if warning.count == 1 else f"{warning.count} times"
    line = f", {'first ' if warning.count > 1 else ''}on line {warning.line}" if warning.line else ""
    places = f": {', '.join(warning.places)}" if warning.places else ""
    return f"{warning.sentence} ({warning.code}, {often}{line}){places}"


def previewed(shown: Preview | RowPreview, *, again: bool = False) -> str:
    """One reading of a trial: its row as it was read, which may hold several, and the reading as it would be kept."""
    if isinstance(shown, RowPreview):
        kept = ", ".join(f"{name} {value}" for name, value in shown.kept.items())
        return f"row {shown.row}: {shown.read if len(shown.read) <= WIDE else f'{shown.read[:WIDE]}…'} → {kept}"
    start = f"{datetime.fromtimestamp(shown.start, UTC):%Y-%m-%dT%H:%M:%SZ}"
    quality = "" if shown.quality is None else f", quality {shown.quality}"
    flow = "no flow" if shown.flow is None else FLOWS.get(shown.flow, f"flow {shown.flow}")
    value = "no value" if shown.value is None else f"{shown.value}×10^{shown.power_of_ten} {shown.unit}"
    kept = f"{flow} {value}"
    if not shown.read:
        return f"reading {shown.row}: {shown.named} {start} + {shown.duration} s: {kept}{quality}"
    read = "…" if again else shown.read if len(shown.read) <= WIDE else f"{shown.read[:WIDE]}…"
    return f"row {shown.row}: {read} → {shown.named} {start} + {shown.duration} s: {kept}{quality}"
