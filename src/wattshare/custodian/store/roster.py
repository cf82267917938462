"""Usage points and channels by the many: looked up and added a chunk at a time, for who brings a whole utility."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, select

from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.store.blocks import CHANNEL
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.lots import Lot
from wattshare.custodian.store.premises import ACCOUNT, AGREEMENT, METER, USAGE_POINT, number_text
from wattshare.custodian.store.statements import among, chunks


class Roster:
    """What is known of many usage points at once."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def commodities(self, usage_point_ids: Collection[int]) -> dict[int, Commodity]:
        """The services of those usage points that there are."""
        found = {}
        for some in chunks(usage_point_ids):
            rows = self._connection.execute(
                select(USAGE_POINT.c.id, USAGE_POINT.c.commodity).where(among(self._connection, USAGE_POINT.c.id, some))
            )
            found.update({here: Commodity(commodity) for here, commodity in rows})
        return found

    def new_usage_points(self, services: Mapping[int, Commodity]) -> Lot:
        """New usage points of which nothing is known but their services."""
        # usage point, service; no place, and nothing beside
        rows = ((here, str(service), None, None) for here, service in services.items())
        return _lot(USAGE_POINT, rows)

    def channels(self, usage_point_ids: Collection[int]) -> dict[int, dict[int, str]]:
        """The channels of usage points: by number the id of what they measure."""
        found: dict[int, dict[int, str]] = {}
        columns = (CHANNEL.c.usage_point_id, CHANNEL.c.number, CHANNEL.c.reading_type_id)
        for some in chunks(usage_point_ids):
            rows = (
                select(*columns).where(among(self._connection, CHANNEL.c.usage_point_id, some)).order_by(*columns[:2])
            )
            for here, number, name in self._connection.execute(rows):
                found.setdefault(here, {})[number] = name
        return found

    def new_channels(self, channels: Iterable[tuple[int, int, str]]) -> Lot:
        """New channels: usage point, number, and the id of a reading type that is kept before they are."""
        return _lot(CHANNEL, ((*channel, None) for channel in channels))

    def keep(self, lots: Iterable[Lot]) -> None:
        """Write what is new."""
        for lot in lots:
            lot.write(self._connection)

    def of_meters(self, serials: Collection[str]) -> dict[str, set[int]]:
        """The usage points at which meters are or were."""
        found: dict[str, set[int]] = {}
        for some in chunks(serials):
            rows = select(METER.c.serial, METER.c.usage_point_id).where(among(self._connection, METER.c.serial, some))
            for serial, here in self._connection.execute(rows):
                found.setdefault(serial, set()).add(here)
        return found

    def of_accounts(self, numbers: Collection[str]) -> dict[str, dict[int, Commodity]]:
        """The usage points that accounts have or had, with their services."""
        found: dict[str, dict[int, Commodity]] = {}
        for some in chunks(numbers):
            by_mac = {mac: number for number in some for mac in self._keys.macs(number_text(number))}
            rows = (
                select(ACCOUNT.c.number_mac, USAGE_POINT.c.id, USAGE_POINT.c.commodity)
                .join(AGREEMENT, AGREEMENT.c.account_id == ACCOUNT.c.id)
                .join(USAGE_POINT, USAGE_POINT.c.id == AGREEMENT.c.usage_point_id)
                .where(ACCOUNT.c.number_mac.in_(list(by_mac)))
            )
            for mac, here, commodity in self._connection.execute(rows):
                found.setdefault(by_mac[mac], {})[here] = Commodity(commodity)
        return found


def _lot(table: Table, rows: Iterable[tuple[Any, ...]]) -> Lot:
    """Rows with a value for every column."""
    names = [column.name for column in table.c]
    return Lot(table, (dict(zip(names, row, strict=True)) for row in rows), whole=True)
