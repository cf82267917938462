"""Readings or bills of connected customers as CSV, piece by piece.

A piece is a stretch of days of one usage point. Each is a file of its own until all are there; a pull that
was interrupted goes on with the pieces that are missing, and the result appears whole or not at all.
"""

import csv
import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from wattshare.thirdparty.bills import Bill, bills
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.errors import Failed
from wattshare.thirdparty.feeds import Measured, readings, segment
from wattshare.thirdparty.files import aside
from wattshare.thirdparty.reply import Reply
from wattshare.thirdparty.windows import spans

# PG&E asks for no more than a month a call
DAYS_A_CALL = 31


class What(StrEnum):
    """What is pulled."""

    READINGS = "readings"
    BILLS = "bills"


COLUMNS = {
    What.READINGS: (
        "usage_point",
        "meter_reading",
        "commodity",
        "flow",
        "start",
        "seconds",
        "value",
        "unit",
        "quality",
        "tou",
        "tou_name",
        "cost",
        "currency",
    ),
    What.BILLS: (
        "usage_point",
        "id",
        "start",
        "end",
        "commodity",
        "consumption",
        "unit",
        "amount",
        "currency",
        "tariff",
        "quality",
        "published_at",
    ),
}


class NotShared(Failed):
    """What was asked for is not among what customers share."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of days of one usage point, both ends in."""

    subscription: str
    usage_point: str
    since: date
    until: date

    @property
    def file_name(self) -> str:
        """Its file while the others are waited for."""
        return f"{self.subscription}-{self.usage_point}-{self.since}-{self.until}.csv"


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What a pull brought."""

    out: Path
    rows: int
    usage_points: tuple[str, ...]
    calls: int
    # pieces that an earlier, interrupted pull had brought already
    kept: int


@dataclass(frozen=True, kw_only=True)
class Pull:
    """One pull."""

    client: Client
    subscriptions: tuple[str, ...]
    # all of the subscriptions' where none is named
    usage_points: tuple[str, ...] = ()
    since: date
    until: date
    out: Path
    what: What = What.READINGS

    def pieces(self) -> tuple[Piece, ...]:
        """What must be asked for, oldest days of each usage point first.

        Raises:
            NotShared: a usage point that was asked for is in none of the authorizations.
        """
        shared = {subscription: self._points(subscription) for subscription in self.subscriptions}
        known = {point for points in shared.values() for point in points}
        if others := [point for point in self.usage_points if point not in known]:
            raise NotShared(f"No usage point {', '.join(others)} is shared; there is: {', '.join(sorted(known))}.")
        return tuple(
            Piece(subscription=subscription, usage_point=usage_point, since=since, until=until)
            for subscription, points in shared.items()
            for usage_point in points
            if not self.usage_points or usage_point in self.usage_points
            for since, until in spans(self.since, self.until, days=DAYS_A_CALL)
        )

    def run(self, pieces: tuple[Piece, ...], done: Callable[[Piece, int], None]) -> Pulled:
        """Bring every piece, telling `done` of each with its rows; then put them together."""
        folder, kept, rows = self._folder(), 0, 0
        for piece in pieces:
            file = folder / piece.file_name
            if file.exists():
                kept += 1
                count = _count(file)
            else:
                count = self._bring(piece, file)
            rows += count
            done(piece, count)
        self._join([folder / piece.file_name for piece in pieces])
        shutil.rmtree(folder)
        usage_points = tuple(dict.fromkeys(piece.usage_point for piece in pieces))
        return Pulled(out=self.out, rows=rows, usage_points=usage_points, calls=len(pieces) - kept, kept=kept)

    def _points(self, subscription: str) -> tuple[str, ...]:
        return tuple(segment(each.self_href, "UsagePoint") for each in self.client.usage_points(subscription).entries())

    def _folder(self) -> Path:
        """Beside the result; another custodian's pieces, or other columns, have another name."""
        asked = f"{self.client.custodian.resource} {self.client.custodian.client_id} {COLUMNS[self.what]}"
        name = hashlib.sha256(asked.encode()).hexdigest()[:12]
        folder = self.out.with_name(f".{self.out.name}.{name}.pieces")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _bring(self, piece: Piece, file: Path) -> int:
        reply = self.client.batch(piece.subscription, piece.usage_point, piece.since, piece.until)
        count = 0
        with aside(file) as raw:
            text = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
            writer = csv.writer(text)
            for row in self._rows(reply):
                writer.writerow(row)
                count += 1
            text.detach()
        return count

    def _rows(self, reply: Reply) -> Iterator[tuple[str, ...]]:
        if self.what is What.BILLS:
            return (bill_row(bill) for bill in bills(reply))
        return (reading_row(measured) for measured in readings(reply))

    def _join(self, files: list[Path]) -> None:
        with aside(self.out, mode=0o600) as raw:
            raw.write((",".join(COLUMNS[self.what]) + "\r\n").encode())
            for file in files:
                with file.open("rb") as piece:
                    shutil.copyfileobj(piece, raw)


def reading_row(measured: Measured) -> tuple[str, ...]:
    """A reading in the columns of `COLUMNS`."""
    return (
        measured.usage_point,
        measured.meter_reading,
        measured.commodity,
        measured.flow,
        _time(measured.start),
        str(measured.duration.days * 86_400 + measured.duration.seconds),
        _number(measured.value),
        measured.unit,
        "; ".join(measured.quality),
        "" if measured.tou is None else str(measured.tou),
        measured.tou_name or "",
        _number(measured.cost),
        measured.currency if measured.cost is not None else "",
    )


def bill_row(bill: Bill) -> tuple[str, ...]:
    """A bill in the columns of `COLUMNS`; its lines are not among them."""
    return (
        bill.usage_point,
        bill.id,
        _time(bill.start),
        _time(bill.end),
        bill.commodity,
        _number(bill.consumption.value if bill.consumption else None),
        bill.consumption.unit if bill.consumption else "",
        _number(bill.amount),
        bill.currency,
        bill.tariff,
        bill.quality,
        _time(bill.published_at),
    )


def _time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def _number(number: Decimal | None) -> str:
    return "" if number is None else f"{number:f}"


def _count(file: Path) -> int:
    with file.open(encoding="utf-8", newline="") as text:
        return sum(1 for _ in csv.reader(text))
