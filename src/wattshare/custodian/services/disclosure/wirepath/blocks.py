"""Packed blocks into the bytes of their entries: one `%` a block."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import compress
from struct import pack

from wattshare.custodian.model.packing import unpack_column
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.wirepath.direct import Encoder
from wattshare.custodian.services.disclosure.wirepath.flow import LONGEST, Piece, Run
from wattshare.custodian.services.disclosure.wirepath.fragments import stamp
from wattshare.custodian.services.disclosure.wirepath.names import Naming, Place
from wattshare.custodian.services.disclosure.wirepath.numbers import unpacking
from wattshare.custodian.services.disclosure.wirepath.templates import (
    DAY_OF,
    Costed,
    Template,
    Templates,
    check_numbers,
)
from wattshare.espi.profile import Profile

# every value of fewer bytes is one that the schemas have
WIDE = 8
# kinds of channels: reading types, and the numbers that meters have come to
KINDS = 4_096
# seconds at which something was imported
TIMES = 65_536


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Writes the blocks of one utility: the same bytes as the typed writer, without the types."""

    profile: Profile
    templates: Templates
    # both remember
    naming: Callable[[str, int], Naming]
    stamp: Callable[[int], bytes]
    # which templates are made for
    encoder: Encoder | None = None

    @classmethod
    def of(cls, addresses: Addresses, encoder: Encoder | None = None) -> "Blocks":
        """With nothing kept yet.

        Raises:
            ValueError: the addresses cannot be written.
        """
        return cls(
            profile=addresses.profile,
            templates=Templates.of(addresses, encoder),
            naming=lru_cache(maxsize=KINDS)(partial(Naming.of, addresses)),
            stamp=lru_cache(maxsize=TIMES)(partial(stamp, profile=addresses.profile)),
            encoder=encoder,
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

        def write(block: Block) -> bytes:
            values = unpacking(block.count, block.width)(block.values)
            if block.cost is None:
                template = find(block)
                if template.valued is not None:
                    values = tuple(compress(values, template.valued))
                if block.width == WIDE:
                    check_numbers((), values, self.profile)
            else:
                template, values = self._costed(block, values)
            named = name(block.start), href, href, stamp(block.published_at), stamp(block.updated_at)
            return template.text % (named + values)

        return write

    def entries(self, place: Place, blocks: Iterable[Block]) -> Iterator[bytes]:
        """The entries of blocks of one channel.

        Raises:
            ValueError: as `entry`.
        """
        return map(self.writer(place), blocks)

    def pieces(self, place: Place, blocks: Iterable[Block]) -> Iterator[Piece]:
        """The same as the encoder takes them, if there is one; but those that it does not take.

        Raises:
            ValueError: as `entry`.
        """
        if self.encoder is None:
            yield from self.entries(place, blocks)
            return
        find, kept, stamp = self.templates.find, self.templates.days.find, self.stamp
        run = Run(self.encoder, place)
        for block in blocks:
            width, numbers = block.width, block.values
            # first where it mostly is: each call costs as much as the encoder takes for some readings
            plain = block.cost is None and width != WIDE
            template = (kept((DAY_OF(block), False)) or find(block)) if plain else None
            if template is None or template.valued is not None:
                template, width, numbers = self._filling(block)
            if (compiled := template.compiled) is None:
                if run.templates:
                    yield run
                    run = Run(self.encoder, place)
                yield self.entry(place, block)
                continue
            published = updated = stamp(block.published_at)
            if block.updated_at != block.published_at:
                updated = stamp(block.updated_at)
            run.templates.append(template)
            run.records += compiled.address, block.start, width, len(numbers), len(published), len(updated)
            run.data += published, updated, numbers
            if len(run.templates) == LONGEST:
                yield run
                run = Run(self.encoder, place)
        if run.templates:
            yield run

    def _filling(self, block: Block) -> tuple[Template, int, bytes]:
        """The template of a block, and what it is filled with: numbers of WIDE bytes."""
        values = unpacking(block.count, block.width)(block.values)
        if block.cost is None:
            template = self.templates.find(block)
            values = values if template.valued is None else tuple(compress(values, template.valued))
            if block.width == WIDE:
                check_numbers((), values, self.profile)
        else:
            template, values = self._costed(block, values)
        return template, WIDE, pack(f"<{len(values)}q", *values)

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
        check_numbers(tuple(cost for cost in costs if cost is not None), tuple(compress(values, valued)), self.profile)
        pairs = zip(costs, values, valued, strict=True)
        numbers = (
            number
            for cost, value, has_value in pairs
            for number in (cost, value if has_value else None)
            if number is not None
        )
        return template, tuple(numbers)


@lru_cache(maxsize=4)
def blocks_of(addresses: Addresses, encoder: Encoder | None = None) -> Blocks:
    """The same templates for every feed of a utility."""
    return Blocks.of(addresses, encoder)
