"""Packed blocks into the bytes of their entries: one `%` a block."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import compress
from struct import pack

from wattshare.custodian.model.packing import unpack_column
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.wirepath.direct import Encoder
from wattshare.custodian.services.disclosure.wirepath.flow import Run
from wattshare.custodian.services.disclosure.wirepath.fragments import stamp
from wattshare.custodian.services.disclosure.wirepath.names import Naming, Place
from wattshare.custodian.services.disclosure.wirepath.numbers import Numbers, unpacking
from wattshare.custodian.services.disclosure.wirepath.templates import (
    DAY_OF,
    Costed,
    Template,
    Templates,
)

# every value of fewer bytes is one that the schemas have
WIDE = 8
# kinds of channels: reading types, and the numbers that meters have come to
KINDS = 4_096
# seconds at which something was imported
TIMES = 65_536


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Writes the blocks of one utility: the same bytes as the typed writer, without the types."""

    templates: Templates
    numbers: Numbers
    # both remember
    naming: Callable[[str, int], Naming]
    stamp: Callable[[int], bytes]

    @classmethod
    def of(cls, addresses: Addresses, encoder: Encoder | None = None) -> "Blocks":
        """With nothing kept yet.

        Raises:
            ValueError: the addresses cannot be written.
        """
        return cls(
            numbers=Numbers(addresses.profile),
            templates=Templates.of(addresses, encoder),
            naming=lru_cache(maxsize=KINDS)(partial(Naming.of, addresses)),
            stamp=lru_cache(maxsize=TIMES)(partial(stamp, profile=addresses.profile)),
        )

    def place(self, subscription: int, channel: Channel) -> Place:
        """Where a channel's blocks are."""
        return self.naming(channel.reading_type_id, channel.number).place(subscription, channel.usage_point_id)

    def entry(self, place: Place, block: Block) -> bytes:
        """The entry of a block in a feed.

        Raises:
            ValueError: the block says what the profile's schemas refuse.
        """
        return self.writer(place)(block)

    def writer(self, place: Place) -> Callable[[Block], bytes]:
        """What gives the entries of one channel, as `entry`. All that is looked up by name is looked up once."""
        find, stamp, name, href = self.templates.find, self.stamp, place.naming(), place.href
        filling = self._filling

        def write(block: Block) -> bytes:
            if block.cost is None and block.width != WIDE:
                template, values = find(block), unpacking(block.count, block.width)(block.values)
                if template.valued is not None:
                    values = tuple(compress(values, template.valued))
            else:
                template, values = filling(block)
            named = name(block.start), href, href, stamp(block.published_at), stamp(block.updated_at)
            return template.text % (named + values)

        return write

    def filler(self) -> Callable[[Run, Block], bytes | None]:
        """What adds a block to a run of its channel; or gives its entry, where the encoder does not take it.

        It raises as `entry`. All that is looked up by name is looked up once: a call costs as much as the encoder takes
        for some readings.
        """
        find, kept, stamp = self.templates.find, self.templates.days.find, self.stamp

        def fill(run: Run, block: Block) -> bytes | None:
            width, numbers = block.width, block.values
            plain = block.cost is None and width != WIDE
            template = (kept((DAY_OF(block), False)) or find(block)) if plain else None
            if template is None or template.valued is not None:
                template, values = self._filling(block)
                width, numbers = WIDE, pack(f"<{len(values)}q", *values)
            if (compiled := template.compiled) is None:
                return self.entry(run.place, block)
            published = updated = stamp(block.published_at)
            if block.updated_at != block.published_at:
                updated = stamp(block.updated_at)
            run.templates.append(template)
            run.records += compiled.address, block.start, width, len(numbers), len(published), len(updated)
            run.data += published, updated, numbers
            return None

        return fill

    def _filling(self, block: Block) -> tuple[Template, tuple[int, ...]]:
        """The template of a block, and the numbers that it is filled with."""
        values = unpacking(block.count, block.width)(block.values)
        if block.cost is not None:
            return self._costed(block, values)
        template = self.templates.find(block)
        if template.valued is not None:
            values = tuple(compress(values, template.valued))
        if block.width == WIDE:
            self.numbers.check((), values)
        return template, values

    def alone(self, place: Place, block: Block) -> bytes:
        """The entry of a block as a document of its own.

        Raises:
            ValueError: the block says what the profile's schemas refuse.
        """
        shell = self.templates.shell
        return shell.tag_alone + self.entry(place, block).removeprefix(shell.tag)

    def _costed(self, block: Block, values: tuple[int, ...]) -> tuple[Template, tuple[int, ...]]:
        """The template of a block whose readings have costs, and what it is filled with: cost, value, cost …"""
        costs = unpack_column(block.cost, block.count)
        there = tuple(cost is not None for cost in costs)
        costed: Costed = True if all(there) else there
        template = self.templates.find(block, costed=costed)
        valued = template.valued or (True,) * block.count
        self.numbers.check(tuple(cost for cost in costs if cost is not None), tuple(compress(values, valued)))
        pairs = zip(costs, values, valued, strict=True)
        numbers = (
            number
            for cost, value, has_value in pairs
            for number in (cost, value if has_value else None)
            if number is not None
        )
        return template, tuple(numbers)


@lru_cache(maxsize=8)
def blocks_of(addresses: Addresses, encoder: Encoder | None = None) -> Blocks:
    """The same templates for every feed of a utility."""
    return Blocks.of(addresses, encoder)
