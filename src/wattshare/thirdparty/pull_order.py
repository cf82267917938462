"""The same CSV as a pull, brought by an order: one file a customer and commodity in the place of many calls."""

import csv
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Self

from wattshare.thirdparty.bills import bills
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.feeds import readings
from wattshare.thirdparty.files import aside
from wattshare.thirdparty.orders import OrderStatus, followed
from wattshare.thirdparty.pull import COLUMNS, Pull, Pulled, What, bill_row, reading_row
from wattshare.thirdparty.reply import Reply

Row = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OrderedPull:
    """One pull of whole authorizations. Interrupted, it orders again: while an order is open, that is the same one."""

    client: Client
    subscriptions: tuple[str, ...]
    # all of the subscriptions' where none is named
    usage_points: tuple[str, ...] = ()
    since: date
    until: date
    out: Path
    what: What = What.READINGS
    wait: Callable[[float], object] = field(default=time.sleep)

    @classmethod
    def of(cls, pull: Pull) -> Self:
        """What brings the same."""
        return cls(
            client=pull.client,
            subscriptions=pull.subscriptions,
            usage_points=pull.usage_points,
            since=pull.since,
            until=pull.until,
            out=pull.out,
            what=pull.what,
        )

    def run(self, seen: Callable[[OrderStatus], None]) -> Pulled:
        """Order everything, follow each order, telling `seen` how far it is, and write what comes of it.

        Raises:
            Failed: the custodian has no page for an order.
            OrderFailed: an order ended without its files.
        """
        orders = [self.client.subscription(each, self.since, self.until) for each in self.subscriptions]
        rows, calls, points = 0, 0, dict[str, None]()
        with aside(self.out, mode=0o600) as raw:
            text = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
            writer = csv.writer(text)
            writer.writerow(COLUMNS[self.what])
            for order in orders:
                for part in self._followed(order.id, seen).parts:
                    calls += 1
                    for row in self._rows(self.client.fetch(part.href)):
                        writer.writerow(row)
                        points[row[0]] = None
                        rows += 1
            text.detach()
        return Pulled(out=self.out, rows=rows, usage_points=tuple(points), calls=calls, kept=0)

    def _followed(self, order: str | None, seen: Callable[[OrderStatus], None]) -> OrderStatus:
        """An order that is ready."""
        # the page is asked for by id, so that a token which ends meanwhile is replaced
        for status in followed(lambda: self.client.order_status(order or ""), self.wait):
            seen(status)
        return status

    def _rows(self, reply: Reply) -> list[Row]:
        if self.what is What.BILLS:
            found = [bill_row(bill) for bill in bills(reply)]
        else:
            found = [reading_row(measured) for measured in readings(reply)]
        return [row for row in found if not self.usage_points or row[0] in self.usage_points]
