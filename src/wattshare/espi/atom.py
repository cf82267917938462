"""Feeds, entries and links: the envelope of everything. RFC 4287; atom.xsd."""

from dataclasses import dataclass
from typing import TypeAlias

from wattshare.espi import customer, usage

# Whatever may be a content, and a document of its own: the types that `fields.ELEMENTS` holds.
Resource: TypeAlias = (
    usage.ApplicationInformation
    | usage.Authorization
    | usage.BatchList
    | usage.ElectricPowerQualitySummary
    | usage.ElectricPowerUsageSummary
    | usage.IntervalBlock
    | usage.LocalTimeParameters
    | usage.MeterReading
    | usage.ProgramIdMappings
    | usage.ReadingType
    | usage.ServiceStatus
    | usage.UsagePoint
    | usage.UsageSummary
    | customer.Customer
    | customer.CustomerAccount
    | customer.CustomerAgreement
    | customer.CustomerBatchList
    | customer.CustomerLocalTimeParameters
    | customer.EndDevice
    | customer.Meter
    | customer.ProgramDateIdMappings
    | customer.ServiceLocation
    | customer.ServiceSupplier
    | customer.Statement
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A relation: `self`, `up` to the collection that holds it, or `related`. RFC 4287 §4.2.7."""

    rel: str
    href: str
    # such as espi-entry/UsagePoint; for information only
    type: str | None = None


def _first(links: tuple[Link, ...], rel: str) -> str | None:
    return next((link.href for link in links if link.rel == rel), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An object of the standard under its address. RFC 4287 §4.1.2.

    `published` and `updated` are UTC epoch seconds. `content` holds one object in all that we send; other
    custodians put several blocks into one.
    """

    id: str
    links: tuple[Link, ...] = ()
    title: str | None = None
    published: int | None = None
    updated: int | None = None
    content: tuple[Resource, ...] = ()

    @property
    def self_href(self) -> str | None:
        """Its own address."""
        return _first(self.links, "self")

    @property
    def up(self) -> str | None:
        """The address of the collection that it is in."""
        return _first(self.links, "up")

    @property
    def related(self) -> tuple[str, ...]:
        """The addresses of what belongs to it."""
        return tuple(link.href for link in self.links if link.rel == "related")


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """Entries, one after the other. RFC 4287 §4.1.1.

    `updated` is UTC epoch seconds.
    """

    id: str
    title: str | None = None
    updated: int | None = None
    links: tuple[Link, ...] = ()
    entries: tuple[Entry, ...] = ()

    @property
    def self_href(self) -> str | None:
        """The address that it was asked for at."""
        return _first(self.links, "self")
