"""A digest of what is held, metered and billed: equal for equal content, whatever the times, seals and revisions."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from hashlib import sha256
from itertools import chain
from typing import Any

from sqlalchemy import Connection, select

from wattshare.custodian.model.segments import read_blocks, read_marks
from wattshare.custodian.store import premises
from wattshare.custodian.store.bills import BILL, BILL_CORRECTION
from wattshare.custodian.store.blocks import CHANNEL, CORRECTION, PACKED, READING_TYPE
from wattshare.custodian.store.kept import Span, blocks_within, segments_within
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.programs import PROGRAM_CODE, PROGRAM_ENROLLMENT
from wattshare.custodian.store.statements import chunks

LATEST = 1 << 62
# channels whose blocks are asked for at a time
CHANNELS = 200


class Content:
    """Everything that is held, metered and billed, in order."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def digest(self) -> str:
        """SHA-256 of it in lower-case hex. Reads everything: for checks after a restore, a kill or a move."""
        digest = sha256()
        for line in self._lines():
            digest.update(json.dumps(line, sort_keys=True, default=_plain).encode() + b"\n")
        return digest.hexdigest()

    def _lines(self) -> Iterator[Any]:
        yield from self._premises()
        yield from self._rows(premises.ACCOUNT_HOLDER)
        yield from self._rows(premises.ACCOUNT_VIEWER)
        yield from self._rows(READING_TYPE)
        yield from self._rows(CHANNEL)
        yield from self._blocks()
        place = ("usage_point_id", "channel", "start", "revision", "number")
        packed = [side + name for side in ("old_", "new_") for name in PACKED]
        yield from self._rows(CORRECTION, order=place, only=(*place[:3], *packed))
        yield from self._rows(BILL, only=("usage_point_id", "kind", "bill_date", "issued_at", "content"))
        entry = ("usage_point_id", "kind", "bill_date", "revision", "number")
        yield from self._rows(BILL_CORRECTION, order=entry, only=(*entry[:3], "old", "new"))
        yield from self._rows(PROGRAM_ENROLLMENT)
        yield from self._rows(PROGRAM_CODE)

    def _premises(self) -> Iterator[Any]:
        """What is sealed, opened."""
        readers = (
            (premises.CUSTOMER, lambda row: premises.read_customer(self._keys, row)),
            (premises.ACCOUNT, lambda row: premises.read_account(self._keys, row)),
            (premises.SERVICE_LOCATION, lambda row: premises.read_location(self._keys, row)),
            (premises.USAGE_POINT, premises.read_usage_point),
            (premises.AGREEMENT, lambda row: premises.read_agreement(self._keys, row)),
            (premises.METER, premises.read_meter),
        )
        for table, read in readers:
            rows = self._connection.execute(select(table).order_by(*table.primary_key)).mappings()
            yield from ([table.name, asdict(read(row))] for row in rows)

    def _rows(self, table: Any, order: Iterable[str] = (), only: Iterable[str] = ()) -> Iterator[Any]:
        columns = [table.c[name] for name in only] or list(table.c)
        ordered = [table.c[name] for name in order] or list(table.primary_key)
        for row in self._connection.execute(select(*columns).order_by(*ordered)):
            yield [table.name, *row]

    def _blocks(self) -> Iterator[Any]:
        """Every block as it is packed, wherever it is kept."""
        names = select(CHANNEL.c.usage_point_id, CHANNEL.c.number).order_by(*CHANNEL.primary_key)
        every = list(self._connection.execute(names))
        for some in chunks(every, CHANNELS):
            spans = tuple(Span(point, channel, 0, LATEST) for point, channel in some)
            closed = (
                block
                for segment in segments_within(self._connection, spans)
                for block in read_blocks(segment, read_marks(segment))
            )
            found = sorted(
                chain(blocks_within(self._connection, spans), closed),
                key=lambda block: (block.usage_point_id, block.channel, block.start),
            )
            for block in found:
                bare = replace(block, first_revision=0, revision=0, published_at=0, updated_at=0, late=0)
                yield ["block", asdict(bare)]


def _plain(value: object) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"a {type(value).__name__} in the content")
