"""The ledgers of corrections, by usage point: what was corrected since somebody looked."""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, Table, func, select

from wattshare.custodian.store.bills import BILL_CORRECTION
from wattshare.custodian.store.blocks import CORRECTION
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.statements import COUNTER, alone, upsert

TOLD = "corrections told"


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """A usage point, and between which seconds something of it was corrected."""

    usage_point_id: int
    earliest: int
    latest: int


class Corrections:
    """Both ledgers of corrections, of readings and of bills."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def told(self) -> int | None:
        """The revision up to which corrections were told; None before the first look.

        Writers ask this one after the other.
        """
        alone(self._connection, TOLD)
        return self._connection.execute(select(COUNTER.c.value).where(COUNTER.c.name == TOLD)).scalar_one_or_none()

    def tell(self, revision: int) -> None:
        """Keep that they were told up to that revision."""
        upsert(self._connection, COUNTER, {"name": TOLD, "value": revision})

    def between(self, after: int, last: int) -> dict[int, Corrected]:
        """What revisions after one, up to another, corrected; by usage point."""
        found: dict[int, Corrected] = {}
        for table in (CORRECTION, BILL_CORRECTION):
            for point, earliest, latest in self._of(table, after, last):
                known = found.get(point)
                found[point] = Corrected(
                    usage_point_id=point,
                    earliest=earliest if known is None else min(earliest, known.earliest),
                    latest=latest if known is None else max(latest, known.latest),
                )
        return found

    def _of(self, table: Table, after: int, last: int) -> list[tuple[int, int, int]]:
        return [(row[0], row[1], row[2]) for row in self._connection.execute(by_point(table, after, last))]


def by_point(table: Table, after: int, last: int) -> Select[int, int, int]:
    """Usage points of which a ledger has something of these revisions, and its earliest and latest second."""
    columns = table.c
    return (
        select(columns.usage_point_id, func.min(columns.at), func.max(columns.at))
        .where(columns.revision > after, columns.revision <= last)
        .group_by(columns.usage_point_id)
    )
