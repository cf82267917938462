"""Times as an operator types them."""

from datetime import date, tzinfo

from wattshare.custodian.model.errors import BadRequest
from wattshare.espi.days import midnight
from wattshare.espi.window import BadWindow, read_time

DAY = 86_400


def read_moment(text: str | None, field: str, zone: tzinfo) -> int | None:
    """The second of a time with an offset, or of the midnight at the start of a local day; None for nothing.

    Raises:
        BadRequest: it is neither.
    """
    if text is None:
        return None
    try:
        return midnight(date.fromisoformat(text), zone)
    except ValueError:
        pass
    try:
        return read_time(field, text)
    except BadWindow as bad:
        raise BadRequest(f"{text!r} is neither a day nor a time, 2024-05-01T07:00:00Z.", field=field) from bad


def read_span(text: str, field: str) -> int:
    """Seconds of a length of time such as 15m, 6h or 7d.

    Raises:
        BadRequest: it is none.
    """
    number, unit = text[:-1], {"s": 1, "m": 60, "h": 3_600, "d": DAY}.get(text[-1:])
    if unit is None or not (number.isascii() and number.isdigit() and len(number) <= 6):
        raise BadRequest(f"{text!r} is no length of time: 15m, 6h, 7d.", field=field)
    return int(number) * unit
