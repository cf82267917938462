"""Entries of usage points and of channels, cut out of what the typed writer makes of one of their kind.

Those of a hundred thousand customers differ in their addresses, the ids made of these, and their times.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.services.disclosure.wirepath.fragments import PUBLISHED, UPDATED, stamp
from wattshare.custodian.services.disclosure.wirepath.names import SUBSCRIPTION, USAGE_POINT, Naming, hashed_of
from wattshare.espi import wire
from wattshare.espi.atom import Entry

# makes an entry of the kind for a subscription, a usage point and times
Make = Callable[[int, int, Times], Entry]


@dataclass(frozen=True, kw_only=True)
class Stencil:
    """An entry of one kind, with slots."""

    text: bytes
    # the same as a document of its own
    alone: bytes
    # what its id is made of, with slots for the subscription and the usage point
    naming: Naming

    @classmethod
    def of(cls, make: Make, addresses: Addresses) -> "Stencil":
        """Cut out of a specimen.

        Raises:
            ValueError: it says what the profile's schemas refuse.
            LookupError: there is no telling what of it differs.
        """
        specimen = make(SUBSCRIPTION, USAGE_POINT, Times(PUBLISHED, UPDATED))
        profile, href = addresses.profile, specimen.self_href
        if href is None:
            raise LookupError("an entry without an address of its own")
        slots = {
            b"%d" % SUBSCRIPTION: b"%(subscription)d",
            b"%d" % USAGE_POINT: b"%(point)d",
            specimen.id[-36:].encode(): b"%(id)b",
            stamp(PUBLISHED, profile): b"%(published)b",
            stamp(UPDATED, profile): b"%(updated)b",
        }
        marks = b"|".join(map(re.escape, slots))

        def slotted(written: bytes) -> bytes:
            return re.sub(marks, lambda found: slots[found[0]], written.replace(b"%", b"%%"))

        return cls(
            text=slotted(wire.entry(specimen, profile)),
            alone=slotted(wire.write(specimen, profile)),
            naming=hashed_of(href),
        )

    def fill(self, subscription: int, point: int, published: bytes, updated: bytes, *, alone: bool = False) -> bytes:
        """The entry of one usage point of one subscription; the times as they are written."""
        return (self.alone if alone else self.text) % {
            b"subscription": subscription,
            b"point": point,
            b"id": self.naming.own_name(subscription, point),
            b"published": published,
            b"updated": updated,
        }
