"""Addresses as names: two that mean one thing are often written in two ways."""

import re
from urllib.parse import unquote, urlsplit

# where the paths of the standard begin
ROOT = re.compile(r"^.*?/espi/1_1/resource/")
POINT = re.compile(r"^.*?/?UsagePoint/[^/]+")
CHANNEL = re.compile(r"^.*?/?UsagePoint/[^/]+/MeterReading/[^/]+")
TEN_DIGITS = re.compile(r"[1-9][0-9]{9}")


def path_of(href: str) -> str:
    """An address without host, query, the root of the standard, and slashes at its ends."""
    path = unquote(urlsplit(href.strip()).path)
    return ROOT.sub("", path).strip("/")


def ancestors(href: str) -> list[str]:
    """The paths above an address, the nearest first; its own path is the first of all."""
    parts = path_of(href).split("/")
    return ["/".join(parts[:size]) for size in range(len(parts), 0, -1)]


def last_of(href: str) -> str:
    """The last segment of an address."""
    return path_of(href).rpartition("/")[2]


def point_of(href: str) -> str | None:
    """The part of an address that names a usage point."""
    found = POINT.match(path_of(href))
    return found[0] if found else None


def channel_of(href: str) -> str | None:
    """The part of an address that names a meter reading."""
    found = CHANNEL.match(path_of(href))
    return found[0] if found else None


def segment_after(href: str, collection: str) -> str | None:
    """The segment that follows `collection` in an address: the id of one thing in it."""
    parts = path_of(href).split("/")
    places = [place for place, part in enumerate(parts[:-1]) if part == collection]
    return parts[places[-1] + 1] if places else None


def public_id(href: str, name: str) -> str | None:
    """Who gave an id, and the id: what joins files of one custodian. None where the address has no host."""
    host = urlsplit(href.strip()).netloc
    return f"{host}|{name}" if host else None


def cut(href: str, path: str) -> str:
    """An address as far as `path` goes."""
    at = href.find(path)
    return href[: at + len(path)] if at >= 0 else path
