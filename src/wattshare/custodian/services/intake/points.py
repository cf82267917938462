"""Usage points of a file: which of ours they are.

A usage point keeps the number that the file gives it where that is a number of ten digits, as usage point ids are
here. Any other name gets a number of ten digits that begins with 9, made of the name itself: the entry's id, its
address without host, and its service, all three, because files of different custodians share ids and addresses that
their software came with. Which name a number was made of is kept, so that two never share one.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from hashlib import sha256

from wattshare.custodian.formats import hrefs
from wattshare.custodian.formats.green_button import PointEntry
from wattshare.custodian.formats.linking import Linked
from wattshare.custodian.formats.remarks import Remark
from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.services.intake.commodities import commodity_of
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.plain import write_text
from wattshare.espi import usage

NAMED, JOINED = "usage_point", "usage_point_public"
FIRST, SPAN = 9_000_000_000, 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Points:
    """Usage points by name, in one transaction."""

    tx: Tx
    # where the one usage point of the file is to land
    onto: int | None = None

    def take(self, entry: PointEntry, linked: Linked, billed: int | None = None) -> int:
        """The id of a usage point of the file, which is kept where it is new.

        Raises:
            Conflict: it is another service than the one that has this id.
        """
        types = [linked.reading_type_of(channel) for channel in linked.channels_of(entry.key)]
        said = commodity_of(entry.element, filter(None, types), billed)
        here = self._id(entry, said)
        self._keep(here, entry, said, linked)
        return here

    def by_public_id(self, href: str, name: str) -> int:
        """The id of a usage point that a customer feed speaks of, where this custodian's usage feed named it.

        One that was never heard of is given an id, which the usage feed will find.
        """
        if hrefs.TEN_DIGITS.fullmatch(name):
            return int(name)
        public = hrefs.public_id(href, name) or hrefs.path_of(href)
        here = self.tx.imports.known(JOINED, public)
        if here is None:
            here = self._free(f"{JOINED} {public}")
            self.tx.imports.learn(JOINED, public, here)
        return here

    def exists(self, here: int, linked: Linked) -> None:
        """Have a usage point of that id, whatever it is."""
        if self.tx.customers.usage_point(here) is None:
            linked.staged.warnings.remark(Remark.COMMODITY_ASSUMED, str(here))
            self.tx.customers.add_usage_point(UsagePoint(id=here, commodity=Commodity.ELECTRICITY))

    def _id(self, entry: PointEntry, said: Commodity | None) -> int:
        if self.onto is not None:
            return self.onto
        href = entry.links.self_href or ""
        if hrefs.TEN_DIGITS.fullmatch(last := hrefs.last_of(href)):
            return int(last)
        name = f"{entry.name}|{hrefs.path_of(href)}|{said or ''}"
        here = self.tx.imports.known(NAMED, name)
        if here is None:
            here = self._joined(href, last) or self._free(name)
            self.tx.imports.learn(NAMED, name, here)
            public = hrefs.public_id(href, last)
            if public and self.tx.imports.known(JOINED, public) is None:
                self.tx.imports.learn(JOINED, public, here)
        return here

    def _joined(self, href: str, last: str) -> int | None:
        """What a customer feed called by this name, unless a usage feed has taken it already."""
        public = hrefs.public_id(href, last)
        here = self.tx.imports.known(JOINED, public) if public else None
        return here if here is not None and not self.tx.imports.named(NAMED, here) else None

    def _free(self, name: str) -> int:
        """The number of a name: the first that nothing has, from the one that its digest says."""
        return free_number(self.tx, name)

    def _keep(self, here: int, entry: PointEntry, said: Commodity | None, linked: Linked) -> None:
        known = self.tx.customers.usage_point(here)
        if known is None:
            if said is None:
                linked.staged.warnings.remark(Remark.COMMODITY_ASSUMED, str(here))
            point = UsagePoint(id=here, commodity=said or Commodity.ELECTRICITY, extra=extra_of(entry.element))
            self.tx.customers.add_usage_point(point)
            return
        changed = known if entry.element is None else replace(known, extra=extra_of(entry.element))
        if said is not None and said is not known.commodity:
            if self.onto is not None or self.tx.readings.channels(here):
                raise Conflict(f"Usage point {here} is {known.commodity}, and {said} in the file.")
            changed = replace(changed, commodity=said)
        if changed != known:
            self.tx.customers.change_usage_point(changed)


def free_number(tx: Tx, name: str, taken: Set[int] = frozenset()) -> int:
    """The number of a name: the first that nothing has, from the one that its digest says."""
    here = first_number(name)
    while here in taken or _known(tx, here):
        here = next_number(here)
    return here


def first_number(name: str) -> int:
    """The number that the digest of a name says."""
    return FIRST + int.from_bytes(sha256(name.encode()).digest()[:8]) % SPAN


def next_number(here: int) -> int:
    """The number after another one."""
    return FIRST + (here + 1 - FIRST) % SPAN


def _known(tx: Tx, here: int) -> bool:
    named = tx.imports.named(NAMED, here) or tx.imports.named(JOINED, here)
    return named or tx.customers.usage_point(here) is not None


def extra_of(element: usage.UsagePoint | None) -> str | None:
    """What a usage point says beside its service; without what may name a customer or a place."""
    if element is None:
        return None
    delivery = element.service_delivery_point
    if delivery is not None:
        delivery = replace(delivery, name=None, customer_agreement=None)
    told = replace(
        element,
        batch_item_info=None,
        service_delivery_point=None if delivery == usage.ServiceDeliveryPoint() else delivery,
        service_delivery_remark=None,
        read_route=None,
    )
    plain = usage.UsagePoint(service_category=element.service_category)
    return None if told == plain else write_text(told)
