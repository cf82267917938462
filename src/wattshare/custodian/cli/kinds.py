"""Kinds of data as they are typed."""

from wattshare.custodian.model.errors import BadRequest
from wattshare.espi.kinds import Kind


def read_kinds(text: str, field: str) -> frozenset[Kind]:
    """Read `usage,billing`; empty text is no kind.

    Raises:
        BadRequest: a word is not a kind.
    """
    known = {kind.value: kind for kind in Kind}
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise BadRequest(f"{word!r} is not a kind of data; these are: {', '.join(known)}.", field=field)
    return frozenset(known[word] for word in words)
