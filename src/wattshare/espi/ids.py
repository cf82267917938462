"""Identifiers on the wire. They are names, never rights."""

import base64
import binascii
import re
import uuid

from wattshare.espi.profile import Profile

ABSENT = "null"
# not every sign will do: base64 of this one has neither `+` nor `/`, wherever it stands
VARIANT = "."
NUMBER = re.compile(r"[0-9]{1,10}")
MILLISECONDS = re.compile(r"[1-9][0-9]{3,15}")


def reading_type_id(
    uom: int | None, phase: int | None, interval_length: int | None, flow: int | None, variant: int = 1
) -> str:
    """The ReadingTypeID: base64 of `uom:phase:intervalLength:flowDirection`.

    Reading types that differ in something else get variants from 2 on, written after the phase: clients know
    the interval length by its third place and the flow by its last.
    """
    parts = [ABSENT if part is None else str(part) for part in (uom, phase, interval_length, flow)]
    if variant > 1:
        parts[1] += f"{VARIANT}{variant}"
    return _encode(":".join(parts))


def read_reading_type_id(text: str) -> tuple[int | None, int | None, int | None, int | None]:
    """Unit, phase, interval length and flow direction of a ReadingTypeID, of whatever variant.

    Raises:
        ValueError: it is not one as `reading_type_id` writes it.
    """
    parts = _decode(text).split(":")
    if len(parts) != 4:
        raise ValueError("a ReadingTypeID has four parts")
    parts[1], marked, variant = parts[1].partition(VARIANT)
    if marked and _number(variant) < 2:
        raise ValueError("variants are counted from 2")
    uom, phase, interval_length, flow = (None if part == ABSENT else _number(part) for part in parts)
    return uom, phase, interval_length, flow


def meter_reading_id(reading_type: str, number: int) -> str:
    """The MeterReadingID: base64 of the ReadingTypeID, a colon and the channel's number (1 is delivered)."""
    return _encode(f"{reading_type}:{number}")


def read_meter_reading_id(text: str) -> tuple[str, int]:
    """ReadingTypeID and channel number of a MeterReadingID.

    Raises:
        ValueError: it is not one as `meter_reading_id` writes it.
    """
    reading_type, _, number = _decode(text).rpartition(":")
    read_reading_type_id(reading_type)
    return reading_type, _number(number)


def summary_id(bill_date: int) -> str:
    """The UsageSummaryID: the bill date, epoch seconds, printed in milliseconds."""
    return str(bill_date * 1000)


def read_summary_id(text: str) -> int:
    """The bill date of a UsageSummaryID, epoch seconds. Commas between the digits occur and are dropped.

    Raises:
        ValueError: it is not a whole second in milliseconds.
    """
    digits = text.replace(",", "")
    if not MILLISECONDS.fullmatch(digits) or not digits.endswith("000"):
        raise ValueError("a UsageSummaryID is a whole second in epoch milliseconds")
    return int(digits) // 1000


def atom_id(href: str, profile: Profile) -> str:
    """The atom:id of what is found at `href`: UUID version 5 of the address without its query.

    The same address gives the same id at every rendering. Bare, or `urn:uuid:…`, as the profile has it.
    """
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, href.partition("?")[0]))
    return f"urn:uuid:{name}" if profile.urn_ids else name


def _encode(text: str) -> str:
    return base64.b64encode(text.encode("ascii")).decode("ascii")


def _decode(text: str) -> str:
    """The inverse of `_encode`, and of nothing else: one thing has one name."""
    try:
        plain = base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError) as fault:
        raise ValueError("not base64 of plain text") from fault
    if _encode(plain) != text:
        raise ValueError("not the shortest base64")
    return plain


def _number(text: str) -> int:
    """A number as `str` prints it."""
    if not NUMBER.fullmatch(text) or str(int(text)) != text:
        raise ValueError(f"not a number in its usual form: {text[:20]!r}")
    return int(text)
